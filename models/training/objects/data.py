"""Training data: rendered groups of four views, their cameras and the encoded prompts."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..text.features import TextFeatures
from .camera import group_cameras
from .prompts import SceneObject, likelihood, read_objects, variants
from .recolour import Paint, painted, with_colour

HELD_OUT = 0.03  # share of the objects, never trained on
DROP_TEXT = 0.12  # probability of the empty prompt: classifier-free guidance
SHADE = (0.93, 1.05)  # factor on the colours of a group
PAINTED = 0.3  # share of the objects with one main colour that are painted
# A phrase true of n objects is drawn as n to this: a small budget learns nothing from a thousand names
# said of one object each.
COMMON = 1.5
TEMPLATE_WEIGHTS = (0.5, 0.25, 0.125, 0.125)  # of prompts.TEMPLATES

# In a mirror at x = 0 azimuth a becomes -a, so that the views of a group come in reverse.
MIRRORED_ORDER = [0, 3, 2, 1]


@dataclass(frozen=True)
class Exemplar:
    """What is shown beside the prompts: views of an object each, from the cameras `camera.EXEMPLAR`."""

    views: Tensor  # f32 [N, V, C, H, W] in [-1, 1]
    kind: Tensor  # i64 [N], of `exemplars.Kind`
    shown: Tensor  # f32 [N, V], 1 for the views that are shown, 0 for the others; all 0: no exemplar

    def to(self, device: str) -> "Exemplar":
        return Exemplar(self.views.to(device), self.kind.to(device), self.shown.to(device))

    def take(self, rows: Tensor) -> "Exemplar":
        return Exemplar(self.views[rows], self.kind[rows], self.shown[rows])


@dataclass(frozen=True)
class Batch:
    """Groups of four views of single objects, or, V being 1, single views from unknown cameras."""

    views: Tensor  # f32 [N, V, C, H, W] in [-1, 1]
    camera: Tensor | None  # f32 [N, V, 16]; None: unknown
    text: Tensor  # f32 [N, T, D]
    mask: Tensor  # f32 [N, T]
    exemplar: Exemplar | None = None

    def to(self, device: str) -> "Batch":
        camera = None if self.camera is None else self.camera.to(device)
        exemplar = self.exemplar and self.exemplar.to(device)
        return Batch(self.views.to(device), camera, self.text.to(device), self.mask.to(device), exemplar)

    def take(self, rows: Tensor) -> "Batch":
        camera = None if self.camera is None else self.camera[rows]
        exemplar = self.exemplar and self.exemplar.take(rows)
        return Batch(self.views[rows], camera, self.text[rows], self.mask[rows], exemplar)


@dataclass(frozen=True)
class Drawn:
    """A random training batch, and what was drawn."""

    views: Tensor  # f32 [N, V, C, H, W] in [-1, 1]
    camera: Tensor  # f32 [N, V, 16]
    rows: list[int]  # of the encoded prompts, what is said
    objects: np.ndarray  # int [N]
    places: np.ndarray  # int [N], of the phrase among the object's captions
    mirror: np.ndarray  # bool [N]


def split(objects: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the held-out objects and of the training ones, both sorted."""
    order = np.random.default_rng(0).permutation(objects)
    held = round(HELD_OUT * objects)
    return np.sort(order[:held]), np.sort(order[held:])


def normalised(weights: Sequence[float]) -> np.ndarray:
    """Probabilities in proportion to `weights`."""
    return np.array(weights) / sum(weights)


def draw_template(rows: list[int], rng: np.random.Generator) -> int:
    """One of the rows of `text` of a phrase, which are in the order of the templates."""
    return rows[rng.choice(len(rows), p=normalised(TEMPLATE_WEIGHTS[: len(rows)]))]


