"""Batches of groups and of single views."""

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ..objects.camera import DISTANCE, OUTLINE, group_cameras
from ..objects.data import Groups, split
from ..objects.mesh import Mesh
from ..objects.pose import draw_poses
from ..objects.prompts import (
    phrases,
    read_objects,
    variants,
)
from ..objects.rasterise import render
from ..objects.recolour import every_prompt
from ..objects.singles import STYLE, Singles, fitted, premultiplied, prepare
from ..text.features import TextFeatures

SIZE = 32


def encoded(path: Path, prompts: list[str]) -> TextFeatures:
    """What `text features` writes, but that token 0 of a prompt is its row."""
    tokens = torch.arange(len(prompts) + 1).view(-1, 1, 1).expand(-1, 24, 192).half()
    mask = torch.ones(len(prompts) + 1, 24, dtype=torch.uint8)
    captions = [*prompts, ""]
    torch.save({"captions": captions, "tokens": tokens, "mask": mask, "empty": len(prompts)}, path)
    return TextFeatures(path)


def refused(call: Callable[[], object], *words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words[0])) as found:
        call()
    assert all(word in str(found.value) for word in words)


def test_groups() -> None:
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


def test_fitted() -> None:
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


def test_singles() -> None:
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
