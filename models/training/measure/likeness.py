"""How like real objects samples are, by their pixels.

Samples and objects are seen from the same cameras (`camera.MEASURED`), which are not those of the exemplars. Of the
objects that a prompt is true of, the nearest counts. A network that may be shown an exemplar is shown the one that
the prompt finds, and beside the samples stands how like the objects the exemplars themselves are: a sample that only
copied its exemplar would score as those do.
"""

import json

import numpy as np
import torch
from torch import Tensor

from ..denoiser.sample import Sampler
from ..objects.data import Groups
from ..objects.exemplars import Exemplars, Kind
from .prompts import SYNONYMS

PROMPTS = 40  # captions at random, and words that no caption has
OTHERS = 300  # objects among which the right ones have to be the nearest


def caption_pairs(data: Groups) -> dict[str, dict[str, str]]:
    """Prompts, and the caption of the objects that they are true of."""
    every = sorted({data.objects[i].caption for i in data.training})
    drawn = [every[i] for i in np.random.default_rng(7).permutation(len(every))[:PROMPTS]]
    synonyms = json.loads(SYNONYMS.read_text())
    return {"captions at random": dict(zip(drawn, drawn)), "synonyms": dict(list(synonyms.items())[:PROMPTS])}


def overlap(alpha: Tensor, others: Tensor) -> Tensor:
    """Intersection over union [M] of alpha [V, H, W] and of others [M, V, H, W]."""
    common = torch.minimum(alpha[None], others).sum((1, 2, 3))
    return common / torch.maximum(alpha[None], others).sum((1, 2, 3))


def likeness(views: Tensor, captions: list[str], data: Groups, real: Tensor) -> str:
    """Of `views` [N, V, 4, H, W] in [0, 1] and the objects' own, `real` u8 [objects, V, 4, H, W]."""
    others = np.random.default_rng(3).choice(len(data.objects), min(OTHERS, len(data.objects)), replace=False)
    found = []
    for sample, caption in zip(views, captions):
        right = [i for i, item in enumerate(data.objects) if caption in item.captions]
        pool = [*right, *(i for i in others if i not in right)]
        seen = real[pool].float() / 255
        own = seen[: len(right)]
        distance = (sample[None] - own)[:, :, :3].square().mean((1, 2, 3, 4)).sqrt().min()
        nearest = (sample[None] - seen).square().mean((1, 2, 3, 4)).argsort()[:5] < len(right)
        found.append([overlap(sample[:, 3], own[:, :, 3]).max(), distance, nearest[0], nearest.any()])
    iou, distance, first, five = np.mean(np.array(found, float), 0)
    return f"IoU {iou:.3f}, RGB distance {distance:.3f}, nearest top-1 {first:.1%}, top-5 {five:.1%} of {len(found)}"


def compare_with_objects(data: Groups, exemplars: Exemplars, sampler: Sampler) -> None:
    for name, pairs in caption_pairs(data).items():
        prompts, captions = list(pairs), list(pairs.values())
        exemplar = None
        if sampler.model.config.exemplar:
            objects = exemplars.found(prompts, np.random.default_rng(sampler.seed))
            exemplar = exemplars.certain(objects, Kind.ITSELF)
        views = (sampler(prompts, exemplar) + 1) / 2
        print(f"likeness, {name}: {likeness(views, captions, data, exemplars.measured)}", flush=True)
        if exemplar:
            copies = exemplars.measured[objects].float() / 255
            print(f"  the exemplars themselves: {likeness(copies, captions, data, exemplars.measured)}", flush=True)