class Groups:
    """The rendered set in the work folder, split by object into training and held-out.

    On a GPU all of it lies in the device's memory; on a CPU it is mapped from the file.
    """

    def __init__(self, objects: Path, work: Path, device: str = "cpu", common: float = COMMON) -> None:
        self.device = device
        self.objects: list[SceneObject] = read_objects(objects)
        meta = json.loads((work / "views.json").read_text())
        if meta["ids"] != [o.id for o in self.objects]:
            raise ValueError("views.json was rendered from another object set: render again")
        # "c": a private copy of what is written, which nothing is.
        views = torch.from_numpy(np.load(work / "views.npy", mmap_mode="c"))
        self.paint = Paint.of(self.objects, views)
        self.views = views.to(device)  # u8 [objects, groups, V, C, H, W]
        self.azimuth = torch.tensor(meta["azimuth"], device=device)
        self.elevation = torch.tensor(meta["elevation"], device=device)
        # Groups that show the object as in the set, upright and in full size: all, where none is posed.
        self.plain = np.array(meta.get("scale", np.ones(self.azimuth.shape))) == 1
        self.text = TextFeatures(work / "text_features.pt", device)
        self.rows = [
            [[self.text.index[v] for v in variants(phrase, o.style)] for phrase in o.captions] for o in self.objects
        ]
        self.held_out, self.training = split(len(self.objects))
        # What may be said of an object in training, as places in `rows`, by the phrase.
        self.told: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for index in self.training:
            for place, phrase in enumerate(self.objects[index].captions):
                self.told[phrase].append((int(index), place))
        self.weight = normalised([len(places) ** common for places in self.told.values()])
        self.likelihood = [
            normalised([likelihood(phrase, self.objects[index].id) for index, _ in places])
            for phrase, places in self.told.items()
        ]

    @property
    def resolution(self) -> int:
        return self.views.shape[-1]

    def draw(self, size: int, rng: np.random.Generator) -> Batch:
        """A random training batch."""
        return self.batch(self.draw_told(size, rng))

    def batch(self, drawn: Drawn) -> Batch:
        return Batch(drawn.views, drawn.camera, *self.text.gather(drawn.rows))

    def draw_told(self, size: int, rng: np.random.Generator) -> Drawn:
        chosen, places = self.draw_objects(size, rng)
        group = rng.integers(self.views.shape[1], size=size)
        brush = [self.draw_colour(i, rng) for i in chosen]
        rows = [self.draw_prompt(*told, rng) for told in zip(chosen, places, brush)]
        rgba = self.views[chosen, group].float() / 255
        wet = [n for n, donor in enumerate(brush) if donor is not None]
        if wet:
            old = self.paint.main[chosen[wet]]
            new = self.paint.main[[donor for donor in brush if donor is not None]]
            rgba[wet] = painted(rgba[wet], old.to(self.device), new.to(self.device))
        roll = rng.integers(4, size=size)  # any of the four views may come first
        shade = rng.uniform(*SHADE, size)
        mirror = rng.random(size) < 0.5
        return Drawn(*self.pose(rgba, chosen, group, roll, shade, mirror), rows, chosen, places, mirror)

    def first_captions(self, chosen: np.ndarray) -> Batch:
        """One plain group of each of the objects `chosen`, with its first caption."""
        zeros = np.zeros(len(chosen), int)
        plain = [np.flatnonzero(self.plain[i]) for i in chosen]
        group = np.array([groups[n % len(groups)] for n, groups in enumerate(plain)])
        rgba = self.views[chosen, group].float() / 255
        posed = self.pose(rgba, chosen, group, zeros, np.ones(len(chosen)), zeros > 0)
        return Batch(*posed, *self.text.gather([self.rows[i][0][0] for i in chosen]))

    def draw_colour(self, index: int, rng: np.random.Generator) -> int | None:
        """An object in another colour, to paint this one with, or None to leave it as it is."""
        own = self.paint.word[index]
        if own is None or rng.random() >= PAINTED:
            return None
        pots = self.paint.pots
        name = rng.choice([name for name in pots if name != own])
        return int(rng.choice(pots[name]))

    def draw_objects(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Objects and what is said of them, as places in `rows`: a phrase, then one of the objects that it
        is true of, by how typical they are. Then one with a single caption does not stand for all."""
        phrases = list(self.told.values())
        drawn = rng.choice(len(phrases), size, p=self.weight)
        pairs = [phrases[i][rng.choice(len(phrases[i]), p=self.likelihood[i])] for i in drawn]
        return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])

    def draw_prompt(self, index: int, place: int, donor: int | None, rng: np.random.Generator) -> int:
        """Row of `text` for caption `place` of an object, in a template and with the colour of `donor`,
        or for the empty prompt."""
        if rng.random() < DROP_TEXT:
            return self.text.empty
        if donor is not None:
            old, new = self.paint.word[index], self.paint.word[donor]
            return self.text.index[with_colour(self.objects[index].coloured, old, new)]
        return draw_template(self.rows[index][place], rng)

    def pose(
        self,
        rgba: Tensor,
        chosen: np.ndarray,
        group: np.ndarray,
        roll: np.ndarray,
        shade: np.ndarray,
        mirror: np.ndarray,
    ) -> tuple[Tensor, Tensor]:
        """Views [N, V, 4, H, W] in [-1, 1] and camera [N, V, 16] of groups `rgba` in [0, 1] of the
        objects `chosen`, from view `roll` on, times `shade`, mirrored at x = 0."""

        def column(values: np.ndarray) -> Tensor:
            return torch.from_numpy(values).to(self.device).view(-1, 1, 1, 1, 1)

        order = (np.arange(4) + roll[:, None]) % 4
        order = np.where(mirror[:, None], order[:, MIRRORED_ORDER], order)
        rgba = rgba[np.arange(len(order))[:, None], order]
        rgba = torch.where(column(mirror), rgba.flip(-1), rgba)
        colour, alpha = rgba[:, :, :3], rgba[:, :, 3:]
        colour = torch.minimum(colour * column(shade).float(), alpha)
        azimuth = self.azimuth[chosen, group] + 90 * torch.from_numpy(roll).to(self.device)
        azimuth = torch.where(torch.from_numpy(mirror).to(self.device), -azimuth, azimuth)
        camera = group_cameras(azimuth, self.elevation[chosen, group])
        return 2 * torch.cat([colour, alpha], 2) - 1, camera
