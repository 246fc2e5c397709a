"""ONNX's own backend node tests as lines of JSON, for `npm run test:onnx`.

The package `onnx` makes them: one small model an operator and variant, with inputs and the outputs that its reference
gives. A line has the model's file in base64 and its tensors as [name, data type, shape, base64 of little-endian
elements]; `inputs` is null where a value is no tensor of numbers (a sequence, an optional, text).
"""

import argparse
import base64
import json
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnx.backend.test.case.node import collect_testcases


def tensor(name: str, value: object) -> list | None:
    """One value as a list, or None where it is no tensor of numbers."""
    if isinstance(value, onnx.TensorProto):
        return [name, value.data_type, list(value.dims), base64.b64encode(raw(value)).decode()]
    if isinstance(value, np.ndarray | np.generic | int | float | bool):
        array = np.asarray(value)
        if array.dtype.kind in "OUS":
            return None
        return tensor(name, onnx.numpy_helper.from_array(array))
    return None


def raw(proto: onnx.TensorProto) -> bytes:
    return proto.raw_data or onnx.numpy_helper.to_array(proto).tobytes()


def line(case: object) -> dict:
    graph = case.model.graph
    inputs, outputs = case.data_sets[0]
    # A node test lists only the inputs that are given, in the order of the graph's.
    ins = [tensor(info.name, value) for info, value in zip(graph.input, inputs)]
    outs = [tensor(info.name, value) for info, value in zip(graph.output, outputs)]
    usable = len(ins) == len(graph.input) and None not in ins and None not in outs
    return {
        "name": case.name,
        "model": base64.b64encode(case.model.SerializeToString()).decode(),
        "inputs": ins if usable else None,
        "outputs": outs if usable else None,
    }


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training node_tests", description=__doc__)
    parser.add_argument("file", type=Path)
    file = parser.parse_args(arguments).file
    warnings.simplefilter("ignore")
    cases = sorted(collect_testcases(), key=lambda case: case.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    with partial.open("w") as out:
        out.write(json.dumps({"onnx": onnx.__version__, "cases": len(cases)}) + "\n")
        for case in cases:
            out.write(json.dumps(line(case)) + "\n")
    partial.rename(file)
    print(f"{len(cases)} node tests of onnx {onnx.__version__} in {file}")
