"""Self-checks of poses and of single views; run by `python -m training check`."""

import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from .camera import DISTANCE, OUTLINE, group_cameras
from .data import Groups, TextFeatures, split
from .denoiser import Denoiser, DenoiserConfig
from .loss import mean_over_views
from .mesh import Mesh
from .pose import SCALE, TILT, draw_poses, posed
from .prompts import phrases, read_objects, variants
from .rasterise import render
from .recolour import every_prompt
from .singles import STYLE, Singles, fitted, premultiplied, prepare

SIZE = 32


def solid() -> Mesh:
    """Sixty triangles that reach the unit sphere."""
    corners = torch.randn(60, 3, 3, generator=torch.Generator().manual_seed(0))
    return Mesh(corners / corners.norm(dim=-1).max(), torch.full((60, 3, 3), 0.5))


def encoded(path: Path, prompts: list[str]) -> TextFeatures:
    """Stands in for `text features`: token 0 of a prompt is its row."""
    tokens = torch.arange(len(prompts) + 1).view(-1, 1, 1).expand(-1, 24, 192).half()
    mask = torch.ones(len(prompts) + 1, 24, dtype=torch.uint8)
    captions = [*prompts, ""]
    torch.save({"captions": captions, "tokens": tokens, "mask": mask, "empty": len(prompts)}, path)
    return TextFeatures(path)


def refused(call: object, *words: str) -> None:
    try:
        call()
    except ValueError as error:
        assert all(word in str(error) for word in words), error
    else:
        raise AssertionError(f"was not refused: {words}")


def check_poses() -> None:
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


def check_groups() -> None:
    """First captions are asked of plain groups: any where none is posed, else of those that are not."""
    count, groups = 40, 3
    held_out, training = split(count)
    assert len(held_out) == 1 and len(np.union1d(held_out, training)) == count
    row = {"file": "", "style": "low-poly", "caption_colour": None}
    rows = [json.dumps({"id": str(i), "caption": f"a thing{i}", **row}) for i in range(count)]
    views = np.zeros((count, groups, 4, 4, SIZE, SIZE), np.uint8)
    views[:] = np.arange(groups).reshape(1, -1, 1, 1, 1, 1)
    scale, *_ = draw_poses(count, groups, held_out, np.random.default_rng(0))
    angles = np.zeros((count, groups)).tolist()
    meta = {"ids": [str(i) for i in range(count)], "azimuth": angles, "elevation": angles}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "objects.jsonl").write_text("\n".join(rows))
        np.save(work / "views.npy", views)
        encoded(work / "text_features.pt", every_prompt(read_objects(work)))
        for posing in ({}, {"scale": scale.tolist()}):
            (work / "views.json").write_text(json.dumps(meta | posing))
            data = Groups(work, work)
            chosen = np.concatenate([np.repeat(held_out, 3), training[:6]])
            shown = data.first_captions(chosen).views[:, 0, 0, 0, 0] * 127.5 + 127.5
            trained = [0] * 6 if posing else [0, 1, 2] * 2
            assert shown.round().int().tolist() == [0, 1, 2, *trained]


