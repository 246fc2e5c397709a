"""Which arithmetic the network runs in: bfloat16 where the processor is quicker at it, else f32.

GPUs and some processors multiply bfloat16 at several times the rate of f32, others more slowly.
"""

import time
from functools import cache

import torch

SIDE = 768
TRIES = 5


def mixed(device: str) -> torch.autocast:
    """The context to evaluate the network in on `device`."""
    return torch.autocast(device, torch.bfloat16, enabled=bfloat16_is_quicker(device))


@cache
def bfloat16_is_quicker(device: str) -> bool:
    """By the time of a product of matrices; only a processor need be asked."""
    return device != "cpu" or seconds(torch.bfloat16) < seconds(torch.float32)


def seconds(dtype: torch.dtype) -> float:
    """The least of a few times of a product on the processor."""
    matrix = torch.ones(SIDE, SIDE, dtype=dtype)
    times = []
    for _ in range(TRIES):
        started = time.perf_counter()
        matrix @ matrix
        times.append(time.perf_counter() - started)
    return min(times)
