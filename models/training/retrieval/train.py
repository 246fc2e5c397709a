"""Trains a head on the features of a frozen trunk: minutes of one thread."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..objects.data import PAINTED, draw_template, split
from ..objects.prompts import SceneObject, variants
from ..paths import TEXT
from ..text.onnx_file import encode_sentences
from .network import Head, contrast
from .pictures import SHOTS

BATCH = 256
VIEWS = (2, 4, 6)  # of an object in a batch
RATE = 1e-3
WARM_UP = 30  # steps
DECAY = 0.98  # of the mean of the weights, a step
CAPTIONS = 100  # among which a caption is to be found
POOL_SEED = 77  # of those captions: the judge's, so that their accuracies compare


@dataclass(frozen=True)
class Features:
    """The features of every object's pictures, and unit sentence features of every prompt."""

    table: np.ndarray  # f16 [objects, SHOTS, SIDES, width]
    painted: dict[int, str]  # the prompt of an object's last shot
    prompts: dict[str, int]  # rows of `sentences`
    sentences: Tensor  # f32 [prompts, POOLED]

    @staticmethod
    def read(name: str, work: Path, prompts: list[str]) -> "Features":
        record = json.loads((work / f"{name}.features.json").read_text())
        table = np.load(work / f"{name}.features.npy", mmap_mode="r")
        if record["objects"] < len(table):
            raise ValueError(
                f"features of {record['objects']} objects of {len(table)}: run `features` to its end first"
            )
        cache = work / "sentences.npy"
        if not cache.exists() or len(np.load(cache, mmap_mode="r")) != len(prompts):
            np.save(cache, encode_sentences(prompts, TEXT))
        rows = {prompt: i for i, prompt in enumerate(prompts)}
        painted = {int(i): prompt for i, prompt in record["painted"].items()}
        return Features(table, painted, rows, torch.from_numpy(np.load(cache)))

    def of(self, prompts: list[str]) -> Tensor:
        return self.sentences[[self.prompts[p] for p in prompts]]


class Batches:
    """Random batches: an object, what is said of it, some of its views."""

    def __init__(self, objects: list[SceneObject], features: Features, seed: int) -> None:
        self.objects, self.features, self.seed = objects, features, seed
        self.places = [(int(i), n) for i in split(len(objects))[1] for n in range(len(objects[i].captions))]

    def draw(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Features [N, V, width], sentences [N, POOLED], and which captions j are true of object i as well [N, N]."""
        rng = np.random.default_rng([self.seed, step])
        views = rng.choice(VIEWS)
        chosen = [self.places[i] for i in rng.choice(len(self.places), BATCH, replace=False)]
        found, rows, said, true = [], [], [], []
        for index, place in chosen:
            item, pictures = self.objects[index], self.features.table[index]
            painted = self.features.painted.get(index)
            if painted and rng.random() < PAINTED:
                seen = pictures[-1]
                rows.append(self.features.prompts[painted])
                said.append(painted)
                true.append({painted})
            else:
                seen = pictures[: SHOTS - 1 if painted else SHOTS].reshape(-1, pictures.shape[-1])
                phrase = item.captions[place]
                rows.append(draw_template([self.features.prompts[v] for v in variants(phrase, item.style)], rng))
                said.append(phrase)
                true.append(set(item.captions))
            found.append(seen[rng.choice(len(seen), views, replace=views > len(seen))])
        also = torch.tensor([[phrase in phrases for phrase in said] for phrases in true]).fill_diagonal_(False)
        return torch.from_numpy(np.stack(found)).float(), self.features.sentences[rows], also


def train(head: Head, batches: Batches, epochs: int, report: Callable[[int, float, Head], None]) -> Head:
    """The mean of the weights over the last steps; `report(step, loss, head)` is called every epoch."""
    table = batches.features.table
    some = np.sort(np.random.default_rng(0).choice(split(len(table))[1], 400, replace=False))
    sample = torch.from_numpy(table[some].reshape(-1, table.shape[-1]).astype(np.float32))
    head.mean.copy_(sample.mean(0))
    head.scale.copy_(1 / (sample.std(0) + 0.01 * sample.std()))
    steps = epochs * len(batches.places) // BATCH
    optimizer = torch.optim.AdamW(head.parameters(), RATE, weight_decay=0.05)
    mean = torch.optim.swa_utils.AveragedModel(head, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(DECAY))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / WARM_UP) * (0.5 + 0.5 * np.cos(np.pi * step / steps))
        loss = contrast(head.train(), *batches.draw(step))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean.update_parameters(head)
        if (step + 1) % (max(1, steps // 15)) == 0 or step + 1 == steps:
            report(step + 1, loss.item(), mean.module.eval())
    return mean.module.eval()


def pools(objects: list[SceneObject]) -> list[tuple[int, list[str]]]:
    """Each held-out object with `CAPTIONS` distinct captions of the set, the first its own."""
    rng = np.random.default_rng(POOL_SEED)
    every = sorted({o.caption for o in objects})
    found = []
    for i in split(len(objects))[0]:
        own = objects[i].caption
        found.append((int(i), [own, *[c for c in rng.permutation(every) if c != own][: CAPTIONS - 1]]))
    return found


@torch.no_grad()
def held_out_ranks(head: Head, objects: list[SceneObject], features: Features) -> Tensor:
    """For each held-out object, the rank of its caption in its pool, by all its views."""
    found = []
    for index, captions in pools(objects):
        seen = torch.from_numpy(features.table[index].reshape(1, -1, features.table.shape[-1]).astype(np.float32))
        score = (head.of_features(seen) @ head.of_sentences(features.of(captions)).T)[0]
        found.append((score > score[0]).sum())
    return torch.stack(found)


def accuracy(ranks: Tensor) -> tuple[float, float]:
    """Shares of the captions that are found first, and among the first five."""
    return (ranks < 1).float().mean().item(), (ranks < 5).float().mean().item()


def accuracy_words(ranks: Tensor) -> str:
    return "{:.1%}, {:.1%}".format(*accuracy(ranks))
