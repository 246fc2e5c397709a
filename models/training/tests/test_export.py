"""What ships: the files are read, written again and computed alike."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from ..denoiser.network import TIERS
from ..denoiser.weights import load_denoiser, names_in, read_state
from ..export import manifest
from ..export.attribution import attribution
from ..export.gradient_fixture import adapted_layers
from ..export.graph import example_inputs, write_onnx
from ..export.manifest import write_manifest
from ..measure.compare import TOLERANCE
from ..objects.render import SIZES
from ..paths import LIBRARY, MODELS, REPOSITORY, TEXT

TIER_OF = {"default": 32, "fine": 64}


def test_tiers() -> None:
    assert tuple(TIERS) == SIZES


@pytest.mark.parametrize("folder", TIER_OF)
def test_shipped(folder: str, tmp_path: Path) -> None:
    """Shipped weights fill the network of their tier; what is exported of them, once rounded, has the same weights,
    computes in onnxruntime what PyTorch computes, and takes little more than a byte a weight."""
    shipped = MODELS / folder / "denoiser.onnx"
    model = load_denoiser(shipped)
    assert replace(model.config, exemplar=False) == TIERS[TIER_OF[folder]]
    rounded, path = tmp_path / "rounded" / "denoiser.onnx", tmp_path / "denoiser.onnx"
    write_onnx(model, rounded)
    model = load_denoiser(rounded)
    write_onnx(model, path)
    before, after = read_state(rounded), read_state(path)
    assert before.keys() == after.keys() == read_state(shipped).keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    inputs = example_inputs(model.config, 3)
    inputs["timestep"] = torch.tensor([20.0, 500.0, 980.0])
    with torch.no_grad():
        expected = model(*inputs.values()).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    assert np.abs(found - expected).max() < TOLERANCE * np.abs(expected).max()
    assert path.stat().st_size < 1.2 * sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("folder", TIER_OF)
def test_layer_names(folder: str) -> None:
    """The reference gradients name the layers as the shipped graph does, and all that LoRA adapts."""
    fixture = REPOSITORY / "tests" / "prior" / "fixtures" / f"{folder}_lora.json"
    model = load_denoiser(MODELS / folder / "denoiser.onnx")
    written = names_in(MODELS / folder / "denoiser.onnx")
    assert [written(name) for name in adapted_layers(model)] == list(json.loads(fixture.read_text())["layers"])


def test_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifest of the shipped files says what the shipped one says; from elsewhere the text encoder is beside."""
    shipped = MODELS / "fine"
    wanted = json.loads((shipped / "manifest.json").read_text())
    config = load_denoiser(shipped / "denoiser.onnx").config
    for graph in shipped.glob("*.onnx"):
        (tmp_path / graph.name).symlink_to(graph)
    write_manifest(tmp_path, config)
    elsewhere = json.loads((tmp_path / "manifest.json").read_text())
    assert elsewhere["files"]["tokenizer"] == wanted["files"]["tokenizer"] | {"path": "tokenizer.json"}
    assert (tmp_path / "text_encoder.onnx").stat().st_size == wanted["files"]["text_encoder"]["bytes"]

    monkeypatch.setattr(manifest, "MODELS", tmp_path.parent)
    for name, folder in (("TEXT", TEXT), ("LIBRARY", LIBRARY)):
        monkeypatch.setattr(manifest, name, tmp_path.parent / folder.name)
        (tmp_path.parent / folder.name).symlink_to(folder)
    write_manifest(tmp_path, config)
    assert json.loads((tmp_path / "manifest.json").read_text()) == wanted


def test_attribution() -> None:
    """Licences that ask for names come first; authors are counted by source."""
    rows = [
        {"licence": "CC0-1.0", "source": "a pack", "author": "Ann"},
        {"licence": "CC-BY-4.0", "source": "a site", "author": "Bob"},
        {"licence": "CC-BY-4.0", "source": "a site", "author": "Bob"},
    ]
    text = attribution(rows, [])
    assert text.index("## CC-BY-4.0") < text.index("## CC0-1.0")
    assert "- a site, 2 objects: Bob (2)" in text and "- a pack, 1 objects: Ann (1)" in text
    assert "renders of 3 objects" in text
