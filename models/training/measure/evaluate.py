"""Measures the denoiser: losses on objects, and what its samples show.

A line of losses has five bins of timesteps, low noise first, over the same noise: the mean squared error
of v, and of the object itself where degraded copies are noised. What the right prompt gains over the
empty one and over another object's is what the text tells the model; what the training objects gain over
the held-out ones is what it has memorised. A network that is shown exemplars is also measured with the object's own
views, its front alone, and a neighbour. The samples are judged by `judge` and `obey`.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..denoiser.loss import BINS, losses
from ..denoiser.network import Denoiser
from ..denoiser.sample import Sampler
from ..denoiser.schedule import TIMESTEPS
from ..denoiser.weights import load_denoiser
from ..objects.camera import MEASURED
from ..objects.data import Batch, Groups
from ..objects.degrade import degraded
from ..objects.exemplars import Exemplars, Kind
from ..paths import WORK
from .judge import held_out_ranks, load_judge, report
from .likeness import compare_with_objects
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
                piece = batch.take(part).to(device)
                inputs = (t[part].to(device) for t in (seen, timestep, noise))
                total += losses(model, piece, *inputs).sum().item()
        result.append(total / (repeats * size))
    return result


def with_text(batch: Batch, text: Tensor, mask: Tensor) -> Batch:
    return Batch(batch.views, batch.camera, text.expand_as(batch.text), mask.expand_as(batch.mask))


def cases(data: Groups, exemplars: Exemplars | None = None) -> dict[str, tuple[Batch, Tensor]]:
    """What losses are measured on: a batch, and what is noised of it. With `exemplars`, those that show some too."""
    held = data.first_captions(data.held_out)
    chosen = np.random.default_rng(1).choice(data.training, len(data.held_out), replace=False)
    empty = data.text.gather([data.text.empty])
    worse = degraded(held.views, torch.Generator().manual_seed(2))
    untold = with_text(held, *empty)
    mistold = with_text(held, held.text.roll(1, 0), held.mask.roll(1, 0))
    trained = data.first_captions(chosen)
    beside = {}
    if exemplars:
        prompts = [data.objects[i].captions[0] for i in data.held_out]
        near = exemplars.found(prompts, np.random.default_rng(0))
        own = replace(held, exemplar=exemplars.certain(data.held_out, Kind.ITSELF))
        front = replace(held, exemplar=exemplars.certain(data.held_out, Kind.ITSELF, 1))
        neighbour = replace(held, exemplar=exemplars.certain(near, Kind.SIMILAR))
        beside = {
            "held-out objects, own exemplar": (own, held.views),
            "the same, degraded, own exemplar": (own, worse),
            "held-out objects, own front alone": (front, held.views),
            "held-out objects, a neighbour": (neighbour, held.views),
        }
    return {
        "held-out objects, right prompt": (held, held.views),
        "the same, degraded": (held, worse),
        "held-out objects, empty prompt": (untold, held.views),
        "held-out objects, another's prompt": (mistold, held.views),
        "training objects, right prompt": (trained, trained.views),
    } | beside


def print_losses(model: Denoiser, data: Groups, exemplars: Exemplars | None, repeats: int, device: str) -> None:
    for name, (batch, seen) in cases(data, exemplars).items():
        found = bins(model, batch, seen, repeats, device)
        line = "  ".join(f"{value:.4f}" for value in found)
        print(f"{name:36} {line}   mean {sum(found) / BINS:.4f}", flush=True)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training evaluate", description=__doc__)
    parser.add_argument("--objects", type=Path, required=True, help="folder with objects.jsonl")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--weights", type=Path, help="checkpoint or .onnx; default: work/denoiser.pt")
    parser.add_argument("--only", choices=("losses", "samples", "likeness"), help="one part")
    parser.add_argument("--repeats", type=int, default=2, help="of every held-out object in a bin")
    parser.add_argument("--steps", type=int, default=50, help="of DDIM")
    parser.add_argument("--scale", type=float, default=4, help="guidance")
    parser.add_argument("--seed", type=int, default=0, help="of the samples' noise")
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args(argv)
    model = load_denoiser(args.weights or args.work / "denoiser.pt", args.device)
    data = Groups(args.objects, args.work)
    exemplars = Exemplars(data, args.work) if model.config.exemplar else None
    if args.only in (None, "losses"):
        print_losses(model, data, exemplars, args.repeats, args.device)
    if args.only in (None, "samples"):
        judge = load_judge(args.work / "judge.pt")
        print(f"the judge, real views of held-out objects: {report(held_out_ranks(judge, data))}")
        measure(data, judge, Sampler(model, data.text, args.scale, args.steps, args.seed))
    if args.only in (None, "likeness"):
        sampler = Sampler(model, data.text, args.scale, args.steps, args.seed, *MEASURED)
        compare_with_objects(data, Exemplars(data, args.work), sampler)
