"""Agrees on a front: quarter turns that make the objects of one noun face the same way.

Packs differ: one puts the ridge of a house along x, another along z. A prior that has seen both
scores a view as the average of the two, and score distillation then makes neither.
"""

import re
from collections import defaultdict

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .mesh import Mesh
from .prompts import SceneObject

CELLS = 16  # per axis of the volume in which shapes are compared
POINTS = 8192  # drawn on each surface
ROUNDS = 8


def occupancy(mesh: Mesh) -> Tensor:
    """Blurred occupancy of the surface, f32 [z, y, x] of `CELLS` each, with unit norm."""
    a, b, c = mesh.corners.unbind(1)
    area = torch.linalg.cross(b - a, c - a).norm(dim=-1)
    generator = torch.Generator().manual_seed(0)
    chosen = torch.multinomial(area + 1e-12, POINTS, replacement=True, generator=generator)
    # Exponential variates over their sum are uniform in the triangle.
    weight = -torch.log1p(-torch.rand(POINTS, 3, generator=generator))
    point = (mesh.corners[chosen] * (weight / weight.sum(1, keepdim=True))[..., None]).sum(1)
    cell = ((point + 1) / 2 * CELLS).long().clamp(0, CELLS - 1)
    volume = torch.zeros(CELLS, CELLS, CELLS)
    volume[cell[:, 2], cell[:, 1], cell[:, 0]] = 1
    volume = F.avg_pool3d(volume[None, None], 3, 1, 1)[0, 0]
    return volume / volume.norm()


def noun(caption: str) -> str:
    """The last word of the phrase before any "with", "of", ...: the kind of thing it is."""
    return re.split(r" (?:with|of|on|in|wearing|for) ", caption)[0].split()[-1].lower()


def quarter_turns(objects: list[SceneObject], volumes: Tensor) -> np.ndarray:
    """Quarter turns int [objects] in 0..3, from +z towards +x; the majority of a noun stays.

    `volumes` f32 [objects, z, y, x]. Turns every object to agree best with the sum of the others
    until nothing moves: generalised Procrustes analysis over four rotations.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for index, item in enumerate(objects):
        groups[noun(item.caption)].append(index)
    result = np.zeros(len(objects), int)
    for members in groups.values():
        if len(members) < 3:
            continue
        options = torch.stack([volumes[members].rot90(k, (-3, -1)) for k in range(4)], 1)
        options = options.flatten(2)
        turn = torch.zeros(len(members), dtype=torch.long)
        for _ in range(ROUNDS):
            posed = options[torch.arange(len(members)), turn]
            others = posed.sum(0) - posed
            score = torch.einsum("nkc,nc->nk", options, others)
            score[:, 0] *= 1 + 1e-3  # nothing to choose: stays
            best = score.argmax(1)
            if (best == turn).all():
                break
            turn = best
        common = int(torch.bincount(turn, minlength=4).argmax())
        result[members] = (turn.numpy() - common) % 4
    return result
