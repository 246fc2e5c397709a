"""Writes the lists of prompts that priors are measured on, one a line, as `npm run evaluate` reads them."""

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np

from ..objects.data import split
from ..objects.prompts import SceneObject, read_objects, with_article
from ..paths import PROMPTS, REPOSITORY

NOUNS = (
    "car", "truck", "boat", "chair", "sofa", "table", "bed", "cabinet", "lamp", "door",
    "box", "bottle", "cup", "vase", "barrel", "mushroom", "flower", "rock", "house", "spaceship",
)  # fmt: skip
WORDS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")
SYNONYMS = REPOSITORY / "tests" / "fixtures" / "synonyms.json"
CAPTIONS = 100


def captions_of(objects: list[SceneObject]) -> dict[str, list[str]]:
    """A hundred captions of the training objects: at random, and those that most objects have."""
    count = Counter(objects[i].caption for i in split(len(objects))[1])
    every = sorted(count)
    drawn = np.random.default_rng(0).permutation(len(every))[:CAPTIONS]
    common = sorted(every, key=lambda c: (-count[c], c))[:CAPTIONS]
    return {"at random": [every[i] for i in drawn], "most common": common}


def unseen_captions(objects: list[SceneObject]) -> list[str]:
    """Captions that held-out objects alone have."""
    held, training = ({objects[i].caption for i in part} for part in split(len(objects)))
    return sorted(held - training)


def coloured() -> list[str]:
    """Every noun in every colour."""
    return [with_article(f"{word} {noun}") for noun in NOUNS for word in WORDS]


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training prompts", description=__doc__)
    parser.add_argument("--objects", type=Path, required=True, help="folder with objects.jsonl")
    parser.add_argument("--out", type=Path, default=PROMPTS)
    args = parser.parse_args(argv)
    objects = read_objects(args.objects)
    captions = captions_of(objects)
    synonyms: dict[str, str] = json.loads(SYNONYMS.read_text())
    lists = {
        "random": ("Captions of training objects, drawn by chance.", captions["at random"]),
        "common": ("The captions that most training objects have.", captions["most common"]),
        "unseen": ("Captions that no training object has.", unseen_captions(objects)),
        "colours": ("Nouns in colours.", coloured()),
        "synonyms": (
            "Words that no caption has, and the captions by which they are judged.",
            [f"{prompt} => {caption}" for prompt, caption in synonyms.items()],
        ),
    }
    args.out.mkdir(parents=True, exist_ok=True)
    for name, (remark, lines) in lists.items():
        (args.out / f"{name}.txt").write_text("\n".join([f"# {remark}", *lines]) + "\n")
        print(f"{name}.txt: {len(lines)} prompts")
