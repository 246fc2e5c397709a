"""What steps of score distillation saw and did, computed again by PyTorch with the modules of `training pipeline`.

`RECORD` is a safetensors file that tests/prior/pipeline.test.ts writes: vectors, and what they are as JSON in the
metadata `info`. The last line of the output is JSON: for each
step and quantity the cosine with PyTorch's, and the largest difference by the largest element.
"""

import argparse
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional as F

SCALING = 0.18215
BETAS, EPSILON, DECAY = (0.9, 0.99), 1e-8, 0.01


def agreement(found: Tensor, truth: Tensor) -> dict[str, float]:
    a, b = found.double().flatten(), truth.detach().double().flatten()
    size = b.abs().max().item()
    cosine = (a @ b / (a.norm() * b.norm()).clamp_min(1e-300)).item() if size > 0 else float(a.abs().max() == 0)
    return {"cosine": cosine, "relative": ((a - b).abs().max() / max(size, 1e-300)).item()}


@contextmanager
def adapted(unet: nn.Module, factors: dict[str, tuple[Tensor, Tensor]]) -> Iterator[None]:
    """The UNet with A and B beside its layers."""
    layers = dict(unet.named_modules())

    def hook(a: Tensor, b: Tensor) -> object:
        return lambda _, args, out: out + args[0] @ a @ b

    hooks = [layers[name].register_forward_hook(hook(a, b)) for name, (a, b) in factors.items()]
    yield
    for one in hooks:
        one.remove()


def latent_of(vae: nn.Module, views: Tensor, background: Tensor, side: int) -> Tensor:
    """RGB over the background, enlarged, encoded: what the UNet sees."""
    rgb = views[:, :3] + (1 - views[:, 3:]) * background[None, :, None, None]
    large = F.interpolate(2 * rgb - 1, size=(side, side), mode="bilinear", align_corners=False)
    return vae.encode(large).latent_dist.mean * SCALING


def split(vector: Tensor, layout: list) -> dict[str, tuple[Tensor, Tensor]]:
    """A and B of each layer out of the flat vector."""
    parts: dict[str, dict[str, Tensor]] = {}
    for layer, factor, offset, shape in layout:
        size = shape[0] * shape[1]
        parts.setdefault(layer, {})[factor] = vector[offset : offset + size].reshape(shape)
    return {layer: (p["A"], p["B"]) for layer, p in parts.items()}


def check_step(modules: dict, record: dict[str, Tensor], info: dict, side: int) -> dict:
    """One step: the noised latents, the gradient on the views, the updates of the low-rank weights."""
    unet, vae = modules["unet"], modules["vae"]
    views = record["views"].clone().requires_grad_()
    latent = latent_of(vae, views, record["background"], side)
    noised = info["alpha"] * latent.detach() + info["sigma"] * record["epsilon"]
    time = torch.full((1,), info["timestep"], dtype=torch.int64)

    def asked(text: Tensor) -> Tensor:
        return unet(noised, time, text[None], return_dict=False)[0]

    with torch.no_grad():
        conditional, empty = asked(record["text"]), asked(record["empty"])
        baseline = record["epsilon"]
        if "lora" in record:
            with adapted(unet, split(record["lora"], info["layout"])):
                baseline = asked(record["text"])
    direction = conditional - baseline + (info["scale"] - 1) * (conditional - empty)
    (truth,) = torch.autograd.grad(latent, views, info["weight"] * direction / latent[0, 0].numel())
    found = {
        "z": agreement(record["z"], noised),
        "gradient": agreement(record["view_gradients"], truth),
    }
    for i, update in enumerate(info["updates"]):
        found |= check_update(unet, record, f"update{i}/", update, info["layout"])
    return found


def check_update(unet: nn.Module, record: dict[str, Tensor], prefix: str, info: dict, layout: list) -> dict:
    """AdamW's step on the denoising loss."""
    get = {key.removeprefix(prefix): value for key, value in record.items() if key.startswith(prefix)}
    vector = get["lora"].clone().requires_grad_()
    with adapted(unet, split(vector, layout)):
        time = torch.full((1,), info["timestep"], dtype=torch.int64)
        prediction = unet(get["z"], time, get["text"][None], return_dict=False)[0]
    loss = F.mse_loss(prediction, get["target"])
    (gradient,) = torch.autograd.grad(loss, vector)
    m = BETAS[0] * get["m"] + (1 - BETAS[0]) * gradient
    v = BETAS[1] * get["v"] + (1 - BETAS[1]) * gradient**2
    size = (v / (1 - BETAS[1] ** info["step"])).sqrt() + EPSILON
    change = -info["rate"] * (m / (1 - BETAS[0] ** info["step"]) / size + DECAY * get["lora"])
    return {
        f"{prefix}loss": agreement(torch.tensor([info["loss"]]), loss[None]),
        f"{prefix}gradient": agreement((get["next/m"] - BETAS[0] * get["m"]) / (1 - BETAS[0]), gradient),
        f"{prefix}m": agreement(get["next/m"], m),
        f"{prefix}lora": agreement(get["next/lora"] - get["lora"], change),
    }


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training check_pipeline", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("record", type=Path)
    parsed = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    modules = torch.load(parsed.folder / "torch.pt", weights_only=False)
    with safe_open(parsed.record, "pt") as file:
        info = json.loads(file.metadata()["info"])
        tensors = {key: file.get_tensor(key).reshape(info["shapes"][key]) for key in file.keys()}  # noqa: SIM118
    result: dict = {"steps": [], "ids": []}
    for i, step in enumerate(info["steps"]):
        prefix = f"step{i}/"
        record = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        result["steps"].append(check_step(modules, record, step, info["picture"]))
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(parsed.folder / "tokenizer")
    for prompt in info["prompts"]:
        padded = tokenizer(prompt, padding="max_length", truncation=True)
        result["ids"].append(padded["input_ids"])
        hidden = modules["text_encoder"](input_ids=torch.tensor([padded["input_ids"]])).last_hidden_state[0]
        result.setdefault("texts", []).append(agreement(tensors[f"text/{prompt}"], hidden))
    print(json.dumps(result))
