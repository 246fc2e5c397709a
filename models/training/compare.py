"""Compares the shipped ONNX graph in onnxruntime with PyTorch at five noise levels.

Writes PyTorch's side beside the graph, `reference.safetensors`, for programs without PyTorch
(`npm run bench -- denoiser` and the tests): one group's inputs, and its prediction at each level.
"""

import argparse
import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from .camera import group_cameras
from .denoiser import Denoiser
from .weights import load_denoiser

TOLERANCE = 2e-3  # largest difference over the largest magnitude
LEVELS = (20.0, 260.0, 500.0, 740.0, 980.0)
SHIPPED = Path(__file__).parent.parent / "default" / "denoiser.onnx"


def check(path: Path) -> None:
    """Prints the relative difference per noise level; raises if one is above the tolerance."""
    model = load_denoiser(path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = random_inputs(model)
    predictions = []
    for timestep in LEVELS:
        inputs["timestep"] = torch.full_like(inputs["timestep"], timestep)
        with torch.no_grad():
            expected = model(*inputs.values())
        (found,) = session.run(None, {k: v.numpy() for k, v in inputs.items()})
        difference = np.abs(found - expected.numpy()).max() / expected.abs().max().clamp(min=1e-6)
        print(f"timestep {timestep:3.0f}: max relative difference {difference:.2e}")
        if difference > TOLERANCE:
            raise AssertionError(f"{path} differs from PyTorch by more than {TOLERANCE}")
        predictions.append(expected[1])
    group = {name: value[1] for name, value in inputs.items() if name != "timestep"}
    levels = {"timesteps": torch.tensor(LEVELS), "predictions": torch.stack(predictions)}
    metadata = {"denoiser": hashlib.sha256(path.read_bytes()).hexdigest(), "torch": torch.__version__}
    write_safetensors(path.parent / "reference.safetensors", group | levels, metadata)


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


def write_safetensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Writes f32 tensors (https://huggingface.co/docs/safetensors)."""
    header: dict[str, object] = {"__metadata__": metadata}
    data = b""
    for name, tensor in tensors.items():
        content = tensor.numpy().astype("<f4").tobytes()
        offsets = [len(data), len(data) + len(content)]
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": offsets}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="training compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", type=Path, default=SHIPPED)
    check(parser.parse_args(argv).model)
