"""A tiny Stable Diffusion with random weights in diffusers' folder layout, exported as people do, which the
latent prior is tested on.

`FOLDER/` gets `model_index.json`, `scheduler/`, `tokenizer/`, `text_encoder/`, `unet/`, `vae_encoder/` and
`vae_decoder/`, with the names of inputs and outputs that optimum gives, and the modules' own weights as
`torch.pt`, for `check_pipeline`.
"""

import argparse
import json
import os
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from torch import Tensor, nn

#: Tokens of a prompt, side of the latents, of the pictures.
LENGTH, LATENT, PICTURE = 16, 8, 32

WORDS = ["a", "red", "chair", "photo", "of", "front", "side", "back", "overhead", "view", "wooden", "blue", ","]


def tokenizer(folder: Path) -> "object":
    """CLIP's byte pairs of a few words: files as those of Stable Diffusion, by transformers' own class."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    letters = sorted(ByteLevel.alphabet())
    pieces = letters + [letter + "</w>" for letter in letters]
    merges: list[str] = []
    for word in WORDS:
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            merge = f"{parts[0]} {parts[1]}"
            if merge not in merges:
                merges.append(merge)
                pieces.append(parts[0] + parts[1])
            parts = [parts[0] + parts[1], *parts[2:]]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    config = {**special, "pad_token": "<|endoftext|>", "model_max_length": LENGTH, "tokenizer_class": "CLIPTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "special_tokens_map.json").write_text(json.dumps({**special, "pad_token": "<|endoftext|>"}))
    return CLIPTokenizer.from_pretrained(folder), len(vocabulary)


def modules(vocabulary: int) -> dict[str, nn.Module]:
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=LENGTH,
            bos_token_id=vocabulary - 2,
            eos_token_id=vocabulary - 1,
            attn_implementation="eager",
        )
    )
    unet = UNet2DConditionModel(
        sample_size=LATENT,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=8,
        norm_num_groups=4,
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(8, 8, 16),
        norm_num_groups=4,
        sample_size=PICTURE,
        scaling_factor=0.18215,
    )
    return {"text_encoder": text.eval(), "unet": unet.eval(), "vae": vae.eval()}


class Call(nn.Module):
    """A function of a module and its tensors, for the exporter."""

    def __init__(self, inner: nn.Module, call: object) -> None:
        super().__init__()
        self.inner, self.call = inner, call

    def forward(self, *values: Tensor) -> object:
        return self.call(self.inner, *values)


def export(folder: Path, inner: nn.Module, call: object, inputs: dict[str, Tensor], outputs: list[str]) -> None:
    """One graph, whose first dimension may be of any length."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "config.json").exists():
        inner.config.to_json_file(folder / "config.json") if hasattr(inner.config, "to_json_file") else (
            folder / "config.json"
        ).write_text(json.dumps(dict(inner.config), default=str))
    torch.onnx.export(
        Call(inner, call),
        tuple(inputs.values()),
        str(folder / "model.onnx"),
        input_names=list(inputs),
        output_names=outputs,
        dynamic_axes={name: {0: "batch"} for name in [*inputs, *outputs]},
        opset_version=17,
        dynamo=False,
    )


def make(folder: Path) -> None:
    torch.manual_seed(0)
    _, vocabulary = tokenizer(folder / "tokenizer")
    made = modules(vocabulary)
    text, unet, vae = made["text_encoder"], made["unet"], made["vae"]
    # Random layers hardly move what they are shown: weights as large as trained ones make every term of a
    # gradient count.
    with torch.no_grad():
        for parameter in unet.parameters():
            parameter.mul_(1.5)
    ids = torch.zeros(1, LENGTH, dtype=torch.int64)
    export(
        folder / "text_encoder",
        text,
        lambda net, x: (lambda out: (out.last_hidden_state, out.pooler_output))(net(input_ids=x)),
        {"input_ids": ids},
        ["last_hidden_state", "pooler_output"],
    )
    export(
        folder / "unet",
        unet,
        lambda net, x, t, text: net(x, t, text, return_dict=False)[0],
        {
            "sample": torch.randn(2, 4, LATENT, LATENT),
            "timestep": torch.tensor([5, 5]),
            "encoder_hidden_states": torch.randn(2, LENGTH, 16),
        },
        ["out_sample"],
    )
    export(
        folder / "vae_encoder",
        vae,
        lambda net, x: net.encode(x).latent_dist.parameters,
        {"sample": torch.randn(1, 3, PICTURE, PICTURE)},
        ["latent_parameters"],
    )
    export(
        folder / "vae_decoder",
        vae,
        lambda net, x: net.decode(x).sample,
        {"latent_sample": torch.randn(1, 4, LATENT, LATENT)},
        ["sample"],
    )
    torch.save(made, folder / "torch.pt")
    scheduler = {
        "_class_name": "PNDMScheduler",
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "num_train_timesteps": 1000,
        "prediction_type": "epsilon",
    }
    (folder / "scheduler").mkdir(exist_ok=True)
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler))
    index = {
        "_class_name": "ORTStableDiffusionPipeline",
        "feature_extractor": [None, None],
        "safety_checker": [None, None],
        "scheduler": ["diffusers", "PNDMScheduler"],
        "text_encoder": ["optimum.onnxruntime", "ORTModelTextEncoder"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["optimum.onnxruntime", "ORTModelUnet"],
        "vae_decoder": ["optimum.onnxruntime", "ORTModelVaeDecoder"],
        "vae_encoder": ["optimum.onnxruntime", "ORTModelVaeEncoder"],
    }
    (folder / "model_index.json").write_text(json.dumps(index, indent=2))


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training pipeline", description=__doc__)
    parser.add_argument("folder", type=Path)
    warnings.simplefilter("ignore")
    make(parser.parse_args(arguments).folder)
