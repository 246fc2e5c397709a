"""More words for a finished text encoder, without any change to what it makes of the captions.

Words take the places of rare pieces and grow the vocabulary at its end; only the embeddings of pieces that no caption
uses change. The teacher knows rare words badly, and a denoiser knows the words of the captions only. So a new word
begins where the teacher puts it and leans towards a word of the captions, as far as the teacher fails to see that the
two are related: "settee" towards "bench".
"""

from dataclasses import dataclass

import numpy as np
import torch

from .corpus import article
from .distil import embed
from .model import TextEncoder
from .tokenizer import CONTINUATION, Tokenizer, words
from .wordnet import NAMEABLE, Thing

# By the distance in WordNet: a relative that the teacher finds less similar is a coincidence of another sense.
RELATED = (0.25, 0.3, 0.5, 0.55, 0.55, 0.55)
# The same for what the teacher finds nearest to the gloss of a word.
EXPLAINED = 0.45
# WordNet does not tell one colour from another.
COLOUR_NAMES = """crimson red|scarlet red|vermilion red|ruby red|carmine red|maroon dark red|burgundy dark red|
azure blue|cobalt blue|sapphire blue|navy dark blue|indigo dark blue|cerulean blue|aqua turquoise|teal turquoise|
cyan turquoise|emerald green|jade green|olive dark green|lime light green|violet purple|lavender light purple|
lilac light purple|mauve purple|magenta pink|fuchsia pink|amber orange|ochre yellow|tan beige|khaki beige|
ivory white|cream white|charcoal dark grey|ebony black|gray grey"""
SHARE_OF_COLOUR = 0.5
# Similarity that a word and its anchor should have, and the largest share of the anchor.
WANTED, LARGEST_SHARE = 0.95, 0.65
# A smaller share makes no difference.
SMALLEST_SHARE = 0.05


@dataclass
class Anchor:
    """Words of the captions that another word leans on, by `share`; `worth` of the evidence: 3 for a near relative
    in WordNet, 2 for a farther one, 1 for a gloss."""

    name: str
    share: float
    worth: float


class Teacher:
    """What the sentence encoder in `folder` makes of words."""

    def __init__(self, folder: str):
        from transformers import AutoTokenizer

        self.folder = folder
        self._tokenizer = AutoTokenizer.from_pretrained(folder)

    def nouns(self, names: list[str]) -> np.ndarray:
        """Unit embeddings [N, 384] of the names with their article."""
        return embed(self.folder, [article(name) for name in names])

    def pieces(self, word: str) -> int:
        """Into how many pieces it splits a word: it knows those that stay whole."""
        return len(self._tokenizer(word, add_special_tokens=False)["input_ids"])


def choose_anchors(
    teacher: Teacher, related: dict[str, dict[str, int]], named: dict[str, Thing], known: list[str]
) -> dict[str, Anchor]:
    """For every word the relative that the teacher finds most similar, distance counting against it.

    Words without one that the teacher does not know: the phrase of `known` that it finds nearest to their gloss.
    """
    names = sorted({*related, *(name for near in related.values() for name in near)})
    row = {name: i for i, name in enumerate(names)}
    vectors = teacher.nouns(names)
    chosen = {}
    for word, options in related.items():
        near = [(float(vectors[row[word]] @ vectors[row[name]]), far, name) for name, far in options.items()]
        near = [(c - 0.05 * far, c, name) for c, far, name in near if c >= RELATED[far]]
        if near:
            _, similarity, name = max(near)
            worth = 3.0 if options[name] < 2 else 2.0
            chosen[word] = Anchor(name, min(LARGEST_SHARE, max(0.0, WANTED - similarity)), worth)

    known_words = set(" ".join(known).split())
    rest = sorted(w for w in named if w not in chosen and w not in known_words and teacher.pieces(w) > 1)
    explained = embed(teacher.folder, [f"{article(word)}, {named[word].gloss}" for word in rest])
    similar = explained @ teacher.nouns(known).T
    own = (teacher.nouns(rest) * teacher.nouns([known[i] for i in similar.argmax(1)])).sum(1)
    for i, word in enumerate(rest):
        if similar[i].max() >= EXPLAINED:
            share = min(LARGEST_SHARE, max(0.0, WANTED - float(own[i])))
            chosen[word] = Anchor(known[int(similar[i].argmax())], share, 1.0)
    for pair in COLOUR_NAMES.replace("\n", "").split("|"):
        colour, name = pair.split(" ", 1)
        chosen[colour] = Anchor(name, SHARE_OF_COLOUR, 3.0)
    return {word: lean for word, lean in chosen.items() if lean.share > SMALLEST_SHARE}


def rank_words(teacher: Teacher, named: dict[str, Thing], chosen: dict[str, Anchor], known: list[str]) -> list[str]:
    """The words by how much a prompt is likely to need them: used in English, of a likely kind, with an anchor among
    the captions, near to what the captions are about, and known to the teacher (in few pieces)."""
    ordered = sorted(named)
    near = (teacher.nouns(ordered) @ teacher.nouns(known).T).max(1)
    score = {
        word: min(named[word].usage, 4.0)
        + NAMEABLE[named[word].file]
        + 1.5 * (chosen[word].worth if word in chosen else 0.0)
        + 10 * float(near[i])
        - 0.7 * teacher.pieces(word)
        for i, word in enumerate(ordered)
    }
    return sorted(ordered, key=lambda word: -score[word])


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


def grow(
    model: TextEncoder, old: Tokenizer, new: Tokenizer, vectors: np.ndarray, anchors: dict[str, Anchor]
) -> TextEncoder:
    """The encoder with the vocabulary of `new`, which is `old`, widened.

    vectors [V, 384]: the teacher's embeddings of the new vocabulary's pieces. The added embeddings are what a ridge
    regression from the teacher's gives, fitted on the whole words that both have; then every word of `anchors`, a
    piece of `new`, moves towards its anchor by its share and keeps its length.
    """
    grown = TextEncoder(len(new.vocabulary))
    x = torch.from_numpy(vectors)
    x = torch.cat([x, torch.ones(len(x), 1)], 1)
    same = [i for i, piece in enumerate(old.vocabulary) if new.vocabulary[i] == piece]
    fit = torch.tensor([i for i in same if old.vocabulary[i].isalpha() and len(old.vocabulary[i]) > 2])
    weight = model.pieces.weight.detach()
    gram = x[fit].T @ x[fit] + torch.eye(x.shape[1])
    begun = x @ torch.linalg.solve(gram, x[fit].T @ weight[fit])
    begun[same] = weight[same]
    pieces = begun.clone()
    row = {piece: i for i, piece in enumerate(new.vocabulary)}
    for word, lean in anchors.items():
        own, other = begun[row[word]], begun[[i for w in words(lean.name) for i in new.pieces(w)]].mean(0)
        mixed = (1 - lean.share) * own + lean.share * other
        length = (1 - lean.share) * own.norm() + lean.share * other.norm()
        pieces[row[word]] = mixed * length / mixed.norm()
    grown.load_state_dict({**model.state_dict(), "pieces.weight": pieces})
    return grown
