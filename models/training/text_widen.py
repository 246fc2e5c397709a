"""More words for a finished text encoder, without any change to what it makes of the captions.

The vocabulary grows at its end, and only the embeddings of pieces that no caption uses are trained. The teacher knows
rare words badly, so a word's target leans towards a related word of the captions (WordNet) as far as the teacher
fails to see that they are related: "settee" towards "sofa".
"""

import random
import time
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from .text_corpus import COLOURS, MATERIALS, SIZES, TEMPLATES, article
from .text_distil import batches, embed
from .text_model import TextEncoder
from .tokenizer import Tokenizer

# By the number of links: a relative below this similarity is a coincidence of another sense.
RELATED = {0: 0.25, 1: 0.3, 2: 0.5, 3: 0.5}
# WordNet does not tell one colour from another.
COLOUR_NAMES = """crimson red|scarlet red|vermilion red|ruby red|carmine red|maroon dark red|burgundy dark red|
azure blue|cobalt blue|sapphire blue|navy dark blue|indigo dark blue|cerulean blue|aqua turquoise|teal turquoise|
cyan turquoise|emerald green|jade green|olive dark green|lime light green|violet purple|lavender light purple|
lilac light purple|mauve purple|magenta pink|fuchsia pink|rose pink|amber orange|ochre yellow|tan beige|khaki beige|
ivory white|cream white|charcoal dark grey|ebony black|gray grey"""
# Similarity that a word and its stand-in should have, and the largest share of the stand-in in the target.
WANTED, LARGEST_SHARE = 0.9, 0.6


@dataclass
class StandIn:
    """Words of the captions that another word leans on, by `share` of the target."""

    name: str
    share: float


def choose_stand_ins(teacher: str, related: dict[str, dict[str, int]]) -> dict[str, StandIn]:
    """The relative that the teacher finds most similar, each link between counting against it."""
    names = sorted(set(related) | {name for options in related.values() for name in options})
    row = {name: i for i, name in enumerate(names)}
    vectors = embed(teacher, [article(name) for name in names])
    chosen = {}
    for word, options in related.items():
        near = [(float(vectors[row[word]] @ vectors[row[name]]), links, name) for name, links in options.items()]
        near = [(c - 0.05 * links, c, name) for c, links, name in near if c >= RELATED[links]]
        if near:
            _, cosine, name = max(near)
            chosen[word] = StandIn(name, min(LARGEST_SHARE, max(0.0, WANTED - cosine)))
    for pair in COLOUR_NAMES.replace("\n", "").split("|"):
        colour, name = pair.split(" ", 1)
        chosen[colour] = StandIn(name, 0.5)
    return chosen


def contexts(word: str, others: list[str], count: int, rng: random.Random) -> list[str]:
    """`count` phrase templates with {w} for the word."""
    forms = ["{w}", article(word).replace(word, "{w}"), "the {w}"]
    while len(forms) < count:
        kind = rng.random()
        quality = rng.choice(rng.choice((COLOURS, COLOURS, MATERIALS, SIZES)))
        if kind < 0.5:
            forms.append(article(f"{quality} {{w}}"))
        elif kind < 0.75:
            forms.append(rng.choice(TEMPLATES).format(c="{w}", a="a {w}"))
        else:
            forms.append(f"a {{w}} {rng.choice(('and', 'with', 'on'))} {article(rng.choice(others))}")
    return forms[:count]


def targets_of(
    teacher: str, words: list[str], stand_ins: dict[str, StandIn], others: list[str], count: int
) -> tuple[list[str], np.ndarray]:
    """Phrases of the words and their unit targets [N, 384]."""
    rng = random.Random(1)
    rows = [(word, form) for word in words for form in contexts(word, others, count, rng)]
    phrases = [form.format(w=word) for word, form in rows]
    leaning = [form.format(w=stand_ins[word].name) if word in stand_ins else None for word, form in rows]
    distinct = sorted({*phrases, *filter(None, leaning)})
    row = {phrase: i for i, phrase in enumerate(distinct)}
    vectors = embed(teacher, distinct)
    targets = vectors[[row[phrase] for phrase in phrases]]
    for i, ((word, _), phrase) in enumerate(zip(rows, leaning)):
        if phrase is not None:
            share = stand_ins[word].share
            targets[i] = (1 - share) * targets[i] + share * vectors[row[phrase]]
    return phrases, targets / np.linalg.norm(targets, axis=1, keepdims=True)


def grow(model: TextEncoder, old: Tokenizer, new: Tokenizer, vectors: np.ndarray) -> TextEncoder:
    """The encoder with the vocabulary of `new`, which begins with that of `old`.

    vectors [V, 384]: the teacher's embeddings of the new vocabulary's pieces. The added embeddings are what a ridge
    regression from the teacher's gives, fitted on the whole words of the old vocabulary.
    """
    count = len(old.vocabulary)
    grown = TextEncoder(len(new.vocabulary))
    x = torch.from_numpy(vectors)
    x = torch.cat([x, torch.ones(len(x), 1)], 1)
    fit = torch.tensor([i for i in range(count) if old.vocabulary[i].isalpha() and len(old.vocabulary[i]) > 2])
    weight = model.pieces.weight.detach()
    gram = x[fit].T @ x[fit] + torch.eye(x.shape[1])
    state = model.state_dict()
    added = x[count:] @ torch.linalg.solve(gram, x[fit].T @ weight[fit])
    grown.load_state_dict({**state, "pieces.weight": torch.cat([weight, added])})
    return grown


def train_pieces(
    model: TextEncoder,
    ids: np.ndarray,
    targets: np.ndarray,
    free: np.ndarray,
    minutes: float,
    batch: int = 256,
    rate: float = 5e-3,
) -> None:
    """Trains the embeddings of the pieces `free` (mask [V]) and nothing else; ids [N, T], unit targets [N, 384]."""
    model.requires_grad_(False)
    weight = model.pieces.weight.requires_grad_(True)
    mask = torch.from_numpy(free)[:, None]
    optimiser = torch.optim.Adam([weight], betas=(0.9, 0.98))
    rng = np.random.default_rng(0)
    lengths = (ids != 0).sum(1)
    began = logged_at = time.time()
    step = 0
    while time.time() < began + 60 * minutes:
        for part in batches(lengths, batch, rng):
            now = time.time()
            progress = (now - began) / (60 * minutes)
            if progress >= 1:
                break
            optimiser.param_groups[0]["lr"] = float(rate * 0.5 * (1 + np.cos(np.pi * progress)) + 1e-5)
            goal = torch.from_numpy(targets[part]).float()
            with torch.autocast("cpu", torch.bfloat16):
                tokens, pooled = model(torch.from_numpy(ids[part, : lengths[part].max()]))
                sentence = model.sentence(tokens[:, 0]).float()
            near = (1 - (pooled * goal).sum(1)).mean()
            loss = near + 0.5 * (1 - F.cosine_similarity(sentence, goal)).mean()
            optimiser.zero_grad()
            loss.backward()
            # Adam leaves a row alone whose gradient has always been 0.
            weight.grad *= mask
            optimiser.step()
            step += 1
            if now - logged_at > 15:
                logged_at = now
                print(f"step {step} {now - began:.0f} s 1 - cos {near.item():.4f}", flush=True)
    print(f"step {step}")
