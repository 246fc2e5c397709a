"""Averages the weights of denoisers that went on from one another: a model soup.

Where fine-tuning stays in one basin of the loss, the mean of its ends is more accurate than either
(Wortsman et al. 2022, "Model soups").
"""

import argparse
from pathlib import Path

import torch

from .network import Denoiser
from .weights import config_of, read_state

# Of a block's branches: zero here is no branch.
OUTPUTS = tuple(f"{layer}.{kind}" for layer in ("attn.o", "fc2") for kind in ("weight", "bias"))


def averaged(paths: list[Path]) -> Denoiser:
    """The mean of the denoisers at `paths`, as deep as the deepest; all of one width and resolution.

    A block that a shallower one lacks takes part with the others' weights and without any output."""
    states = [read_state(path) for path in paths]
    model = Denoiser(max((config_of(state) for state in states), key=lambda config: config.layers))
    mean = {}
    for name in model.state_dict():
        found = [state[name] for state in states if name in state]
        total = torch.stack(found).sum(0)
        mean[name] = total / (len(states) if name.endswith(OUTPUTS) else len(found))
    model.load_state_dict(mean)
    return model


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training soup", description=__doc__)
    parser.add_argument("weights", type=Path, nargs="+", help="checkpoints or .onnx")
    parser.add_argument("--out", type=Path, required=True, help="a .pt to export or to start from")
    args = parser.parse_args(argv)
    torch.save({"average": averaged(args.weights).state_dict()}, args.out)
    print(f"{args.out}: the mean of {len(args.weights)}")
