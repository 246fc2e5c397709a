"""The field's training step in plain PyTorch: hash grid by indexing, autograd, Adam.

Reads one step's size as JSON on standard input (what `npm run bench -- field --torch PYTHON` writes) and prints
the seconds of a step as JSON. The rays, occupied cells, levels, perceptron, compositing and Adam are those of
docs/method.md; the gradient on the views is given, as the objective gives it.
"""

import base64
import json
import math
import statistics
import sys
import time

import torch
from torch.nn import functional

PRIMES = (1, 2654435761, 805459861)


class Field(torch.nn.Module):
    """A hash grid of two features a level and a perceptron without biases."""

    def __init__(self, levels, hidden, blob_scale, blob_std):
        super().__init__()
        self.levels = levels
        self.blob_scale = blob_scale
        self.blob_std = blob_std
        entries = sum(level["entries"] for level in levels)
        features = 2 * len(levels)
        self.table = torch.nn.Parameter(2e-4 * torch.rand(entries, 2) - 1e-4)
        self.first = torch.nn.Parameter(uniform(hidden, features))
        self.second = torch.nn.Parameter(uniform(4, hidden))
        corners = torch.cartesian_prod(*[torch.arange(2)] * 3)
        self.register_buffer("corners", corners)

    def encode(self, positions):
        """Features [n, 2 L] of positions [n, 3]."""
        features = []
        for level in self.levels:
            resolution = level["resolution"]
            scaled = (0.5 * positions + 0.5).clamp(0, 1) * resolution
            cell = scaled.floor().clamp(max=resolution - 1)
            fraction = (scaled - cell)[:, None]
            vertices = cell.long()[:, None] + self.corners
            weights = torch.where(self.corners.bool(), fraction, 1 - fraction).prod(-1)
            index = level["offset"] + entry(vertices, level)
            found = functional.embedding(index, self.table)
            features.append((weights[..., None] * found).sum(1))
        return torch.cat(features, 1)

    def forward(self, positions):
        """Colours [n, 3] and densities [n]."""
        hidden = functional.relu(functional.linear(self.encode(positions), self.first))
        raw = functional.linear(hidden, self.second)
        blob = self.blob_scale * (1 - positions.norm(dim=1) / self.blob_std)
        return torch.sigmoid(raw[:, :3]), functional.softplus(raw[:, 3] + blob)


def uniform(units, fan_in):
    """He's uniform start."""
    amplitude = math.sqrt(6 / fan_in)
    return amplitude * (2 * torch.rand(units, fan_in) - 1)


def entry(vertices, level):
    """Indices of integer vertices [..., 3] in their level."""
    x, y, z = vertices.unbind(-1)
    if level["dense"]:
        stride = level["resolution"] + 1
        return x + stride * (y + stride * z)
    return (x ^ (y * PRIMES[1]) ^ (z * PRIMES[2])) & (level["entries"] - 1)


class Scene:
    """Rays of all views, and which of their steps lie in occupied cells."""

    def __init__(self, size, device):
        self.samples = size["samplesPerRay"]
        self.delta = 2 / self.samples
        self.cells = size["occupancyResolution"]
        words = torch.frombuffer(bytearray(base64.b64decode(size["occupancy"])), dtype=torch.int32)
        bits = (words[:, None] >> torch.arange(32, dtype=torch.int32)) & 1
        self.occupied = bits.bool().reshape(self.cells, self.cells, -1).to(device)
        resolution = size["resolution"]
        centres = torch.arange(resolution) + 0.5
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        origins, directions = [], []
        for camera in size["cameras"]:
            c2w = torch.tensor(camera["c2w"]).reshape(4, 4)
            tangent = math.tan(math.radians(camera["fovy"]) / 2)
            right, up = (2 * x / resolution - 1) * tangent, (1 - 2 * y / resolution) * tangent
            through = torch.stack([right, up, -torch.ones_like(x)], -1) @ c2w[:3, :3].T
            directions.append(functional.normalize(through, dim=-1).reshape(-1, 3))
            origins.append(c2w[:3, 3].expand(resolution**2, 3))
        self.origins = torch.cat(origins).to(device)
        self.directions = torch.cat(directions).to(device)

    def march(self):
        """Positions [n, 3] of the steps in occupied cells, and where they are in [rays, samples]."""
        middle = -(self.origins * self.directions).sum(-1)
        closest = self.origins + middle[:, None] * self.directions
        half = (1 - closest.square().sum(-1)).clamp(min=0).sqrt()
        jitter = torch.rand_like(middle)[:, None]
        steps = torch.arange(self.samples, device=middle.device) + jitter
        distance = (middle - half)[:, None] + steps * self.delta
        inside = distance < (middle + half)[:, None]
        positions = self.origins[:, None] + distance[..., None] * self.directions[:, None]
        cell = ((positions + 1) * (self.cells / 2)).long().clamp(0, self.cells - 1)
        kept = inside & self.occupied[cell[..., 2], cell[..., 1], cell[..., 0]]
        return positions[kept], kept

    def composite(self, colours, densities, kept):
        """Premultiplied RGBA [rays, 4]."""
        optical = torch.zeros(kept.shape, device=colours.device).masked_scatter(kept, densities * self.delta)
        before = torch.exp(-(optical.cumsum(1) - optical))
        weights = before * (1 - torch.exp(-optical))
        rgba = functional.pad(colours, (0, 1), value=1.0) * weights[kept][:, None]
        rays = kept.nonzero()[:, 0]
        return torch.zeros(kept.shape[0], 4, device=colours.device).index_add(0, rays, rgba)


def main():
    size = json.load(sys.stdin)
    torch.manual_seed(0)
    device = torch.device(size["device"])
    if device.type == "cpu":
        torch.set_num_threads(size["threads"])
    field = Field(size["levels"], size["hidden"], size["blobScale"], size["blobStd"]).to(device)
    scene = Scene(size, device)
    adam = torch.optim.Adam(field.parameters(), lr=1e-12, betas=(0.9, 0.99), eps=1e-15)
    gradient = torch.randn(scene.origins.shape[0], 4, device=device) / scene.origins.shape[0]
    points = 0

    def step():
        nonlocal points
        positions, kept = scene.march()
        points = positions.shape[0]
        colours, densities = field(positions)
        views = scene.composite(colours, densities, kept)
        adam.zero_grad()
        views.backward(gradient)
        adam.step()
        if device.type == "cuda":
            torch.cuda.synchronize()

    processor = size["clock"] == "processor"

    def now():
        return time.process_time() / size["threads"] if processor else time.perf_counter()

    step()
    times = []
    for _ in range(size["repetitions"]):
        start = now()
        step()
        times.append(now() - start)
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"{size['threads']} threads"
    result = {"seconds": statistics.median(times), "points": points, "version": torch.__version__, "device": name}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
