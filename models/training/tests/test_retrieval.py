"""The scorer and the reward: their trunks' features, training, and the file that ships."""

import pickle
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from ..objects.data import split
from ..objects.prompts import SceneObject
from ..retrieval.export import write_graph
from ..retrieval.network import Head, Retrieval, contrast
from ..retrieval.pictures import SHOTS, SIDE, SIDES, Draw, Shots, over, resized
from ..retrieval.train import accuracy
from ..retrieval.trunks import Trunk, read_arrays, same
from ..text.model import POOLED


class TinyTrunk(Trunk):
    size, width = 16, 12

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 12, 3, 2, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        return torch.relu(self.layer(pictures)).mean((2, 3))


def test_over() -> None:
    """A half-transparent red pixel over white and over black."""
    pixel = torch.tensor([0.5, 0, 0, 0.5]).view(1, 4, 1, 1)
    assert over(pixel, 1.0).flatten().tolist() == [1, 0.5, 0.5]
    assert over(pixel, 0.0).flatten().tolist() == [0.5, 0, 0]


def test_resized() -> None:
    """Larger views are averaged; what has the size stays as it is."""
    picture = torch.arange(16.0).view(1, 1, 4, 4)
    assert resized(picture, 2).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert resized(picture, 4) is picture


def test_same_padding() -> None:
    """As TensorFlow: nothing at the start where only one pixel is lacking."""
    x = torch.ones(1, 1, 4, 4)
    assert same(x, 3, 2).shape[-1] == 5
    assert same(x, 3, 2)[0, 0, 0, 0] == 1
    assert same(x, 3, 1).shape[-1] == 6


def test_only_arrays_are_unpickled(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.pkl", tmp_path / "bad.pkl"
    good.write_bytes(pickle.dumps({"conv1": [np.ones((3, 3, 3, 64), np.float32), np.zeros(64, np.float32)]}))
    assert read_arrays(good)["conv1"][0].shape == (3, 3, 3, 64)
    bad.write_bytes(pickle.dumps(Path("x")))
    with pytest.raises(pickle.UnpicklingError, match="not the weights"):
        read_arrays(bad)


def set_of_objects(count: int) -> tuple[list[SceneObject], np.ndarray]:
    """Red and blue discs that say so."""
    colours = {"red": (200, 20, 20), "blue": (20, 20, 200)}
    views = np.zeros((count, 2, 4, 4, SIDE, SIDE), np.uint8)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    disc = x**2 + y**2 < 20**2
    objects = []
    for i in range(count):
        word = ("red", "blue")[i % 2]
        told = f"a {word} disc"
        objects.append(SceneObject(f"o{i}", f"{i}.glb", "low-poly", (told, "a disc"), told, told))
        for channel, value in enumerate((*colours[word], 255)):
            views[i, :, :, channel] = np.where(disc, value, 0)
    return objects, views


def test_shots() -> None:
    """Training objects are painted in their last shot, with a caption that says so; held-out ones are shown plainly."""
    objects, views = set_of_objects(60)
    shots = Shots(objects, views, Draw(groups=(0, 1), seed=3, background=0.6))
    held, training = split(60)
    pictures, prompt = shots.of(int(held[0]))
    assert prompt is None
    assert pictures.shape == (SHOTS * SIDES, 3, SIDE, SIDE)
    assert pictures[:, 0, 0, 0].tolist() == pytest.approx([0.6] * 8)
    index = int(training[0])
    pictures, prompt = shots.of(index)
    own, other = ("red", "blue") if index % 2 == 0 else ("blue", "red")
    assert prompt == f"a {other} disc"
    middle = pictures[-1, :, SIDE // 2, SIDE // 2]
    assert middle.argmax() == {"red": 0, "blue": 2}[other]
    assert pictures[0, :, SIDE // 2, SIDE // 2].argmax() == {"red": 0, "blue": 2}[own]
    again, _ = shots.of(index)
    assert torch.equal(pictures, again)
    views[index, 1] = 0
    with pytest.raises(ValueError, match="was not rendered"):
        shots.of(index)


def test_head_learns() -> None:
    """Two objects are told apart, from any number of views; captions that are true of both do not compete."""
    torch.manual_seed(0)
    head = Head(12)
    features = 2 * torch.randn(2, 1, 12) + 0.2 * torch.randn(2, 4, 12)
    sentences = nn.functional.normalize(torch.randn(2, POOLED), dim=1)
    nothing = torch.zeros(2, 2, dtype=torch.bool)
    optimizer = torch.optim.AdamW(head.parameters(), 1e-3)
    for _ in range(60):
        optimizer.zero_grad()
        contrast(head, features, sentences, nothing).backward()
        optimizer.step()
    head.eval()
    for views in (features, features[:, :1]):
        score = head.of_features(views) @ head.of_sentences(sentences).T
        assert score.argmax(1).tolist() == [0, 1]
    with torch.no_grad():
        both = contrast(head, features, sentences[[0, 0]], ~torch.eye(2, dtype=torch.bool))
    assert both < 1e-6


def test_file(tmp_path: Path) -> None:
    """The ONNX file scores as PyTorch does, for any number of views and captions, though it has weights of 8 bits."""
    torch.manual_seed(1)
    network = Retrieval(TinyTrunk(), Head(12), 1.0).eval()
    write_graph(network, tmp_path / "n.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "n.onnx"))
    for views, captions in ((1, 1), (5, 7)):
        seen, told = torch.rand(views, 4, SIDE, SIDE), nn.functional.normalize(torch.randn(captions, POOLED), dim=1)
        feeds = {"views": seen.numpy(), "sentences": told.numpy()}
        found = session.run(["scores", "embedding"], feeds)
        wanted = [x.detach().numpy() for x in network(seen, told)]
        assert found[0].shape == (captions,)
        assert np.abs(found[0] - wanted[0]).max() < 0.02 * network.head.log_scale.exp().item()
        assert np.abs(found[1] - wanted[1]).max() < 0.02
    assert (tmp_path / "n.onnx").stat().st_size < 0.35 * 4 * sum(p.numel() for p in network.parameters())


def test_accuracy() -> None:
    assert accuracy(torch.tensor([0, 3, 5, 0])) == (0.5, 0.75)
