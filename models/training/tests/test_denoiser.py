"""Noise, degraded views, the loss, and what single views see."""

import torch

from ..denoiser.loss import mean_over_views, noised
from ..denoiser.network import Denoiser, DenoiserConfig
from ..denoiser.schedule import TIMESTEPS, alpha_bar_table
from ..objects.degrade import degraded

SIZE = 32


def test_noise() -> None:
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


def test_degraded() -> None:
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


def test_alone() -> None:
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


def test_mean() -> None:
    """A single view weighs a fourth of a group; without any it is the mean of the groups."""
    groups, singles = torch.tensor([1.0, 2.0, 6.0]), torch.tensor([9.0, 5.0])
    assert mean_over_views(groups, singles, 4) == (4 * 9 + 14) / 14
    assert mean_over_views(groups, singles[:0], 4) == groups.mean()
