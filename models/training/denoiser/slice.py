"""A slice of a rented GPU, by one command: unpacks, renders, trains both tiers with exemplars, writes small files.

    python -m training slice --objects O --minutes 9 --out OUT

That is what to run first. The next slice goes on from what this one wrote, `--start OUT`, with other `--seed`s;
`python -m training slice --join OUT` makes checkpoints of it, to be measured and exported. In the given minutes the 64
pixels have more than the 32, since they have more to learn. Arithmetic is bfloat16 on CUDA. Of each tier the
averaged weights are written as fp16, in pieces of at most 16 MiB, eight in all at most, beside a log.
"""

import argparse
import shutil
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save

from ..objects import render
from ..paths import MODELS, TEXT, WORK
from ..text import command as text
from . import train
from .weights import State, read_state

PIECE = 16 * 2**20  # bytes
PIECES = 8  # files at most
TIERS = {64: ("fine", 0.7), 32: ("default", 0.3)}  # the prior that ships, and its share of the time
# How each tier is trained on, from weights that are trained already, most objects being shown an exemplar.
RECIPE = "--exemplars 0.9 --neighbours 0.3 --lr 3e-4 --warmup 50 --power 0.65 --common 0.9 --decay 0.998"


def pieces(state: State) -> list[bytes]:
    """The weights as fp16 in as few files of at most `PIECE` bytes as come of taking them in order."""
    groups: list[State] = [{}]
    size = 0
    for name, value in state.items():
        bytes_ = 2 * value.numel() + 256  # with room for its entry in the header
        if size + bytes_ > PIECE:
            groups.append({})
            size = 0
        groups[-1][name] = value.half().contiguous()
        size += bytes_
    return [save(group) for group in groups]


def write(path: Path, out: Path, name: str) -> int:
    """Writes the averaged weights of a checkpoint as `NAME-1.safetensors` and on; returns how many files."""
    files = pieces(read_state(path))
    out.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(files, 1):
        (out / f"{name}-{number}.safetensors").write_bytes(data)
    return len(files)


def join(folder: Path, size: int) -> Path:
    """The pieces of a tier as a checkpoint beside them. Raises where there are none."""
    files = sorted(folder.glob(f"{size}-*.safetensors"))
    if not files:
        raise ValueError(f"{folder} has no {size}-1.safetensors: it is no slice's")
    state = {name: value.float() for file in files for name, value in load_file(file).items()}
    path = folder / f"{size}.pt"
    torch.save({"average": state}, path)
    return path


def prepare(args: argparse.Namespace, size: int) -> Path:
    """The work folder of a tier, rendered unless it is."""
    work = args.work / str(size)
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "views.json").exists():
        where = ["--objects", str(args.objects), "--work", str(work), "--device", args.device]
        render.main([*where, "--size", str(size), "--groups", str(args.groups), "--workers", "1", "--plain"])
    features = work / "text_features.pt"
    known = next((path for path in args.work.glob("*/text_features.pt")), None)
    if not features.exists() and known:
        shutil.copy(known, features)  # the prompts are the same
    if not features.exists():
        captions = str(work / "captions.txt")
        text.main(["features", "--encoder", str(TEXT), "--captions", captions, "--out", str(features)])
    return work


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="training slice", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--join", type=Path, help="only make checkpoints of the pieces in this folder")
    parser.add_argument("--objects", type=Path, help="folder with objects.jsonl")
    parser.add_argument("--minutes", type=float, default=9, help="in all, rendering included")
    parser.add_argument("--out", type=Path, default=Path("slice"))
    parser.add_argument("--start", type=Path, help="what an earlier slice wrote; default: the priors that ship")
    parser.add_argument("--work", type=Path, default=WORK / "slice")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--groups", type=int, default=4, help="four-view groups of each object")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--tiers", type=int, nargs="+", default=list(TIERS), choices=TIERS)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    if args.join:
        for size in TIERS:
            print(join(args.join, size))
        return
    if not args.objects:
        parser.error("--objects is needed")
    end = time.monotonic() + 60 * args.minutes
    count = 0
    works = {size: prepare(args, size) for size in args.tiers}
    for place, size in enumerate(args.tiers):
        folder, _ = TIERS[size]
        share = TIERS[size][1] / sum(TIERS[later][1] for later in args.tiers[place:])
        minutes = max(1e-3, share * (end - time.monotonic()) / 60)
        start = join(args.start, size) if args.start else MODELS / folder / "denoiser.onnx"
        work = works[size]
        (work / "denoiser.pt").unlink(missing_ok=True)  # an earlier slice's: this one begins from `start`
        where = ["--objects", str(args.objects), "--work", str(work), "--init", str(start), "--device", args.device]
        how = ["--workers", "1", "--batch", str(args.batch), "--seed", str(args.seed), "--minutes", f"{minutes:.4f}"]
        train.main([*where, *how, *RECIPE.split(), *(["--compile"] if args.device != "cpu" else [])])
        count += write(work / "denoiser.pt", args.out, str(size))
        shutil.copy(work / "train.jsonl", args.out / f"{size}.jsonl")
    if count > PIECES:
        raise ValueError(f"{args.out} has {count} pieces, more than {PIECES}")
    print(f"{args.out}: {count} pieces")
