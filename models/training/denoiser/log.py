"""The log of the training: a line of JSON for what a window of steps saw, and for the held-out objects."""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from .loss import BINS
from .schedule import TIMESTEPS


class Update(NamedTuple):
    """What one step saw, on the device, so that nothing waits for it."""

    timestep: Tensor  # i64 [N]
    loss: Tensor  # of the groups [N]
    single: Tensor  # of the single views [M]
    norm: Tensor  # of the gradient


class Log:
    """Appends to the file at `path`, and prints."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("a")

    def held_out(self, step: int, seconds: float, losses: dict[str, float]) -> None:
        self.write(step, seconds, {name: round(loss, 5) for name, loss in losses.items()})

    def window(self, step: int, seconds: float, rate: float, window: list[Update]) -> None:
        """Loss of the groups, also by timestep bin (low noise first), and of the single views; learning rate."""
        timestep = torch.cat([w.timestep for w in window])
        loss = torch.cat([w.loss for w in window])
        single = torch.cat([w.single for w in window])
        bins = timestep * BINS // TIMESTEPS
        of_bins = [loss[bins == b].mean().item() if (bins == b).any() else None for b in range(BINS)]
        line: dict[str, object] = {
            "loss": round(loss.mean().item(), 5),
            "bins": [value and round(value, 5) for value in of_bins],
        }
        if len(single):
            line["single"] = round(single.mean().item(), 5)
        line["norm"] = round(torch.stack([w.norm for w in window]).mean().item(), 4)
        self.write(step, seconds, line | {"lr": rate})

    def write(self, step: int, seconds: float, line: dict[str, object]) -> None:
        text = json.dumps({"step": step, "seconds": round(seconds, 1)} | line)
        print(text, flush=True)
        self.file.write(text + "\n")
        self.file.flush()
