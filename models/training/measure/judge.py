"""Trains the judge: which of many captions do these views show?

A retrieval model of views and captions (contrastive, as CLIP: Radford et al. 2021), used only to
measure. It shares nothing with the prior but the pictures: a convolutional network, a bag of words,
a seed of its own; the objects that the prior never saw it has not seen either.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..denoiser.precision import mixed
from ..objects.data import Groups
from ..objects.recolour import every_prompt
from ..paths import WORK
from ..text.tokenizer import words

SEED = 77
SIZE = 32  # pixels: larger views are averaged down, so that one judge measures every tier
WIDTH = 256
NOISE = 0.1  # largest standard deviation of the noise on training views, of [-1, 1]: samples are rough


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.gelu(self.conv1(F.gelu(self.norm(x)))))


class Judge(nn.Module):
    """Unit embeddings [N, WIDTH] of views [N, V, 4, H, W] in [-1, 1], for any V and H = W a multiple of
    `SIZE`, and of captions."""

    def __init__(self, vocabulary: list[str]) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.row = {word: i for i, word in enumerate(vocabulary)}
        self.views = nn.Sequential(
            nn.Conv2d(4, 64, 4, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(64, 128, 3, stride=2, padding=1),
            Residual(128),
            nn.Conv2d(128, 256, 3, stride=2, padding=1),
            Residual(256),
            nn.GroupNorm(8, 256),
        )
        self.object = nn.Sequential(nn.Linear(512, 512), nn.GELU(), nn.Linear(512, WIDTH))
        self.bag = nn.EmbeddingBag(len(vocabulary), WIDTH)
        self.caption = nn.Sequential(nn.Linear(WIDTH, 512), nn.GELU(), nn.Linear(512, WIDTH))
        self.log_scale = nn.Parameter(torch.tensor(2.5))

    def of_views(self, views: Tensor) -> Tensor:
        n, v = views.shape[:2]
        pictures = views.flatten(0, 1)
        cells = self.views(F.avg_pool2d(pictures, pictures.shape[-1] // SIZE))
        # The mean tells of colour and bulk, the maximum of parts that few views show.
        mean = cells.mean((2, 3)).view(n, v, -1).mean(1)
        most = cells.amax((2, 3)).view(n, v, -1).amax(1)
        return F.normalize(self.object(torch.cat([mean, most], 1)).float(), dim=-1)

    def of_captions(self, captions: list[str]) -> Tensor:
        rows = [[self.row[w] for w in words(c) if w in self.row] for c in captions]
        lost = [c for c, r in zip(captions, rows) if not r]
        if lost:
            raise ValueError(f"the judge knows no word of {lost}: ask with captions of the object set")
        starts = np.cumsum([0, *map(len, rows[:-1])])
        device = self.log_scale.device
        flat = torch.tensor([i for row in rows for i in row], device=device)
        bag = self.bag(flat, torch.from_numpy(starts).to(device))
        return F.normalize(self.caption(bag).float(), dim=-1)

    def ranks(self, views: Tensor, captions: list[str], right: list[int]) -> Tensor:
        """Rank (0 is first) of caption `right[i]` among `captions` for each of N sets of views."""
        with torch.no_grad():
            score = self.of_views(views) @ self.of_captions(captions).T
        own = score[torch.arange(len(right)), right]
        return (score > own[:, None]).sum(1)


def contrast(judge: Judge, views: Tensor, captions: list[str]) -> Tensor:
    """Symmetric cross-entropy of which caption belongs to which views; equal captions do not compete."""
    score = judge.log_scale.exp() * judge.of_views(views) @ judge.of_captions(captions).T
    same = torch.tensor([[a == b for b in captions] for a in captions], device=score.device)
    same.fill_diagonal_(False)
    score = score.masked_fill(same, -1e4)
    target = torch.arange(len(captions), device=score.device)
    return (F.cross_entropy(score, target) + F.cross_entropy(score.T, target)) / 2


def load_judge(path: Path, device: str = "cpu") -> Judge:
    state = torch.load(path, map_location=device, weights_only=True)
    judge = Judge(state["vocabulary"]).to(device)
    judge.load_state_dict(state["model"])
    return judge.eval()


def held_out_ranks(judge: Judge, data: Groups, count: int = 100) -> Tensor:
    """For each held-out object, the rank of its caption among `count` distinct ones of the set."""
    rng = np.random.default_rng(SEED)
    every = sorted({o.caption for o in data.objects})
    found = []
    for i in data.held_out:
        own = data.objects[i].caption
        others = [c for c in rng.permutation(every) if c != own][: count - 1]
        views = data.views[i, :2].flatten(0, 1)[None] / 127.5 - 1
        found.append(judge.ranks(views, [own, *others], [0]))
    return torch.cat(found)


def report(ranks: Tensor) -> str:
    share = [(ranks < k).float().mean().item() for k in (1, 5)]
    return f"top-1 {share[0]:.1%}, top-5 {share[1]:.1%} of {len(ranks)}"


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training judge", description=__doc__)
    parser.add_argument("--objects", type=Path, required=True, help="folder with objects.jsonl")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--minutes", type=float, default=15, help="in total, resumed runs included")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args(argv)
    torch.set_num_threads(args.threads)
    torch.manual_seed(SEED)
    # Who has to tell a rabbit from a hat must have seen both, however few there are.
    data = Groups(args.objects, args.work, args.device, common=1)
    path = args.work / "judge.pt"
    vocabulary = sorted({w for prompt in every_prompt(data.objects) for w in words(prompt)})
    judge = Judge(vocabulary).to(args.device)
    optimizer = torch.optim.AdamW(judge.parameters(), args.lr, weight_decay=0.05)
    step, elapsed = 0, 0.0
    if path.exists():
        state = torch.load(path, map_location=args.device, weights_only=True)
        judge.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, elapsed = state["step"], state["elapsed"]
    clock = saved = time.monotonic()
    while elapsed < 60 * args.minutes:
        rng = np.random.default_rng([SEED, step])
        drawn = data.draw_told(args.batch, rng)
        views, rows = drawn.views, drawn.rows
        told = [i for i, row in enumerate(rows) if row != data.text.empty]
        views = views[told]
        spread = NOISE * torch.rand(len(told), 1, 1, 1, 1, device=args.device)
        views = views + spread * torch.randn_like(views)
        with mixed(args.device):
            loss = contrast(judge, views, [data.text.prompts[rows[i]] for i in told])
        progress = elapsed / (60 * args.minutes)
        for group in optimizer.param_groups:
            group["lr"] = args.lr * min(1, (step + 1) / 50) * min(1, 1.02 - progress)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        now = time.monotonic()
        elapsed, clock = elapsed + now - clock, now
        if now - saved > 60 or elapsed >= 60 * args.minutes:
            saved = now
            ranks = held_out_ranks(judge.eval(), data)
            judge.train()
            own = f"held-out objects: {report(ranks)}"
            print(f"step {step}, {elapsed:.0f} s: loss {loss.item():.3f}; {own}", flush=True)
            state = {"model": judge.state_dict(), "optimizer": optimizer.state_dict()}
            partial = path.with_suffix(".partial")
            torch.save({**state, "vocabulary": vocabulary, "step": step, "elapsed": elapsed}, partial)
            partial.replace(path)
    print(f"{path}: {report(held_out_ranks(load_judge(path, args.device), data))} by eight views, among 100 captions")
