"""The denoiser's ONNX graph.

Weights are stored as fp16 behind a Cast to f32: half the download, the same f32 arithmetic.
Initialisers keep their PyTorch names (a Linear's, held as [in, out], ends in `.weight.T`), nodes
the path of their module (`/blocks.0/self_attn/q/MatMul`), so that LoRA can be injected by name.
"""

import re
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from ..denoiser.network import Denoiser, DenoiserConfig
from ..denoiser.schedule import TIMESTEPS
from ..denoiser.weights import TRANSPOSED

OPSET = 17
INPUTS = ("z", "timestep", "text", "text_mask", "camera")


def example_inputs(config: DenoiserConfig, size: int, seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Random inputs of the right shapes, in the graph's order."""
    g = torch.Generator().manual_seed(seed)
    resolution = config.resolution
    mask = (torch.arange(config.text_tokens) < 7).float().expand(size, -1).contiguous()
    return (
        torch.randn(size, config.views, config.channels, resolution, resolution, generator=g),
        torch.randint(0, TIMESTEPS, (size,), generator=g).float(),
        torch.randn(size, config.text_tokens, config.text_width, generator=g),
        mask,
        torch.randn(size, config.views, 16, generator=g),
    )


def write_onnx(model: Denoiser, path: Path) -> None:
    """Exports `model` with dynamic N and fp16-stored weights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [*INPUTS, "prediction"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(),
            example_inputs(model.config, 2),
            str(path),
            input_names=list(INPUTS),
            output_names=["prediction"],
            dynamic_axes={name: {0: "N"} for name in names},
            opset_version=OPSET,
            dynamo=False,
        )
    graph_model = onnx.load(path)
    graph_model.graph.output[0].type.CopyFrom(graph_model.graph.input[0].type)
    name_weights(graph_model.graph, model)
    store_half(graph_model.graph)
    onnx.checker.check_model(graph_model, full_check=True)
    onnx.save(graph_model, path)


def name_weights(graph: onnx.GraphProto, model: Denoiser) -> None:
    """Gives the exporter's transposed, anonymous Linear weights their PyTorch names back."""
    linear = {module_path(name): name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    initializers = {t.name: t for t in graph.initializer}
    for node in graph.node:
        owner = linear.get(node.name.rsplit("/", 1)[0])
        if owner is None or node.op_type != "MatMul":
            continue
        new = f"{owner}.weight{TRANSPOSED}"
        tensor = initializers[node.input[1]]
        tensor.name = new
        node.input[1] = new


def module_path(name: str) -> str:
    """The exporter's path of a module: `blocks.0.self_attn.q` -> `/blocks.0/self_attn/q`."""
    return "/" + re.sub(r"\.(?!\d+(\.|$))", "/", name)


def store_half(graph: onnx.GraphProto) -> None:
    """Stores every float initialiser as fp16, cast to f32 where it is used."""
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        half = numpy_helper.to_array(tensor).astype(np.float16)
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, name))
        cast = f"{name}.f32"
        for node in graph.node:
            for i, used in enumerate(node.input):
                if used == name:
                    node.input[i] = cast
        casts.append(helper.make_node("Cast", [name], [cast], name=f"/cast/{name}", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
