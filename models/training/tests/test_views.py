"""Cameras, the rasteriser, fronts, mirrors and poses."""

import numpy as np
import torch

from ..objects.align import occupancy, quarter_turns
from ..objects.camera import AZIMUTH_OFFSETS, group_cameras
from ..objects.data import MIRRORED_ORDER
from ..objects.mesh import Mesh
from ..objects.pose import SCALE, TILT, draw_poses, posed
from ..objects.prompts import SceneObject
from ..objects.rasterise import render

SIZE = 32


def square(centre: tuple[float, float, float], normal: int, colour: tuple[float, float, float]) -> Mesh:
    """A square of side 0.4 around `centre`, across the axis `normal`."""
    u, v = [axis for axis in range(3) if axis != normal]
    corners = torch.tensor(centre).repeat(4, 1)
    corners[:, u] += torch.tensor([-0.2, 0.2, 0.2, -0.2])
    corners[:, v] += torch.tensor([-0.2, -0.2, 0.2, 0.2])
    return Mesh(corners[torch.tensor([[0, 1, 2], [0, 2, 3]])], torch.tensor(colour).expand(2, 3, 3))


def joined(*meshes: Mesh) -> Mesh:
    return Mesh(torch.cat([m.corners for m in meshes]), torch.cat([m.colours for m in meshes]))


def solid() -> Mesh:
    """Sixty triangles that reach the unit sphere."""
    corners = torch.randn(60, 3, 3, generator=torch.Generator().manual_seed(0))
    return Mesh(corners / corners.norm(dim=-1).max(), torch.full((60, 3, 3), 0.5))


def test_views() -> None:
    """Front is seen at azimuth 0, +x at 90; the near square hides the far one; row 0 is the top."""
    faces = [
        ((0.0, 0.0, 0.8), 2, (1.0, 0.0, 0.0)),
        ((0.8, 0.0, 0.0), 0, (0.0, 1.0, 0.0)),
        ((0.0, 0.0, -0.8), 2, (0.0, 0.0, 1.0)),
        ((-0.8, 0.0, 0.0), 0, (1.0, 1.0, 1.0)),
    ]
    cube = joined(*(square(*face) for face in faces))
    cameras = group_cameras(torch.zeros(1), torch.zeros(1)).view(-1, 4, 4)
    middle = render(cube, cameras, 32)[:, :, 16, 16].float() / 255
    for view, (_, _, colour) in enumerate(faces):
        shade = middle[view, :3].amax()
        assert 0.5 < shade <= 1, f"view {AZIMUTH_OFFSETS[view]}: shade {shade}"
        assert torch.allclose(middle[view, :3] / shade, torch.tensor(colour), atol=0.02)
        assert middle[view, 3] == 1
    above = render(square((0.0, 0.7, 0.0), 2, (1.0, 1.0, 1.0)), cameras[:1], 32)[0, 3]
    assert above[:16].any() and not above[16:].any(), "row 0 must be the top"
    right = render(square((0.7, 0.0, 0.0), 2, (1.0, 1.0, 1.0)), cameras[:1], 32)[0, 3]
    assert right[:, 16:].any() and not right[:, :16].any(), "+x must be at the right of the front"


def test_fronts() -> None:
    """Four equal bars, two of them turned by 90 degrees, are turned to agree."""
    white = (1.0, 1.0, 1.0)
    bar = joined(square((0.0, 0.0, 0.8), 1, white), square((0.0, 0.5, 0.4), 1, white))
    volume = occupancy(bar)
    volumes = torch.stack([volume, volume.rot90(1, (0, 2)), volume, volume.rot90(3, (0, 2)), volume])
    objects = [SceneObject(str(i), "", "", (), "a bar", None) for i in range(len(volumes))]
    assert quarter_turns(objects, volumes).tolist() == [0, 3, 0, 1, 0]
    turned = Mesh(bar.corners[..., [2, 1, 0]] * torch.tensor([1.0, 1.0, -1.0]), bar.colours)
    agreement = (occupancy(turned) * volume.rot90(1, (0, 2))).sum()
    assert agreement > 0.99, f"a turn of the volume is a turn from +z to +x: {agreement}"


def test_mirror() -> None:
    """A group seen in a mirror is the mirrored object seen from the mirrored cameras."""
    part = square((0.5, 0.1, 0.6), 2, (1.0, 0.5, 0.0))
    reflected = Mesh(part.corners * torch.tensor([-1.0, 1.0, 1.0]), part.colours)
    azimuth, elevation = torch.tensor([25.0]), torch.tensor([10.0])
    plain = render(part, group_cameras(azimuth, elevation).view(-1, 4, 4), 32)
    seen = render(reflected, group_cameras(-azimuth, elevation).view(-1, 4, 4), 32)
    mirror = plain[MIRRORED_ORDER].flip(-1)
    assert (seen.float() - mirror.float()).abs().mean() < 1


def test_area() -> None:
    """Coverage of a square is its projected area."""
    camera = group_cameras(torch.zeros(1), torch.zeros(1)).view(-1, 4, 4)[:1]
    alpha = render(square((0.0, 0.0, 0.0), 2, (1.0, 1.0, 1.0)), camera, 32)[0, 3].double() / 255
    side = 0.4 * 16 / (torch.tensor(20.0).deg2rad().tan().item() * camera[0, 2, 3].item())
    assert abs(alpha.sum().sqrt().item() - side) <= 0.25  # one sample


def test_poses() -> None:
    """Same seed, same poses; group 0 and what is plain stay. A posed object stays in the sphere, and is
    seen as the object itself from cameras that are turned the other way and farther off."""
    plain = np.array([3])
    scale, tilt, axis = draw_poses(5, 6, plain, np.random.default_rng(1))
    again = draw_poses(5, 6, plain, np.random.default_rng(1))
    assert all(np.array_equal(a, b) for a, b in zip((scale, tilt, axis), again))
    kept = np.zeros((5, 6), bool)
    kept[:, 0] = kept[plain] = True
    assert (scale[kept] == 1).all() and (tilt[kept] == 0).all()
    assert (scale[~kept] >= SCALE[0]).all() and (scale[~kept] < SCALE[1]).all()
    assert (tilt[~kept] <= TILT).all() and np.unique(scale[~kept]).size == (~kept).sum()

    mesh = solid()
    assert torch.equal(posed(mesh, 1, 0, 123).corners, mesh.corners)
    forward = posed(Mesh(torch.tensor([[[0.0, 1.0, 0.0]] * 3]), mesh.colours[:1]), 0.5, 90, 90)
    # About +x, right-handed: up goes to the front.
    assert torch.allclose(forward.corners[0, 0], torch.tensor([0.0, 0.0, 0.5]), atol=1e-6)
    for amount, angle, about in zip(scale[1], tilt[1], axis[1]):
        after = posed(mesh, amount, angle, about)
        assert after.corners.norm(dim=-1).max() <= 1 + 1e-6
        turned = posed(Mesh(torch.eye(3)[None], mesh.colours[:1]), 1, angle, about).corners[0].T
        cameras = group_cameras(torch.tensor([20.0]), torch.tensor([15.0])).view(4, 4, 4)
        moved = cameras.clone()
        moved[:, :3] = turned.T @ cameras[:, :3]
        moved[:, :3, 3] /= amount
        seen, expected = (render(m, c, SIZE)[:, 3].float() for m, c in ((after, cameras), (mesh, moved)))
        assert (seen - expected).abs().mean() < 0.05, "of 255"
