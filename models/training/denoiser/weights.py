"""Reads denoisers from checkpoints and from shipped ONNX files; their shapes say how they are built."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from .blocks import zero
from .exemplar import begin
from .network import Denoiser, DenoiserConfig

OUTER = "outer.stem.weight"  # there where the network has an outer U-Net
EXEMPLAR = "exemplar.place"  # there where it may be shown exemplars
OF_EXEMPLAR = ("exemplar.", "exemplar_")
FORMER, PRESENT = "shell.", "outer."  # how the names of its weights begin: in older files, and now
ENCODER = "exemplar_encoder.onnx"  # the name of that file beside the denoiser's
SCALE = ".scale"  # suffix of what an int8 weight is multiplied by
TRANSPOSED = ".T"  # suffix of a Linear weight that the ONNX graph holds as [in, out]

ALONE = ("position", "embedding", "place", "kinds")  # weights that belong to no layer

State = dict[str, Tensor]


def read_state(path: Path) -> State:
    """The (averaged) weights by their PyTorch names, f32; of an ONNX file with the exemplar encoder beside it."""
    if path.suffix == ".onnx":
        state = with_present_names(read_onnx(path))
        encoder = path.with_name(ENCODER)
        if any(name.startswith(OF_EXEMPLAR) for name in state):
            state |= {f"exemplar.{name}": value for name, value in read_onnx(encoder).items()}
        return state
    return with_present_names(torch.load(path, map_location="cpu", weights_only=True)["average"])


def with_present_names(state: State) -> State:
    """The weights of an older file by the names that they have now."""
    return {PRESENT + name.removeprefix(FORMER) if name.startswith(FORMER) else name: x for name, x in state.items()}


def names_in(path: Path) -> Callable[[str], str]:
    """What the present name of a weight or layer is called in the ONNX file at `path`."""
    former = any(name.startswith(FORMER) for name in read_onnx(path))
    return lambda name: FORMER + name.removeprefix(PRESENT) if former and name.startswith(PRESENT) else name


def load_denoiser(path: Path, device: str = "cpu") -> Denoiser:
    """The denoiser in a file, in evaluation mode."""
    state = read_state(path)
    model = Denoiser(config_of(state))
    model.load_state_dict(state)
    return model.eval().to(device)


def config_of(state: State) -> DenoiserConfig:
    """What the weights were built with. Views, tokens and camera leave no trace: those are the defaults."""

    def count(prefix: str) -> int:
        after = len(prefix) + 1
        return 1 + max(int(n[after:].split(".")[0]) for n in state if n.startswith(f"{prefix}."))

    tokens, width = state["position"].shape
    outer = OUTER in state
    pixels = state[OUTER if outer else "core.stem.weight"].shape[1]
    return DenoiserConfig(
        channels=pixels // 4,
        resolution=(8 if outer else 4) * round(tokens**0.5),
        outer_width=state[OUTER].shape[0] if outer else 0,
        text_width=state["text.weight"].shape[1],
        conv_width=state["core.stem.weight"].shape[0],
        width=width,
        conv_blocks=count("core.down_blocks"),
        layers=count("blocks"),
        mlp_ratio=state["blocks.0.fc1.weight"].shape[0] // width,
        exemplar=EXEMPLAR in state,
    )


def start_from(model: Denoiser, path: Path) -> None:
    """Fills `model` from a file, which may be shallower or lack the outer U-Net.

    Transformer blocks beyond those of the file begin as the identity, so that a deeper network starts
    as the one it grows from (Chen et al. 2016, Net2Net). A new outer U-Net adds nothing to what the network
    inside it predicts of the picture at half its size. What shows exemplars begins unheard where the file
    lacks it, and is left out where `model` does. Raises if a width differs.
    """
    state = read_state(path)
    source = config_of(state)
    if source.exemplar and not model.config.exemplar:
        state = {name: value for name, value in state.items() if not name.startswith(OF_EXEMPLAR)}
    for index, block in enumerate(model.blocks[source.layers :], source.layers):
        for layer in (block.self_attn.o, block.cross_attn.o, block.fc2):
            zero(layer)
        state |= {f"blocks.{index}.{name}": value for name, value in block.state_dict().items()}
    if model.outer and not source.outer_width:
        state = inside(model, state, source.channels)
    if model.config.exemplar and not source.exemplar:
        state |= {name: value for name, value in model.state_dict().items() if name.startswith(OF_EXEMPLAR)}
        model.load_state_dict(state)
        begin(model)
    else:
        model.load_state_dict(state)


@torch.no_grad()
def inside(model: Denoiser, state: State, channels: int) -> State:
    """`state` of a network of half the resolution, inside the outer U-Net of `model`. Its
    features begin unheard, and those that it is handed as the prediction once more."""
    pixels = 4 * channels
    whole = model.state_dict()
    for name in ("core.stem.weight", "core.out.weight", "core.out.bias"):
        grown = torch.zeros_like(whole[name])
        if name == "core.stem.weight":
            grown[:, :pixels] = state[name]
        else:
            grown[:pixels] = grown[pixels : 2 * pixels] = state[name]
        state = state | {name: grown}
    return state | {name: value for name, value in whole.items() if name.startswith(PRESENT)}


def read_onnx(path: Path) -> State:
    import onnx
    from onnx import numpy_helper

    state = {}
    graph = onnx.load(path).graph
    scales = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer if SCALE in t.name}
    for tensor in graph.initializer:
        value = torch.from_numpy(numpy_helper.to_array(tensor).copy())
        if (scale := scales.get(tensor.name + SCALE)) is not None:
            value = value * scale
        if tensor.name.endswith(TRANSPOSED):
            state[tensor.name.removesuffix(TRANSPOSED)] = value.float().T.contiguous()
        elif tensor.name.endswith((".weight", ".bias", ".table")) or tensor.name in ALONE:
            state[tensor.name] = value.float()
    return state
