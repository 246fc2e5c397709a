"""Prompts of an object: its captions, and the ways in which people write them.

Every string here is true of the object. The text encoder encodes all of them once
(`captions.txt`, one per line); training picks one per object and step.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

# Words that may be dropped from the front of a noun phrase without changing what the object is.
ADJECTIVES = frozenset(
    """small large big tiny huge tall short long low high old new modern antique classic simple plain
    wooden metal plastic stone brick glass leather golden gold silver marble iron steel
    white black grey gray red green blue yellow orange brown pink purple violet beige tan cyan teal
    turquoise cream dark light pale bright colourful
    medieval suburban rural futuristic rustic fancy ornate decorative open closed broken damaged empty
    full snowy autumn potted round square rectangular oval voxel low-poly cartoon cute happy sad
    """.split()
)

# The set calls them just houses. A bare noun is distilled to what most of its objects have in common, so
# those that lack it say so.
FLAT_ROOFED = frozenset("""o01732 o03178 o03179 o03180 o03181 o03186 o03329 o03671 o03672 o03673 o03674""".split())

# What a bare noun brings to mind, where its objects differ so much that they have little in common: plain
# gabled houses, tables with nothing on them, green trees and cactuses, fires that burn, ships with wings.
TYPICAL = {
    "a house": "o01373 o01374 o01375 o01376 o01733 o02176 o03187 o03188 o03189 o03410",
    "a round table": "o01584 o01586 o02276 o02527",
    "a pine tree": "o00584 o00585 o00586 o00587 o00588 o00787 o03744",
    "a cactus": "o00070 o00072 o00550",
    "a campfire": "o00357 o00358 o00431",
    "a spaceship": "o00929 o03668 o03669 o03670",
}
UNTYPICAL = 0.05  # how often the bare noun is said of another, next to one of these

# People ask for a boat and a robot, where the set has rowing boats and combat robots: a noun that fewer objects
# than this are called by itself is said of those, too.
RARE = 10
# Compounds that are not what their last noun says, or not what it brings to mind.
MISLEADING = tuple(
    f" {compound}"
    for compound in (
        "hot dog", "corn dog", "boxing ring", "key ring", "egg cup", "fried egg", "rocking horse", "gingerbread man",
        "tower block", "knife block", "lightning bolt", "mushroom king", "roast chicken", "mince pie",
    )
)  # fmt: skip

TEMPLATES = ("{full}", "{bare}", "a 3D model of {full}", "{full}, {style}")


@dataclass(frozen=True)
class SceneObject:
    """One object of the set: what to read, what to say of it."""

    id: str
    file: str
    style: str
    captions: tuple[str, ...]  # noun phrases, the most exact first
    caption: str
    coloured: str | None  # the caption with the main colours, where it has none itself


def phrases(caption: str, coloured: str | None = None) -> tuple[str, ...]:
    """What may be said of an object, without repeats: its caption, that with its colours, the noun."""
    told = (caption, coloured, shorten(caption))
    return tuple(dict.fromkeys(phrase for phrase in told if phrase))


def read_objects(folder: Path) -> list[SceneObject]:
    """Reads `objects.jsonl` of the object set in `folder`."""
    objects = []
    for line in (folder / "objects.jsonl").read_text().splitlines():
        row = json.loads(line)
        caption, coloured = row["caption"], row["caption_colour"]
        if row["id"] in FLAT_ROOFED:
            caption = caption.replace("house", "flat-roofed house")
            coloured = coloured and coloured.replace("house", "flat-roofed house")
        told = phrases(caption, coloured)
        objects.append(SceneObject(row["id"], row["file"], row["style"], told, caption, coloured))
    return with_rare_nouns(objects)


def with_rare_nouns(objects: list[SceneObject]) -> list[SceneObject]:
    """The objects, those that are a kind of some `RARE` noun of the set being told by that noun as well."""
    count = Counter(phrase for o in objects for phrase in o.captions)
    nouns = [last_noun(o.captions[-1]) for o in objects]
    return [
        replace(o, captions=(*o.captions, noun)) if noun and 0 < count[noun] < RARE else o
        for o, noun in zip(objects, nouns)
    ]


def last_noun(phrase: str) -> str | None:
    """What a compound is a kind of: "a grey rowing boat" -> "a boat"; None for a single noun, for what is
    `MISLEADING`, and where the noun does not come last."""
    words = phrase.split()
    if len(words) < 3 or words[0] not in ("a", "an") or "of" in words or phrase.endswith(MISLEADING):
        return None
    return with_article(words[-1])


def with_article(noun: str) -> str:
    return ("an " if noun[0].lower() in "aeiou" else "a ") + noun


def likelihood(phrase: str, object_id: str) -> float:
    """How often `phrase` is said of an object that it is true of, next to the most typical one."""
    typical = phrase not in TYPICAL or object_id in TYPICAL[phrase].split()
    return 1.0 if typical else UNTYPICAL


def shorten(caption: str) -> str:
    """Drops a trailing "with ..." and leading adjectives: "a small wooden box with a lid" -> "a box"."""
    words = re.split(r" with | wearing ", caption)[0].split()
    article = words[0] in ("a", "an")
    body = words[1:] if article else words
    while len(body) > 1 and body[0].lower() in ADJECTIVES:
        body = body[1:]
    if not article:
        return " ".join(body)
    return with_article(" ".join(body))


def variants(phrase: str, style: str) -> list[str]:
    """The phrase in every template, without repeats."""
    bare = re.sub(r"^(a|an) ", "", phrase)
    return list(dict.fromkeys(t.format(full=phrase, bare=bare, style=style) for t in TEMPLATES))


def all_prompts(objects: list[SceneObject]) -> list[str]:
    """Every prompt of objects in their own colours, sorted; the empty prompt is not among them."""
    found = {v for o in objects for phrase in o.captions for v in variants(phrase, o.style)}
    return sorted(found)
