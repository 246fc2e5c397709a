"""Compares the shipped ONNX graph in onnxruntime with PyTorch at five noise levels.

Writes PyTorch's side beside the graph, `reference.safetensors`, for programs without PyTorch
(`npm run bench -- denoiser` and the tests): one group's inputs, and its prediction at each level.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from safetensors.torch import save
from torch import Tensor

from ..denoiser.network import Denoiser
from ..denoiser.weights import ENCODER, load_denoiser
from ..objects.camera import group_cameras
from ..paths import SHIPPED

TOLERANCE = 2e-3  # largest difference over the largest magnitude
LEVELS = (20.0, 260.0, 500.0, 740.0, 980.0)


def check(path: Path) -> None:
    """Prints the relative difference per noise level; raises if one is above the tolerance."""
    model = load_denoiser(path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = random_inputs(model)
    if model.config.exemplar:
        inputs |= check_encoder(model, path.with_name(ENCODER))
    predictions = []
    for timestep in LEVELS:
        inputs["timestep"] = torch.full_like(inputs["timestep"], timestep)
        with torch.no_grad():
            expected = model(*inputs.values())
        (found,) = session.run(None, {k: v.numpy() for k, v in inputs.items()})
        hold(f"timestep {timestep:3.0f}", found, expected)
        predictions.append(expected[1])
    group = {name: value[1] for name, value in inputs.items() if name != "timestep"}
    levels = {"timesteps": torch.tensor(LEVELS), "predictions": torch.stack(predictions)}
    metadata = {"denoiser": hashlib.sha256(path.read_bytes()).hexdigest(), "torch": torch.__version__}
    (path.parent / "reference.safetensors").write_bytes(save(group | levels, metadata))


def hold(what: str, found: np.ndarray, expected: Tensor) -> None:
    """Prints the relative difference; raises if it is above the tolerance."""
    difference = np.abs(found - expected.numpy()).max() / expected.abs().max().clamp(min=1e-6)
    print(f"{what}: max relative difference {difference:.2e}")
    if difference > TOLERANCE:
        raise AssertionError(f"{what}: the ONNX file differs from PyTorch by more than {TOLERANCE}")


def check_encoder(model: Denoiser, path: Path) -> dict[str, Tensor]:
    """Compares the exemplar encoder, of views of every kind. Returns what the denoiser takes of them, the first shown
    whole, the second by its front, the third not at all."""
    config = model.config
    shape = (3, config.views, config.channels, config.resolution, config.resolution)
    views = 2 * torch.rand(shape, generator=torch.Generator().manual_seed(1)) - 1
    kind = torch.arange(3)
    with torch.no_grad():
        expected = model.exemplar(views, kind)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"views": views.numpy(), "kind": kind.numpy()})
    hold("exemplar encoder", found, expected)
    shown = (torch.arange(config.views) < torch.tensor([[config.views], [1], [0]])).float()
    return {"exemplar": expected, "exemplar_shown": shown}


def random_inputs(model: Denoiser) -> dict[str, Tensor]:
    """Three groups, not the batch size that the graph was traced with, of 2, 7 and 24 tokens."""
    config = model.config
    g = torch.Generator().manual_seed(0)
    shape = (3, config.views, config.channels, config.resolution, config.resolution)
    return {
        "z": torch.randn(shape, generator=g),
        "timestep": torch.zeros(3),
        "text": torch.randn(3, config.text_tokens, config.text_width, generator=g),
        "text_mask": (torch.arange(config.text_tokens) < torch.tensor([[2], [7], [24]])).float(),
        "camera": group_cameras(torch.tensor([0.0, 33.0, 250.0]), torch.tensor([0.0, 20.0, 40.0])),
    }


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="training compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", type=Path, default=SHIPPED / "denoiser.onnx")
    check(parser.parse_args(argv).model)
