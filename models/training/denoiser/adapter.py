"""What shows exemplars, apart from the denoiser that it was trained on.

`split` takes it out of a checkpoint, as fp16; `join` puts it into a denoiser that lacks it, of either tier, and
writes a checkpoint that may be sampled, measured, exported, or trained on (`--init`).
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file, save

from .exemplar import ADAPTER, begin
from .network import Denoiser
from .weights import State, config_of, read_state


def split(path: Path, out: Path) -> int:
    """Writes the weights of `ADAPTER` in the checkpoint at `path`; returns how many there are."""
    state = {name: value.half() for name, value in read_state(path).items() if name.startswith(ADAPTER)}
    if not state:
        raise ValueError(f"{path} is shown no exemplars: it was trained without --exemplars")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(save({name: value.contiguous() for name, value in state.items()}))
    return sum(value.numel() for value in state.values())


def joined(base: Path, adapter: Path) -> State:
    """The denoiser at `base` with the weights at `adapter`; raises where they do not fit."""
    state = read_state(base)
    config = config_of(state)
    if config.exemplar:
        raise ValueError(f"{base} is shown exemplars already")
    model = Denoiser(type(config)(**config.to_dict() | {"exemplar": True}))
    model.load_state_dict(state, strict=False)
    begin(model)
    weights = {name: value.float() for name, value in load_file(adapter).items()}
    wanted = {name for name in model.state_dict() if name.startswith(ADAPTER)}
    if weights.keys() != wanted:
        raise ValueError(f"{adapter} does not fit {base}: {sorted(weights.keys() ^ wanted)[:3]} …")
    model.load_state_dict(weights, strict=False)
    return model.state_dict()


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="training adapter", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = parser.add_subparsers(dest="step", required=True)
    take = steps.add_parser("split")
    take.add_argument("weights", type=Path, help="a checkpoint")
    take.add_argument("--out", type=Path, required=True, help="a .safetensors")
    put = steps.add_parser("join")
    put.add_argument("base", type=Path, help="a checkpoint or .onnx that is shown no exemplars")
    put.add_argument("adapter", type=Path, help="a .safetensors of split")
    put.add_argument("--out", type=Path, required=True, help="a .pt")
    args = parser.parse_args(argv)
    if args.step == "split":
        print(f"{args.out}: {split(args.weights, args.out) / 1e6:.2f} M weights")
    else:
        torch.save({"average": joined(args.base, args.adapter)}, args.out)
        print(f"{args.out}: {args.base} with {args.adapter}")
