"""Text encoder: a small pre-norm transformer over WordPiece ids."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

LENGTH, WIDTH, LAYERS, HEADS, POOLED = 24, 192, 4, 6, 384


class Block(nn.Module):
    """Pre-norm transformer block (Xiong et al. 2020): attention, then a GELU layer of 4x the width."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """x [N, T, D], bias [N, 1, 1, T] added to the attention scores -> [N, T, D]."""
        n, t, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
        x = x + self.out(mixed.transpose(1, 2).reshape(n, t, d))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class TextEncoder(nn.Module):
    """ids int64 [N, T] (0 = pad) -> tokens [N, T, D] (0 at pads), pooled [N, 384] (unit length).

    `sentence` is a head for training only: it makes the [CLS] feature carry the meaning of the whole prompt.
    """

    def __init__(self, vocabulary: int, length: int = LENGTH, width: int = WIDTH, layers: int = LAYERS):
        super().__init__()
        self.pieces, self.positions = nn.Embedding(vocabulary, width), nn.Parameter(torch.zeros(length, width))
        self.blocks = nn.ModuleList(Block(width, HEADS) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.pool, self.sentence = nn.Linear(width, POOLED), nn.Linear(width, POOLED)
        nn.init.normal_(self.positions, std=0.01)
        for block in self.blocks:
            for layer in (block.qkv, block.up):
                nn.init.normal_(layer.weight, std=width**-0.5)
                nn.init.zeros_(layer.bias)
            # Blocks begin close to the identity, so training starts from the mean of the pieces.
            for layer in (block.out, block.down):
                nn.init.normal_(layer.weight, std=0.2 * layer.in_features**-0.5)
                nn.init.zeros_(layer.bias)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        real = ids != 0
        bias = (~real).float()[:, None, None] * -1e4
        x = self.pieces(ids) + self.positions[: ids.shape[1]]
        for block in self.blocks:
            x = block(x, bias)
        keep = real.float()[:, :, None]
        tokens = self.norm(x).float() * keep
        mean = tokens.sum(1) / keep.sum(1).clamp(min=1)
        return tokens, F.normalize(self.pool(mean).float(), dim=-1)


def half_weights(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights as the ONNX file stores them: rounded to fp16, in fp32; without the training head."""
    return {k: v.detach().half().float() for k, v in state.items() if not k.startswith("sentence.")}


def load_rounded(checkpoint: str, vocabulary: int) -> TextEncoder:
    """The encoder with the weights that ship, in evaluation mode."""
    model = TextEncoder(vocabulary)
    state = half_weights(torch.load(checkpoint, map_location="cpu")["model"])
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or any(not k.startswith("sentence.") for k in missing):
        raise ValueError(f"checkpoint {checkpoint} is not a text encoder: {missing} {unexpected}")
    return model.eval()


@torch.no_grad()
def encode_ids(model: TextEncoder, ids: np.ndarray, batch: int = 256) -> tuple[Tensor, Tensor]:
    """ids int64 [N, T] -> tokens fp16 [N, T, D], pooled fp32 [N, 384]."""
    tokens, pooled = zip(*(model(torch.from_numpy(ids[i : i + batch])) for i in range(0, len(ids), batch)))
    return torch.cat([t.half() for t in tokens]), torch.cat(pooled)
