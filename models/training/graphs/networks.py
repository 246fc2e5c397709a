"""Networks of others with random weights, as ONNX beside PyTorch's own gradients, which `src/onnx` is tested on.

Each is built from a tiny configuration of diffusers or transformers and exported as people do: by PyTorch's older
exporter and by its newer one. A folder has `model.onnx` and `reference.safetensors`: the inputs, the output and its
seed, the gradients by the inputs of floats, and, where there are LoRA targets, factors `lora/MODULE.A`, `lora/MODULE.B`
with their gradients. What is not installed is left out and said.
"""

import argparse
import importlib.util
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

RANK = 2


@dataclass
class Network:
    """A module of positional tensors to one tensor, and what it is shown."""

    module: nn.Module
    inputs: dict[str, Tensor]
    #: Ends of the names of the linear layers that get adapters.
    targets: tuple[str, ...] = ()


class First(nn.Module):
    """The first result of a module, called with keywords."""

    def __init__(self, inner: nn.Module, names: list[str], call: Callable[..., Tensor]) -> None:
        super().__init__()
        self.inner, self.names, self.call = inner, names, call

    def forward(self, *values: Tensor) -> Tensor:
        return self.call(self.inner, **dict(zip(self.names, values)))


def wrap(inner: nn.Module, inputs: dict[str, Tensor], call: Callable[..., Tensor], **rest: object) -> Network:
    return Network(First(inner.eval(), list(inputs), call), inputs, **rest)


def unet() -> Network:
    from diffusers import UNet2DConditionModel

    inner = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=12,
        attention_head_dim=8,
        norm_num_groups=4,
    )
    inputs = {
        "sample": torch.randn(1, 4, 8, 8),
        "timestep": torch.tensor([321.0]),
        "encoder_hidden_states": torch.randn(1, 5, 12),
    }
    targets = ("to_q", "to_k", "to_v", "to_out.0")
    return wrap(inner, inputs, lambda net, **x: net(**x, return_dict=False)[0], targets=targets)


def vae_encoder() -> Network:
    from diffusers import AutoencoderKL

    inner = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
        up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D"),
        block_out_channels=(8, 16),
        norm_num_groups=4,
        sample_size=16,
    )
    return wrap(inner, {"image": torch.randn(1, 3, 16, 16)}, lambda net, image: net.encode(image).latent_dist.mean)


def clip_text() -> Network:
    from transformers import CLIPTextConfig, CLIPTextModel

    inner = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=99,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=9,
        )
    )
    inner.config._attn_implementation = "eager"
    inputs = {"inputs_embeds": torch.randn(1, 7, 16)}

    def call(net: nn.Module, inputs_embeds: Tensor) -> Tensor:
        text = getattr(net, "text_model", net)
        length = inputs_embeds.shape[1]
        positions = text.embeddings.position_embedding.weight[:length]
        hidden = inputs_embeds + positions
        mask = torch.full((length, length), -1e4).triu(1)[None, None]
        for layer in text.encoder.layers:
            result = layer(hidden, attention_mask=mask)
            hidden = result[0] if isinstance(result, tuple) else result
        return text.final_layer_norm(hidden)

    return wrap(inner, inputs, call, targets=("q_proj", "k_proj", "v_proj", "out_proj"))


NETWORKS = {
    "unet": ("diffusers", unet),
    "vae_encoder": ("diffusers", vae_encoder),
    "clip_text": ("transformers", clip_text),
}


def adapters(network: Network) -> tuple[dict[str, nn.Parameter], list]:
    """Low-rank factors for every target, and the hooks that add their products."""
    factors: dict[str, nn.Parameter] = {}
    hooks = []
    for name, module in network.module.inner.named_modules():
        if not isinstance(module, nn.Linear) or not name.endswith(network.targets):
            continue
        a = nn.Parameter(torch.randn(module.in_features, RANK) / module.in_features**0.5)
        b = nn.Parameter(torch.randn(RANK, module.out_features) * 0.3)
        factors[f"lora/{name}.A"], factors[f"lora/{name}.B"] = a, b

        def add(_: nn.Module, args: tuple[Tensor, ...], out: Tensor, a: Tensor = a, b: Tensor = b) -> Tensor:
            return out + args[0] @ a @ b

        hooks.append(module.register_forward_hook(add))
    return factors, hooks


def reference(network: Network) -> dict[str, Tensor]:
    """Gradients by the inputs of the network as it is exported, then by the factors of adapters added to it."""
    inputs = {name: x.requires_grad_(x.is_floating_point()) for name, x in network.inputs.items()}
    floats = {name: x for name, x in inputs.items() if x.requires_grad}
    output = network.module(*inputs.values())
    seed = torch.randn_like(output)
    gradients = dict(zip(floats, torch.autograd.grad((output * seed).sum(), list(floats.values()), allow_unused=True)))
    result = {f"input/{name}": x for name, x in inputs.items()} | {"seed": seed, "output": output}
    if network.targets:
        factors, hooks = adapters(network)
        adapted = network.module(*inputs.values())
        gradients |= dict(zip(factors, torch.autograd.grad((adapted * seed).sum(), list(factors.values()))))
        result |= factors
        for hook in hooks:
            hook.remove()
    for x in inputs.values():
        x.requires_grad_(False)
    result |= {f"gradient/{name}": x for name, x in gradients.items() if x is not None}
    return {name: x.detach().clone().contiguous() for name, x in result.items()}


def export(network: Network, file: Path, opset: int, newer: bool) -> None:
    torch.onnx.export(
        network.module,
        tuple(network.inputs.values()),
        str(file),
        input_names=list(network.inputs),
        output_names=["output"],
        opset_version=opset,
        dynamo=newer,
        **({"external_data": False, "verbose": False} if newer else {}),
    )


#: How a network is exported: operator set, whether by the newer exporter.
WAYS = {"legacy14": (14, False), "legacy17": (17, False), "dynamo18": (18, True), "dynamo23": (23, True)}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training networks", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    warnings.simplefilter("ignore")
    newer = importlib.util.find_spec("onnxscript") is not None
    for name, (package, make) in NETWORKS.items():
        if importlib.util.find_spec(package) is None:
            print(f"{name}: left out, as {package} is not installed")
            continue
        torch.manual_seed(0)
        network = make()
        values = reference(network)
        for way, (opset, dynamo) in WAYS.items():
            if dynamo and not newer:
                continue
            target = folder / f"{name}-{way}"
            target.mkdir(parents=True, exist_ok=True)
            export(network, target / "model.onnx", opset, dynamo)
            save_file(values, target / "reference.safetensors")
            print(target.name)
