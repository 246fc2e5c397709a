"""Muon against PyTorch's own, which is its reference wherever bfloat16 is quick."""

import pytest
import torch

from ..denoiser.muon import Muon, orthogonalised


@pytest.mark.parametrize("shape", [(8, 24), (24, 8), (16, 16), (1, 5)])
def test_orthogonalised(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalised(matrix))
    assert values.min() > 0.4
    assert values.max() < 1.6


def test_zero_gradient_moves_nothing() -> None:
    assert torch.equal(orthogonalised(torch.zeros(3, 4)), torch.zeros(3, 4))


def test_like_pytorch() -> None:
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(12, 20, generator=generator)
    ours, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    mine = Muon([ours], 0.02, weight_decay=0.01)
    other = torch.optim.Muon([theirs], 0.02, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    for _ in range(3):
        ours.grad = torch.randn(12, 20, generator=generator)
        theirs.grad = ours.grad.clone()
        mine.step()
        other.step()
    moved = (ours - start).norm()
    assert (ours - theirs).norm() < 0.02 * moved
    assert mine.state_dict()["state"][0].keys() == other.state_dict()["state"][0].keys()
