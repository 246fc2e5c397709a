"""Stage 1, goes on: captioned pictures, each one view from an unknown camera, to widen the vocabulary.

Reads the emoji set (`emoji.jsonl`, pictures with transparency). Writes to the work folder, at the size
of its `views.npy`: `singles.npy` u8 [pictures, poses, 4, size, size] (premultiplied sRGB and alpha) and
`singles.json` (files, what may be said of each, scale and turn of each pose), and adds their prompts to
`captions.txt`. Run it after `render` and before `text features`.

A picture is as large as the objects: its bounding box is centred, its farthest point lies on the outline
of the unit sphere. Poses after the first are smaller and turned a little in the plane. No mirror: it
would make "a first quarter moon" or "a magnifying glass tilted left" false.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample

from ..paths import WORK
from ..text.features import TextFeatures
from .camera import OUTLINE
from .data import DROP_TEXT, SHADE, Batch, draw_template
from .pose import TILT, draw_scale
from .prompts import phrases, variants

# Single views per group of four: with 802 pictures and 3,465 training objects each picture is then seen
# about as often as an object is.
SINGLES = 0.25
STYLE = "emoji"
POSES = 10
SUPERSAMPLE = 8  # per axis: about the resolution of the pictures at 32 pixels
VISIBLE = 0.1  # least alpha of what has to fit


def premultiplied(rgba: np.ndarray) -> Tensor:
    """f32 [4, H, W] in [0, 1] of a picture u8 [H, W, 4] with straight alpha."""
    picture = torch.from_numpy(rgba).permute(2, 0, 1).float() / 255
    return torch.cat([picture[:3] * picture[3:], picture[3:]])


def fitted(picture: Tensor, size: int, scale: Tensor, turn: Tensor) -> Tensor:
    """`picture` f32 [4, H, W], premultiplied, centred and fitted to the sphere's outline times `scale`
    [P], turned counter-clockwise by `turn` [P] degrees: u8 [P, 4, size, size].

    Raises ValueError for a picture that shows nothing.
    """
    height, width = picture.shape[1:]
    y, x = (picture[3] >= VISIBLE).nonzero().T
    if len(x) == 0:
        raise ValueError("shows nothing")
    centre_x, centre_y = (x.min() + x.max() + 1) / 2, (y.min() + y.max() + 1) / 2
    # To the far corner of the farthest pixel, in pixels.
    reach = torch.hypot((x + 0.5 - centre_x).abs() + 0.5, (y + 0.5 - centre_y).abs() + 0.5).max()
    # Half sides of the result to pixels of the picture, and those to grid_sample's [-1, 1].
    step = reach / (OUTLINE * scale)
    cos, sin = step * torch.deg2rad(turn).cos(), step * torch.deg2rad(turn).sin()
    to_x = torch.stack([cos, -sin, centre_x.expand_as(cos)], -1) * 2 / width
    to_y = torch.stack([sin, cos, centre_y.expand_as(cos)], -1) * 2 / height
    affine = torch.stack([to_x, to_y], 1) - torch.tensor([0.0, 0.0, 1.0])
    side = size * SUPERSAMPLE
    grid = affine_grid(affine, [len(affine), 4, side, side], align_corners=False)
    large = grid_sample(picture.expand(len(affine), -1, -1, -1), grid, align_corners=False)
    return (avg_pool2d(large, SUPERSAMPLE) * 255).round().to(torch.uint8)


class Singles:
    """The pictures that `main` prepared in the work folder."""

    def __init__(self, work: Path, text: TextFeatures, size: int, device: str = "cpu") -> None:
        self.device, self.text = device, text
        meta = json.loads((work / "singles.json").read_text())
        pictures = np.load(work / "singles.npy")
        if pictures.shape[-1] != size:
            raise ValueError(
                f"singles.npy is of {pictures.shape[-1]} pixels, views.npy of {size}: run `training singles` again"
            )
        self.pictures = torch.from_numpy(pictures).to(device)  # u8 [M, poses, C, H, W]
        told = [[variants(p, STYLE) for p in told] for told in meta["phrases"]]
        lost = {v for picture in told for phrase in picture for v in phrase} - text.index.keys()
        if lost:
            raise ValueError(
                f"text_features.pt lacks {len(lost)} prompts of singles.json, such as {min(lost)!r}: "
                "run `training singles`, then `training text features` again"
            )
        self.rows = [[[text.index[v] for v in phrase] for phrase in picture] for picture in told]

    def draw(self, size: int, rng: np.random.Generator) -> Batch:
        """A random training batch of single views, V = 1."""
        chosen = rng.integers(len(self.pictures), size=size)
        pose = rng.integers(self.pictures.shape[1], size=size)
        shade = torch.from_numpy(rng.uniform(*SHADE, size)).float().view(-1, 1, 1, 1)
        rgba = self.pictures[chosen, pose].float() / 255
        colour, alpha = rgba[:, :3], rgba[:, 3:]
        colour = torch.minimum(colour * shade.to(self.device), alpha)
        views = 2 * torch.cat([colour, alpha], 1)[:, None] - 1
        return Batch(views, None, *self.text.gather([self.draw_prompt(i, rng) for i in chosen]))

    def draw_prompt(self, index: int, rng: np.random.Generator) -> int:
        """Row of `text` for one picture: something said of it in a template, or the empty prompt."""
        if rng.random() < DROP_TEXT:
            return self.text.empty
        told = self.rows[index]
        return draw_template(told[rng.integers(len(told))], rng)


def open_singles(work: Path, text: TextFeatures, size: int, device: str) -> Singles | None:
    """The pictures in the work folder, None where none were prepared."""
    return Singles(work, text, size, device) if (work / "singles.json").exists() else None


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="training singles",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--emoji", type=Path, required=True, help="folder with emoji.jsonl")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    views = args.work / "views.npy"
    if not views.exists():
        parser.error(f"{views} is missing: run `training render` first")
    size = np.load(views, mmap_mode="r").shape[-1]
    rows = [json.loads(line) for line in (args.emoji / "emoji.jsonl").read_text().splitlines()]
    prompts = prepare(args.emoji, rows, args.work, size, args.seed)
    print(f"{len(rows)} single views of {size} pixels, {prompts} prompts")


def prepare(emoji: Path, rows: list[dict], work: Path, size: int, seed: int) -> int:
    """Writes what the module's head says, of the pictures that `rows` of emoji.jsonl name; the number of
    their prompts."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    scale = draw_scale(len(rows), POSES, rng)
    turn = rng.uniform(-TILT, TILT, (len(rows), POSES))
    turn[:, 0] = 0
    pictures = np.empty((len(rows), POSES, 4, size, size), np.uint8)
    for i, row in enumerate(rows):
        with Image.open(emoji / row["file"]) as image:
            picture = premultiplied(np.array(image.convert("RGBA")))
        try:
            pictures[i] = fitted(picture, size, torch.from_numpy(scale[i]).float(), torch.from_numpy(turn[i]).float())
        except ValueError as error:
            raise ValueError(f"{row['file']} {error}") from error
    told = [phrases(row["caption"]) for row in rows]
    np.save(work / "singles.npy", pictures)
    meta = {
        "files": [row["file"] for row in rows],
        "phrases": told,
        "scale": scale.tolist(),
        "turn": turn.tolist(),
    }
    (work / "singles.json").write_text(json.dumps(meta))
    listed = work / "captions.txt"
    prompts = {v for picture in told for phrase in picture for v in variants(phrase, STYLE)}
    listed.write_text("\n".join(sorted(prompts.union(listed.read_text().splitlines()))) + "\n")
    return len(prompts)
