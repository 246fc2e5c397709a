"""Reads denoisers from checkpoints and from shipped ONNX files; their shapes say how they are built."""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .denoiser import Denoiser, DenoiserConfig, zero

TRANSPOSED = ".T"  # suffix of a Linear weight that the ONNX graph holds as [in, out]

State = dict[str, Tensor]


def read_state(path: Path) -> State:
    """The (averaged) weights by their PyTorch names, f32."""
    if path.suffix == ".onnx":
        return read_onnx(path)
    return torch.load(path, map_location="cpu", weights_only=True)["average"]


def load_denoiser(path: Path, device: str = "cpu") -> Denoiser:
    """The denoiser in a file, in evaluation mode."""
    state = read_state(path)
    model = Denoiser(config_of(state))
    model.load_state_dict(state)
    return model.eval().to(device)


def config_of(state: State) -> DenoiserConfig:
    """What the weights were built with. Views, tokens and camera leave no trace: those are the defaults."""

    def count(prefix: str) -> int:
        return 1 + max(int(name.split(".")[1]) for name in state if name.startswith(f"{prefix}."))

    tokens, width = state["position"].shape
    narrow, pixels = state["stem.weight"].shape[:2]
    return DenoiserConfig(
        channels=pixels // 4,
        resolution=4 * round(tokens**0.5),
        text_width=state["text.weight"].shape[1],
        conv_width=narrow,
        width=width,
        conv_blocks=count("down_blocks"),
        layers=count("blocks"),
        mlp_ratio=state["blocks.0.fc1.weight"].shape[0] // width,
    )


def start_from(model: Denoiser, path: Path) -> None:
    """Fills `model` from a file, which may be shallower or of another resolution.

    Transformer blocks beyond those of the file begin as the identity, so that a deeper network starts
    as the one it grows from (Chen et al. 2016, Net2Net); positions are interpolated. Raises if a width
    differs.
    """
    state = read_state(path)
    source = config_of(state)
    for index, block in enumerate(model.blocks[source.layers :], source.layers):
        for layer in (block.self_attn.o, block.cross_attn.o, block.fc2):
            zero(layer)
        state |= {f"blocks.{index}.{name}": value for name, value in block.state_dict().items()}
    side, wanted = source.resolution // 4, model.config.resolution // 4
    grid = state["position"].T.view(1, -1, side, side)
    grid = interpolate(grid, (wanted, wanted), mode="bilinear")
    state["position"] = grid.flatten(2)[0].T
    model.load_state_dict(state)


def read_onnx(path: Path) -> State:
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
