"""Pictures as the networks that judge see them, and the features of all of the object set, computed once.

Writes to the work folder `NAME.features.npy` f16 [objects, SHOTS, SIDES, width], NAME being the scorer or the reward,
and `NAME.features.json`: how many objects are done, and the prompt of each object's painted shot. A shot is two views
of a group over a background of its own, some blurred, some rough, as samples and distilled objects are; the last one
shows the object in another colour. The held-out objects are shown as they will be when somebody measures, all views of
two groups, over the background of the network.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..objects.data import SHADE, split
from ..objects.prompts import SceneObject
from ..objects.recolour import COVERED, main_colour, named_colour, painted, with_colour
from .trunks import Trunk

SIDE = 64  # pixels of the views that are judged: others are brought to it
SHOTS, SIDES = 4, 2  # of each object, and views in a shot
BLURRED, ROUGH = 0.35, 0.3  # shares of the shots
NOISE = 0.06  # largest standard deviation of a rough shot's colours
EVERY = 20  # objects between two entries in the record of what is done


def over(views: Tensor, background: Tensor | float) -> Tensor:
    """Pictures [N, 3, H, W] of premultiplied `views` [N, 4, H, W] in [0, 1]."""
    return (views[:, :3] + (1 - views[:, 3:]) * background).clamp(0, 1)


def resized(pictures: Tensor, size: int) -> Tensor:
    """Square pictures at another size, bilinear; for a size that divides theirs, means."""
    now = pictures.shape[-1]
    if now % size == 0:
        return F.avg_pool2d(pictures, now // size) if now > size else pictures
    return F.interpolate(pictures, (size, size), mode="bilinear", align_corners=False)


@dataclass(frozen=True)
class Draw:
    """Where the views of a network come from: which groups of `views.npy`, by which seed; and what it is shown them
    over when it judges, grey in sRGB."""

    groups: tuple[int, ...]
    seed: int
    background: float


def main_colours(objects: list[SceneObject], views: np.ndarray) -> dict[str, list[tuple[int, Tensor]]]:
    """By colour word the objects that may be painted, with their main colours; `views` u8 [objects, V, 4, H, W]."""
    pots: dict[str, list[tuple[int, Tensor]]] = {}
    for i, item in enumerate(objects):
        word = named_colour(item)
        if word is None or not views[i].any():
            continue
        colour, share = main_colour(torch.from_numpy(views[i].copy()))
        if share >= COVERED:
            pots.setdefault(word, []).append((i, colour))
    return pots


def roughened(views: Tensor, rng: np.random.Generator) -> Tensor:
    """Views [V, 4, H, W] of one shot in [0, 1] in another light, some mirrored, blurred or noisy."""
    colour, alpha = views[:, :3], views[:, 3:]
    views = torch.cat([torch.minimum(colour * rng.uniform(*SHADE), alpha), alpha], 1)
    if rng.random() < 0.5:
        views = views.flip(-1)
    if rng.random() < BLURRED:
        half = resized(views, views.shape[-1] // 2)
        views = F.interpolate(half, scale_factor=2, mode="bilinear", align_corners=False)
    if rng.random() < ROUGH:
        noise = torch.from_numpy(rng.normal(0, rng.uniform(0, NOISE), views[:, :3].shape).astype(np.float32))
        views = torch.cat([views[:, :3] + noise * views[:, 3:], views[:, 3:]], 1)
    return views


def backdrop(rng: np.random.Generator) -> float:
    return 1.0 if rng.random() < 0.5 else rng.uniform(0.35, 1)


class Shots:
    """The shots of every object."""

    def __init__(self, objects: list[SceneObject], views: np.ndarray, draw: Draw) -> None:
        self.objects, self.views, self.draw = objects, views, draw
        self.held = set(split(len(objects))[0].tolist())
        self.pots = main_colours(objects, views[:, draw.groups[0]])
        self.main = {i: (word, colour) for word, pot in self.pots.items() for i, colour in pot}

    def of(self, index: int) -> tuple[Tensor, str | None]:
        """Pictures [SHOTS * SIDES, 3, H, W] of an object; the prompt of the last shot, if it is painted."""
        if not self.views[index, list(self.draw.groups)].any((1, 2, 3, 4)).all():
            raise ValueError(f"object {self.objects[index].id} was not rendered: run `render` to its end first")
        groups = torch.from_numpy(self.views[index].copy()).float() / 255
        if index in self.held:
            return over(groups[:2].flatten(0, 1), self.draw.background), None
        rng = np.random.default_rng([self.draw.seed, index])
        chosen = self.draw.groups
        shots = [
            groups[chosen[n % len(chosen)], rng.choice(groups.shape[1], SIDES, replace=False)] for n in range(SHOTS)
        ]
        prompt = None
        if index in self.main:
            shots[-1], prompt = self.paint(index, shots[-1], rng)
        return torch.cat([over(roughened(shot, rng), backdrop(rng)) for shot in shots]), prompt

    def paint(self, index: int, views: Tensor, rng: np.random.Generator) -> tuple[Tensor, str]:
        word, colour = self.main[index]
        new = str(rng.choice(sorted(name for name in self.pots if name != word)))
        _, target = self.pots[new][rng.integers(len(self.pots[new]))]
        coloured = self.objects[index].coloured or ""
        return painted(views[None], colour[None], target[None])[0], with_colour(coloured, word, new)


@torch.inference_mode()
def features(trunk: Trunk, pictures: Tensor) -> Tensor:
    """[N, width] of pictures of any size."""
    fitting = F.interpolate(pictures, (trunk.size, trunk.size), mode="bilinear", align_corners=False)
    return trunk(fitting.to(memory_format=torch.channels_last))


def compute(name: str, trunk: Trunk, shots: Shots, work: Path, minutes: float) -> bool:
    """Goes on computing for so long; whether all objects are done."""
    path, record = work / f"{name}.features.npy", work / f"{name}.features.json"
    count = len(shots.objects)
    shape = (count, SHOTS, SIDES, trunk.width)
    done: dict = {"objects": 0, "painted": {}}
    if record.exists():
        done = json.loads(record.read_text())
    table = np.lib.format.open_memmap(path, "r+" if done["objects"] else "w+", np.float16, shape)
    trunk = trunk.eval().to(memory_format=torch.channels_last)
    started = time.monotonic()
    while done["objects"] < count and time.monotonic() - started < 60 * minutes:
        for index in range(done["objects"], min(count, done["objects"] + EVERY)):
            pictures, prompt = shots.of(index)
            table[index] = features(trunk, pictures).view(shape[1:]).numpy()
            if prompt:
                done["painted"][str(index)] = prompt
        done["objects"] = min(count, done["objects"] + EVERY)
        table.flush()
        record.write_text(json.dumps(done))
        if done["objects"] % 200 == 0:
            print(f"{done['objects']}/{count} objects, {time.monotonic() - started:.0f} s", flush=True)
    return done["objects"] == count
