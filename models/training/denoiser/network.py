"""The denoiser: a small U-Net whose bottleneck is a transformer over all four views.

    z [N,V,C,32,32] -> 2x2 pixels to channels -> convolutions at 16x16 -> 8x8 tokens
      -> transformer over V*64 tokens, cross-attention to the text -> convolutions at 16x16 -> v

At 64x64 the same network is the bottleneck of an outer U-Net at 32x32 (`outer.py`), whose features are its
picture. Most of the work stays at few tokens (Hoogeboom et al. 2023, "Simple diffusion", section 2.3), and the
weights of the 32-pixel tier are the start of the larger one (`weights.start_from`).

Timestep, camera and the mean of the text tokens modulate every block (AdaLN; one shared
projection for the transformer, as in PixArt-alpha).

Pictures of which only one view is known, and not from where, are seen one by one: a view attends to
itself alone and no camera is embedded (MVDream, Shi et al. 2023, trains on 2D pictures so). Training
only: the exported graph always has four views.

A network may be shown an exemplar beside the prompt (`exemplar.py`).
"""

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import HEAD_WIDTH, Aside, Attention, Convolutions, Mlp, TransformerBlock, to_channels, to_pixels, zero
from .exemplar import ExemplarEncoder
from .outer import OuterUNet

# The linear layers that the fake score's LoRA adapts, `*` for anything. With the attention alone its
# denoising loss on one object stays half as high again: colour and size sit in the modulations.
LORA_TARGETS = ("blocks.*", "*modulation", "embedding.*", "view", "up")


