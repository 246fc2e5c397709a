"""Compares the shipped ONNX graph in onnxruntime with PyTorch at five noise levels."""

import argparse
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from .camera import group_cameras
from .weights import load_denoiser

TOLERANCE = 2e-3  # largest difference over the largest magnitude
SHIPPED = Path(__file__).parent.parent / "default" / "denoiser.onnx"


def check(path: Path) -> None:
    """Prints the relative difference per noise level; raises if one is above the tolerance."""
    model = load_denoiser(path)
    config = model.config
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    g = torch.Generator().manual_seed(0)
    size = 3  # not the batch size that the graph was traced with
    for timestep in (20, 260, 500, 740, 980):
        shape = (size, config.views, config.channels, config.resolution, config.resolution)
        mask = (torch.arange(config.text_tokens) < torch.tensor([[2], [7], [24]])).float()
        inputs = {
            "z": torch.randn(shape, generator=g),
            "timestep": torch.full((size,), float(timestep)),
            "text": torch.randn(size, config.text_tokens, config.text_width, generator=g),
            "text_mask": mask,
            "camera": group_cameras(torch.tensor([0.0, 33.0, 250.0]), torch.tensor([0.0, 20.0, 40.0])),
        }
        with torch.no_grad():
            expected = model(*inputs.values()).numpy()
        (found,) = session.run(None, {k: v.numpy() for k, v in inputs.items()})
        difference = np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-6)
        print(f"timestep {timestep:3}: max relative difference {difference:.2e}")
        if difference > TOLERANCE:
            raise AssertionError(f"{path} differs from PyTorch by more than {TOLERANCE}")


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training compare", description=__doc__)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    check(parser.parse_args(argv).model)
