"""The networks that judge views: features of the object set, training, export. Run the steps in this order, once with
`--kind scorer` and once with `--kind reward`: what is optimised is never what judges."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..objects.prompts import read_objects
from ..objects.recolour import every_prompt
from ..paths import MODELS, WORK
from .export import ship
from .network import Head, Retrieval
from .pictures import Draw, Shots, compute
from .train import Batches, Features, accuracy_words, held_out_ranks, train
from .trunks import TRUNKS


@dataclass(frozen=True)
class Kind:
    """A network that judges: its trunk, and the draw of pictures and of batches that is its own."""

    trunk: str
    draw: Draw


KINDS = {
    "scorer": Kind("lite2", Draw(groups=(0, 1, 2), seed=11, background=1.0)),
    "reward": Kind("squeeze", Draw(groups=(2, 0), seed=29, background=0.6)),
}


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training retrieval", description=__doc__)
    parser.add_argument("step", choices=("features", "train", "export"))
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--objects", type=Path, required=True, help="folder with objects.jsonl")
    parser.add_argument("--pictures", type=Path, default=WORK, help="work folder of `render`, with views.npy")
    parser.add_argument("--work", type=Path, default=WORK, help="work folder of this command")
    parser.add_argument("--trunk", type=Path, help="file with the trunk's weights (features, export)")
    parser.add_argument("--minutes", type=float, default=1e9, help="features: to be gone on with by the same line")
    parser.add_argument(
        "--epochs", type=int, default=8, help="train: eight for the scorer and twelve for the reward that ship"
    )
    parser.add_argument("--out", type=Path, help="export: folder (default: models/KIND)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    kind = KINDS[args.kind]
    args.work.mkdir(parents=True, exist_ok=True)
    objects = read_objects(args.objects)
    if args.step != "train" and args.trunk is None:
        parser.error(f"{args.step} needs --trunk, the file with the weights of {kind.trunk}: see models/README.md")

    if args.step == "features":
        views = np.load(args.pictures / "views.npy", mmap_mode="r")
        shots = Shots(objects, views, kind.draw)
        done = compute(args.kind, TRUNKS[kind.trunk](args.trunk), shots, args.work, args.minutes)
        print("all objects are done" if done else "go on by the same line")
        return

    weights = args.work / f"{args.kind}.pt"
    if args.step == "train":
        features = Features.read(args.kind, args.work, every_prompt(objects))
        torch.manual_seed(kind.draw.seed)

        def report(step: int, loss: float, head: Head) -> None:
            found = accuracy_words(held_out_ranks(head, objects, features))
            print(f"step {step}: loss {loss:.3f}; held-out objects: {found}", flush=True)

        head = train(Head(features.table.shape[-1]), Batches(objects, features, kind.draw.seed), args.epochs, report)
        torch.save(head.state_dict(), weights)
        return

    views = np.load(args.pictures / "views.npy", mmap_mode="r")
    state = torch.load(weights, weights_only=True)
    head = Head(len(state["mean"]))
    head.load_state_dict(state)
    network = Retrieval(TRUNKS[kind.trunk](args.trunk), head, kind.draw.background).eval()
    ship(network, args.kind, objects, views, args.out or MODELS / args.kind)