@dataclass(frozen=True)
class DenoiserConfig:
    views: int = 4
    channels: int = 4  # premultiplied RGB, alpha
    resolution: int = 32
    text_tokens: int = 24
    text_width: int = 192
    conv_width: int = 80  # channels at 16x16
    width: int = 256  # channels at 8x8
    conv_blocks: int = 2  # on each side
    outer_width: int = 0  # channels of the outer U-Net at half resolution; 0: none
    layers: int = 6
    mlp_ratio: int = 3
    exemplar: bool = False  # whether it may be shown one

    @property
    def core_resolution(self) -> int:
        """Side of the picture of which tokens are made."""
        return self.resolution // 2 if self.outer_width else self.resolution

    @property
    def core_channels(self) -> int:
        """What it is shown of a view and says of it: beside z and v, the outer U-Net's features."""
        return self.channels + self.outer_width

    @property
    def view_tokens(self) -> int:
        return (self.core_resolution // 4) ** 2

    def to_dict(self) -> dict[str, int | bool]:
        return asdict(self)


# By resolution: 1.0 and 1.6 GFLOP per view, 7.2 and 7.8 M parameters.
TIERS = {
    32: DenoiserConfig(),
    64: DenoiserConfig(resolution=64, outer_width=48),
}


class Embedding(nn.Module):
    """Timestep, camera, pooled text and what is `added` to them to one vector per view, [N, V, width]; a camera
    that is not known adds nothing."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        width = config.width
        half = 64
        frequencies = torch.exp(-math.log(10000) * torch.arange(half) / half)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.time = Mlp(2 * half, width)
        self.camera = Mlp(16, width)
        self.pooled = Mlp(width, width)

    def forward(
        self, timestep: Tensor, camera: Tensor | None, text: Tensor, mask: Tensor, added: Tensor | None = None
    ) -> Tensor:
        angle = timestep[:, None] * self.frequencies
        time = self.time(torch.cat([angle.cos(), angle.sin()], -1))
        weight = mask / mask.sum(1, keepdim=True)
        pooled = self.pooled((text * weight[..., None]).sum(1))
        shared = (time + pooled)[:, None]
        if added is not None:
            shared = shared + added[:, None]
        return shared if camera is None else shared + self.camera(camera)


class Denoiser(nn.Module):
    """Predicts v = alpha * eps - sigma * x of four views of one object.

    z f32 [N,V,C,H,W] (data 2x-1), timestep f32 [N] (0..999, large = noisy), text f32 [N,T,D],
    text_mask f32 [N,T] (1 real, 0 pad), camera f32 [N,V,16] (c2w, row-major) -> f32 [N,V,C,H,W].
    Without a camera the views are single ones, V = 1. An exemplar is tokens f32 [N,V*64,width] of the encoder
    `exemplar`, and `exemplar_shown` f32 [N,V]: 1 for its views that are shown, all 0 for no exemplar.
    """

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.config = config
        narrow, width, blocks = config.conv_width, config.width, config.conv_blocks
        size, channels, tokens = config.core_resolution, config.core_channels, config.view_tokens
        self.outer = OuterUNet(config.channels, config.outer_width, blocks, width) if config.outer_width else None
        self.embedding = Embedding(config)
        self.text = nn.Linear(config.text_width, width)
        self.text_norm = nn.LayerNorm(width)
        self.core = Convolutions(channels, channels, size, narrow, blocks, width)
        self.down = nn.Conv2d(narrow, width, 2, stride=2)
        self.position = nn.Parameter(torch.randn(tokens, width) * 0.02)
        self.view = nn.Linear(width, width)
        self.modulation = zero(nn.Linear(width, 6 * width))
        self.blocks = nn.ModuleList(
            TransformerBlock(width, config.mlp_ratio, tokens, config.text_tokens) for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * narrow)
        if config.exemplar:
            self.exemplar = ExemplarEncoder(config)
            # Not part of the blocks: LoRA adapts the same layers whether exemplars are shown or not.
            self.exemplar_attention = nn.ModuleList(Attention(width, width // HEAD_WIDTH) for _ in self.blocks)
            self.exemplar_pooled = zero(nn.Linear(width, width))

    def forward(
        self,
        z: Tensor,
        timestep: Tensor,
        text: Tensor,
        text_mask: Tensor,
        camera: Tensor | None,
        exemplar: Tensor | None = None,
        exemplar_shown: Tensor | None = None,
    ) -> Tensor:
        config = self.config
        views = 1 if camera is None else config.views
        width, narrow = config.width, config.conv_width
        channels, size = config.core_channels, config.core_resolution
        side = size // 4

        context = self.text_norm(self.text(text))
        bias = ((text_mask - 1) * 1e4)[:, None, None]
        added, asides = None, [None] * config.layers
        if exemplar is not None:
            added, asides = self.look_at(exemplar, exemplar_shown)
        embedding = F.silu(self.embedding(timestep, camera, context, text_mask, added))
        per_view = embedding.reshape(-1, width)

        if self.outer:
            features, coarse = self.outer.shown(z, timestep, per_view)
            shown = torch.cat([coarse, features], 1)
            if self.outer.alone:
                shown = shown.detach()
        else:
            shown = z
        entered = self.core.enter(to_channels(shown, channels, size), per_view)

        tokens = self.down(entered).reshape(-1, width, side * side).transpose(1, 2)
        tokens = tokens + self.position + self.view(per_view)[:, None]
        tokens = tokens.reshape(-1, views * side * side, width)
        modulation = self.modulation(embedding).reshape(-1, views, 6, width)
        for block, aside in zip(self.blocks, asides):
            tokens = block(tokens, modulation, context, bias, views, aside)

        h = self.up(self.norm(tokens)).reshape(-1, side, side, narrow, 2, 2)
        h = h.permute(0, 3, 1, 4, 2, 5).reshape(-1, narrow, 2 * side, 2 * side)
        h = to_pixels(self.core.leave(h, entered, per_view), channels, size)
        shape = (-1, views, config.channels, config.resolution, config.resolution)
        if self.outer:
            coarse, learnt = h.split([config.channels, config.outer_width], 1)
            h = self.outer.carried(z, coarse, learnt, features, timestep, per_view, views)
        return h.reshape(shape)

    def look_at(self, exemplar: Tensor, shown: Tensor) -> tuple[Tensor, list[Aside]]:
        """What an exemplar adds to the embedding [N, width], and what each block attends to."""
        config = self.config
        keys = config.views * config.view_tokens
        present = shown.amax(1, keepdim=True)
        of_views = exemplar.reshape(-1, config.views, config.view_tokens, config.width).mean(2)
        mean = (of_views * shown[..., None]).sum(1) / (shown.sum(1, keepdim=True) + 1 - present)
        hidden = (1 - shown[..., None]) * torch.full((config.view_tokens,), -1e4, device=shown.device)
        bias = hidden.reshape(-1, 1, 1, keys)
        asides = [Aside(attention, exemplar, keys, bias, present[..., None]) for attention in self.exemplar_attention]
        return present * self.exemplar_pooled(mean), asides
