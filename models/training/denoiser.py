"""The denoiser: a small U-Net whose bottleneck is a transformer over all four views.

    z [N,V,C,32,32] -> 2x2 pixels to channels -> convolutions at 16x16 -> 8x8 tokens
      -> transformer over V*64 tokens, cross-attention to the text -> convolutions at 16x16 -> v

At 64x64 the same network sits inside a shell of convolutions at 32x32, whose features are its picture.
Most of the work stays at few tokens (Hoogeboom et al. 2023, "Simple diffusion", section 2.3), and the
weights of the 32-pixel tier are the start of the larger one (`weights.start_from`).

Timestep, camera and the mean of the text tokens modulate every block (AdaLN; one shared
projection for the transformer, as in PixArt-alpha). Only plain operations: the graph is
differentiated node by node after export.

Pictures of which only one view is known, and not from where, are seen one by one: a view attends to
itself alone and no camera is embedded (MVDream, Shi et al. 2023, trains on 2D pictures so). Training
only: the exported graph always has four views.
"""

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

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
    shell_width: int = 0  # channels of the shell at half resolution; 0: no shell
    layers: int = 6
    mlp_ratio: int = 3

    @property
    def heads(self) -> int:
        return self.width // 64

    @property
    def core_resolution(self) -> int:
        """Side of the picture of which tokens are made."""
        return self.resolution // 2 if self.shell_width else self.resolution

    @property
    def core_channels(self) -> int:
        return self.shell_width or self.channels

    @property
    def view_tokens(self) -> int:
        return (self.core_resolution // 4) ** 2

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


# By resolution: 1.0 and 1.6 GFLOP per view, 7.2 and 7.8 M parameters.
TIERS = {
    32: DenoiserConfig(),
    64: DenoiserConfig(resolution=64, shell_width=48),
}


def to_channels(picture: Tensor, channels: int, size: int) -> Tensor:
    """[..., channels, size, size] to [N, 4 * channels, size/2, size/2]: a channel is (c, dy, dx)."""
    half = size // 2
    h = picture.reshape(-1, channels, half, 2, half, 2)
    return h.permute(0, 1, 3, 5, 2, 4).reshape(-1, 4 * channels, half, half)


def to_pixels(h: Tensor, channels: int, size: int) -> Tensor:
    """The inverse of `to_channels`: [N, channels, size, size]."""
    half = size // 2
    h = h.reshape(-1, channels, 2, 2, half, half).permute(0, 1, 4, 2, 5, 3)
    return h.reshape(-1, channels, size, size)


class Embedding(nn.Module):
    """Timestep, camera and pooled text to one vector per view, [N, V, width]; a camera that is not
    known adds nothing."""

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
        self, timestep: Tensor, camera: Tensor | None, text: Tensor, mask: Tensor
    ) -> Tensor:
        angle = timestep[:, None] * self.frequencies
        time = self.time(torch.cat([angle.cos(), angle.sin()], -1))
        weight = mask / mask.sum(1, keepdim=True)
        pooled = self.pooled((text * weight[..., None]).sum(1))
        shared = (time + pooled)[:, None]
        return shared if camera is None else shared + self.camera(camera)


