"""More words for a finished text encoder, without any change to what it makes of the captions.

Words take the places of rare pieces and grow the vocabulary at its end, and only the embeddings of pieces that no caption uses are trained. The teacher knows
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
from .text_wordnet import NAMEABLE, Thing
from .tokenizer import CONTINUATION, Tokenizer

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
SHARE_OF_KIND = 0.35


@dataclass
class StandIn:
    """Words of the captions that another word leans on, by `share` of the target."""

    name: str
    share: float


def choose_stand_ins(teacher: str, related: dict[str, dict[str, int]], named: dict[str, Thing]) -> dict[str, StandIn]:
    """The relative that the teacher finds most similar, each link between counting against it; where there is none,
    the name of the thing's kind, which the teacher is likelier to know than the thing."""
    options = {word: dict(related.get(word, {})) for word in {*related, *named}}
    kinds = {thing.kind for thing in named.values()}
    names = sorted({*options, *kinds, *(name for near in options.values() for name in near)})
    row = {name: i for i, name in enumerate(names)}
    vectors = embed(teacher, [article(name) for name in names])

    def cosine(word: str, name: str) -> float:
        return float(vectors[row[word]] @ vectors[row[name]])

    chosen = {}
    for word in sorted(options):
        near = [(cosine(word, name), links, name) for name, links in options[word].items()]
        near = [(c - 0.05 * links, c, name) for c, links, name in near if c >= RELATED[links]]
        if near:
            _, similarity, name = max(near)
            chosen[word] = StandIn(name, min(LARGEST_SHARE, max(0.0, WANTED - similarity)))
        elif word in named:
            kind = named[word].kind
            chosen[word] = StandIn(kind, min(SHARE_OF_KIND, max(0.0, WANTED - cosine(word, kind))))
    for pair in COLOUR_NAMES.replace("\n", "").split("|"):
        colour, name = pair.split(" ", 1)
        chosen[colour] = StandIn(name, 0.5)
    return chosen


def rank_words(teacher: str, named: dict[str, Thing], captions: list[str]) -> list[str]:
    """The words by how much a prompt is likely to need them: used in English, of a likely kind, near to what the
    captions are about, and known to the teacher (in few pieces)."""
    from transformers import AutoTokenizer

    ordered = sorted(named)
    pieces = [
        len(ids) for ids in AutoTokenizer.from_pretrained(teacher)(ordered, add_special_tokens=False)["input_ids"]
    ]
    near = (embed(teacher, [article(word) for word in ordered]) @ embed(teacher, captions).T).max(1)
    score = {
        word: named[word].usage + NAMEABLE[named[word].file] + 10 * float(near[i]) - 0.7 * pieces[i]
        for i, word in enumerate(ordered)
    }
    return sorted(ordered, key=lambda word: -score[word])


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
    teacher: str, counts: dict[str, int], stand_ins: dict[str, StandIn], others: list[str]
) -> tuple[list[str], np.ndarray]:
    """So many phrases of every word, and their unit targets [N, 384]."""
    rng = random.Random(1)
    rows = [(word, form) for word, count in counts.items() for form in contexts(word, others, count, rng)]
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


def rarest_continuations(tokenizer: Tokenizer, corpus: np.ndarray, captions: np.ndarray) -> list[int]:
    """Ids of the continuation pieces of two letters and more that no caption uses, the rarest in the corpus first.

    corpus, captions: ids [N, T].
    """
    uses = np.bincount(corpus.ravel(), minlength=len(tokenizer.vocabulary))
    kept = set(np.unique(captions))
    long = [i for i, piece in enumerate(tokenizer.vocabulary) if piece.startswith(CONTINUATION) and len(piece) > 3]
    return sorted((i for i in long if i not in kept), key=lambda i: uses[i])


def widened(tokenizer: Tokenizer, replaced: list[int], added: list[str]) -> Tokenizer:
    """The tokenizer with the words `added` in the places `replaced`, and then at the end."""
    vocabulary = list(tokenizer.vocabulary)
    for i, word in zip(replaced, added, strict=False):
        vocabulary[i] = word
    return Tokenizer(vocabulary + added[len(replaced) :], tokenizer.length, tokenizer.max_word)


def grow(model: TextEncoder, old: Tokenizer, new: Tokenizer, vectors: np.ndarray) -> TextEncoder:
    """The encoder with the vocabulary of `new`, which is `old`, widened.

    vectors [V, 384]: the teacher's embeddings of the new vocabulary's pieces. The added embeddings are what a ridge
    regression from the teacher's gives, fitted on the whole words that both have.
    """
    grown = TextEncoder(len(new.vocabulary))
    x = torch.from_numpy(vectors)
    x = torch.cat([x, torch.ones(len(x), 1)], 1)
    same = [i for i, piece in enumerate(old.vocabulary) if new.vocabulary[i] == piece]
    fit = torch.tensor([i for i in same if old.vocabulary[i].isalpha() and len(old.vocabulary[i]) > 2])
    weight = model.pieces.weight.detach()
    gram = x[fit].T @ x[fit] + torch.eye(x.shape[1])
    pieces = x @ torch.linalg.solve(gram, x[fit].T @ weight[fit])
    pieces[same] = weight[same]
    grown.load_state_dict({**model.state_dict(), "pieces.weight": pieces})
    return grown


def train_pieces(
    model: TextEncoder,
    ids: np.ndarray,
    targets: np.ndarray,
    free: np.ndarray,
    minutes: float,
    batch: int = 256,
    rate: float = 3e-2,
) -> None:
    """Trains the embeddings of the pieces `free` (mask [V]) and nothing else; ids [N, T], unit targets [N, 384]."""
    model.requires_grad_(False)
    # A piece moves only when it occurs: a rare one keeps the step size of its few gradients.
    model.pieces.sparse = True
    weight = model.pieces.weight.requires_grad_(True)
    mask = torch.from_numpy(free)[:, None]
    optimiser = torch.optim.SparseAdam([weight], betas=(0.8, 0.95))
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
            optimiser.param_groups[0]["lr"] = float(rate * 0.5 * (1 + np.cos(np.pi * progress)) + 1e-4)
            goal = torch.from_numpy(targets[part]).float()
            with torch.autocast("cpu", torch.bfloat16):
                tokens, pooled = model(torch.from_numpy(ids[part, : lengths[part].max()]))
                sentence = model.sentence(tokens[:, 0]).float()
            near = (1 - (pooled * goal).sum(1)).mean()
            loss = near + 0.5 * (1 - F.cosine_similarity(sentence, goal)).mean()
            optimiser.zero_grad()
            loss.backward()
            # A row whose gradient is always 0 stays as it is.
            grad = weight.grad.coalesce()
            rows = grad.indices()
            weight.grad = torch.sparse_coo_tensor(rows, grad.values() * mask[rows[0]], grad.shape)
            optimiser.step()
            step += 1
            if now - logged_at > 15:
                logged_at = now
                print(f"step {step} {now - began:.0f} s 1 - cos {near.item():.4f}", flush=True)
    print(f"step {step}")
