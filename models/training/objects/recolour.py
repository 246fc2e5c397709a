"""Objects in colours that the set does not have them in, with a caption that says so.

Most nouns come in one or two colours, so that a denoiser hears little in the colour word. Objects
whose caption names one colour are painted: what has their main colour, lit or shaded, takes the main
colour of another object of the set.
"""

import re
from dataclasses import dataclass

import torch
from torch import Tensor

from .prompts import SceneObject, all_prompts

COLOURS = (
    "red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink",
    "brown", "beige", "white", "grey", "black",
)  # fmt: skip
COVERED = 0.5  # least share of the pixels that must have the main colour
ROUNDS = 4


def named_colour(item: SceneObject) -> str | None:
    """The colour in the object's coloured caption, if that names just one."""
    if item.coloured is None:
        return None
    found = [word for word in re.findall(r"[a-z]+", item.coloured.lower()) if word in COLOURS]
    return found[0] if len(found) == 1 else None


def with_colour(phrase: str, old: str, new: str) -> str:
    """ "an orange car", orange to blue: "a blue car"."""
    article = "an" if new == "orange" else "a"
    phrase = re.sub(rf"\b(a|an) {old}\b", f"{article} {old}", phrase, count=1)
    return re.sub(rf"\b{old}\b", new, phrase, count=1)


def painted_prompts(objects: list[SceneObject]) -> set[str]:
    """What the objects may be called once they are painted."""
    return {
        with_colour(item.coloured, old, new)
        for item in objects
        if item.coloured and (old := named_colour(item))
        for new in COLOURS
    }


def every_prompt(objects: list[SceneObject]) -> list[str]:
    """Every prompt that training may use of the objects, painted or not, sorted."""
    return sorted(set(all_prompts(objects)) | painted_prompts(objects))


def belonging(colour: Tensor, main: Tensor) -> tuple[Tensor, Tensor]:
    """How far `colour` [N, 3, ...] is `main` [N, 3, 1...] in some light: a weight in [0, 1], and that
    light, the factor k for which k main is nearest; both [N, 1, ...]."""
    light = (colour * main).sum(1, keepdim=True)
    light = light / main.square().sum(1, keepdim=True).clamp(min=1e-6)
    off = (colour - light * main).norm(dim=1, keepdim=True)
    near = ((0.16 - off) / 0.08).clamp(0, 1)
    lit = ((light - 0.4) / 0.15).clamp(0, 1) * ((1.9 - light) / 0.3).clamp(0, 1)
    return near * lit, light


def main_colour(views: Tensor) -> tuple[Tensor, float]:
    """The colour [3] that most of premultiplied sRGB `views` u8 [V, 4, H, W] has, and the share of
    the pixels that have it: a mean that leaves out, round by round, what is far from it."""
    rgba = views.float().transpose(0, 1).flatten(1) / 255
    rgba = rgba[:, rgba[3] > 0.5]
    if rgba.shape[1] == 0:
        return torch.zeros(3), 0.0
    colour = (rgba[:3] / rgba[3:])[None]
    main = colour[0].median(1).values
    for _ in range(ROUNDS):
        weight, _ = belonging(colour, main.view(1, 3, 1))
        if weight.sum() == 0:
            return main, 0.0
        main = (weight * colour)[0].sum(1) / weight.sum()
    return main, belonging(colour, main.view(1, 3, 1))[0].mean().item()


def painted(rgba: Tensor, main: Tensor, target: Tensor) -> Tensor:
    """Premultiplied sRGB groups `rgba` [N, V, 4, H, W] in [0, 1] with the colours `target` [N, 3] for
    `main` [N, 3]."""
    pixels = rgba.transpose(1, 2)
    alpha = pixels[:, 3:]
    colour = pixels[:, :3] / alpha.clamp(min=1e-4)
    weight, light = belonging(colour, main.view(-1, 3, 1, 1, 1))
    other = (light * target.view(-1, 3, 1, 1, 1)).clamp(0, 1)
    colour = colour + weight * (other - colour)
    return torch.cat([colour * alpha, alpha], 1).transpose(1, 2)


@dataclass(frozen=True)
class Paint:
    """The colours of the objects: `word` of each, None where it is not to be painted, and `main`
    [objects, 3]; `pots` lists by colour word the objects that have it."""

    word: list[str | None]
    main: Tensor
    pots: dict[str, list[int]]

    @staticmethod
    def of(objects: list[SceneObject], views: Tensor) -> "Paint":
        """From `views` u8 [objects, groups, V, 4, H, W]."""
        word: list[str | None] = [None] * len(objects)
        main = torch.zeros(len(objects), 3)
        for i, item in enumerate(objects):
            name = named_colour(item)
            if name is None:
                continue
            main[i], share = main_colour(views[i, 0])
            if share >= COVERED:
                word[i] = name
        pots = {name: [i for i, w in enumerate(word) if w == name] for name in COLOURS}
        return Paint(word, main, {name: pot for name, pot in pots.items() if pot})
