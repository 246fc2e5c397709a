"""The networks that judge as ONNX: one graph, weights of 8 bits, a manifest, and captions to tell apart.

The graph maps `views` f32 [V, 4, 64, 64] (premultiplied sRGB and alpha in [0, 1], row 0 at the top) of one object and
`sentences` f32 [N, 384] (unit sentence features of captions, by the text encoder that the manifest names) to `scores`
f32 [N]: scaled cosines, the softmax of which says which caption it is; and to `embedding` f32 [1, 384], the object's
own, of unit length: near for objects that look alike.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper

from ..export.manifest import OF_TEXT, describe, shared
from ..objects.data import split
from ..objects.prompts import SceneObject
from ..paths import TEXT
from ..text.model import LENGTH, POOLED
from ..text.model import WIDTH as TEXT_WIDTH
from ..text.onnx_file import encode_sentences
from .network import WIDTH, Retrieval
from .pictures import SIDE
from .train import CAPTIONS, accuracy, pools

OPSET = 17
FILE, CAPTIONS_FILE = "retrieval.onnx", "captions.txt"
FEWEST = 1024  # elements of a tensor that is stored in 8 bits
DISTRACTORS = 160  # captions that ship: more than a pool needs, since some fit a prompt too well
DISTRACTOR_SEED = 5
NAMES = {"scorer": "Limbeck scorer", "reward": "Limbeck reward"}


def ship(network: Retrieval, kind: str, objects: list[SceneObject], views: np.ndarray, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write_graph(network, out / FILE)
    print(f"{out / FILE}: {(out / FILE).stat().st_size / 1e6:.2f} MB")
    ranks = measured(out / FILE, objects, views)
    top1, top5 = accuracy(ranks)
    (out / CAPTIONS_FILE).write_text("\n".join(distractors(objects)) + "\n")
    manifest = {
        "id": kind,
        "name": NAMES[kind],
        "licence": "CC-BY-4.0",
        "resolution": SIDE,
        "text": {"max_tokens": LENGTH, "width": TEXT_WIDTH, "pooled": POOLED},
        "embedding": WIDTH,
        "accuracy": {
            "objects": len(ranks),
            "captions": CAPTIONS,
            "views": 2 * views.shape[2],
            "top1": round(top1, 4),
            "top5": round(top5, 4),
        },
        "files": {
            "network": describe(out / FILE, out),
            "captions": describe(out / CAPTIONS_FILE, out),
            **{role: describe(shared(TEXT / name, out), out) for role, name in OF_TEXT.items()},
        },
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(f"held-out objects through the file: top-1 {top1:.1%}, top-5 {top5:.1%} of {len(ranks)}")


def write_graph(network: Retrieval, path: Path) -> None:
    inputs = (torch.rand(3, 4, SIDE, SIDE), torch.rand(2, POOLED))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            inputs,
            str(path),
            input_names=["views", "sentences"],
            output_names=["scores", "embedding"],
            dynamic_axes={"views": {0: "V"}, "sentences": {0: "N"}, "scores": {0: "N"}},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(path)
    store_bytes(model.graph)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def store_bytes(graph: onnx.GraphProto) -> None:
    """Large weights as i8 with a scale for each output channel, behind a DequantizeLinear."""
    # A convolution's weight is [out, ...]; that of a matrix product [in, out].
    axis = {node.input[1]: 1 if node.op_type == "MatMul" else 0 for node in graph.node if len(node.input) > 1}
    kept, nodes = [], []
    for tensor in graph.initializer:
        weight = numpy_helper.to_array(tensor)
        if weight.dtype != np.float32 or weight.ndim < 2 or weight.size < FEWEST:
            kept.append(tensor)
            continue
        out = axis[tensor.name]
        scale = np.abs(weight).max(tuple(n for n in range(weight.ndim) if n != out)) / 127
        scale = np.maximum(scale, 1e-12).astype(np.float32)
        shape = [-1 if n == out else 1 for n in range(weight.ndim)]
        whole = np.round(weight / scale.reshape(shape)).clip(-127, 127).astype(np.int8)
        names = [f"{tensor.name}.{part}" for part in ("i8", "scale", "zero")]
        zero = np.zeros(len(scale), np.int8)
        kept += [numpy_helper.from_array(array, name) for array, name in zip((whole, scale, zero), names)]
        nodes.append(helper.make_node("DequantizeLinear", names, [tensor.name], axis=out))
    nodes += list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)


def measured(path: Path, objects: list[SceneObject], views: np.ndarray) -> torch.Tensor:
    """Ranks of the held-out objects' captions by the file itself, from two groups of views each."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    asked = pools(objects)
    every = sorted({caption for _, captions in asked for caption in captions})
    row = {caption: i for i, caption in enumerate(every)}
    sentences = encode_sentences(every, TEXT)
    ranks = []
    for index, captions in asked:
        seen = views[index, :2].reshape(-1, *views.shape[3:]).astype(np.float32) / 255
        feeds = {"views": seen, "sentences": sentences[[row[caption] for caption in captions]]}
        (scores,) = session.run(["scores"], feeds)
        ranks.append(int((scores > scores[0]).sum()))
    return torch.tensor(ranks)


def distractors(objects: list[SceneObject]) -> list[str]:
    """Captions of training objects, one order for all: a prompt is told apart from the first that do not fit it."""
    every = sorted({objects[i].caption for i in split(len(objects))[1]})
    return [every[i] for i in np.random.default_rng(DISTRACTOR_SEED).permutation(len(every))[:DISTRACTORS]]
