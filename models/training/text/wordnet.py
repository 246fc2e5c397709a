"""Princeton WordNet 3.0's files, wndb(5WN): synsets, senses, and the known words that are related to another."""

import math
import os
import re
from collections import Counter
from dataclasses import dataclass

# Lexicographer files of things that have a shape, lexnames(5WN): Tops, animal, artifact, body, food, object,
# person, plant, shape, substance.
PHYSICAL = {3, 5, 6, 8, 13, 17, 18, 20, 25, 27}
# Of these, what a prompt is likely to name, and how likely: animal, artifact, food, object, plant.
NAMEABLE = {5: 1.0, 6: 1.5, 13: 1.0, 17: 0.0, 20: -1.0}
# Senses of a word that are looked at, most frequent first.
SENSES = 3
# Steps up the hierarchy of nouns in which relatives are looked for.
STEPS = 3
# Too general to say anything about a word below them.
GENERAL = frozenset(
    """object thing entity whole part unit body article item artifact structure device instrument container
person human man woman animal creature plant food matter substance material area place equipment being worker
adult male female block piece line way figure shape surface head top cover support base frame""".split()
)


@dataclass
class Synset:
    """One synset: lexicographer file, lemmas, gloss, and the offsets of its hypernyms and similar adjectives."""

    file: int
    lemmas: list[str]
    gloss: str
    above: list[int]


def read_synsets(path: str) -> dict[int, Synset]:
    """Synsets of a `data.noun` or `data.adj` file by offset."""
    synsets = {}
    with open(path, encoding="latin-1") as file:
        for line in file:
            if line.startswith(" "):
                continue
            data, _, gloss = line.partition("|")
            fields = data.split()
            count = int(fields[3], 16)
            lemmas = [fields[4 + 2 * i].split("(")[0].replace("_", " ") for i in range(count)]
            links = fields[5 + 2 * count :]
            above = [int(o) for kind, o, pos, _ in zip(*[iter(links)] * 4) if kind in ("@", "@i", "&")]
            synsets[int(fields[0])] = Synset(int(fields[1]), lemmas, gloss.split(";")[0].strip(), above)
    return synsets


def read_senses(path: str) -> dict[str, list[int]]:
    """Synset offsets of every lemma of an `index.noun` or `index.adj` file, most frequent sense first."""
    senses = {}
    with open(path, encoding="latin-1") as file:
        for line in file:
            if not line.startswith(" "):
                fields = line.split()
                senses[fields[0].replace("_", " ")] = [int(o) for o in fields[-int(fields[2]) :]]
    return senses


def known_names(synset: Synset, offset: int, senses: dict[str, list[int]], known: set[str]) -> list[str]:
    """The known words that mean the synset at `offset` by one of their first two senses."""
    lemmas = (lemma.lower() for lemma in synset.lemmas)
    return [word for word in lemmas if word in known - GENERAL and offset in senses.get(word, [])[:2]]


def relatives(folder: str, known: set[str]) -> dict[str, dict[str, int]]:
    """For single words that are not in `known`: known synonyms, hypernyms, hyponyms and sisters, each with its
    distance: the number of links between, and 1 for every more frequent sense of the word.

    Nouns only by senses that have a shape. A relative has to mean the synset it was found in by one of its own first
    two senses, so that "commode" leads to "toilet" and not to "can".
    """
    found: dict[str, dict[str, int]] = {}
    for kind, steps in (("noun", STEPS), ("adj", 1)):
        synsets = read_synsets(os.path.join(folder, f"data.{kind}"))
        senses = read_senses(os.path.join(folder, f"index.{kind}"))
        below: dict[int, list[int]] = {}
        for offset, synset in synsets.items():
            for above in synset.above:
                below.setdefault(above, []).append(offset)

        for word, offsets in senses.items():
            if word in known or not (word.isascii() and word.isalpha() and len(word) > 2):
                continue
            for rank, offset in enumerate(offsets[:SENSES]):
                synset = synsets[offset]
                if word not in synset.lemmas or (kind == "noun" and synset.file not in PHYSICAL):
                    continue
                near = [(offset, 0)] + [(o, 1) for o in below.get(offset, [])]
                near += [(sister, 2) for above in synset.above for sister in below[above]]
                level = [offset]
                for step in range(1, steps + 1):
                    level = [o for at in level for o in synsets[at].above]
                    near += [(o, step) for o in level]
                for at, links in near:
                    for name in known_names(synsets[at], at, senses, known):
                        options = found.setdefault(word, {})
                        options[name] = min(links + rank, options.get(name, links + rank))
    return found


@dataclass
class Thing:
    """A single word for a nameable thing: its lexicographer file, its gloss, and how much it is used.

    WordNet has no frequencies of rare words, so `usage` is the logarithm of how often the word occurs in its glosses
    and examples, less for a later sense.
    """

    file: int
    gloss: str
    usage: float


def things(folder: str) -> dict[str, Thing]:
    """Lower-case single words one of whose first senses is a nameable thing."""
    synsets = read_synsets(os.path.join(folder, "data.noun"))
    used: Counter[str] = Counter()
    for kind in ("noun", "verb", "adj", "adv"):
        with open(os.path.join(folder, f"data.{kind}"), encoding="latin-1") as file:
            used.update(word for line in file for word in re.findall("[a-z]+", line.partition("|")[2].lower()))
    found = {}
    for word, offsets in read_senses(os.path.join(folder, "index.noun")).items():
        if not (word.isascii() and word.isalpha() and len(word) > 2):
            continue
        for rank, offset in enumerate(offsets[:SENSES]):
            synset = synsets[offset]
            if word in synset.lemmas and synset.file in NAMEABLE:
                found[word] = Thing(synset.file, synset.gloss, math.log2(1 + used[word] + used[word + "s"]) - rank)
                break
    return found
