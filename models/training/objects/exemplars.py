"""Exemplars: what a prior may be shown beside the prompt.

An exemplar is four views, from fixed cameras, of an object that the prompt might mean: the very object, or one that
is said to be similar. In training it is the drawn object itself, unpainted where that is painted (so that the colour
word is heeded), or one of its neighbours by what is said of it. Often only its front is shown, as of a picture.
"""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..paths import TEXT
from ..text.onnx_file import encode_sentences
from .data import MIRRORED_ORDER, SHADE, Drawn, Exemplar, Groups
from .prompts import likelihood

NEIGHBOURS = 8  # one of so many is drawn
# What is added to the similarity of a phrase and an object that is called so and typical; and the width of the noise
# that decides between equals. Both are small next to how much similarities differ.
TYPICAL_BONUS, TIE = 0.01, 0.004


class Kind(IntEnum):
    """What the network is told of an exemplar."""

    UNKNOWN = 0
    ITSELF = 1
    SIMILAR = 2


@dataclass(frozen=True)
class Mixture:
    """Shares in training: of groups that are shown an exemplar; of those, how many a neighbour instead of the object
    itself, the front alone, and one of which it is not said what it is."""

    shown: float
    neighbours: float = 0.4
    front: float = 1 / 3
    untold: float = 0.15


class Exemplars:
    """The exemplars of a rendered set, and which training objects are near to what is said."""

    def __init__(self, data: Groups, work: Path) -> None:
        self.data = data
        path = work / "fixed.npy"
        if not path.exists():
            raise ValueError(f"{path} is missing: run `training render` again")
        fixed = np.load(path, mmap_mode="c")
        self.views = torch.from_numpy(fixed[:, 0])  # u8 [objects, V, C, H, W]
        self.measured = torch.from_numpy(fixed[:, 1])
        self.training = np.asarray(data.training)
        self.column = {int(index): n for n, index in enumerate(self.training)}
        self.phrases = sorted({phrase for i in self.training for phrase in data.objects[i].captions})
        self.row = {phrase: n for n, phrase in enumerate(self.phrases)}
        self.sentences = encode_sentences(self.phrases, TEXT)
        told = [[self.row[phrase] for phrase in data.objects[i].captions] for i in self.training]
        most = max(map(len, told))
        # Of each training object the rows of its phrases, the last one repeated: int [objects, most].
        self.told = np.array([rows + rows[-1:] * (most - len(rows)) for rows in told])

    def similarity(self, prompts: list[str]) -> np.ndarray:
        """Of prompts and training objects, by the nearest of their phrases: f32 [N, objects]."""
        known = all(prompt in self.row for prompt in prompts)
        asked = self.sentences[[self.row[p] for p in prompts]] if known else encode_sentences(prompts, TEXT)
        return (asked @ self.sentences.T)[:, self.told].max(2)

    def found(self, prompts: list[str], rng: np.random.Generator) -> np.ndarray:
        """The training object that is nearest to each prompt, int [N]: a typical one before the others."""
        score = self.similarity(prompts)
        score = score + TIE / 2 * rng.random(score.shape)
        for row, prompt in zip(score, prompts):
            for n, index in enumerate(self.training):
                item = self.data.objects[index]
                if prompt in item.captions and likelihood(prompt, item.id) == 1:
                    row[n] += TYPICAL_BONUS
        return self.training[score.argmax(1)]

    def neighbours(self, objects: np.ndarray, places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """For each of the training `objects`, another that is near to its caption of that place: int [N]."""
        score = self.similarity([self.data.objects[i].captions[place] for i, place in zip(objects, places)])
        score = score + TIE * rng.random(score.shape)
        score[np.arange(len(objects)), [self.column[int(i)] for i in objects]] = -np.inf
        nearest = np.argpartition(-score, NEIGHBOURS)[:, :NEIGHBOURS]
        return self.training[nearest[np.arange(len(objects)), rng.integers(NEIGHBOURS, size=len(objects))]]

    def draw(self, drawn: Drawn, mixture: Mixture, rng: np.random.Generator) -> Exemplar:
        """Exemplars for a training batch. One of the object itself is mirrored where the object is."""
        size = len(drawn.objects)
        similar = rng.random(size) < mixture.neighbours
        objects, mirror = drawn.objects.copy(), drawn.mirror.copy()
        if similar.any():
            objects[similar] = self.neighbours(objects[similar], drawn.places[similar], rng)
            mirror[similar] = rng.random(similar.sum()) < 0.5
        views = self.of(objects)
        views = torch.where(torch.from_numpy(mirror).view(-1, 1, 1, 1, 1), mirrored(views), views)
        shade = torch.from_numpy(rng.uniform(*SHADE, size)).float().view(-1, 1, 1, 1, 1)
        kind = np.where(similar, Kind.SIMILAR, Kind.ITSELF)
        kind[rng.random(size) < mixture.untold] = Kind.UNKNOWN
        shown = np.ones((size, views.shape[1]), np.float32)
        shown[rng.random(size) < mixture.front, 1:] = 0
        shown[rng.random(size) >= mixture.shown] = 0
        exemplar = Exemplar(shaded(views, shade), torch.from_numpy(kind), torch.from_numpy(shown))
        return exemplar.to(self.data.device)

    def of(self, objects: np.ndarray) -> Tensor:
        """The exemplar views f32 [N, V, C, H, W] in [-1, 1] of objects."""
        return 2 * self.views[objects].float() / 255 - 1

    def certain(self, objects: np.ndarray, kind: Kind, views: int | None = None) -> Exemplar:
        """Exemplars of these objects, of which the first `views` are shown: all by default."""
        seen = self.of(objects)
        shown = torch.ones(seen.shape[:2])
        shown[:, seen.shape[1] if views is None else views :] = 0
        return Exemplar(seen, torch.full((len(seen),), int(kind)), shown)


def mirrored(views: Tensor) -> Tensor:
    """Exemplar views of the mirrored object, seen from the same cameras."""
    return views[:, MIRRORED_ORDER].flip(-1)


def shaded(views: Tensor, shade: Tensor) -> Tensor:
    """Premultiplied views in [-1, 1] with their colours times `shade`."""
    rgba = views / 2 + 0.5
    colour, alpha = rgba[:, :, :3], rgba[:, :, 3:]
    return 2 * torch.cat([torch.minimum(colour * shade, alpha), alpha], 2) - 1
