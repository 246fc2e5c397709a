"""Measures the denoiser: losses on objects, and what its samples show.

A line of losses has five bins of timesteps, low noise first, over the same noise: the mean squared error
of v, and of the object itself where degraded copies are noised. What the right prompt gains over the
empty one and over another object's is what the text tells the model; what the training objects gain over
the held-out ones is what it has memorised. The samples are judged by `judge` and `obey`.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..denoiser.loss import BINS, losses
from ..denoiser.network import Denoiser
from ..denoiser.sample import Sampler
from ..denoiser.schedule import TIMESTEPS
from ..denoiser.weights import load_denoiser
from ..objects.data import Batch, Groups
from ..objects.degrade import degraded
from ..paths import WORK
from .judge import held_out_ranks, load_judge, report
from .obey import measure

PART = 16  # groups at a time


@torch.no_grad()
def bins(model: Denoiser, batch: Batch, seen: Tensor, repeats: int, device: str, count: int = BINS) -> list[float]:
    """Mean loss in `count` equal bins of timesteps, each group seen `repeats` times in each."""
    size = len(batch.views)
    generator = torch.Generator().manual_seed(1)
    result = []
    for b in range(count):
        total = 0.0
        for _ in range(repeats):
            position = (torch.randperm(size, generator=generator) + 0.5) / size
            timestep = ((b + position) / count * TIMESTEPS).long()
            noise = torch.randn(batch.views.shape, generator=generator)
            for part in torch.arange(size).split(PART):
                piece = take(batch, part).to(device)
                inputs = (t[part].to(device) for t in (seen, timestep, noise))
                total += losses(model, piece, *inputs).sum().item()
        result.append(total / (repeats * size))
    return result


def take(batch: Batch, rows: Tensor) -> Batch:
    return Batch(batch.views[rows], batch.camera[rows], batch.text[rows], batch.mask[rows])


def with_text(batch: Batch, text: Tensor, mask: Tensor) -> Batch:
    return Batch(batch.views, batch.camera, text.expand_as(batch.text), mask.expand_as(batch.mask))


def cases(data: Groups) -> dict[str, tuple[Batch, Tensor]]:
    """What losses are measured on: a batch, and what is noised of it."""
    held = data.first_captions(data.held_out)
    chosen = np.random.default_rng(1).choice(data.training, len(data.held_out), replace=False)
    empty = data.text.gather([data.text.empty])
    worse = degraded(held.views, torch.Generator().manual_seed(2))
    untold = with_text(held, *empty)
    mistold = with_text(held, held.text.roll(1, 0), held.mask.roll(1, 0))
    trained = data.first_captions(chosen)
    return {
        "held-out objects, right prompt": (held, held.views),
        "the same, degraded": (held, worse),
        "held-out objects, empty prompt": (untold, held.views),
        "held-out objects, another's prompt": (mistold, held.views),
        "training objects, right prompt": (trained, trained.views),
    }


def print_losses(model: Denoiser, data: Groups, repeats: int, device: str) -> None:
    for name, (batch, seen) in cases(data).items():
        found = bins(model, batch, seen, repeats, device)
        line = "  ".join(f"{value:.4f}" for value in found)
        print(f"{name:36} {line}   mean {sum(found) / BINS:.4f}", flush=True)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training evaluate", description=__doc__)
    parser.add_argument("--objects", type=Path, required=True, help="folder with objects.jsonl")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--weights", type=Path, help="checkpoint or .onnx; default: work/denoiser.pt")
    parser.add_argument("--only", choices=("losses", "samples"), help="one of the two halves")
    parser.add_argument("--repeats", type=int, default=2, help="of every held-out object in a bin")
    parser.add_argument("--steps", type=int, default=50, help="of DDIM")
    parser.add_argument("--scale", type=float, default=4, help="guidance")
    parser.add_argument("--seed", type=int, default=0, help="of the samples' noise")
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args(argv)
    model = load_denoiser(args.weights or args.work / "denoiser.pt", args.device)
    data = Groups(args.objects, args.work)
    if args.only != "samples":
        print_losses(model, data, args.repeats, args.device)
    if args.only != "losses":
        judge = load_judge(args.work / "judge.pt")
        print(f"the judge, real views of held-out objects: {report(held_out_ranks(judge, data))}")
        measure(data, judge, Sampler(model, data.text, args.scale, args.steps, args.seed))
