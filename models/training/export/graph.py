"""The ONNX graphs of the denoiser and of its exemplar encoder.

Matrices and kernels are stored as int8 behind a Cast and a Mul by the scale of each output, other weights as fp16
behind a Cast (`quantise.py`): a quarter of the download, the same f32 arithmetic.
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
from ..denoiser.weights import ENCODER, SCALE, TRANSPOSED
from ..quantise import quantised

OPSET = 17
SMALL = 4096  # elements: below that a weight stays fp16


def example_inputs(config: DenoiserConfig, size: int, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random inputs of the right shapes, in the graph's order."""
    g = torch.Generator().manual_seed(seed)
    resolution, views = config.resolution, config.views
    mask = (torch.arange(config.text_tokens) < 7).float().expand(size, -1).contiguous()
    inputs = {
        "z": torch.randn(size, views, config.channels, resolution, resolution, generator=g),
        "timestep": torch.randint(0, TIMESTEPS, (size,), generator=g).float(),
        "text": torch.randn(size, config.text_tokens, config.text_width, generator=g),
        "text_mask": mask,
        "camera": torch.randn(size, views, 16, generator=g),
    }
    if config.exemplar:
        inputs["exemplar"] = torch.randn(size, views * config.view_tokens, config.width, generator=g)
        inputs["exemplar_shown"] = (torch.arange(views) < 1).float().expand(size, -1).contiguous()
    return inputs


def example_exemplar(config: DenoiserConfig, size: int, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random inputs of the exemplar encoder."""
    g = torch.Generator().manual_seed(seed)
    shape = (size, config.views, config.channels, config.resolution, config.resolution)
    return {"views": torch.rand(shape, generator=g) * 2 - 1, "kind": torch.arange(size) % 3}


def write_onnx(model: Denoiser, path: Path) -> None:
    """Exports `model` with dynamic N and weights stored small; the encoder of exemplars, if any, beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_graph(model, example_inputs(model.config, 2), "prediction", path)
    if model.config.exemplar:
        write_graph(model.exemplar, example_exemplar(model.config, 2), "exemplar", path.with_name(ENCODER))


def write_graph(module: torch.nn.Module, inputs: dict[str, torch.Tensor], output: str, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=[output],
            dynamic_axes={name: {0: "N"} for name in [*inputs, output]},
            opset_version=OPSET,
            dynamo=False,
        )
    graph_model = onnx.load(path)
    with torch.no_grad():
        shape = module(*inputs.values()).shape
    declared = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", *shape[1:]])
    graph_model.graph.output[0].CopyFrom(declared)
    name_weights(graph_model.graph, module)
    store_small(graph_model.graph)
    onnx.checker.check_model(graph_model, full_check=True)
    onnx.save(graph_model, path)


def name_weights(graph: onnx.GraphProto, model: torch.nn.Module) -> None:
    """Gives the exporter's transposed, anonymous Linear weights their PyTorch names back."""
    linear = {module_path(name): name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    initializers = {t.name: t for t in graph.initializer}
    for node in graph.node:
        owner = owner_of(node.name.rsplit("/", 1)[0], linear)
        if owner is None or node.op_type != "MatMul":
            continue
        new = f"{owner}.weight{TRANSPOSED}"
        tensor = initializers[node.input[1]]
        tensor.name = new
        node.input[1] = new


def owner_of(path: str, modules: dict[str, str]) -> str | None:
    """The name of the module at a node's `path`. That of one which another module was handed begins with the
    other's: `/blocks.0/exemplar_attention.0/q`."""
    parts = path.split("/")
    return next((modules[p] for i in range(1, len(parts)) if (p := "/" + "/".join(parts[i:])) in modules), None)


def module_path(name: str) -> str:
    """The exporter's path of a module: `blocks.0.self_attn.q` -> `/blocks.0/self_attn/q`."""
    return "/" + re.sub(r"\.(?!\d+(\.|$))", "/", name)


def store_small(graph: onnx.GraphProto) -> None:
    """Stores the matrices and the kernels as int8 with a scale for each output, every other float as fp16; both become
    f32 where they are used."""
    before = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT:
            continue
        name, values = tensor.name, numpy_helper.to_array(tensor)
        full = f"{name}.f32"
        for node in graph.node:
            for i, used in enumerate(node.input):
                if used == name:
                    node.input[i] = full
        axis = outputs_of(name, values)
        if axis is None:
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name))
            before.append(helper.make_node("Cast", [name], [full], name=f"/cast/{name}", to=TensorProto.FLOAT))
            continue
        whole, scale = quantised(values, axis)
        tensor.CopyFrom(numpy_helper.from_array(whole, name))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}{SCALE}"))
        before.append(helper.make_node("Cast", [name], [f"{name}.whole"], name=f"/cast/{name}", to=TensorProto.FLOAT))
        before.append(helper.make_node("Mul", [f"{name}.whole", f"{name}{SCALE}"], [full], name=f"/scale/{name}"))
    nodes = [*before, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def outputs_of(name: str, values: np.ndarray) -> int | None:
    """The axis of a weight's outputs; None of one that is stored as it is."""
    if values.size < SMALL:
        return None
    if name.endswith(f".weight{TRANSPOSED}"):
        return 1
    return 0 if name.endswith(".weight") and values.ndim > 1 else None
