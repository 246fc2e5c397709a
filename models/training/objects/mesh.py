"""Reads the object set's GLB files: positions, linear vertex colours, triangles."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Mesh:
    """Triangle soup of one object, inside the unit sphere."""

    corners: Tensor  # f32 [T, 3, 3] world positions
    colours: Tensor  # f32 [T, 3, 3] linear light, [0, 1]


def read_glb(path: Path) -> Mesh:
    """Reads one GLB whose three buffer views are POSITION, COLOR_0 (u16 x4) and indices."""
    data = path.read_bytes()
    if data[:4] != b"glTF":
        raise ValueError(f"{path} is not a GLB file")
    (json_length,) = struct.unpack_from("<I", data, 12)
    gltf = json.loads(data[20 : 20 + json_length])
    base = 28 + json_length

    def view(index: int, dtype: str) -> np.ndarray:
        span = gltf["bufferViews"][index]
        start = base + span.get("byteOffset", 0)
        return np.frombuffer(data, dtype, span["byteLength"] // np.dtype(dtype).itemsize, start)

    index_type = "<u2" if gltf["accessors"][2]["componentType"] == 5123 else "<u4"
    triangles = view(2, index_type).astype(np.int64).reshape(-1, 3)
    positions = view(0, "<f4").reshape(-1, 3)
    colours = view(1, "<u2").reshape(-1, 4)[:, :3].astype(np.float32) / 65535
    return Mesh(torch.from_numpy(positions[triangles]), torch.from_numpy(colours[triangles]))
