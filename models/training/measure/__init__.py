"""What a denoiser is worth: losses, what its samples show, and whether its ONNX file computes the same."""