class Mlp(nn.Module):
    """Two linear layers with SiLU between them."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(inputs, width)
        self.fc2 = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.silu(self.fc1(x)))


class GroupNorm(nn.Module):
    """Group normalisation (Wu & He 2018) of [N, C, S, S], written as a layer norm of every group."""

    def __init__(self, groups: int, channels: int, size: int) -> None:
        super().__init__()
        self.grouped = (-1, groups, channels // groups * size * size)
        self.whole = (-1, channels, size, size)
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        normal = F.layer_norm(x.reshape(self.grouped), self.grouped[2:])
        return normal.reshape(self.whole) * self.weight + self.bias


class ConvBlock(nn.Module):
    """Residual block at half resolution, modulated after its second norm."""

    def __init__(self, inputs: int, outputs: int, embedding: int, size: int) -> None:
        super().__init__()
        self.outputs = outputs
        self.norm1 = GroupNorm(8, inputs, size)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.modulation = nn.Linear(embedding, 2 * outputs)
        self.norm2 = GroupNorm(8, outputs, size)
        self.conv2 = zero(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        modulation = self.modulation(embedding).reshape(-1, 2 * self.outputs, 1, 1)
        scale, shift = modulation.split([self.outputs, self.outputs], 1)
        h = self.norm2(h) * (1 + scale) + shift
        return self.skip(x) + self.conv2(F.silu(h))


class Attention(nn.Module):
    """Multi-head attention of `x` [N, L, width] to `context` [N, M, width]; `bias` [N, 1, 1, M].

    L and M come as numbers: the exported graph then has no shape arithmetic.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.scale = (width // heads) ** -0.5
        self.width = width
        self.heads = (heads, width // heads)
        self.q = nn.Linear(width, width)
        self.k = nn.Linear(width, width)
        self.v = nn.Linear(width, width)
        self.o = nn.Linear(width, width)

    def forward(
        self, x: Tensor, context: Tensor, queries: int, keys: int, bias: Tensor | None = None
    ) -> Tensor:
        q = self.q(x).reshape(-1, queries, *self.heads).transpose(1, 2)
        k = self.k(context).reshape(-1, keys, *self.heads).transpose(1, 2)
        v = self.v(context).reshape(-1, keys, *self.heads).transpose(1, 2)
        score = (q * self.scale) @ k.transpose(-1, -2)
        if bias is not None:
            score = score + bias
        mixed = score.softmax(-1) @ v
        return self.o(mixed.transpose(1, 2).reshape(-1, queries, self.width))


class TransformerBlock(nn.Module):
    """Self-attention across all views, cross-attention to the text, MLP."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        width, heads = config.width, config.heads
        self.width, self.text_tokens = width, config.text_tokens
        self.per_view = config.view_tokens
        self.norm1 = nn.LayerNorm(width, elementwise_affine=False)
        self.self_attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.cross_attn = Attention(width, heads)
        self.norm3 = nn.LayerNorm(width, elementwise_affine=False)
        self.fc1 = nn.Linear(width, config.mlp_ratio * width)
        self.fc2 = nn.Linear(config.mlp_ratio * width, width)
        self.table = nn.Parameter(torch.randn(6, width) / width**0.5)

    def forward(
        self, x: Tensor, modulation: Tensor, text: Tensor, bias: Tensor, views: int
    ) -> Tensor:
        """`x` [N, V*64, width]; `modulation` [N, V, 6, width], the same for every block; `views` = V."""
        tokens = views * self.per_view
        joined = (-1, tokens, self.width)
        split = (-1, views, self.per_view, self.width)
        m = (modulation + self.table).split([1] * 6, 2)

        def modulate(t: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
            return (t.reshape(split) * (1 + scale) + shift).reshape(joined)

        def gate(t: Tensor, amount: Tensor) -> Tensor:
            return (t.reshape(split) * amount).reshape(joined)

        h = modulate(self.norm1(x), m[0], m[1])
        x = x + gate(self.self_attn(h, h, tokens, tokens), m[2])
        x = x + self.cross_attn(self.norm2(x), text, tokens, self.text_tokens, bias)
        h = modulate(self.norm3(x), m[3], m[4])
        return x + gate(self.fc2(F.silu(self.fc1(h))), m[5])


class Shell(nn.Module):
    """Convolutions at half resolution around a network of half the size, modulated like its own."""

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.channels, self.size, width = config.channels, config.resolution, config.shell_width
        half, pixels = config.resolution // 2, 4 * config.channels
        self.stem = nn.Conv2d(pixels, width, 3, padding=1)
        self.down_blocks = nn.ModuleList(
            ConvBlock(width, width, config.width, half) for _ in range(config.conv_blocks)
        )
        self.up_blocks = nn.ModuleList(
            ConvBlock(2 * width if i == 0 else width, width, config.width, half)
            for i in range(config.conv_blocks)
        )
        self.out_norm = GroupNorm(8, width, half)
        self.out = zero(nn.Conv2d(width, pixels, 3, padding=1))

    def enter(self, z: Tensor, per_view: Tensor) -> Tensor:
        """Noised views [N, V, C, S, S] to features [N V, shell_width, S/2, S/2]."""
        h = self.stem(to_channels(z, self.channels, self.size))
        for block in self.down_blocks:
            h = block(h, per_view)
        return h

    def leave(self, h: Tensor, skip: Tensor, per_view: Tensor) -> Tensor:
        """What became of those features, and they themselves, to the prediction [N V, C, S, S]."""
        h = torch.cat([h, skip], 1)
        for block in self.up_blocks:
            h = block(h, per_view)
        return to_pixels(self.out(F.silu(self.out_norm(h))), self.channels, self.size)


class Denoiser(nn.Module):
    """Predicts v = alpha * eps - sigma * x of four views of one object.

    z f32 [N,V,C,H,W] (data 2x-1), timestep f32 [N] (0..999, large = noisy), text f32 [N,T,D],
    text_mask f32 [N,T] (1 real, 0 pad), camera f32 [N,V,16] (c2w, row-major) -> f32 [N,V,C,H,W].
    Without a camera the views are single ones, V = 1.
    """

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.config = config
        narrow, width = config.conv_width, config.width
        pixels = 4 * config.core_channels
        half, tokens = config.core_resolution // 2, config.view_tokens
        self.shell = Shell(config) if config.shell_width else None
        self.embedding = Embedding(config)
        self.text = nn.Linear(config.text_width, width)
        self.text_norm = nn.LayerNorm(width)
        self.stem = nn.Conv2d(pixels, narrow, 3, padding=1)
        self.down_blocks = nn.ModuleList(
            ConvBlock(narrow, narrow, width, half) for _ in range(config.conv_blocks)
        )
        self.down = nn.Conv2d(narrow, width, 2, stride=2)
        self.position = nn.Parameter(torch.randn(tokens, width) * 0.02)
        self.view = nn.Linear(width, width)
        self.modulation = zero(nn.Linear(width, 6 * width))
        self.blocks = nn.ModuleList(TransformerBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * narrow)
        self.up_blocks = nn.ModuleList(
            ConvBlock(2 * narrow if i == 0 else narrow, narrow, width, half)
            for i in range(config.conv_blocks)
        )
        self.out_norm = GroupNorm(8, narrow, half)
        self.out = zero(nn.Conv2d(narrow, pixels, 3, padding=1))

    def forward(
        self,
        z: Tensor,
        timestep: Tensor,
        text: Tensor,
        text_mask: Tensor,
        camera: Tensor | None,
    ) -> Tensor:
        config = self.config
        views = 1 if camera is None else config.views
        width, narrow = config.width, config.conv_width
        size, channels = config.core_resolution, config.core_channels
        quarter = size // 4

        context = self.text_norm(self.text(text))
        bias = ((text_mask - 1) * 1e4)[:, None, None]
        embedding = F.silu(self.embedding(timestep, camera, context, text_mask))
        per_view = embedding.reshape(-1, width)

        picture = self.shell.enter(z, per_view) if self.shell else z
        h = self.stem(to_channels(picture, channels, size))
        for block in self.down_blocks:
            h = block(h, per_view)
        skip = h

        tokens = self.down(h).reshape(-1, width, quarter * quarter).transpose(1, 2)
        tokens = tokens + self.position + self.view(per_view)[:, None]
        tokens = tokens.reshape(-1, views * quarter * quarter, width)
        modulation = self.modulation(embedding).reshape(-1, views, 6, width)
        for block in self.blocks:
            tokens = block(tokens, modulation, context, bias, views)

        h = self.up(self.norm(tokens)).reshape(-1, quarter, quarter, narrow, 2, 2)
        h = h.permute(0, 3, 1, 4, 2, 5).reshape(-1, narrow, size // 2, size // 2)
        h = torch.cat([h, skip], 1)
        for block in self.up_blocks:
            h = block(h, per_view)

        h = to_pixels(self.out(F.silu(self.out_norm(h))), channels, size)
        if self.shell:
            h = self.shell.leave(h, picture, per_view)
        return h.reshape(-1, views, config.channels, config.resolution, config.resolution)


def zero(layer: nn.Module) -> nn.Module:
    """Starts a layer at zero, so that the block around it starts as the identity."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
