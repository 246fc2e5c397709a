"""The judge."""

import torch

from ..measure.judge import Judge, contrast


def test_judge() -> None:
    """The judge learns to tell two objects apart, and ranks their captions; the size of views is no matter."""
    torch.manual_seed(0)
    judge = Judge(["a", "cone", "cube"])
    views = torch.randn(2, 4, 4, 32, 32)
    captions = ["a cone", "a cube"]
    optimizer = torch.optim.AdamW(judge.parameters(), 1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        contrast(judge, views, captions).backward()
        optimizer.step()
    assert judge.ranks(views, captions, [0, 1]).tolist() == [0, 0]
    assert judge.ranks(views, captions, [1, 0]).tolist() == [1, 1]
    assert judge.ranks(views[:, :1], captions, [0, 1]).tolist() == [0, 0]
    larger = views.repeat_interleave(2, -1).repeat_interleave(2, -2)
    assert torch.allclose(judge.of_views(larger), judge.of_views(views), atol=1e-6)
