"""Stage 3: trains the denoiser by v-prediction on noised groups of views, and on single views where the
work folder has them (`training singles`).

Stops after `--minutes` of training in total, with the learning rate at zero; a larger number
later goes on from the checkpoint. On a CPU it is data-parallel over single-threaded processes,
which is several times faster than one process with many threads; on CUDA use `--workers 1`.
"""

import argparse
import math
import os
import socket
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import Tensor

from ..objects.data import COMMON, Batch, Groups
from ..objects.degrade import degraded
from ..objects.exemplars import Exemplars, Kind, Mixture
from ..objects.singles import SINGLES, open_singles
from ..paths import WORK
from .exemplar import adapter_only
from .log import Log, Update
from .loss import losses, mean_loss, mean_over_views
from .muon import Muon
from .network import TIERS, Denoiser
from .schedule import TIMESTEPS
from .weights import start_from, with_present_names

DEGRADED = 0.4  # share of the training groups whose noised copy is of a degraded object


VECTORS = ("table", "position", "exemplar.embedding", "exemplar.kinds")  # 2-D weights that no vector is multiplied by
OUTER = ("outer.", "core.out.")  # what is trained with `--outer-only`


def outer_only(model: Denoiser) -> None:
    """Freezes all but the outer U-Net and what it is handed. Raises for a network without one."""
    if not model.outer:
        raise ValueError(f"{model.config.resolution} pixels have no outer U-Net: leave --outer-only out")
    model.outer.alone = True
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(OUTER))


