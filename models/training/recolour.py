"""Objects in colours that the set does not have them in, with a caption that says so.

Most nouns come in one or two colours, so that a denoiser hears little in the colour word. Objects
whose caption names one colour are painted: what has their main colour, lit or shaded, takes the main
colour of another object of the set.
"""

import re
from dataclasses import dataclass

import numpy as np

from .prompts import SceneObject

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


def belonging(colour: np.ndarray, main: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far `colour` [..., 3] is `main` [3] in some light: a weight in [0, 1], and that light, the
    factor k for which k main is nearest."""
    light = (colour @ main) / max(float(main @ main), 1e-6)
    off = np.linalg.norm(colour - light[..., None] * main, axis=-1)
    near = np.clip((0.16 - off) / 0.08, 0, 1)
    lit = np.clip((light - 0.4) / 0.15, 0, 1) * np.clip((1.9 - light) / 0.3, 0, 1)
    return near * lit, light


def main_colour(views: np.ndarray) -> tuple[np.ndarray, float]:
    """The colour [3] that most of premultiplied sRGB `views` u8 [V, 4, H, W] has, and the share of
    the pixels that have it: a mean that leaves out, round by round, what is far from it."""
    rgba = views.transpose(0, 2, 3, 1).reshape(-1, 4).astype(np.float32) / 255
    rgba = rgba[rgba[:, 3] > 0.5]
    if len(rgba) == 0:
        return np.zeros(3, np.float32), 0.0
    colour = rgba[:, :3] / rgba[:, 3:]
    main = np.median(colour, 0)
    for _ in range(ROUNDS):
        weight, _ = belonging(colour, main)
        if weight.sum() == 0:
            return main, 0.0
        main = (weight[:, None] * colour).sum(0) / weight.sum()
    return main, float(belonging(colour, main)[0].mean())


def painted(views: np.ndarray, main: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Premultiplied sRGB `views` u8 [V, 4, H, W] with the colour `target` [3] for `main` [3]."""
    rgba = views.transpose(0, 2, 3, 1).astype(np.float32) / 255
    alpha = rgba[..., 3:]
    colour = rgba[..., :3] / np.maximum(alpha, 1e-4)
    weight, light = belonging(colour, main)
    other = np.clip(light[..., None] * target, 0, 1)
    colour += weight[..., None] * (other - colour)
    result = np.concatenate([colour * alpha, alpha], -1)
    return (255 * result).round().astype(np.uint8).transpose(0, 3, 1, 2)


@dataclass(frozen=True)
class Paint:
    """The colours of the objects: `word` and `main` [3] of each, None where it is not to be painted;
    `pots` lists by colour word the main colours [n, 3] of the objects that have it."""

    word: list[str | None]
    main: np.ndarray
    pots: dict[str, np.ndarray]

    @staticmethod
    def of(objects: list[SceneObject], views: np.ndarray) -> "Paint":
        """From `views` u8 [objects, groups, V, 4, H, W]."""
        word: list[str | None] = [None] * len(objects)
        main = np.zeros((len(objects), 3), np.float32)
        for i, item in enumerate(objects):
            name = named_colour(item)
            if name is None:
                continue
            main[i], share = main_colour(views[i, 0])
            if share >= COVERED:
                word[i] = name
        pots = {
            name: main[[i for i, w in enumerate(word) if w == name]]
            for name in COLOURS
            if name in word
        }
        return Paint(word, main, pots)
