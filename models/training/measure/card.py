"""Draws the pictures of the model card: the loss by timestep, and a labelled contact sheet.

Writes `prior-loss.svg` and `prior-sheet.png`, or what `--name` calls them, to the folder `--out`. The sheet
has the prompts that most objects of the set are called by, nothing chosen by hand, all with one seed.
"""

import argparse
from pathlib import Path

import numpy as np

from ..denoiser.network import Denoiser
from ..denoiser.sample import Sampler, contact_sheet
from ..denoiser.schedule import TIMESTEPS
from ..denoiser.weights import load_denoiser
from ..objects.data import Groups
from ..paths import WORK
from .evaluate import bins, cases
from .prompts import captions_of

BINS = 20
HELD_OUT = "held-out objects, right prompt"
CURVES = {  # of evaluate.cases, as the plot calls them
    HELD_OUT: "held-out objects",
    "training objects, right prompt": "training objects",
    "the same, degraded": "held-out objects, degraded (error of the object)",
}
PROMPTS = 64
COLUMNS = 4
ZOOM = 2
LABEL = 14  # pixels under a row of views


def curves(model: Denoiser, data: Groups, device: str, names: dict[str, str]) -> dict[str, list[float]]:
    """Loss by timestep in the cases `names`, by what they are called."""
    measured = cases(data)
    return {label: bins(model, *measured[case], 1, device, BINS) for case, label in names.items()}


def draw_losses(losses: dict[str, list[float]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    centres = (np.arange(BINS) + 0.5) * TIMESTEPS / BINS
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for label, values in losses.items():
        axes.plot(centres, values, marker=".", label=label)
    axes.set(xlabel="timestep", ylabel="mean squared error of v", xlim=(0, TIMESTEPS), ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None, "Title": "Loss of the prior by timestep"})


def draw_sheet(sampler: Sampler, prompts: list[str], path: Path) -> None:
    from PIL import Image, ImageDraw

    views = sampler(prompts)
    tiles = [contact_sheet(group[None], background=1, zoom=ZOOM) for group in views]
    height, width = tiles[0].shape[0] + LABEL, tiles[0].shape[1] + LABEL
    rows = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * width, rows * height), "white")
    pen = ImageDraw.Draw(sheet)
    for i, (prompt, tile) in enumerate(zip(prompts, tiles)):
        x, y = i % COLUMNS * width, i // COLUMNS * height
        sheet.paste(Image.fromarray(tile), (x, y))
        pen.text((x + 4, y + tile.shape[0]), prompt, fill=(60, 60, 60))
    sheet.save(path)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training card", description=__doc__)
    parser.add_argument("--objects", type=Path, required=True, help="folder with objects.jsonl")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--weights", type=Path, help="checkpoint or .onnx; default: work/denoiser.pt")
    also = "work folder of another tier, whose loss on held-out objects is drawn as well"
    parser.add_argument("--also", type=Path, help=also)
    parser.add_argument("--name", default="prior", help="how the names of the pictures begin")
    parser.add_argument("--out", type=Path, default=Path("../docs/img"))
    parser.add_argument("--scale", type=float, default=4, help="guidance")
    parser.add_argument("--steps", type=int, default=50, help="of DDIM")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args(argv)
    model = load_denoiser(args.weights or args.work / "denoiser.pt", args.device)
    data = Groups(args.objects, args.work)
    args.out.mkdir(parents=True, exist_ok=True)
    losses = curves(model, data, args.device, CURVES)
    if args.also:
        other = Groups(args.objects, args.also)
        size = other.resolution
        label = {HELD_OUT: f"{CURVES[HELD_OUT]}, {size} pixels"}
        losses |= curves(load_denoiser(args.also / "denoiser.pt", args.device), other, args.device, label)
    draw_losses(losses, args.out / f"{args.name}-loss.svg")
    prompts = captions_of(data.objects)["most common"][:PROMPTS]
    sampler = Sampler(model, data.text, args.scale, args.steps, args.seed)
    draw_sheet(sampler, prompts, args.out / f"{args.name}-sheet.png")
    print(f"{args.out}/{args.name}-loss.svg, {args.name}-sheet.png")
