"""Quick self-checks of what training rests on: cameras, rasteriser, captions, noise, paint, judge,
poses, single views, and how networks start from one another."""

import torch

from . import check_data, check_weights
from .align import occupancy, quarter_turns
from .camera import AZIMUTH_OFFSETS, group_cameras
from .data import MIRRORED_ORDER
from .degrade import degraded
from .judge import Judge, contrast
from .loss import noised
from .mesh import Mesh
from .prompts import RARE, UNTYPICAL, SceneObject, last_noun, likelihood, shorten, variants, with_rare_nouns
from .rasterise import render
from .recolour import main_colour, painted, with_colour
from .schedule import TIMESTEPS, alpha_bar_table


def square(centre: tuple[float, float, float], normal: int, colour: tuple[float, float, float]) -> Mesh:
    """A square of side 0.4 around `centre`, across the axis `normal`."""
    u, v = [axis for axis in range(3) if axis != normal]
    corners = torch.tensor(centre).repeat(4, 1)
    corners[:, u] += torch.tensor([-0.2, 0.2, 0.2, -0.2])
    corners[:, v] += torch.tensor([-0.2, -0.2, 0.2, 0.2])
    return Mesh(corners[torch.tensor([[0, 1, 2], [0, 2, 3]])], torch.tensor(colour).expand(2, 3, 3))


def joined(*meshes: Mesh) -> Mesh:
    return Mesh(torch.cat([m.corners for m in meshes]), torch.cat([m.colours for m in meshes]))


def check_views() -> None:
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


def check_fronts() -> None:
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


def check_mirror() -> None:
    """A group seen in a mirror is the mirrored object seen from the mirrored cameras."""
    part = square((0.5, 0.1, 0.6), 2, (1.0, 0.5, 0.0))
    reflected = Mesh(part.corners * torch.tensor([-1.0, 1.0, 1.0]), part.colours)
    azimuth, elevation = torch.tensor([25.0]), torch.tensor([10.0])
    plain = render(part, group_cameras(azimuth, elevation).view(-1, 4, 4), 32)
    seen = render(reflected, group_cameras(-azimuth, elevation).view(-1, 4, 4), 32)
    mirror = plain[MIRRORED_ORDER].flip(-1)
    assert (seen.float() - mirror.float()).abs().mean() < 1


def check_area() -> None:
    """Coverage of a square is its projected area."""
    camera = group_cameras(torch.zeros(1), torch.zeros(1)).view(-1, 4, 4)[:1]
    alpha = render(square((0.0, 0.0, 0.0), 2, (1.0, 1.0, 1.0)), camera, 32)[0, 3].double() / 255
    side = 0.4 * 16 / (torch.tensor(20.0).deg2rad().tan().item() * camera[0, 2, 3].item())
    assert abs(alpha.sum().sqrt().item() - side) <= 0.25  # one sample


def kinds(*nouns: str) -> list[SceneObject]:
    return [SceneObject("", "", "low-poly", (f"a {noun}",), f"a {noun}", None) for noun in nouns]


def check_captions() -> None:
    assert shorten("a small wooden box with a lid") == "a box"
    assert shorten("an old orange") == "an orange"
    assert last_noun("a grey rowing boat") == "a boat" and last_noun("a boat") is None
    assert last_noun("a brown hot dog") is None and last_noun("a slice of pizza") is None
    assert [o.captions[1:] for o in with_rare_nouns(kinds("rowing boat", "boat", "grey cat"))] == [("a boat",), (), ()]
    assert all(len(o.captions) == 1 for o in with_rare_nouns(kinds("rowing boat", *["boat"] * RARE)))
    assert variants("a box", "low-poly") == [
        "a box",
        "box",
        "a 3D model of a box",
        "a box, low-poly",
    ]
    assert likelihood("a house", "o01373") == likelihood("a red house", "o00020") == 1
    assert likelihood("a house", "o00020") == UNTYPICAL


def check_noise() -> None:
    """alpha_bar falls; x and eps come back from z and v."""
    table = alpha_bar_table(32)
    assert (table.diff() < 0).all() and 0 < table[-1] < table[0] < 1
    shifted = alpha_bar_table(64)
    assert torch.allclose(table / (1 - table) / 4, shifted / (1 - shifted))
    x, eps = torch.randn(5, 1, 4, 32, 32), torch.randn(5, 1, 4, 32, 32)
    timestep = torch.linspace(0, TIMESTEPS - 1, 5).long()
    z, v = noised(x, x, timestep, eps)
    alpha = table[timestep].sqrt().float().view(-1, 1, 1, 1, 1)
    sigma = (1 - table[timestep]).sqrt().float().view(-1, 1, 1, 1, 1)
    assert torch.allclose(alpha * z - sigma * v, x, atol=1e-5)
    assert torch.allclose(alpha * v + sigma * z, eps, atol=1e-5)
    seen = torch.randn_like(x)
    z, v = noised(seen, x, timestep, eps)
    assert torch.allclose(z, alpha * seen + sigma * eps, atol=1e-5)
    assert torch.allclose(alpha * z - sigma * v, x, atol=1e-4)


