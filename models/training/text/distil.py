"""Distillation of a sentence encoder into the text encoder."""

import os
import time
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from .model import POOLED, TextEncoder
from .tokenizer import UNK

HELD_OUT = 50  # one phrase in so many is never trained on


def write_atomically(path: str, save) -> None:
    """`save(name)` writes a file that takes the place of `path` once it is whole."""
    save(path + ".tmp")
    os.replace(path + ".tmp", path)


def held_out(count: int) -> np.ndarray:
    """Mask [count] of the phrases kept for the report."""
    return np.arange(count) % HELD_OUT == 1


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
            # The output is normalised, so only the proportion counts: 3 because the mean over a prompt is shorter
            # than its pieces, 10 for weights that suit the learning rate.
            head.weight.copy_(axes[:width].T / scale * 30)
            head.bias.copy_(mean * 10)


def batches(lengths: np.ndarray, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """One epoch of shuffled batches of phrases of similar length."""
    order = np.argsort(lengths + rng.uniform(0, 1.5, len(lengths)), kind="stable")
    # Shuffled windows of 8 batches: equal lengths, different company every epoch.
    windows = [rng.permutation(order[i : i + 8 * size]) for i in range(0, len(order), 8 * size)]
    parts = [w[i : i + size] for w in windows for i in range(0, len(w), size)]
    return [parts[i] for i in rng.permutation(len(parts))]


@dataclass
class Schedule:
    """How long and how fast to train: a cosine over `minutes`, counted over all runs on one checkpoint."""

    minutes: float
    batch: int = 256
    rate: float = 1.5e-3


def distil(model: TextEncoder, ids: np.ndarray, targets: torch.Tensor, checkpoint: str, schedule: Schedule) -> None:
    """Trains on ids int64 [N, T] and the teacher's unit embeddings [N, 384]; goes on from `checkpoint` if it exists."""
    slow = [p for n, p in model.named_parameters() if n.startswith(("pieces", "positions"))]
    decayed = [p for n, p in model.named_parameters() if n.startswith("blocks") and p.ndim == 2]
    chosen = {id(p) for p in slow + decayed}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    groups = [{"params": p, "weight_decay": d} for p, d in ((slow + rest, 0.0), (decayed, 0.01))]
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98))
    step, done = 0, 0.0
    if os.path.exists(checkpoint):
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        step, done = saved["step"], saved["seconds"]
    began = time.time()
    deadline = began + 60 * schedule.minutes
    whole = done + 60 * schedule.minutes

    def save(name: str) -> None:
        state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
        torch.save({**state, "seconds": done + time.time() - began}, name)

    rng = np.random.default_rng(step)
    rows_of_training = np.flatnonzero(~held_out(len(ids)))
    lengths = (ids[rows_of_training] != 0).sum(1)
    saved_at = logged_at = began
    while time.time() < deadline:
        for part in batches(lengths, schedule.batch, rng):
            now = time.time()
            if now >= deadline:
                break
            rows = rows_of_training[part]
            x = ids[rows, : lengths[part].max()]
            # Some pieces become [UNK]: a foreign word must not spoil the rest of the prompt.
            x = np.where((rng.random(x.shape) < 0.01) & (x > 3), UNK, x)
            cosine = 0.5 * (1 + np.cos(np.pi * min(1, (done + now - began) / whole)))
            for group in optimiser.param_groups:
                group["lr"] = float(schedule.rate * min(1, (step + 1) / 200) * (0.02 + 0.98 * cosine))
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
            if now - logged_at > 15:
                logged_at = now
                losses = f"1 - cos {near.item():.4f}, of [CLS] {near_cls.item():.4f}, relation {relation.item():.5f}"
                print(f"step {step} {now - began:.0f} s {losses}", flush=True)
            if now - saved_at > 120:
                saved_at = now
                write_atomically(checkpoint, save)
    write_atomically(checkpoint, save)
    print(f"step {step}: {checkpoint}")
