"""Weights in 8 bits. In a graph they stand behind a Cast and a Mul by the scale of each output, and onnxruntime folds
both. It does not fold a DequantizeLinear, but quantises what that is multiplied with, which is another network."""

import numpy as np


def quantised(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers i8 from -127 to 127, and f32 scales that broadcast: one for each output, along `axis`. Scales have
    twelve digits, so that the products are exact in f32, and quantised weights are quantised to themselves."""
    others = tuple(a for a in range(values.ndim) if a != axis)
    largest = np.abs(values).max(others).astype(np.float64)
    digits, exponent = np.frexp(np.where(largest > 0, largest, 1) / 127)
    shape = [-1 if a == axis else 1 for a in range(values.ndim)]
    scale = np.ldexp(np.ceil(digits * 4096) / 4096, exponent).astype(np.float32).reshape(shape)
    return np.rint(values / scale).astype(np.int8), scale