def check_degraded() -> None:
    """A degraded group is premultiplied RGBA, softer than the object, alike from all sides and at every
    size of the pictures; what is empty stays empty."""
    disc = (torch.arange(32) - 15.5).square()
    alpha = (disc[:, None] + disc[None] < 100).float().expand(64, 4, 1, 32, 32)
    views = 2 * torch.cat([0.6 * alpha.expand(64, 4, 3, 32, 32), alpha], 2) - 1
    rgba = 0.5 * degraded(views, torch.Generator().manual_seed(0)) + 0.5
    assert rgba.min() >= 0 and rgba.max() <= 1 + 1e-6
    assert (rgba[:, :, :3] <= rgba[:, :, 3:] + 1e-6).all()
    assert torch.allclose(rgba[:, 0], rgba[:, 2], atol=1e-5)
    assert (rgba != 0.5 * views + 0.5).flatten(1).any(1).float().mean() > 0.8
    larger = views.repeat_interleave(2, -1).repeat_interleave(2, -2)
    larger = 0.5 * degraded(larger, torch.Generator().manual_seed(0)) + 0.5
    halved = larger.unflatten(-1, (32, 2)).unflatten(-3, (32, 2)).mean((-3, -1))
    assert (halved - rgba).abs().mean() < 0.002
    empty = degraded(-torch.ones(3, 4, 4, 32, 32), torch.Generator().manual_seed(0))
    assert (empty == -1).all()


def check_painted() -> None:
    """What has the main colour takes the other one, in the same light; all else stays."""
    assert with_colour("an orange car", "orange", "blue") == "a blue car"
    assert with_colour("a red toy car", "red", "orange") == "an orange toy car"
    assert with_colour("red dice", "red", "orange") == "orange dice"
    red, wheel = torch.tensor([0.8, 0.2, 0.2]), torch.tensor([0.1, 0.1, 0.5])
    views = torch.zeros(1, 4, 8, 8)
    views[0, 3, 1:7] = 1
    views[0, :3, 1:4] = red[:, None, None]
    views[0, :3, 4:6] = 0.7 * red[:, None, None]
    views[0, :3, 6] = wheel[:, None]
    main, share = main_colour((255 * views).round().byte())
    assert torch.allclose(main / main.sum(), red / red.sum(), atol=0.01)
    assert abs(share - 5 / 6) < 0.01
    green = torch.tensor([0.1, 0.6, 0.1])
    after = painted(views[None], main[None], green[None])[0, 0]
    assert torch.equal(after[3], views[0, 3]) and torch.allclose(after[:, 6:], views[0, :, 6:])
    lit, shaded = after[:3, 1, 0], after[:3, 4, 0]
    assert torch.allclose(lit / lit.sum(), green / green.sum(), atol=0.01)
    assert torch.allclose(shaded, 0.7 * lit, atol=0.01)
    assert main_colour(torch.zeros(1, 4, 8, 8, dtype=torch.uint8))[1] == 0


def check_judge() -> None:
    """The judge learns to tell two objects apart, and ranks their captions; the size of views is no matter."""
    torch.manual_seed(0)
    judge = Judge(["a", "cone", "cube"])
    views = torch.randn(2, 4, 4, 32, 32)
    captions = ["a cone", "a cube"]
    optimizer = torch.optim.AdamW(judge.parameters(), 1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        contrast(judge, views, captions).backward()
        optimizer.step()
    assert judge.ranks(views, captions, [0, 1]).tolist() == [0, 0]
    assert judge.ranks(views, captions, [1, 0]).tolist() == [1, 1]
    assert judge.ranks(views[:, :1], captions, [0, 1]).tolist() == [0, 0]
    larger = views.repeat_interleave(2, -1).repeat_interleave(2, -2)
    assert torch.allclose(judge.of_views(larger), judge.of_views(views), atol=1e-6)


def main(argv: list[str]) -> None:
    if argv:
        raise SystemExit(__doc__)
    checks = (
        check_views,
        check_fronts,
        check_mirror,
        check_area,
        check_captions,
        check_noise,
        check_degraded,
        check_painted,
        check_judge,
        *check_data.CHECKS,
        *check_weights.CHECKS,
    )
    for check in checks:
        check()
        print(f"{check.__name__}: ok")
