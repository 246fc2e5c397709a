"""The noise schedule, as a table: z = alpha * x + sigma * eps, with x in [-1, 1]."""

import math

import torch
from torch import Tensor

TIMESTEPS = 1000
# Ends of alpha_bar. The last step keeps a trace of signal so that eps and v stay well conditioned.
ALPHA_BAR_FIRST, ALPHA_BAR_LAST = 0.9999, 2e-4


def alpha_bar_table() -> Tensor:
    """f64 [TIMESTEPS], falling: a cosine schedule (Nichol & Dhariwal 2021, eq. 17, s = 0)."""
    time = (torch.arange(TIMESTEPS, dtype=torch.float64) + 1) / TIMESTEPS
    cosine = torch.cos(time * math.pi / 2) ** 2
    return ALPHA_BAR_LAST + (ALPHA_BAR_FIRST - ALPHA_BAR_LAST) * cosine


def alpha_sigma(timestep: Tensor, dims: int) -> tuple[Tensor, Tensor]:
    """alpha and sigma [N, 1, ...] (`dims` dimensions) of integer timesteps [N]."""
    alpha_bar = alpha_bar_table().to(timestep.device)[timestep]
    shape = (-1, *[1] * (dims - 1))
    return alpha_bar.sqrt().float().view(shape), (1 - alpha_bar).sqrt().float().view(shape)
