"""Draws a contact sheet: one row of four views per prompt, sampled from the averaged weights.

A prompt is looked up among the encoded captions; any other goes through the exported text encoder.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..objects.camera import group_cameras
from ..objects.data import Exemplar, Groups
from ..objects.exemplars import Exemplars, Kind
from ..paths import TEXT, WORK
from ..text.features import TextFeatures
from .loss import encoded
from .network import Denoiser
from .precision import mixed
from .schedule import TIMESTEPS, alpha_bar_table
from .weights import load_denoiser

PART = 16  # prompts at a time
PROMPTS = (
    "a pine tree",
    "a house",
    "a chair",
    "a cactus",
    "a wooden barrel",
    "a round table",
    "a red car",
    "a palm tree",
    "a sofa",
    "a mushroom",
    "a sword",
    "a cow",
    "a blue chair",
    "a spaceship",
    "a candle",
    "a pumpkin",
)


@torch.no_grad()
def ddim(
    model: Denoiser,
    text: tuple[Tensor, Tensor],
    empty: tuple[Tensor, Tensor],
    camera: Tensor,
    scale: float,
    steps: int,
    noise: Tensor,
    exemplar: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Deterministic DDIM (Song et al. 2021, eq. 12) with guidance: views [N, V, C, H, W] in [-1, 1].

    `text` and `empty` are tokens and mask; `exemplar` is tokens and which views are shown, and goes with the text:
    guidance leads towards both. The clean estimate is clipped to [-1, 1] at every step.
    """
    alpha_bar = alpha_bar_table(noise.shape[-1]).float().to(noise.device)
    timesteps = torch.linspace(TIMESTEPS - 1, 0, steps).round().long()
    size = len(noise)
    both = [torch.cat([a, b.expand_as(a)]) for a, b in zip(text, empty)]
    beside = ()
    if exemplar is not None:
        tokens, shown = exemplar
        # The half without the prompt is shown no exemplar.
        beside = torch.cat([tokens, tokens]), torch.cat([shown, torch.zeros_like(shown)])
    z = noise
    for i, t in enumerate(timesteps):
        alpha, sigma = alpha_bar[t].sqrt(), (1 - alpha_bar[t]).sqrt()
        time = torch.full((2 * size,), float(t), device=z.device)
        with mixed(z.device.type):
            said = model(torch.cat([z, z]), time, *both, torch.cat([camera, camera]), *beside)
        v, v_empty = said.float().chunk(2)
        v = v_empty + scale * (v - v_empty)
        x = (alpha * z - sigma * v).clamp(-1, 1)
        eps = (z - alpha * x) / sigma
        if i + 1 == steps:
            return x
        following = alpha_bar[timesteps[i + 1]]
        z = following.sqrt() * x + (1 - following).sqrt() * eps
    raise ValueError("steps must be at least 1")


def encode(prompts: list[str], features: TextFeatures, shipped: Path) -> tuple[Tensor, Tensor]:
    """Tokens and mask of any prompts."""
    if all(p == "" or p in features.index for p in prompts):
        return features.encode(prompts)
    from ..text.onnx_file import encode_prompts

    tokens, ids = encode_prompts(prompts, shipped)
    return torch.from_numpy(tokens), torch.from_numpy(ids != 0).float()


@dataclass(frozen=True)
class Sampler:
    """Draws four views for each of any prompts: [N, V, C, H, W] in [-1, 1], the same for a seed."""

    model: Denoiser
    features: TextFeatures
    scale: float
    steps: int
    seed: int
    azimuth: float = 0.0  # degrees
    elevation: float = 15.0

    def __call__(self, prompts: list[str], exemplar: Exemplar | None = None) -> Tensor:
        config = self.model.config
        device = next(self.model.parameters()).device
        tokens, mask = encode([*prompts, ""], self.features, TEXT)
        tokens, mask = tokens.to(device), mask.to(device)
        size = config.resolution
        shape = (len(prompts), config.views, config.channels, size, size)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(self.seed)).to(device)
        camera = group_cameras(torch.tensor([self.azimuth]), torch.tensor([self.elevation]))
        shown = None
        if exemplar is not None:
            with torch.no_grad():
                shown = encoded(self.model, exemplar.to(device))
        parts = [
            ddim(
                self.model,
                (tokens[rows], mask[rows]),
                (tokens[-1:], mask[-1:]),
                camera.to(device).expand(len(rows), -1, -1),
                self.scale,
                self.steps,
                noise[rows],
                shown and (shown[0][rows], shown[1][rows]),
            )
            for rows in torch.arange(len(prompts)).split(PART)
        ]
        return torch.cat(parts).cpu()


def contact_sheet(views: Tensor, background: float = 0.85, zoom: int = 3) -> np.ndarray:
    """u8 [N*H*zoom, V*W*zoom, 3] of premultiplied RGBA views in [-1, 1]."""
    rgba = ((views + 1) / 2).clamp(0, 1)
    rgb = (rgba[:, :, :3] + (1 - rgba[:, :, 3:]) * background).clamp(0, 1)
    n, v, _, h, w = rgb.shape
    image = rgb.permute(0, 3, 1, 4, 2).reshape(n * h, v * w, 3)
    image = (image * 255).round().byte().cpu().numpy()
    return image.repeat(zoom, 0).repeat(zoom, 1)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training sample", description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--weights", type=Path, help="checkpoint or .onnx; default: work/denoiser.pt")
    parser.add_argument("--out", type=Path, default=Path("sheet.png"))
    parser.add_argument("--prompts", nargs="+", default=list(PROMPTS))
    parser.add_argument("--columns", type=int, default=2, help="prompts side by side")
    parser.add_argument("--scale", type=float, default=4, help="guidance; 1 is none")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--azimuth", type=float, default=0)
    parser.add_argument("--elevation", type=float, default=15)
    parser.add_argument("--seed", type=int, default=0)
    help_objects = "folder with objects.jsonl: shows each prompt the object that it finds there"
    parser.add_argument("--objects", type=Path, help=help_objects)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args(argv)
    from PIL import Image

    model = load_denoiser(args.weights or args.work / "denoiser.pt", args.device)
    features = TextFeatures(args.work / "text_features.pt")
    angles = args.azimuth, args.elevation
    exemplar = None
    if args.objects:
        library = Exemplars(Groups(args.objects, args.work), args.work)
        found = library.found(args.prompts, np.random.default_rng(args.seed))
        exemplar = library.certain(found, Kind.ITSELF)
    views = Sampler(model, features, args.scale, args.steps, args.seed, *angles)(args.prompts, exemplar)
    rows = -(-len(args.prompts) // args.columns)
    sheets = [contact_sheet(part) for part in views.split(rows)]
    sheets[-1] = np.pad(sheets[-1], ((0, sheets[0].shape[0] - sheets[-1].shape[0]), (0, 0), (0, 0)))
    Image.fromarray(np.concatenate(sheets, 1)).save(args.out)
    print(f"{args.out}: down each column: {', '.join(args.prompts)}")