def check_fitted() -> None:
    """A picture is centred and fills the sphere's outline; what its clear pixels hide does not show; a
    smaller pose is smaller, a turned one turned counter-clockwise."""
    rgba = np.full((90, 120, 4), 255, np.uint8)  # white, where it is clear too
    rgba[..., 3] = 0
    rgba[20:32, 30:94] = (255, 0, 0, 255)
    rgba[20:32, 62:94] = (0, 0, 255, 128)
    scale, turn = torch.tensor([1.0, 0.5, 1.0]), torch.tensor([0.0, 0.0, 90.0])
    plain, small, turned = fitted(premultiplied(rgba), SIZE, scale, turn).float() / 255
    assert (plain[:3] <= plain[3:]).all() and plain[1].max() == 0, "white bled in"
    near = plain[3] > 0.02
    rows, columns = near.any(1).nonzero()[:, 0], near.any(0).nonzero()[:, 0]
    assert rows[0] + rows[-1] == SIZE - 1 and columns[0] + columns[-1] == SIZE - 1, "not centred"
    # The rectangle is 64 by 12: its corner is hypot(32, 6) from the centre.
    half = OUTLINE * SIZE / 2
    width = 2 * half * 32 / np.hypot(32, 6)
    opaque = plain[3, SIZE // 2]
    assert abs(opaque[: SIZE // 2].sum() - width / 2) < 0.1
    assert abs(opaque[SIZE // 2 :].sum() - width / 2 * 128 / 255) < 0.1
    assert torch.allclose(plain[2, 16, 20:26], torch.tensor(128 / 255), atol=0.01), "premultiplied"
    assert abs(small[3].sum() / plain[3].sum() - 0.25) < 0.01
    assert torch.allclose(turned, plain.rot90(1, (1, 2)), atol=0.02)
    ball = group_cameras(torch.zeros(1), torch.zeros(1)).view(4, 4, 4)[:1]
    outline = torch.linspace(0, 2 * np.pi, 400)[:, None, None]
    # The sphere's points where the line of sight is tangent to it.
    ring = torch.cat([outline.cos(), outline.sin()], -1) * (1 - DISTANCE**-2) ** 0.5
    ring = torch.cat([ring, torch.full_like(outline, 1 / DISTANCE)], -1)
    tile = ring + torch.tensor([[0.0, 0, 0], [0.01, 0, 0], [0, 0.01, 0]])
    alpha = render(Mesh(tile, torch.ones(400, 3, 3)), ball, 256)[0, 3]
    y, x = (alpha > 0).nonzero().T - 127.5
    assert abs(torch.hypot(x, y).max() - OUTLINE * 128) < 2
    refused(lambda: fitted(torch.zeros(4, 8, 8), SIZE, scale, turn), "shows nothing")


def check_alone() -> None:
    """Single views see nothing of each other and no camera; one is denoised as a group of four copies of
    it, of which the network is told no camera: attention to copies is attention to oneself."""
    torch.manual_seed(0)
    model = Denoiser(DenoiserConfig(conv_width=16, width=64, layers=2)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    timestep = torch.tensor([10.0, 500.0, 900.0])
    text, mask = torch.randn(3, 24, 192), torch.ones(3, 24)
    z = torch.randn(3, 1, 4, SIZE, SIZE)
    alone = model(z, timestep, text, mask, None)
    assert alone.shape == z.shape and alone.abs().max() > 0.1
    alone[1].sum().backward()
    used = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    assert "blocks.1.self_attn.q.weight" in used
    assert not any(name.startswith("embedding.camera") for name in used)
    with torch.no_grad():
        other = model(torch.cat([z[:1], z[:1], z[2:]]), timestep, text, mask, None)
        assert torch.equal(other[[0, 2]], alone[[0, 2]]) and not torch.equal(other[1], alone[1])
        torch.nn.init.zeros_(model.embedding.camera.fc2.weight)
        torch.nn.init.zeros_(model.embedding.camera.fc2.bias)
        copies = model(z.expand(-1, 4, -1, -1, -1), timestep, text, mask, torch.randn(3, 4, 16))
    assert torch.allclose(copies, alone.expand_as(copies), atol=1e-4)


def check_mean() -> None:
    """A single view weighs a fourth of a group; without any it is the mean of the groups."""
    groups, singles = torch.tensor([1.0, 2.0, 6.0]), torch.tensor([9.0, 5.0])
    assert mean_over_views(groups, singles, 4) == (4 * 9 + 14) / 14
    assert mean_over_views(groups, singles[:0], 4) == groups.mean()


def check_singles() -> None:
    """Pictures become a batch of single views with what is said of them, or nothing; what does not fit
    the rest of the work folder is refused."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        rows = []
        for name, shade in (("dark", 60), ("pale", 240)):
            rgba = np.zeros((64, 64, 4), np.uint8)
            rgba[8:40, 8:40] = (shade, shade, shade, 255)
            Image.fromarray(rgba).save(work / f"{name}.png")
            rows.append({"file": f"{name}.png", "caption": f"a small {name} box"})
        (work / "captions.txt").write_text("a chair\n")
        prepare(work, rows, work, SIZE, seed=0)
        listed = (work / "captions.txt").read_text().splitlines()
        prepare(work, rows, work, SIZE, seed=0)
        assert (work / "captions.txt").read_text().splitlines() == listed == sorted(set(listed))
        assert {"a chair", "a small pale box", "small pale box", "a box, emoji"} <= set(listed)
        text = encoded(work / "text_features.pt", listed)
        data = Singles(work, text, SIZE)
        batch = data.draw(200, rng)
        assert batch.camera is None and batch.views.shape == (200, 1, 4, SIZE, SIZE)
        assert batch.views.min() >= -1 and batch.views.max() <= 1
        again = data.draw(200, np.random.default_rng(0))
        assert torch.equal(again.views, batch.views) and torch.equal(again.text, batch.text)
        pale = (batch.views[:, 0, 0] > 0.5).flatten(1).any(1).tolist()
        said = [text.prompts[int(row)] for row in batch.text[:, 0, 0]]
        assert 5 < said.count("") < 60
        of = [{v for p in phrases(row["caption"]) for v in variants(p, STYLE)} for row in rows]
        assert all(prompt == "" or prompt in of[light] for prompt, light in zip(said, pale))
        assert 60 < sum(pale) < 140 and len(set(said)) > 6
        refused(lambda: Singles(work, text, 64), "32 pixels", "training singles")
        poor = encoded(work / "text_features.pt", listed[:-1])
        refused(lambda: Singles(work, poor, SIZE), listed[-1], "text features")


CHECKS = (check_poses, check_groups, check_fitted, check_alone, check_mean, check_singles)
