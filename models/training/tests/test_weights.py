"""How denoisers start from one another."""

import tempfile
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ..denoiser.network import Denoiser, DenoiserConfig
from ..denoiser.schedule import alpha_sigma
from ..denoiser.soup import averaged
from ..denoiser.train import OUTER, outer_only
from ..denoiser.weights import load_denoiser, start_from, with_present_names


def test_growth() -> None:
    """A deeper network starts as the one it grows from."""
    small = DenoiserConfig(conv_width=16, width=64, layers=1)
    model = Denoiser(small).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    grown = Denoiser(replace(small, layers=3)).eval()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.pt"
        torch.save({"average": model.state_dict()}, path)
        start_from(grown, path)
    z, camera = torch.randn(2, 4, 4, 32, 32), torch.randn(2, 4, 16)
    text = torch.randn(2, 24, 192), torch.ones(2, 24)
    timestep = torch.tensor([10.0, 900.0])
    with torch.no_grad():
        out, same = (m(z, timestep, *text, camera) for m in (model, grown))
    assert out.abs().max() > 0.1 and torch.equal(out, same)


def test_outer() -> None:
    """A new outer U-Net says of each picture at half its size what the network inside it says, and is read back as
    it was built; trained alone, it leaves that network without a gradient."""
    small = DenoiserConfig(conv_width=16, width=64, layers=1)
    inner = Denoiser(small).eval()
    for parameter in inner.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    outer = Denoiser(replace(small, resolution=64, outer_width=24)).eval()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.pt"
        torch.save({"average": inner.state_dict()}, path)
        start_from(outer, path)
        torch.save({"average": outer.state_dict()}, path)
        again = load_denoiser(path)
    assert again.config == outer.config
    z, camera = torch.randn(3, 4, 4, 64, 64), torch.randn(3, 4, 16)
    timestep, text = torch.tensor([0, 500, 999]), (torch.randn(3, 24, 192), torch.ones(3, 24))
    alpha, sigma = alpha_sigma(timestep, z)
    fine = alpha * z - sigma * again(z, timestep.float(), *text, camera)
    alpha_half, sigma_half = alpha_sigma(timestep, z[..., :32])
    half = halved(z) * alpha_half / alpha
    coarse = alpha_half * half - sigma_half * inner(half, timestep.float(), *text, camera)
    assert coarse.abs().max() > 1 and torch.allclose(halved(fine), coarse, atol=1e-3)

    torch.nn.init.normal_(again.outer.out.weight)
    outer_only(again)
    again(z, timestep.float(), *text, camera).square().sum().backward()
    trained = {name for name, p in again.named_parameters() if p.grad is not None}
    assert trained and all(name.startswith(OUTER) for name in trained)


def halved(views: Tensor) -> Tensor:
    """The mean over 2x2 pixels."""
    return F.avg_pool2d(views.flatten(0, 1), 2).unflatten(0, views.shape[:2])


def test_former_names() -> None:
    """Weights of an older file, where those of the outer U-Net begin otherwise, fill the network of today."""
    model = Denoiser(DenoiserConfig(conv_width=16, width=64, layers=1, resolution=64, outer_width=24))
    state = model.state_dict()
    old = {name.replace("outer.", "shell.", 1) if name.startswith("outer.") else name: x for name, x in state.items()}
    assert old.keys() != state.keys()
    renamed = with_present_names(old)
    assert renamed.keys() == state.keys() and all(torch.equal(renamed[name], state[name]) for name in state)


def test_soup() -> None:
    """The mean of a network and a deeper one: of what both have, and half of what only one says."""
    small = Denoiser(DenoiserConfig(conv_width=16, width=64, layers=1))
    deep = Denoiser(replace(small.config, layers=2))
    for parameter in deep.parameters():
        torch.nn.init.normal_(parameter)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / "small.pt", Path(folder) / "deep.pt"]
        for path, model in zip(paths, (small, deep)):
            torch.save({"average": model.state_dict()}, path)
        mean = averaged(paths).state_dict()
    a, b = small.state_dict(), deep.state_dict()
    assert torch.allclose(mean["core.stem.weight"], (a["core.stem.weight"] + b["core.stem.weight"]) / 2)
    assert torch.equal(mean["blocks.1.fc1.weight"], b["blocks.1.fc1.weight"])
    for layer in ("self_attn.o", "cross_attn.o", "fc2"):
        assert torch.equal(mean[f"blocks.1.{layer}.weight"], b[f"blocks.1.{layer}.weight"] / 2)
