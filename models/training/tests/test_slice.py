"""A slice of training: it writes pieces small enough to carry, and the next one goes on from them."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load

from ..denoiser import slice
from ..denoiser.weights import read_state
from ..objects.exemplars import Exemplars
from .test_exemplars import exemplars  # noqa: F401  the fixture: a rendered set of tiny objects


def test_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights in pieces are all the weights, each piece as small as it must be."""
    monkeypatch.setattr(slice, "PIECE", 4096)
    state = {str(i): torch.randn(i * 10, 3) for i in range(1, 20)}
    files = slice.pieces(state)
    assert len(files) > 3 and all(len(file) <= 4096 for file in files)
    again = {name: value for file in files for name, value in load(file).items()}
    assert again.keys() == state.keys()
    assert all(torch.equal(again[name], state[name].half()) for name in state)


def test_slice(exemplars: Exemplars, tmp_path: Path) -> None:  # noqa: F811
    work = tmp_path / "slices"
    work.mkdir()
    (work / "32").symlink_to(tmp_path)
    out = tmp_path / "out"
    line = f"--objects {tmp_path} --work {work} --device cpu --batch 2 --tiers 32 --minutes 0.02".split()
    slice.main([*line, "--out", str(out)])
    files = sorted(out.glob("32-*.safetensors"))
    assert 1 < len(files) <= slice.PIECES and all(file.stat().st_size <= slice.PIECE for file in files)
    trained = read_state(tmp_path / "denoiser.pt")
    state = read_state(slice.join(out, 32))
    assert all(torch.equal(state[name], value.half().float()) for name, value in trained.items())
    assert json.loads((out / "32.jsonl").read_text().splitlines()[-1])["step"] >= 1

    again = tmp_path / "again"
    slice.main([*line, "--out", str(again), "--start", str(out)])
    assert (again / "32-1.safetensors").read_bytes() != files[0].read_bytes()
    with pytest.raises(ValueError, match=r"no 64-1\.safetensors"):
        slice.join(out, 64)
