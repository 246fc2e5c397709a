"""WordPiece tokenizer of the text encoder; `src/prior/tokenizer.ts` is its twin.

Text is normalised (NFKC, lower case, combining marks removed), cut into words (runs of letters and digits,
or one punctuation mark or symbol each; anything else separates) and every word is split greedily into the
longest pieces of the vocabulary (Wu et al. 2016, "Google's Neural Machine Translation System", section 4.1).
A word with a character that the vocabulary lacks becomes one [UNK].
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

PAD, UNK, CLS, SEP = 0, 1, 2, 3
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
CONTINUATION = "##"
LATIN = "abcdefghijklmnopqrstuvwxyz0123456789æœøđłßþðı"
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~€£°"
# Longer words are [UNK]: they are not words, and greedy matching is quadratic in the length.
MAX_WORD = 64


def normalise(text: str) -> str:
    """NFKC, lower case, combining marks (category Mn) removed."""
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).lower())
    return "".join(c for c in text if unicodedata.category(c) != "Mn")


def words(text: str) -> Iterator[str]:
    """Words of the normalised text, in order."""
    run: list[str] = []
    for c in normalise(text):
        kind = unicodedata.category(c)[0]
        if kind in "LN":
            run.append(c)
            continue
        if run:
            yield "".join(run)
            run = []
        if kind in "PS":
            yield c
    if run:
        yield "".join(run)


class Tokenizer:
    """Prompt to piece ids of fixed length: [CLS] pieces [SEP], then 0."""

    def __init__(self, vocabulary: list[str], length: int = 24, max_word: int = MAX_WORD):
        if vocabulary[:4] != SPECIAL:
            raise ValueError(f"tokenizer vocabulary must begin with {SPECIAL}, has {vocabulary[:4]}")
        self.vocabulary, self.length, self.max_word = vocabulary, length, max_word
        self._id = {piece: i for i, piece in enumerate(vocabulary)}

    @classmethod
    def load(cls, path: str) -> "Tokenizer":
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        return cls(data["vocabulary"], data["length"], data["max_word"])

    def save(self, path: str) -> None:
        data = {
            "format": "wordpiece",
            "version": 1,
            "length": self.length,
            "max_word": self.max_word,
            "continuation": CONTINUATION,
            "vocabulary": self.vocabulary,
        }
        with open(path, "w", encoding="utf-8") as file:
            json.dump(data, file, ensure_ascii=False, separators=(",", ":"))
            file.write("\n")

    def pieces(self, word: str) -> list[int]:
        """Ids of one normalised word, [UNK] if some part of it matches no piece."""
        if len(word) > self.max_word:
            return [UNK]
        ids, start = [], 0
        while start < len(word):
            prefix = CONTINUATION if start else ""
            for end in range(len(word), start, -1):
                found = self._id.get(prefix + word[start:end])
                if found is not None:
                    break
            else:
                return [UNK]
            ids.append(found)
            start = end
        return ids

    def encode(self, prompt: str) -> np.ndarray:
        """int64 [T]. A prompt that is too long is cut; [SEP] always stays."""
        ids = [CLS]
        for word in words(prompt):
            ids += self.pieces(word)
            if len(ids) >= self.length - 1:
                break
        ids = [*ids[: self.length - 1], SEP]
        return np.array(ids + [PAD] * (self.length - len(ids)), np.int64)

    def encode_all(self, prompts: Iterable[str]) -> np.ndarray:
        """int64 [N, T]."""
        return np.stack([self.encode(p) for p in prompts])


def build_vocabulary(phrases: Iterable[str], whole: Iterable[str], size: int) -> list[str]:
    """Vocabulary of `size` pieces: special ones, single characters, the words `whole` (most important
    first; at most 3/4 of the vocabulary), then the pieces that WordPiece training finds in `phrases`."""
    from tokenizers import Tokenizer as Trained
    from tokenizers import models, pre_tokenizers, trainers

    vocabulary = dict.fromkeys(SPECIAL + list(LATIN) + list(PUNCTUATION) + [CONTINUATION + c for c in LATIN])
    for word in whole:
        if len(vocabulary) >= size * 3 // 4:
            break
        vocabulary[word] = None
    count = Counter(w for phrase in phrases for w in words(phrase))
    trained = Trained(models.WordPiece(unk_token="[UNK]"))
    trained.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, initial_alphabet=list(LATIN), limit_alphabet=200, show_progress=False
    )
    # Square-root counts: rare words keep a say in the subword pieces.
    lines = (" ".join([w] * max(1, round(n**0.5))) for w, n in sorted(count.items()))
    trained.train_from_iterator(lines, trainer)
    known = set(LATIN + PUNCTUATION)
    for piece, _ in sorted(trained.get_vocab().items(), key=lambda item: item[1]):
        if len(vocabulary) >= size:
            break
        if set(piece.removeprefix(CONTINUATION)) <= known:
            vocabulary.setdefault(piece)
    return list(vocabulary)
