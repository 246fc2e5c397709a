"""The noise schedule, as a table: z = alpha * x + sigma * eps, with x in [-1, 1]."""

import math

import torch
from torch import Tensor

TIMESTEPS = 1000
# Ends of alpha_bar. The last step keeps a trace of signal so that eps and v stay well conditioned.
ALPHA_BAR_FIRST, ALPHA_BAR_LAST = 0.9999, 2e-4
REFERENCE = 32  # pixels: the side at which the schedule is the plain cosine


def cosine_alpha_bar(timestep: Tensor) -> Tensor:
    """alpha_bar of pictures of `REFERENCE` pixels: a cosine schedule (Nichol & Dhariwal 2021, eq. 17, s = 0)."""
    cosine = torch.cos((timestep + 1) / TIMESTEPS * (math.pi / 2)) ** 2
    return ALPHA_BAR_LAST + (ALPHA_BAR_FIRST - ALPHA_BAR_LAST) * cosine


def alpha_bar_table(size: int) -> Tensor:
    """f64 [TIMESTEPS], falling, for pictures of `size` pixels. More pixels show more through the same
    noise, so the signal-to-noise ratio is divided by their number (Hoogeboom et al. 2023, section 2.1)."""
    table = cosine_alpha_bar(torch.arange(TIMESTEPS, dtype=torch.float64))
    ratio = (REFERENCE / size) ** 2
    return table if ratio == 1 else ratio * table / (1 - table + ratio * table)


def alpha_sigma(timestep: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
    """alpha and sigma [N, 1, ...] of integer timesteps [N], for pictures like `views` [N, ..., H, W]."""
    alpha_bar = alpha_bar_table(views.shape[-1]).to(timestep.device)[timestep]
    shape = (-1, *[1] * (views.ndim - 1))
    return alpha_bar.sqrt().float().view(shape), (1 - alpha_bar).sqrt().float().view(shape)
