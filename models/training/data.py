"""Training data: rendered groups of four views, their cameras and the encoded prompts."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .camera import group_cameras
from .prompts import SceneObject, read_objects, variants
from .recolour import COLOURS, Paint, painted, with_colour

HELD_OUT = 0.03  # share of the objects, never trained on
DROP_TEXT = 0.12  # probability of the empty prompt: classifier-free guidance
PAINTED = 0.3  # share of the objects with one main colour that are painted
TEMPLATE_WEIGHTS = (0.5, 0.25, 0.125, 0.125)  # of prompts.TEMPLATES

# In a mirror at x = 0 azimuth a becomes -a, so that the views of a group come in reverse.
MIRRORED_ORDER = [0, 3, 2, 1]


@dataclass(frozen=True)
class Batch:
    """Groups of four views of single objects."""

    views: Tensor  # f32 [N, V, C, H, W] in [-1, 1]
    camera: Tensor  # f32 [N, V, 16]
    text: Tensor  # f32 [N, T, D]
    mask: Tensor  # f32 [N, T]

    def to(self, device: str) -> "Batch":
        return Batch(*(t.to(device) for t in (self.views, self.camera, self.text, self.mask)))


class TextFeatures:
    """The frozen text encoder's output for every prompt of the object set."""

    def __init__(self, path: Path) -> None:
        stored = torch.load(path, mmap=True, weights_only=True)
        self.tokens: Tensor = stored["tokens"]  # f16 [M, T, D]
        self.mask: Tensor = stored["mask"].float()  # [M, T]
        self.empty: int = int(stored["empty"])
        self.prompts: list[str] = stored["captions"]
        self.index = {prompt: i for i, prompt in enumerate(self.prompts)}

    def encode(self, prompts: list[str]) -> tuple[Tensor, Tensor]:
        """Tokens [N, T, D] and mask [N, T]; raises KeyError for a prompt that was not encoded."""
        return self.gather([self.empty if p == "" else self.index[p] for p in prompts])

    def gather(self, rows: list[int]) -> tuple[Tensor, Tensor]:
        return self.tokens[rows].float(), self.mask[rows]


class Groups:
    """The rendered set in the work folder, split by object into training and held-out."""

    def __init__(self, objects: Path, work: Path) -> None:
        self.objects: list[SceneObject] = read_objects(objects)
        meta = json.loads((work / "views.json").read_text())
        if meta["ids"] != [o.id for o in self.objects]:
            raise ValueError("views.json was rendered from another object set: render again")
        self.views = np.load(work / "views.npy", mmap_mode="r")
        self.azimuth = np.asarray(meta["azimuth"], np.float32)
        self.elevation = np.asarray(meta["elevation"], np.float32)
        self.text = TextFeatures(work / "text_features.pt")
        self.rows = [
            [[self.text.index[v] for v in variants(phrase, o.style)] for phrase in o.captions]
            for o in self.objects
        ]
        self.paint = Paint.of(self.objects, self.views)
        order = np.random.default_rng(0).permutation(len(self.objects))
        held = round(HELD_OUT * len(order))
        self.held_out, self.training = np.sort(order[:held]), np.sort(order[held:])
        # Common captions first: a small budget learns nothing from a thousand names seen once.
        captions = [self.objects[i].caption for i in self.training]
        count = Counter(captions)
        weight = np.array([count[caption] ** 0.7 for caption in captions])
        self.weight = weight / weight.sum()

    def draw(self, size: int, rng: np.random.Generator) -> Batch:
        """A random training batch."""
        views, camera, rows = self.draw_told(size, rng)
        return Batch(views, camera, *self.text.gather(rows))

    def draw_told(self, size: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, list[int]]:
        """Views and camera of a random training batch, and the rows of `text` that tell of them."""
        chosen = rng.choice(self.training, size, p=self.weight)
        group = rng.integers(self.views.shape[1], size=size)
        drawn = [self.draw_object(i, k, rng) for i, k in zip(chosen, group)]
        raw = np.stack([views for views, _ in drawn])
        rows = [row for _, row in drawn]
        roll = rng.integers(4, size=size)  # any of the four views may come first
        shade = rng.uniform(0.93, 1.05, size)
        mirror = rng.random(size) < 0.5
        return *self.pose(raw, chosen, group, roll, shade, mirror), rows

    def first_captions(self, chosen: np.ndarray) -> Batch:
        """One group of each of the objects `chosen`, with its first caption."""
        zeros = np.zeros(len(chosen), int)
        group = np.arange(len(chosen)) % self.views.shape[1]
        raw = self.views[chosen, group]
        posed = self.pose(raw, chosen, group, zeros, np.ones(len(chosen)), zeros > 0)
        return Batch(*posed, *self.text.gather([self.rows[i][0][0] for i in chosen]))

    def draw_object(
        self, index: int, group: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, int]:
        """One group u8 [V, 4, H, W] of an object, perhaps painted, and the row of `text` that tells of
        it, or of the empty prompt."""
        views = self.views[index, group]
        row = self.draw_prompt(index, rng)
        old, phrase = self.paint.word[index], self.objects[index].coloured
        if old and phrase and rng.random() < PAINTED:
            new = rng.choice([name for name in COLOURS if name != old and name in self.paint.pots])
            pot = self.paint.pots[new]
            views = painted(views, self.paint.main[index], pot[rng.integers(len(pot))])
            row = self.text.index[with_colour(phrase, old, new)]
        return views, self.text.empty if rng.random() < DROP_TEXT else row

    def draw_prompt(self, index: int, rng: np.random.Generator) -> int:
        """Row of `text` for one object as it is: a caption in a template."""
        rows = self.rows[index][rng.integers(len(self.rows[index]))]
        weight = np.array(TEMPLATE_WEIGHTS[: len(rows)])
        return rows[rng.choice(len(rows), p=weight / weight.sum())]

    def pose(
        self,
        views: np.ndarray,
        chosen: np.ndarray,
        group: np.ndarray,
        roll: np.ndarray,
        shade: np.ndarray,
        mirror: np.ndarray,
    ) -> tuple[Tensor, Tensor]:
        """Views [N, V, 4, H, W] in [-1, 1] and camera [N, V, 16] of groups `views` u8 of the objects
        `chosen`, from view `roll` on, times `shade`, mirrored at x = 0."""
        raw = torch.from_numpy(views).float() / 255
        raw = torch.stack([v.roll(-int(k), 0) for v, k in zip(raw, roll)])
        reflected = raw[:, MIRRORED_ORDER].flip(-1)
        raw = torch.where(torch.from_numpy(mirror).view(-1, 1, 1, 1, 1), reflected, raw)
        colour, alpha = raw[:, :, :3], raw[:, :, 3:]
        colour = torch.minimum(colour * torch.from_numpy(shade).float().view(-1, 1, 1, 1, 1), alpha)
        azimuth = self.azimuth[chosen, group] + 90 * roll
        azimuth = torch.from_numpy(np.where(mirror, -azimuth, azimuth)).float()
        elevation = torch.from_numpy(self.elevation[chosen, group])
        return 2 * torch.cat([colour, alpha], 2) - 1, group_cameras(azimuth, elevation)
