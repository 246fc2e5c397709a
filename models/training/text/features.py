"""What the frozen text encoder makes of every prompt, encoded once (`training text features`)."""

from pathlib import Path

import torch
from torch import Tensor


class TextFeatures:
    """The frozen text encoder's output for every prompt of the object set."""

    def __init__(self, path: Path, device: str = "cpu") -> None:
        stored = torch.load(path, mmap=True, weights_only=True)
        self.tokens: Tensor = stored["tokens"].to(device)  # f16 [M, T, D]
        self.mask: Tensor = stored["mask"].float().to(device)  # [M, T]
        self.empty: int = int(stored["empty"])
        self.prompts: list[str] = stored["captions"]
        self.index = {prompt: i for i, prompt in enumerate(self.prompts)}

    def encode(self, prompts: list[str]) -> tuple[Tensor, Tensor]:
        """Tokens [N, T, D] and mask [N, T]; raises KeyError for a prompt that was not encoded."""
        return self.gather([self.empty if p == "" else self.index[p] for p in prompts])

    def gather(self, rows: list[int]) -> tuple[Tensor, Tensor]:
        chosen = torch.tensor(rows, device=self.tokens.device)
        return self.tokens[chosen].float(), self.mask[chosen]
