"""Phrases to distil the sentence encoder on: the data set's captions, WordNet's words, and combinations."""

import json
import os
import random
from dataclasses import dataclass

from .tokenizer import words
from .wordnet import PHYSICAL, read_synsets

COLOURS = """red green blue yellow orange purple violet pink brown black white grey gray beige turquoise cyan magenta
crimson scarlet maroon burgundy ruby teal aqua navy indigo lavender lilac gold golden silver bronze copper cream ivory
tan khaki olive lime emerald jade amber coral salmon peach rose charcoal azure cobalt mauve ochre rusty rainbow
colourful colorful multicoloured striped spotted checkered transparent dark light bright pale""".split()
MATERIALS = """wooden wood metal metallic iron steel stone marble granite concrete brick glass crystal plastic rubber
leather fabric cloth knitted woolen velvet silk paper cardboard origami clay ceramic porcelain terracotta gold silver
bronze copper brass wicker bamboo straw ice snow lego chocolate gingerbread felt plush jade bone mud moss""".split()
SIZES = """small tiny little big large huge giant tall short long thin fat round square flat wide narrow old new
ancient modern antique rusty broken shiny cute chubby scary happy sad angry magic futuristic medieval cartoon low-poly
voxel realistic stylised simple ornate fluffy furry spiky soft dirty clean empty full open wild baby toy""".split()
TEMPLATES = (
    """
{c}|the {c}|one {c}|a single {c}|a photo of {a}|a picture of {a}|a 3d model of {a}|a 3d render of {a}
a 3d asset of {a}|a drawing of {a}|a toy {c}|a cartoon {c}|a low poly {c}|a voxel {c}|a low-poly 3d model of {a}
{a}, high quality|{a}, highly detailed|a dslr photo of {a}|a sculpture of {a}|a statue of {a}
{a} on a white background|an image of {a}|a miniature {c}|a cute {c}|{a}, game asset|a rendering of {a}
{a}, studio lighting|a zoomed out photo of {a}
""".strip()
    .replace("\n", "|")
    .split("|")
)
RELATIONS = (
    """
{a} and {b}|{a} with {b}|{a} on {b}|{a} next to {b}|{a} in {b}|{a} under {b}|{a} made of {m}|{a} shaped like {b}
{a} holding {b}|{a} riding {b}|{a} wearing {b}|{a} eating {b}|{a} sitting on {b}|{a} on top of {b}
{a} carrying {b}|{a} that looks like {b}|a {m} {n} in the shape of {b}
""".strip()
    .replace("\n", "|")
    .split("|")
)


def article(noun: str) -> str:
    """The noun phrase with its indefinite article."""
    return ("an " if noun[:1].lower() in "aeiou" else "a ") + noun


def bare(caption: str) -> str:
    """The caption without its leading article."""
    for lead in ("a ", "an ", "the ", "some "):
        if caption.startswith(lead):
            return caption[len(lead) :]
    return caption


@dataclass
class Corpus:
    """Distinct phrases, and the words that deserve a piece of their own, most important first."""

    phrases: list[str]
    whole: list[str]
    captions: list[str]


def read_captions(objects: str, emoji: str) -> tuple[list[str], list[str]]:
    """Captions of the object set (with and without colours) and of the emoji set, distinct, sorted."""
    with open(objects, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    captions = {row[key] for row in rows for key in ("caption", "caption_colour") if row[key]}
    with open(emoji, encoding="utf-8") as file:
        pictures = {json.loads(line)["caption"] for line in file}
    return sorted(captions), sorted(pictures)


def build_corpus(objects: str, emoji: str, wordnet: str, common: list[str], size: int, seed: int = 0) -> Corpus:
    """`common` is a word list by falling frequency: it tells everyday words from the rest of WordNet."""
    rng = random.Random(seed)
    captions, pictures = read_captions(objects, emoji)
    nouns = list(read_synsets(os.path.join(wordnet, "data.noun")).values())
    adjectives = list(read_synsets(os.path.join(wordnet, "data.adj")).values())
    rank = {word: i for i, word in enumerate(common)}

    things = [s for s in nouns if s.file in PHYSICAL]
    lemmas = [w for s in things for w in s.lemmas if w.islower() or (" " in w and w.lower() == w)]
    everyday = sorted({w for w in lemmas if all(p in rank for p in w.replace("-", " ").split())})
    single = sorted({w for w in everyday if w in rank}, key=rank.__getitem__)
    qualities = sorted({w for s in adjectives for w in s.lemmas if w in rank}, key=rank.__getitem__)
    other = sorted({w for s in nouns if s.file not in PHYSICAL for w in s.lemmas if w in rank}, key=rank.__getitem__)

    cores = sorted({bare(c) for c in captions + pictures})
    phrases = {"", *captions, *pictures, *cores, *everyday, *map(article, everyday), *other, *qualities, *COLOURS}
    for core in cores:
        for template in rng.sample(TEMPLATES, 6):
            phrases.add(template.format(c=core, a=article(core)))
        for pool in (COLOURS, COLOURS, COLOURS, MATERIALS, MATERIALS, SIZES, SIZES, qualities):
            phrases.add(article(f"{rng.choice(pool)} {core}"))
        phrases.add(article(f"{rng.choice(COLOURS)} and {rng.choice(COLOURS)} {core}"))
    for noun in single:
        for pool in (COLOURS, COLOURS, COLOURS, MATERIALS, MATERIALS, SIZES, SIZES, qualities, qualities):
            phrases.add(article(f"{rng.choice(pool)} {noun}"))
        for template in rng.sample(TEMPLATES, 3):
            phrases.add(template.format(c=noun, a=article(noun)))
    phrases.update(s.gloss for s in things if s.file in {5, 6, 8, 13, 17} and any(w in rank for w in s.lemmas))
    rare = sorted(set(lemmas) - set(everyday))
    phrases.update(rng.sample(rare, min(len(rare), 30_000)))

    def noun_phrase() -> str:
        noun = rng.choice(cores if rng.random() < 0.4 else single if rng.random() < 0.7 else everyday)
        pool = rng.choice((COLOURS, COLOURS, MATERIALS, SIZES, qualities, None, None))
        return article(noun if pool is None else f"{rng.choice(pool)} {noun}")

    while len(phrases) < size:
        relation = rng.choice(RELATIONS) if rng.random() < 0.5 else "{a}"
        phrase = relation.format(a=noun_phrase(), b=noun_phrase(), n=rng.choice(single), m=rng.choice(MATERIALS))
        phrases.add(phrase if rng.random() < 0.8 else bare(phrase))

    used = sorted({w for c in captions + pictures for w in words(c) if w.isalpha() and w.isascii()})
    listed = [w for w in COLOURS + MATERIALS + SIZES if w.isalpha()]
    # Everyday things first, then the adjectives and remaining nouns, all by falling frequency.
    rest = sorted((set(single) | set(qualities[:1500])), key=rank.__getitem__)
    glue = [w for w in common[:4000] if w.isascii() and w.isalpha() and len(w) > 1][:600]
    whole = list(dict.fromkeys(used + listed + glue + [w for w in rest if w.isalpha() and w.isascii()]))
    return Corpus(sorted(phrases), whole, captions + pictures)
