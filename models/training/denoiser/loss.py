"""What the denoiser is trained on: v-prediction (Salimans & Ho 2022) of noised views, sharp or degraded."""

import torch
from torch import Tensor

from ..objects.data import Batch, Exemplar
from .network import Denoiser
from .precision import mixed
from .schedule import TIMESTEPS, alpha_sigma

BINS = 5  # of timesteps, in logs and tables


def noised(seen: Tensor, views: Tensor, timestep: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """z = alpha seen + sigma eps, and the v that leads from z to the views: alpha z - sigma v = views."""
    alpha, sigma = alpha_sigma(timestep, seen)
    off = alpha.square() / sigma * (seen - views)
    return alpha * seen + sigma * noise, alpha * noise - sigma * views + off


def losses(model: torch.nn.Module, batch: Batch, seen: Tensor, timestep: Tensor, noise: Tensor) -> Tensor:
    """Mean squared error per group, f32 [N]: of v, or, where `seen` is not the views, of the views,
    which is sigma^2 times v's; v's would grow without bound as the noise falls."""
    z, target = noised(seen, batch.views, timestep, noise)
    with mixed(z.device.type):
        shown = () if batch.exemplar is None else encoded(model, batch.exemplar)
        prediction = model(z, timestep.float(), batch.text, batch.mask, batch.camera, *shown)
    error = (prediction.float() - target).square().flatten(1).mean(1)
    differs = (seen != batch.views).flatten(1).any(1)
    sigma = alpha_sigma(timestep, seen)[1].flatten()
    return torch.where(differs, sigma.square(), 1) * error


def encoded(model: torch.nn.Module, exemplar: Exemplar) -> tuple[Tensor, Tensor]:
    """What the denoiser takes of exemplars: tokens, and which views are shown."""
    return model.exemplar(exemplar.views, exemplar.kind), exemplar.shown


def mean_over_views(groups: Tensor, singles: Tensor, views: int) -> Tensor:
    """The mean loss of all views in a step: the losses `groups` [N] are means over `views` views each,
    the losses `singles` [M] are of one."""
    return (views * groups.sum() + singles.sum()) / (views * len(groups) + len(singles))


@torch.no_grad()
def mean_loss(model: Denoiser, batch: Batch, device: str) -> float:
    """Mean loss on a batch, such as the held-out objects, at fixed timesteps and noise."""
    size = len(batch.views)
    timestep = (torch.arange(size) * TIMESTEPS) // size
    noise = torch.randn(batch.views.shape, generator=torch.Generator().manual_seed(1))
    total = 0.0
    for part in torch.arange(size).split(16):
        piece = batch.take(part).to(device)
        total += losses(model, piece, piece.views, timestep[part].to(device), noise[part].to(device)).sum().item()
    return total / size
