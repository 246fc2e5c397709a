"""What ships: the ONNX graph, its manifest, the attribution, and gradients for the tests of `src/onnx`."""
