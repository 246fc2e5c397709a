"""Small changes of pose that leave every caption true: how large the object is, a slight tilt."""

import math

import numpy as np
import torch

from .mesh import Mesh

# Of its size in the set, where the farthest point of every object lies on the unit sphere.
SCALE = (0.8, 1.0)
TILT = 5.0  # degrees, the largest


def draw_scale(count: int, poses: int, rng: np.random.Generator) -> np.ndarray:
    """Scales [count, poses]; the first pose of each is as in the set."""
    scale = rng.uniform(*SCALE, (count, poses))
    scale[:, 0] = 1
    return scale


def draw_poses(
    objects: int, groups: int, plain: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scale, tilt and azimuth of the horizontal axis of the tilt, in degrees, each [objects, groups].
    Group 0 and the objects `plain` are as in the set: what is measured on them does not change."""
    scale = draw_scale(objects, groups, rng)
    tilt = rng.uniform(0, TILT, (objects, groups))
    axis = rng.uniform(0, 360, (objects, groups))
    tilt[:, 0] = axis[:, 0] = 0
    scale[plain], tilt[plain], axis[plain] = 1, 0, 0
    return scale, tilt, axis


def posed(mesh: Mesh, scale: float, tilt: float, axis: float) -> Mesh:
    """The mesh times `scale`, turned by `tilt` degrees about the horizontal axis (sin a, 0, cos a) of
    azimuth a = `axis` degrees, right-handed (Rodrigues' formula)."""
    a, t = math.radians(axis), math.radians(tilt)
    along = torch.tensor([math.sin(a), 0.0, math.cos(a)], dtype=torch.float64)
    across = torch.linalg.cross(along.expand(3, 3), torch.eye(3, dtype=torch.float64)).T
    identity = torch.eye(3, dtype=torch.float64)
    turn = identity + math.sin(t) * across + (1 - math.cos(t)) * across @ across
    matrix = (scale * turn).to(mesh.corners)
    return Mesh(mesh.corners @ matrix.T, mesh.colours)
