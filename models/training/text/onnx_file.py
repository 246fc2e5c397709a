"""The text encoder's ONNX file: written, and read to encode prompts."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ..quantise import quantised
from .model import POOLED, TextEncoder, half_weights
from .tokenizer import Tokenizer

BATCH = 256  # prompts at a time


def encode_prompts(prompts: list[str], folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Tokens f32 [N, T, D] and ids i64 [N, T], 0 at pads, by the encoder and the tokenizer in `folder`."""
    import onnxruntime

    ids = Tokenizer.load(str(folder / "tokenizer.json")).encode_all(prompts)
    session = onnxruntime.InferenceSession(str(folder / "text_encoder.onnx"))
    parts = np.array_split(ids, 1 + len(ids) // BATCH)
    return np.concatenate([session.run(["tokens"], {"ids": part})[0] for part in parts]), ids


def encode_sentences(prompts: list[str], folder: Path) -> np.ndarray:
    """Unit sentence features f32 [N, POOLED] by the same encoder: near where prompts mean the same."""
    import onnxruntime

    ids = Tokenizer.load(str(folder / "tokenizer.json")).encode_all(prompts)
    session = onnxruntime.InferenceSession(str(folder / "text_encoder.onnx"))
    parts = np.array_split(ids, 1 + len(ids) // BATCH)
    return np.concatenate([session.run(["pooled"], {"ids": part})[0] for part in parts])


def export_onnx(model: TextEncoder, path: str) -> None:
    """Writes the encoder with plain operators (opset 17): matrices in 8 bits with a scale for each output, and for each
    piece of the vocabulary, the other weights in fp16; all become fp32 where they are used.

    ids int64 [N, T] -> tokens float32 [N, T, D], pooled float32 [N, 384]; N is dynamic.
    """
    nodes, constants = [], []
    state = half_weights(model.state_dict())
    length, width = state["positions"].shape
    heads = model.blocks[0].heads

    def op(kind: str, *inputs: str, out: str | None = None, **attributes) -> str:
        out = out or f"{kind}_{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def constant(name: str, array: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def weight(name: str) -> str:
        return op("Cast", constant(name, state[name].numpy().astype(np.float16)), to=TensorProto.FLOAT)

    def in_bytes(name: str) -> tuple[str, str]:
        whole, scale = quantised(state[name].numpy(), 0)
        # Rows are outputs of a matrix as PyTorch holds it; ONNX multiplies by [in, out].
        is_matrix = name != "pieces.weight"
        names = (name, f"{name}.scale")
        for part, array in zip(names, (whole, scale)):
            constant(part, array.T if is_matrix else array)
        return names

    def linear(x: str, name: str) -> str:
        whole, scale = in_bytes(f"{name}.weight")
        matrix = op("Mul", op("Cast", whole, to=TensorProto.FLOAT), scale)
        return op("Add", op("MatMul", x, matrix), weight(f"{name}.bias"))

    def norm(x: str, name: str) -> str:
        scale, shift = weight(f"{name}.weight"), weight(f"{name}.bias")
        return op("LayerNormalization", x, scale, shift, axis=-1, epsilon=1e-5)

    zero, one, half = (constant(n, np.float32(v)) for n, v in (("zero", 0), ("one", 1), ("half", 0.5)))
    root2 = constant("root_2", np.float32(2**0.5))
    hidden = constant("hidden_bias", np.float32(-1e4))
    scale = constant("attention_scale", np.float32((width // heads) ** -0.5))
    split = constant("split_heads", np.array([0, length, 3, heads, width // heads], np.int64))
    merge = constant("merge_heads", np.array([0, length, width], np.int64))
    sizes = constant("one_each", np.array([1, 1, 1], np.int64))
    axis1, axis2, axes12 = (constant(f"axes_{a}", np.array(v, np.int64)) for a, v in enumerate(([1], [2], [1, 2])))
    first = constant("axis_0", np.array([0], np.int64))

    pad = op("Equal", "ids", constant("pad_id", np.int64(0)))
    bias = op("Unsqueeze", op("Where", pad, hidden, zero), axes12)
    keep = op("Unsqueeze", op("Where", pad, zero, one), axis2)
    # Gather before the cast: only the pieces of the prompt become fp32.
    pieces, scales = (op("Gather", part, "ids", axis=0) for part in in_bytes("pieces.weight"))
    x = op("Mul", op("Cast", pieces, to=TensorProto.FLOAT), scales)
    x = op("Add", x, weight("positions"))
    for i in range(len(model.blocks)):
        block = f"blocks.{i}."
        qkv = op("Reshape", linear(norm(x, block + "norm1"), block + "qkv"), split)
        qkv = op("Transpose", qkv, perm=[2, 0, 3, 1, 4])
        names = [f"{block}{n}" for n in "qkv"]
        nodes.append(helper.make_node("Split", [qkv, sizes], [n + "_5d" for n in names], axis=0))
        q, k, v = (op("Squeeze", n + "_5d", first, out=n) for n in names)
        scores = op("MatMul", op("Mul", q, scale), op("Transpose", k, perm=[0, 1, 3, 2]))
        mixed = op("MatMul", op("Softmax", op("Add", scores, bias), axis=-1), v)
        mixed = op("Reshape", op("Transpose", mixed, perm=[0, 2, 1, 3]), merge)
        x = op("Add", x, linear(mixed, block + "out"))
        up = linear(norm(x, block + "norm2"), block + "up")
        gate = op("Mul", op("Add", op("Erf", op("Div", up, root2)), one), half)
        x = op("Add", x, linear(op("Mul", up, gate), block + "down"))
    tokens = op("Mul", norm(x, "norm"), keep, out="tokens")
    count = op("Max", op("ReduceSum", keep, axis1, keepdims=0), one)
    mean = op("Div", op("ReduceSum", tokens, axis1, keepdims=0), count)
    pooled = linear(mean, "pool")
    size = op("Sqrt", op("ReduceSum", op("Mul", pooled, pooled), constant("last_axis", np.array([-1], np.int64))))
    op("Div", pooled, size, out="pooled")

    graph = helper.make_graph(
        nodes,
        "text_encoder",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["N", length])],
        [
            helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["N", length, width]),
            helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["N", POOLED]),
        ],
        constants,
    )
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(file, full_check=True)
    onnx.save(file, path)
