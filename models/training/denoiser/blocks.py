"""What the denoiser is built of. Only plain operations: the graph is differentiated node by node after export."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEAD_WIDTH = 64


def zero(layer: nn.Module) -> nn.Module:
    """Starts a layer at zero, so that the block around it starts as the identity."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


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

    def forward(self, x: Tensor, context: Tensor, queries: int, keys: int, bias: Tensor | None = None) -> Tensor:
        q = self.q(x).reshape(-1, queries, *self.heads).transpose(1, 2)
        k = self.k(context).reshape(-1, keys, *self.heads).transpose(1, 2)
        v = self.v(context).reshape(-1, keys, *self.heads).transpose(1, 2)
        score = (q * self.scale) @ k.transpose(-1, -2)
        if bias is not None:
            score = score + bias
        mixed = score.softmax(-1) @ v
        return self.o(mixed.transpose(1, 2).reshape(-1, queries, self.width))


@dataclass(frozen=True)
class Aside:
    """What a transformer block looks at beside its own views and the text, by an attention of its own."""

    attention: Attention
    context: Tensor  # [N, M, width]
    keys: int  # M
    bias: Tensor  # [N, 1, 1, M]
    present: Tensor  # [N, 1, 1]: 0 where there is nothing to look at, else 1

    def __call__(self, x: Tensor, queries: int) -> Tensor:
        return self.present * self.attention(x, self.context, queries, self.keys, self.bias)


class TransformerBlock(nn.Module):
    """Self-attention across all views, cross-attention to the text, MLP."""

    def __init__(self, width: int, mlp_ratio: int, per_view: int, text_tokens: int) -> None:
        super().__init__()
        heads = width // HEAD_WIDTH
        self.width, self.per_view, self.text_tokens = width, per_view, text_tokens
        self.norm1 = nn.LayerNorm(width, elementwise_affine=False)
        self.self_attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.cross_attn = Attention(width, heads)
        self.norm3 = nn.LayerNorm(width, elementwise_affine=False)
        self.fc1 = nn.Linear(width, mlp_ratio * width)
        self.fc2 = nn.Linear(mlp_ratio * width, width)
        self.table = nn.Parameter(torch.randn(6, width) / width**0.5)

    def forward(
        self, x: Tensor, modulation: Tensor, text: Tensor, bias: Tensor, views: int, aside: "Aside | None" = None
    ) -> Tensor:
        """`x` [N, V*64, width]; `modulation` [N, V, 6, width], the same for every block; `views` = V; `aside` is what
        else is looked at."""
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
        if aside is not None:
            x = x + aside(h, tokens)
        x = x + self.cross_attn(self.norm2(x), text, tokens, self.text_tokens, bias)
        h = modulate(self.norm3(x), m[3], m[4])
        return x + gate(self.fc2(F.silu(self.fc1(h))), m[5])


class Entry(nn.Module):
    """Pictures of `channels` and a side `size`, as their `to_channels`, to `width` features at half of it."""

    def __init__(self, channels: int, size: int, width: int, blocks: int, embedding: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(4 * channels, width, 3, padding=1)
        self.down_blocks = nn.ModuleList(ConvBlock(width, width, embedding, size // 2) for _ in range(blocks))

    def enter(self, pictures: Tensor, embedding: Tensor) -> Tensor:
        """Pictures [N, 4 * channels, S/2, S/2] and an embedding of each to features [N, width, S/2, S/2]."""
        h = self.stem(pictures)
        for block in self.down_blocks:
            h = block(h, embedding)
        return h


class Convolutions(Entry):
    """The two ends of a U-Net: the entry, and the way back from features to pictures of `outputs` channels. What lies
    between `enter` and `leave` is the bottleneck."""

    def __init__(self, channels: int, outputs: int, size: int, width: int, blocks: int, embedding: int) -> None:
        super().__init__(channels, size, width, blocks, embedding)
        half = size // 2
        self.up_blocks = nn.ModuleList(
            ConvBlock(2 * width if i == 0 else width, width, embedding, half) for i in range(blocks)
        )
        self.out_norm = GroupNorm(8, width, half)
        self.out = zero(nn.Conv2d(width, 4 * outputs, 3, padding=1))

    def leave(self, h: Tensor, entered: Tensor, embedding: Tensor) -> Tensor:
        """What became of the features, and they as they `entered`, to pictures [N, 4 * outputs, S/2, S/2]."""
        h = torch.cat([h, entered], 1)
        for block in self.up_blocks:
            h = block(h, embedding)
        return self.out(F.silu(self.out_norm(h)))
