"""Graphs of others, made on the spot, which `src/onnx` is tested on."""