def optimizers(model: Denoiser, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the hidden matrices, its updates as large as AdamW's so that one rate serves both, and AdamW for all
    else: convolutions, embeddings, vectors."""
    hidden, rest = [], []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            matrix = parameter.ndim == 2 and not name.endswith(VECTORS)
            (hidden if matrix else rest).append(parameter)
    return [
        Muon(hidden, rate, weight_decay=0.01),
        torch.optim.AdamW(rest, rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True),
    ]


def learning_rate(base: float, step: int, warmup: int, progress: float) -> float:
    """Linear warm-up, constant, then linearly to zero over the last 45 % of the time."""
    return base * min(1.0, (step + 1) / warmup) * min(1.0, max(0.0, 1 - progress) / 0.45)


class Trainer:
    """One worker's model, optimiser and averaged weights."""

    def __init__(self, args: argparse.Namespace, rank: int) -> None:
        self.args, self.rank = args, rank
        torch.manual_seed(args.seed)
        self.data = Groups(args.objects, args.work, args.device, args.common)
        text, resolution = self.data.text, self.data.resolution
        self.singles = open_singles(args.work, text, resolution, args.device)
        self.single_views = round(args.singles * (args.batch // args.workers)) if self.singles else 0
        self.mixture = Mixture(args.exemplars, args.neighbours, args.front, args.untold)
        self.exemplars = Exemplars(self.data, args.work) if args.exemplars else None
        config = replace(TIERS[self.data.resolution], exemplar=self.exemplars is not None)
        self.model = Denoiser(config).to(args.device)
        self.average = Denoiser(config).to(args.device)
        if args.init:
            start_from(self.model, args.init)
        if args.outer_only:
            outer_only(self.model)
        if args.adapter_only:
            adapter_only(self.model)
        self.average.load_state_dict(self.model.state_dict())
        # Groups and single views: two graphs, each of one size.
        self.forward = torch.compile(self.model, dynamic=False) if args.compile else self.model
        self.optimizers = optimizers(self.model, args.lr)
        self.step, self.elapsed = 0, 0.0
        self.checkpoint = args.work / "denoiser.pt"
        if self.checkpoint.exists():
            self.load()

    def load(self) -> None:
        state = torch.load(self.checkpoint, map_location=self.args.device, weights_only=True)
        self.model.load_state_dict(with_present_names(state["model"]))
        self.average.load_state_dict(with_present_names(state["average"]))
        try:
            for optimizer, saved in zip(self.optimizers, state["optimizers"]):
                optimizer.load_state_dict(saved)
        except ValueError as error:
            advice = "with or without --outer-only: move it away and start from it by --init"
            raise ValueError(f"{self.checkpoint} was begun the other way, {advice}") from error
        self.step, self.elapsed = state["step"], state["elapsed"]

    def save(self) -> None:
        """Writes the checkpoint in one rename: a killed run leaves the previous one whole."""
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(
            {
                "config": self.model.config.to_dict(),
                "model": self.model.state_dict(),
                "average": self.average.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "step": self.step,
                "elapsed": self.elapsed,
            },
            partial,
        )
        os.replace(partial, self.checkpoint)

    def measure(self, batch: Batch, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Timesteps and losses of a batch under random noise."""
        size, device = len(batch.views), self.args.device
        stratum = (rng.permutation(size) + rng.random(size)) / size
        timestep = (TIMESTEPS * stratum**self.args.power).astype(np.int64)
        timestep = torch.from_numpy(timestep).to(device)
        generator = torch.Generator(device).manual_seed(int(rng.integers(1 << 62)))
        noise = torch.randn(batch.views.shape, generator=generator, device=device)

        degrade = torch.from_numpy(rng.random(size) < DEGRADED).view(-1, 1, 1, 1, 1)
        degrade = degrade.to(device)
        seen = torch.where(degrade, degraded(batch.views, generator), batch.views)
        return timestep, losses(self.forward, batch, seen, timestep, noise)

    def update(self) -> Update:
        """One step on this worker's share."""
        args = self.args
        rng = np.random.default_rng([args.seed, self.step, self.rank])
        drawn = self.data.draw_told(args.batch // args.workers, rng)
        batch = self.data.batch(drawn)
        if self.exemplars:
            batch = replace(batch, exemplar=self.exemplars.draw(drawn, self.mixture, rng))
        timestep, loss = self.measure(batch, rng)
        single = loss.new_empty(0)
        if self.singles and self.single_views:
            _, single = self.measure(self.singles.draw(self.single_views, rng), rng)
        mean_over_views(loss, single, self.model.config.views).backward()
        self.share_gradients()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        progress = self.elapsed / (60 * args.minutes)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(args.lr, self.step, args.warmup, progress)
            optimizer.step()
            optimizer.zero_grad()
        self.step += 1
        decay = min(args.decay, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()), 1 - decay)
        return Update(timestep, loss.detach(), single.detach(), norm)

    def held_out(self) -> dict[str, float]:
        """Losses of the averaged weights on the held-out objects: without an exemplar, and with their own."""
        batch = self.data.first_captions(self.data.held_out)
        found = {"held_out": mean_loss(self.average, batch, self.args.device)}
        if self.exemplars:
            own = replace(batch, exemplar=self.exemplars.certain(self.data.held_out, Kind.ITSELF))
            found["held_out_exemplar"] = mean_loss(self.average, own, self.args.device)
        return found

    def share_gradients(self) -> None:
        if self.args.workers == 1:
            return
        gradients = [p.grad for p in self.model.parameters() if p.requires_grad]
        flat = torch.cat([g.flatten() for g in gradients])
        dist.all_reduce(flat)
        flat /= self.args.workers
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients])):
            gradient.copy_(part.view_as(gradient))

    def tick(self, since: float) -> float:
        """Advances the training clock, the same in every worker."""
        now = time.monotonic()
        passed = torch.tensor([now - since], dtype=torch.float64)
        if self.args.workers > 1:
            dist.broadcast(passed, 0)
        self.elapsed += passed.item()
        return now


def work(rank: int, args: argparse.Namespace, port: int) -> None:
    if args.workers > 1:
        torch.set_num_threads(1)
        dist.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=args.workers)
    trainer = Trainer(args, rank)
    if rank == 0:
        mixed = trainer.single_views * args.workers
        print(f"from step {trainer.step}, {trainer.elapsed / 60:.1f} of {args.minutes} min")
        print(f"{args.batch} groups and {mixed} single views a step", flush=True)
    log = Log(args.work / "train.jsonl") if rank == 0 else None
    window: list[Update] = []
    clock = time.monotonic()
    saved = trainer.elapsed
    until = min(60 * args.minutes, trainer.elapsed + 60 * args.slice)
    parent = mp.parent_process()
    while trainer.elapsed < until:
        if parent and not parent.is_alive():
            return  # killed: an orphan would go on writing the checkpoint
        window.append(trainer.update())
        clock = trainer.tick(clock)
        due = trainer.elapsed - saved > 60 * args.save_minutes
        over = trainer.elapsed >= until
        if len(window) == args.log_steps or over:
            if log:
                rate = trainer.optimizers[0].param_groups[0]["lr"]
                log.window(trainer.step, trainer.elapsed, rate, window)
            window = []
        if due or over:
            saved = trainer.elapsed
            if log:
                trainer.save()
                log.held_out(trainer.step, trainer.elapsed, trainer.held_out())
    if args.workers > 1:
        dist.destroy_process_group()


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training train", description=__doc__)
    parser.add_argument("--objects", type=Path, required=True, help="folder with objects.jsonl")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--minutes", type=float, required=True, help="in total, resumed runs included")
    parser.add_argument("--slice", type=float, default=math.inf, help="minutes after which to stop, to be gone on with")
    parser.add_argument("--init", type=Path, help="start from a .onnx or a checkpoint")
    help_outer = "train the outer U-Net alone, the network inside it stays: the first part of the larger tier"
    parser.add_argument("--outer-only", "--shell-only", action="store_true", help=help_outer)
    help_exemplars = "share of the groups that are shown an exemplar; above 0 the network can be shown one"
    parser.add_argument("--exemplars", type=float, default=0, help=help_exemplars)
    help_neighbours = "share of the exemplars that are of another object, near by what is said of it"
    parser.add_argument("--neighbours", type=float, default=Mixture.neighbours, help=help_neighbours)
    parser.add_argument("--front", type=float, default=Mixture.front, help="share of those that show the front alone")
    help_untold = "share of those of which it is not said whether they are the object itself"
    parser.add_argument("--untold", type=float, default=Mixture.untold, help=help_untold)
    help_adapter = "train what shows exemplars alone, the rest of the network stays"
    parser.add_argument("--adapter-only", action="store_true", help=help_adapter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=3, help="processes, one thread each")
    parser.add_argument("--compile", action="store_true", help="torch.compile: faster, starts later")
    parser.add_argument("--batch", type=int, default=24, help="groups per step, over all workers")
    help_singles = "single views per group, where `training singles` prepared any; 0 for none"
    parser.add_argument("--singles", type=float, default=SINGLES, help=help_singles)
    parser.add_argument("--lr", type=float, default=8e-4)
    parser.add_argument("--warmup", type=int, default=400, help="steps")
    help_power = "timesteps are drawn as u^power: below 1 more of the noisy ones, where text and agreement are learnt"
    parser.add_argument("--power", type=float, default=0.65, help=help_power)
    help_common = "a phrase true of n objects is drawn as n^common: the smaller, the more of the rare ones"
    parser.add_argument("--common", type=float, default=COMMON, help=help_common)
    parser.add_argument("--decay", type=float, default=0.9992, help="of the averaged weights")
    parser.add_argument("--save-minutes", type=float, default=3)
    parser.add_argument("--log-steps", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    if args.batch % args.workers:
        parser.error(f"--batch {args.batch} is not a multiple of --workers {args.workers}")
    if args.adapter_only and not args.exemplars:
        parser.error("--adapter-only trains what shows exemplars: give --exemplars as well")
    if args.workers == 1:
        work(0, args, 0)
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mp.spawn(work, (args, port), args.workers)
