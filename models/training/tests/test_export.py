"""What ships: the files are read, written again and computed alike."""

import json
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from ..denoiser.network import LORA_TARGETS, TIERS
from ..denoiser.weights import load_denoiser, names_in, read_state
from ..export import manifest
from ..export.attribution import attribution
from ..export.graph import write_onnx
from ..export.manifest import write_manifest
from ..measure.compare import TOLERANCE, random_inputs
from ..objects.render import SIZES
from ..paths import MODELS, REPOSITORY

TIER_OF = {"default": 32, "fine": 64}


def test_tiers() -> None:
    assert tuple(TIERS) == SIZES


@pytest.mark.parametrize("folder", TIER_OF)
def test_shipped(folder: str, tmp_path: Path) -> None:
    """Shipped weights fill the network of their tier; what is exported of them has the same weights, and
    computes in onnxruntime what PyTorch computes."""
    shipped = MODELS / folder / "denoiser.onnx"
    model = load_denoiser(shipped)
    assert model.config == TIERS[TIER_OF[folder]]
    path = tmp_path / "denoiser.onnx"
    write_onnx(model, path)
    before, after = read_state(shipped), read_state(path)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    inputs = random_inputs(model)
    inputs["timestep"] = torch.tensor([20.0, 500.0, 980.0])
    with torch.no_grad():
        expected = model(*inputs.values()).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    assert np.abs(found - expected).max() < TOLERANCE * np.abs(expected).max()
    tensors = onnx.load(path).graph.initializer
    assert all(numpy_helper.to_array(t).dtype != np.float32 for t in tensors), "weights are stored as fp16"


@pytest.mark.parametrize("folder", TIER_OF)
def test_layer_names(folder: str) -> None:
    """The reference gradients name the layers as the shipped graph does, and all that LoRA adapts."""
    fixture = REPOSITORY / "tests" / "prior" / "fixtures" / f"{folder}_lora.json"
    model = load_denoiser(MODELS / folder / "denoiser.onnx")
    written = names_in(MODELS / folder / "denoiser.onnx")
    layers = [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    adapted = [written(n) for n in layers if any(fnmatchcase(n, pattern) for pattern in LORA_TARGETS)]
    assert adapted == list(json.loads(fixture.read_text())["layers"])


def test_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifest of the shipped files says what the shipped one says; from elsewhere the text encoder is beside."""
    shipped = MODELS / "fine"
    wanted = json.loads((shipped / "manifest.json").read_text())
    (tmp_path / "denoiser.onnx").symlink_to(shipped / "denoiser.onnx")
    write_manifest(tmp_path, TIERS[64])
    elsewhere = json.loads((tmp_path / "manifest.json").read_text())
    assert elsewhere["files"]["tokenizer"] == wanted["files"]["tokenizer"] | {"path": "tokenizer.json"}
    assert (tmp_path / "text_encoder.onnx").stat().st_size == wanted["files"]["text_encoder"]["bytes"]

    monkeypatch.setattr(manifest, "MODELS", tmp_path.parent)
    monkeypatch.setattr(manifest, "TEXT", tmp_path.parent / "text")
    (tmp_path.parent / "text").symlink_to(MODELS / "text")
    write_manifest(tmp_path, TIERS[64])
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
