"""Cameras of the prior: world right-handed, y up, front to +z, c2w in OpenGL's convention."""

import math

import torch
from torch import Tensor

FOVY = 40.0  # degrees
# The unit sphere just fits, with 5 % to spare.
DISTANCE = round(1.05 / math.sin(math.radians(FOVY) / 2), 4)
ELEVATION = (-10.0, 40.0)  # degrees
# Radius of the unit sphere's outline, of half a picture's side.
OUTLINE = math.tan(math.asin(1 / DISTANCE)) / math.tan(math.radians(FOVY) / 2)
AZIMUTH_OFFSETS = (0.0, 90.0, 180.0, 270.0)  # degrees, one per view of a group
# Azimuth and elevation of the groups that are rendered of every object: an exemplar is always seen from the first,
# so that a network need not be told its cameras; samples are compared with objects at the second.
EXEMPLAR, MEASURED = (0.0, 15.0), (35.0, 20.0)
FIXED = (EXEMPLAR, MEASURED)


def camera_to_world(azimuth: Tensor, elevation: Tensor, distance: float = DISTANCE) -> Tensor:
    """c2w [..., 4, 4] of cameras that look at the origin; angles in radians, any equal shape.

    Columns: right, up, back, position. Azimuth 0 sees the front (+z), azimuth 90 degrees sees +x.
    """
    cos_e, sin_e = elevation.cos(), elevation.sin()
    cos_a, sin_a = azimuth.cos(), azimuth.sin()
    zero = torch.zeros_like(azimuth)
    back = torch.stack([sin_a * cos_e, sin_e, cos_a * cos_e], -1)
    right = torch.stack([cos_a, zero, -sin_a], -1)
    up = torch.stack([-sin_a * sin_e, cos_e, -cos_a * sin_e], -1)
    top = torch.stack([right, up, back, distance * back], -1)
    bottom = torch.tensor([0.0, 0.0, 0.0, 1.0], device=azimuth.device, dtype=azimuth.dtype)
    return torch.cat([top, bottom.expand(*azimuth.shape, 1, 4)], -2)


def group_cameras(azimuth: Tensor, elevation: Tensor) -> Tensor:
    """Flattened c2w [N, V, 16] of four-view groups; `azimuth`, `elevation` [N] in degrees."""
    offsets = torch.tensor(AZIMUTH_OFFSETS, device=azimuth.device, dtype=azimuth.dtype)
    angles = torch.deg2rad(azimuth[:, None] + offsets)
    c2w = camera_to_world(angles, torch.deg2rad(elevation)[:, None].expand_as(angles))
    return c2w.flatten(-2)
