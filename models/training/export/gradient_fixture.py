"""PyTorch's LoRA gradients of a shipped denoiser: the reference of the ONNX differentiator's test.

LoRA of rank 4 on the layers of `LORA_TARGETS`: y = x W^T + b + (x A) B, A [in, r], B [r, out].
Writes `NAME_lora.json` (shapes and byte offsets, the loss, the norms of every gradient) and `NAME_lora.bin` (f32,
little-endian), NAME being the model's folder: small inputs, and both gradients of the first and the last block. Large
inputs, the target, A and B are `hashed` values; A and B are scaled by `lora_scale`.
"""

import argparse
import hashlib
import json
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..denoiser.network import LORA_TARGETS
from ..denoiser.weights import OF_EXEMPLAR, load_denoiser, names_in
from ..objects.camera import group_cameras
from ..paths import REPOSITORY, SHIPPED

RANK = 4
LORA_SCALE = 0.1
TARGET_SALT = 1003
INPUT_SALTS = {"z": 1001, "text": 1002, "exemplar": 1004}  # of large inputs, which are hashed values too
FIXTURES = REPOSITORY / "tests" / "prior" / "fixtures"


class LoraLinear(nn.Module):
    """A Linear with a low-rank addition."""

    def __init__(self, linear: nn.Linear, a: Tensor, b: Tensor) -> None:
        super().__init__()
        self.linear, self.a, self.b = linear, nn.Parameter(a), nn.Parameter(b)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) + (x @ self.a) @ self.b


def hashed(count: int, salt: int) -> Tensor:
    """Values in [-1, 1) that a few lines in any language reproduce exactly: f32 [count].

    h = (i + 1) * 2654435761 + salt * 40503 (mod 2^32); h ^= h >> 15; h *= 2246822519; h ^= h >> 13;
    value = h / 2^31 - 1, rounded to f32.
    """
    mask = np.uint64(0xFFFFFFFF)
    h = ((np.arange(count, dtype=np.uint64) + 1) * 2654435761 + salt * 40503) & mask
    h ^= h >> np.uint64(15)
    h = (h * np.uint64(2246822519)) & mask
    h ^= h >> np.uint64(13)
    return torch.from_numpy((h.astype(np.float64) / 2**31 - 1).astype(np.float32))


def adapted_layers(model: nn.Module) -> list[str]:
    """The names of the layers that LoRA adapts. The exemplar encoder is a graph of its own, and is not adapted."""
    linear = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    linear = [name for name in linear if not name.startswith(OF_EXEMPLAR)]
    return [name for name in linear if any(fnmatchcase(name, pattern) for pattern in LORA_TARGETS)]


def write(path: Path, folder: Path = FIXTURES) -> None:
    """Computes the gradients for the ONNX file at `path` and writes the two files."""
    model = load_denoiser(path)
    config = model.config
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    names = adapted_layers(model)
    lora: dict[str, LoraLinear] = {}
    for i, name in enumerate(names):
        linear = model.get_submodule(name)
        a = hashed(linear.in_features * RANK, 2 * i + 1).view(-1, RANK) * LORA_SCALE
        b = hashed(RANK * linear.out_features, 2 * i + 2).view(RANK, -1) * LORA_SCALE
        lora[name] = LoraLinear(linear, a, b)
        model.set_submodule(name, lora[name])

    size = (1, config.views, config.channels, config.resolution, config.resolution)
    inputs = {
        "z": hashed(int(np.prod(size)), INPUT_SALTS["z"]).view(size),
        "timestep": torch.tensor([600.0]),
        "text": hashed(config.text_tokens * config.text_width, INPUT_SALTS["text"]).view(1, config.text_tokens, -1),
        "text_mask": (torch.arange(config.text_tokens) < 9).float()[None],
        "camera": group_cameras(torch.tensor([30.0]), torch.tensor([15.0])),
    }
    target = hashed(int(np.prod(size)), TARGET_SALT).view(size)
    if config.exemplar:
        tokens = config.views * config.view_tokens
        inputs["exemplar"] = hashed(tokens * config.width, INPUT_SALTS["exemplar"]).view(1, tokens, -1)
        inputs["exemplar_shown"] = torch.tensor([[1.0, 1.0, 0.0, 1.0]])
    prediction = model(*inputs.values())
    loss = (prediction - target).square().mean()
    loss.backward()

    arrays: dict[str, Tensor] = {f"input.{k}": v for k, v in inputs.items() if k not in INPUT_SALTS}
    gradients = {}
    written = names_in(path)
    for i, (present, layer) in enumerate(lora.items()):
        name = written(present)
        gradients[name] = {
            "salt_a": 2 * i + 1,
            "salt_b": 2 * i + 2,
            "in": layer.linear.in_features,
            "out": layer.linear.out_features,
            "norm_a": layer.a.grad.norm().item(),
            "norm_b": layer.b.grad.norm().item(),
        }
        if name.startswith(("blocks.0.", f"blocks.{config.layers - 1}.")):
            arrays[f"{name}.grad_a"] = layer.a.grad
            arrays[f"{name}.grad_b"] = layer.b.grad
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{path.resolve().parent.name}_lora"
    layout, chunks, offset = {}, [], 0
    for key, value in arrays.items():
        data = value.numpy().astype("<f4").tobytes()
        layout[key] = {"shape": list(value.shape), "offset": offset}
        chunks.append(data)
        offset += len(data)
    (folder / f"{name}.bin").write_bytes(b"".join(chunks))
    meta = {
        "model_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "rank": RANK,
        "lora_scale": LORA_SCALE,
        "target_salt": TARGET_SALT,
        "input_salts": {name: salt for name, salt in INPUT_SALTS.items() if name in inputs},
        "loss": loss.item(),
        "layers": gradients,
        "arrays": layout,
    }
    (folder / f"{name}.json").write_text(json.dumps(meta, indent=1) + "\n")
    print(f"{folder}/{name}: {offset / 1e3:.0f} kB of LoRA gradients, loss {loss.item():.6f}")


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training gradient_fixture", description=__doc__)
    parser.add_argument("--model", type=Path, default=SHIPPED / "denoiser.onnx")
    parser.add_argument("--out", type=Path, default=FIXTURES)
    args = parser.parse_args(argv)
    write(args.model, args.out)
