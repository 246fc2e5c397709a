"""What shows a denoiser an exemplar: four views of an object, from cameras that are always the same.

The views pass the denoiser's own entry, as it was before it ever saw an exemplar, once: with neither noise nor prompt.
They become tokens, to which every transformer block attends beside its own views (decoupled cross-attention, as
IP-Adapter: Ye et al. 2023), and whose mean modulates the blocks like the prompt's. All of that begins at zero, and
is multiplied by whether there is an exemplar: without one the network computes what it does without these weights.
"""

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..objects.camera import EXEMPLAR, group_cameras
from ..objects.exemplars import Kind
from ..paths import TEXT
from .blocks import Entry, to_channels, zero
from .outer import SIZE, gain
from .schedule import REFERENCE, cosine_alpha_bar

if TYPE_CHECKING:
    from .network import Denoiser, DenoiserConfig

CLEAN = 10.0  # the timestep at which the entry is asked: nearly no noise
# How the names of what is trained begin while the rest is frozen; the encoder's convolutions are part of the rest.
ADAPTER = ("exemplar_attention.", "exemplar_pooled.", "exemplar.place", "exemplar.kinds")
ENTRY = ("outer", "core", "down")  # what the encoder copies of the denoiser


class ExemplarEncoder(nn.Module):
    """views f32 [N,V,C,H,W] in [-1, 1] and kind i64 [N] (`Kind`) -> tokens f32 [N, V*64, width]."""

    def __init__(self, config: "DenoiserConfig") -> None:
        super().__init__()
        self.config = config
        width, narrow, blocks = config.width, config.conv_width, config.conv_blocks
        self.outer = Entry(config.channels, SIZE, config.outer_width, blocks, width) if config.outer_width else None
        self.core = Entry(config.core_channels, config.core_resolution, narrow, blocks, width)
        self.down = nn.Conv2d(narrow, width, 2, stride=2)
        self.embedding = nn.Parameter(torch.zeros(config.views, width))  # of each camera
        self.place = nn.Parameter(torch.zeros(config.views, config.view_tokens, width))
        self.kinds = nn.Parameter(torch.zeros(len(Kind), width))

    def forward(self, views: Tensor, kind: Tensor) -> Tensor:
        config, width = self.config, self.config.width
        embedding = self.embedding.expand(views.shape[0], -1, -1).reshape(-1, width)
        shown = views
        if self.outer:
            scaled = views * gain(cosine_alpha_bar(torch.tensor(CLEAN)))
            pixels = to_channels(scaled, config.channels, SIZE)
            coarse = pixels.reshape(-1, config.channels, 4, REFERENCE, REFERENCE).mean(2)
            shown = torch.cat([coarse, self.outer.enter(pixels, embedding)], 1)
        entered = self.core.enter(to_channels(shown, config.core_channels, config.core_resolution), embedding)
        tokens = self.down(entered).reshape(-1, config.views, width, config.view_tokens).transpose(2, 3)
        tokens = tokens + self.place + self.kinds[kind][:, None, None]
        return F.layer_norm(tokens.reshape(-1, config.views * config.view_tokens, width), (width,))


@torch.no_grad()
def begin(model: "Denoiser") -> None:
    """Starts what shows `model` exemplars, which so far changes nothing of what it says: the encoder's entry is the
    denoiser's; the new attention looks for what the blocks' self-attention does."""
    from ..text.onnx_file import encode_prompts

    encoder, width = model.exemplar, model.config.width
    for name in ENTRY:
        if (mine := getattr(encoder, name)) is not None:
            # The denoiser's convolutions have a way out as well, which the encoder lacks.
            kept = mine.state_dict().keys()
            mine.load_state_dict({k: v for k, v in getattr(model, name).state_dict().items() if k in kept})
    tokens, ids = encode_prompts([""], TEXT)
    context = model.text_norm(model.text(torch.from_numpy(tokens).half().float()))
    camera = group_cameras(torch.tensor([EXEMPLAR[0]]), torch.tensor([EXEMPLAR[1]]))
    mask = torch.from_numpy(ids != 0).float()
    embedding = F.silu(model.embedding(torch.tensor([CLEAN]), camera, context, mask))[0]
    encoder.embedding.copy_(embedding)
    encoder.place.copy_(model.position[None] + model.view(embedding)[:, None])
    encoder.kinds.zero_()
    zero(model.exemplar_pooled)
    modulation = model.modulation(embedding).reshape(-1, 6, width).mean(0)
    for attention, block in zip(model.exemplar_attention, model.blocks):
        attention.load_state_dict(block.self_attn.state_dict())
        # Self-attention reads its keys and values scaled and shifted; the encoder's tokens are not.
        scale, shift = (modulation + block.table)[:2]
        for new, old in ((attention.k, block.self_attn.k), (attention.v, block.self_attn.v)):
            new.bias.add_(old.weight @ shift)
            new.weight.mul_(1 + scale)
        zero(attention.o)


def adapter_only(model: "Denoiser") -> None:
    """Freezes all but what shows exemplars. Raises for a network that is not shown any."""
    if not model.config.exemplar:
        raise ValueError("this network is shown no exemplars: give --exemplars, or leave --adapter-only out")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(ADAPTER))
