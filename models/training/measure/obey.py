"""How well the prior's samples obey their prompts: what they are, in which colour, by which word.

The judge (`judge.py`) says what a sample shows; its main colour is named by hue, saturation and value.
"""

import colorsys
import json

import numpy as np
from torch import Tensor

from ..denoiser.sample import Sampler
from ..objects.data import Groups
from ..objects.recolour import main_colour, named_colour
from .judge import Judge, report
from .prompts import CAPTIONS, NOUNS, SYNONYMS, WORDS, captions_of, coloured


def colour_name(colour: Tensor) -> str:
    """The name of an sRGB colour [3] in [0, 1] as it looks on a lit object, of `recolour.COLOURS`."""
    hue, saturation, value = colorsys.rgb_to_hsv(*colour.tolist())
    hue *= 360
    if value < 0.22 or (value < 0.3 and saturation < 0.25):
        return "black"
    if saturation < 0.17:
        return "white" if value > 0.61 else "grey"
    if hue < 15 or hue >= 345:
        if saturation < 0.5:
            return "pink" if value > 0.6 else "brown"
        return "red"
    if hue < 47:
        if saturation < 0.42 and value > 0.55:
            return "beige"
        return "orange" if value > 0.58 else "brown"
    if hue < 68:
        return "yellow" if saturation > 0.33 else "beige"
    if hue < 160:
        return "green"
    if hue < 196:
        return "turquoise"
    if hue < 255:
        return "blue"
    if hue < 315:
        return "purple"
    return "pink" if value > 0.5 else "purple"


def as_bytes(views: Tensor) -> Tensor:
    return (255 * (views + 1) / 2).round().clamp(0, 255).byte()


def named_right(data: Groups) -> str:
    """How often `colour_name` gives the one colour that the object set names."""
    asked = [(i, word) for i, o in enumerate(data.objects) if (word := named_colour(o))]
    right = [colour_name(main_colour(data.views[i, 0])[0]) == word for i, word in asked]
    return f"{np.mean(right):.1%} of {len(right)} objects"


def colours(sampler: Sampler) -> None:
    prompts = coloured()
    views = as_bytes(sampler(prompts))
    names = [colour_name(main_colour(v)[0]) for v in views]
    right = np.array([name == p.split()[1] for name, p in zip(names, prompts)])
    for word, of_word in zip(WORDS, right.reshape(len(NOUNS), -1).T):
        other = [n for n, p in zip(names, prompts) if p.split()[1] == word and n != word]
        print(f"  {word:8} {of_word.sum():2} of {len(NOUNS)}; else {', '.join(sorted(other))}")
    print(f"colour: {right.mean():.1%} of {len(right)} prompts", flush=True)


def retrieval(sampler: Sampler, judge: Judge, captions: list[str]) -> str:
    """R-precision: each sample's own caption among all of them."""
    return report(judge.ranks(sampler(captions), captions, list(range(len(captions)))))


def seen(data: Groups, judge: Judge, captions: list[str]) -> str:
    """The same of real views of an object with each caption: what samples can at best reach."""
    first = [next(i for i in data.training if c in data.objects[i].captions) for c in captions]
    return report(judge.ranks(2 * data.views[first, 0].float() / 255 - 1, captions, list(range(len(first)))))


def synonyms(sampler: Sampler, judge: Judge) -> None:
    pairs: dict[str, str] = json.loads(SYNONYMS.read_text())
    known = sorted(set(pairs.values()))
    right = [known.index(noun) for noun in pairs.values()]
    ranks = judge.ranks(sampler(list(pairs)), known, right)
    missed = [prompt for prompt, rank in zip(pairs, ranks) if rank > 0]
    print(f"synonyms: {report(ranks)} among {len(known)} captions; missed: {', '.join(missed)}")
    print(f"  the known words themselves: {retrieval(sampler, judge, known)}", flush=True)


def measure(data: Groups, judge: Judge, sampler: Sampler) -> None:
    print(f"colours of the objects as the set names them: {named_right(data)}")
    for name, captions in captions_of(data.objects).items():
        print(f"R-precision, {CAPTIONS} captions, {name}: {retrieval(sampler, judge, captions)}", flush=True)
        print(f"  real views of such objects: {seen(data, judge, captions)}", flush=True)
    colours(sampler)
    synonyms(sampler, judge)
