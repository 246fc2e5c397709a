"""Loads denoiser weights from a checkpoint or from the shipped ONNX file."""

from pathlib import Path

import torch

from .denoiser import Denoiser, zero

TRANSPOSED = ".T"  # suffix of a Linear weight that the ONNX graph holds as [in, out]


def load_weights(model: Denoiser, path: Path) -> None:
    """Fills `model` in place; raises if a parameter is missing or has another shape.

    Transformer blocks beyond those of the file begin as the identity, so that a deeper network starts
    as the one it grows from (Chen et al. 2016, Net2Net)."""
    if path.suffix == ".onnx":
        state = read_onnx(path)
    else:
        state = torch.load(path, map_location="cpu", weights_only=True)["average"]
    depth = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("blocks."))
    for index, block in enumerate(model.blocks[depth:], depth):
        for layer in (block.self_attn.o, block.cross_attn.o, block.fc2):
            zero(layer)
        state |= {f"blocks.{index}.{name}": value for name, value in block.state_dict().items()}
    model.load_state_dict(state)


def read_onnx(path: Path) -> dict[str, torch.Tensor]:
    """The model's parameters by their PyTorch names, f32."""
    import onnx
    from onnx import numpy_helper

    state = {}
    for tensor in onnx.load(path).graph.initializer:
        value = torch.from_numpy(numpy_helper.to_array(tensor).copy())
        if tensor.name.endswith(TRANSPOSED):
            state[tensor.name.removesuffix(TRANSPOSED)] = value.float().T.contiguous()
        elif tensor.name.endswith((".weight", ".bias", ".table")) or tensor.name == "position":
            state[tensor.name] = value.float()
    return state
