"""The network that judges: which of many captions do these views show?

A retrieval model of views and captions (contrastive, as CLIP: Radford et al. 2021). A frozen trunk sees each view, a
small head weighs the views by attention (Ilse et al. 2018), and a caption is what the prior's text encoder makes of a
sentence, moved a little.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..text.model import POOLED
from .pictures import SIDE, over
from .trunks import Trunk

WIDTH = 384
DROPOUT = 0.4


class Head(nn.Module):
    """Unit embeddings [N, WIDTH] of objects, from features [N, V, F] of their views, for any V; and of captions, from
    unit sentence features [N, POOLED]."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.view = nn.Sequential(nn.Linear(features, WIDTH), nn.GELU(), nn.Dropout(DROPOUT), nn.Linear(WIDTH, WIDTH))
        self.drop = nn.Dropout(DROPOUT)
        self.attention = nn.Linear(WIDTH, 1)
        self.object = nn.Linear(2 * WIDTH, WIDTH)
        self.caption = nn.Sequential(nn.Linear(POOLED, WIDTH), nn.GELU(), nn.Linear(WIDTH, WIDTH))
        self.direct = nn.Linear(POOLED, WIDTH)
        self.log_scale = nn.Parameter(torch.tensor(3.0))
        nn.init.zeros_(self.attention.weight)
        nn.init.zeros_(self.caption[2].weight)
        nn.init.orthogonal_(self.direct.weight)

    def of_features(self, features: Tensor) -> Tensor:
        seen = self.view(self.drop((features - self.mean) * self.scale))
        weight = self.attention(seen).softmax(1)
        # The mean tells of colour and bulk, the maximum of parts that few views show.
        told = torch.cat([(weight * seen).sum(1), seen.amax(1)], -1)
        return F.normalize(self.object(told), dim=-1)

    def of_sentences(self, sentences: Tensor) -> Tensor:
        return F.normalize(self.direct(sentences) + self.caption(sentences), dim=-1)


def contrast(head: Head, features: Tensor, sentences: Tensor, also: Tensor) -> Tensor:
    """Symmetric cross-entropy of which caption belongs to which object; where `also` [N, N] says that caption j is true
    of object i as well, the two do not compete."""
    score = head.log_scale.exp() * head.of_features(features) @ head.of_sentences(sentences).T
    score = score.masked_fill(also, -1e4)
    target = torch.arange(len(score))
    return (F.cross_entropy(score, target) + F.cross_entropy(score.T, target)) / 2


class Retrieval(nn.Module):
    """What ships: how well captions fit one object, scaled cosines f32 [N], and the object's unit embedding f32
    [1, WIDTH], from its views [V, 4, SIDE, SIDE], premultiplied sRGB in [0, 1], seen over `background`, and unit
    sentence features [N, POOLED] of the captions."""

    def __init__(self, trunk: Trunk, head: Head, background: float) -> None:
        super().__init__()
        self.trunk, self.head, self.background = trunk, head, background

    def forward(self, views: Tensor, sentences: Tensor) -> tuple[Tensor, Tensor]:
        pictures = over(views, self.background)
        size = self.trunk.size
        if pictures.shape[-1] != size:
            # By a factor, not a size, which the exporter would compute in the graph.
            pictures = F.interpolate(pictures, scale_factor=size / SIDE, mode="bilinear", align_corners=False)
        own = self.head.of_features(self.trunk(pictures)[None])
        return self.head.log_scale.exp() * (own @ self.head.of_sentences(sentences).T)[0], own
