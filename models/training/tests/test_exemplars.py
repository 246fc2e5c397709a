"""Exemplars: what is drawn in training, how the network is shown them, what ships of them."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

from ..denoiser import train
from ..denoiser.adapter import joined, split
from ..denoiser.exemplar import ADAPTER, adapter_only, begin
from ..denoiser.network import Denoiser, DenoiserConfig
from ..denoiser.weights import ENCODER, load_denoiser, read_state, start_from
from ..export import library
from ..export.gradient_fixture import adapted_layers
from ..export.graph import example_inputs, write_onnx
from ..measure.compare import TOLERANCE, check
from ..objects.camera import EXEMPLAR, group_cameras
from ..objects.data import Drawn, Groups
from ..objects.exemplars import Exemplars, Kind, Mixture, mirrored
from ..objects.mesh import Mesh
from ..objects.prompts import read_objects
from ..objects.rasterise import render
from ..objects.recolour import every_prompt
from ..objects.render import facing
from ..paths import MODELS
from .test_data import encoded

SIZE = 32
NOUNS = ("chair", "car", "house", "sword", "mushroom", "dog", "barrel", "lamp", "boat", "table")
TINY = DenoiserConfig(conv_width=16, width=64, layers=2, exemplar=True)
TIERS = [TINY, replace(TINY, resolution=64, outer_width=24)]


@pytest.fixture
def exemplars(tmp_path: Path) -> Exemplars:
    """Four objects of each noun, in two colours; the views of object i from the fixed cameras have the value i."""
    rows, views = [], []
    for i in range(4 * len(NOUNS)):
        caption = f"a {('red', 'blue')[i % 2]} {NOUNS[i // 4]}"
        row = {"id": f"x{i}", "file": "", "style": "low-poly", "caption": caption, "caption_colour": None}
        rows.append(row | {"author": f"author {i % 3}", "source": "a pack", "licence": "CC0-1.0"})
        views.append(i)
    count = len(rows)
    (tmp_path / "objects.jsonl").write_text("\n".join(map(json.dumps, rows)))
    fixed = np.zeros((count, 2, 4, 4, SIZE, SIZE), np.uint8)
    fixed[:] = np.arange(count).reshape(-1, 1, 1, 1, 1, 1)
    fixed[:, :, :, 3] = 255
    fixed[:, :, 1, 0, :, : SIZE // 2] = 200  # the second view is not its own mirror image
    np.save(tmp_path / "fixed.npy", fixed)
    np.save(tmp_path / "views.npy", fixed[:, :1])
    angles = np.zeros((count, 1)).tolist()
    meta = {"ids": [row["id"] for row in rows], "azimuth": angles, "elevation": angles}
    (tmp_path / "views.json").write_text(json.dumps(meta))
    encoded(tmp_path / "text_features.pt", every_prompt(read_objects(tmp_path)))
    return Exemplars(Groups(tmp_path, tmp_path), tmp_path)


def grown(config: DenoiserConfig) -> Denoiser:
    """A network all of whose weights are random."""
    torch.manual_seed(0)
    model = Denoiser(config).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return model


def value(exemplar_views: torch.Tensor) -> list[int]:
    """Which objects the views of the fixture are of, painted by no shade."""
    return ((exemplar_views[:, 0, 1, 0, 0] + 1) * 127.5).round().int().tolist()


def test_facing() -> None:
    """Views of an object that is turned are those of the object as it is, in another order."""
    corners = torch.tensor([[[0.1, -0.3, 0.8], [0.6, -0.3, 0.8], [0.1, 0.5, 0.8]]])
    still = Mesh(corners, torch.full((1, 3, 3), 0.5))
    # A quarter turn from +z to +x.
    turned = Mesh(corners[..., [2, 1, 0]] * torch.tensor([1.0, 1.0, -1.0]), still.colours)
    cameras = group_cameras(torch.tensor([EXEMPLAR[0]]), torch.tensor([EXEMPLAR[1]])).view(4, 4, 4)
    expected, seen = (render(mesh, cameras, SIZE)[:, 3].numpy() for mesh in (turned, still))
    assert np.abs(facing(seen[:, None], 1)[:, 0].astype(int) - expected).mean() < 1
    assert np.abs(seen.astype(int) - expected).mean() > 5


def test_found(exemplars: Exemplars) -> None:
    """A caption finds an object that is called so, and never one that was held out."""
    prompts = ["a red sword", "a blue boat"]
    found = exemplars.found(prompts, np.random.default_rng(0))
    assert [exemplars.data.objects[i].caption for i in found] == prompts
    assert set(found) <= set(exemplars.training)
    (near,) = exemplars.found(["a crimson sword"], np.random.default_rng(0))
    assert exemplars.data.objects[near].captions[-1] == "a sword"


def test_mixture(exemplars: Exemplars) -> None:
    """Shares are as asked for; an exemplar of the object itself is that object, mirrored where it is; a neighbour is
    another one, near by what is said."""
    rng = np.random.default_rng(0)
    data, size = exemplars.data, 300
    objects = rng.choice(exemplars.training, size)
    mirror = rng.random(size) < 0.5
    empty = torch.zeros(size)
    drawn = Drawn(empty, empty, [0] * size, objects, np.zeros(size, int), mirror)
    shown = exemplars.draw(drawn, Mixture(shown=0.8, neighbours=0.5, front=0.25, untold=0.2), rng)
    count = shown.shown.sum(1)
    assert abs((count == 0).float().mean() - 0.2) < 0.08
    assert abs((count == 1).float().mean() - 0.8 * 0.25) < 0.08 and (shown.shown[count == 1, 0] == 1).all()
    assert abs((shown.kind == Kind.UNKNOWN).float().mean() - 0.2) < 0.08

    of = np.abs(np.array(value(shown.views))[:, None] - exemplars.training[None]).argmin(1)
    of = exemplars.training[of]
    itself, similar = ((shown.kind == kind).numpy() for kind in (Kind.ITSELF, Kind.SIMILAR))
    # Shades of up to 7 percent leave the values of neighbouring objects apart only where those are small.
    dark = objects < 7
    assert (of[itself & dark] == objects[itself & dark]).all() and (itself & dark).sum() > 10
    near = exemplars.neighbours(objects, np.zeros(size, int), rng)
    assert (near != objects).all() and set(near) <= set(exemplars.training)
    nouns = [data.objects[i].captions[-1] for i in objects], [data.objects[i].captions[-1] for i in near]
    assert np.mean([a == b for a, b in zip(*nouns)]) > 0.2, "an eighth or more are of the same noun"
    assert similar.sum() > 80

    flipped = mirrored(exemplars.of(objects))
    right = torch.where(torch.from_numpy(mirror).view(-1, 1, 1, 1, 1), flipped, exemplars.of(objects))
    side = (shown.views[:, 1, 0] - shown.views[:, 3, 0]).abs().amax((1, 2)) > 0.5
    assert side.all(), "one of the two sides is marked"
    marked = shown.views[:, 1, 0].amax((1, 2)) > 0.4
    assert (marked[itself] == (right[:, 1, 0].amax((1, 2)) > 0.4)[itself]).all()


@pytest.mark.parametrize("config", TIERS, ids=["32", "64"])
def test_network(config: DenoiserConfig) -> None:
    """Without an exemplar the network computes what it does without these weights, bit for bit; with one it does not;
    views that are not shown do not matter."""
    model = grown(config)
    plain = Denoiser(replace(config, exemplar=False)).eval()
    plain.load_state_dict({name: x for name, x in model.state_dict().items() if name in plain.state_dict()})
    inputs = example_inputs(config, 3)
    tokens = model.exemplar(torch.randn(3, 4, 4, config.resolution, config.resolution).clamp(-1, 1), torch.arange(3))
    assert tokens.shape == inputs["exemplar"].shape
    bare = list(inputs.values())[:5]
    with torch.no_grad():
        expected = plain(*bare)
        none = model(*bare, tokens, torch.zeros(3, 4))
        whole = model(*bare, tokens, torch.ones(3, 4))
        front = torch.tensor([1.0, 0, 0, 0]).expand(3, 4)
        of_front = model(*bare, tokens, front)
        other = torch.cat([tokens[:, : config.view_tokens], torch.randn_like(tokens[:, config.view_tokens :])], 1)
        same = model(*bare, other, front)
    assert torch.equal(none, expected) and torch.equal(model(*bare), expected)
    assert (whole - expected).abs().max() > 0.01 and (whole - of_front).abs().max() > 1e-3
    assert torch.allclose(same, of_front, atol=1e-5)


@pytest.mark.parametrize("config", TIERS, ids=["32", "64"])
def test_beginning(config: DenoiserConfig, tmp_path: Path) -> None:
    """What shows exemplars begins unheard; trained alone it leaves the rest without a gradient. Taken out and put
    into the network that it was trained on, it gives the same again."""
    base = grown(replace(config, exemplar=False))
    path = tmp_path / "base.pt"
    torch.save({"average": base.state_dict()}, path)
    model = Denoiser(config).eval()
    start_from(model, path)
    inputs = example_inputs(config, 2)
    views, kind = torch.randn(2, 4, 4, config.resolution, config.resolution).clamp(-1, 1), torch.tensor([1, 2])

    def said(network: Denoiser) -> torch.Tensor:
        return network(*list(inputs.values())[:5], network.exemplar(views, kind), inputs["exemplar_shown"])

    with torch.no_grad():
        assert torch.equal(said(model), base(*list(inputs.values())[:5]))
    adapter_only(model)
    for attention in model.exemplar_attention:
        torch.nn.init.normal_(attention.o.weight, std=3)
    said(model).square().sum().backward()
    trained = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    assert {"exemplar.place", "exemplar.kinds", "exemplar_pooled.weight", "exemplar_attention.1.q.weight"} <= trained
    assert all(name.startswith(ADAPTER) for name in trained)

    checkpoint, alone = tmp_path / "with.pt", tmp_path / "adapter.safetensors"
    torch.save({"average": model.state_dict()}, checkpoint)
    assert split(checkpoint, alone) == sum(p.numel() for p in model.parameters() if p.requires_grad)
    torch.save({"average": joined(path, alone)}, checkpoint)
    again = load_denoiser(checkpoint)
    with torch.no_grad():
        learnt = (said(model) - base(*list(inputs.values())[:5])).abs().max()
        assert learnt > 1e-3 and (said(again) - said(model)).abs().max() < 0.02 * learnt
    with pytest.raises(ValueError, match="shown no exemplars"):
        split(path, alone)
    with pytest.raises(ValueError, match="already"):
        joined(checkpoint, alone)


def test_larger_tier(tmp_path: Path) -> None:
    """What was trained at 32 pixels may start the larger tier."""
    small, large = TIERS
    paths = [tmp_path / "small.pt", tmp_path / "large.pt"]
    for path, config in zip(paths, (small, replace(large, exemplar=False))):
        torch.save({"average": grown(config).state_dict()}, path)
    split(paths[0], tmp_path / "adapter.safetensors")
    state = joined(paths[1], tmp_path / "adapter.safetensors")
    model = Denoiser(large)
    model.load_state_dict(state)
    assert torch.allclose(model.exemplar.place, grown(small).exemplar.place, atol=1e-3)
    assert torch.equal(model.exemplar.outer.stem.weight, model.outer.stem.weight)


@pytest.mark.parametrize("config", TIERS, ids=["32", "64"])
def test_export(config: DenoiserConfig, tmp_path: Path) -> None:
    """Both graphs compute what PyTorch computes, with an exemplar, its front alone and none. Their weights, once
    rounded, are read back and written as they are. Without an exemplar the graph says what that of a network without
    these weights says, bit for bit."""
    model = grown(config)
    rounded = tmp_path / "rounded" / "denoiser.onnx"
    write_onnx(model, rounded)
    before = model.state_dict()["blocks.0.fc1.weight"].clone()
    model.load_state_dict(read_state(rounded))
    after = model.state_dict()["blocks.0.fc1.weight"]
    assert 0 < (before - after).abs().max() <= before.abs().max() / 127
    path = tmp_path / "with" / "denoiser.onnx"
    write_onnx(model, path)
    check(path)
    again = read_state(path)
    state = model.state_dict()
    assert again.keys() == state.keys() and all(torch.equal(again[name], state[name]) for name in state)
    plain = Denoiser(replace(config, exemplar=False))
    plain.load_state_dict({name: x for name, x in state.items() if name in plain.state_dict()})
    bare = tmp_path / "without" / "denoiser.onnx"
    write_onnx(plain, bare)
    assert not bare.with_name(ENCODER).exists()
    inputs = {name: x.numpy() for name, x in example_inputs(config, 3).items()}
    inputs["exemplar_shown"][:] = 0
    (found,) = session(path).run(None, inputs)
    (expected,) = session(bare).run(
        None, {name: inputs[name] for name in ("z", "timestep", "text", "text_mask", "camera")}
    )
    assert np.array_equal(found, expected)


def session(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("folder", ["default", "fine"])
def test_shipped_base(folder: str) -> None:
    """The priors that ship can be shown exemplars: LoRA adapts the same layers as before, and nothing changes before
    anything is learnt."""
    base = load_denoiser(MODELS / folder / "denoiser.onnx")
    model = Denoiser(replace(base.config, exemplar=True)).eval()
    model.load_state_dict(base.state_dict(), strict=False)
    begin(model)
    assert adapted_layers(model) == adapted_layers(base)
    inputs = list(example_inputs(model.config, 1).values())
    with torch.no_grad():
        assert torch.equal(model(*inputs), base(*inputs[:5]))
    assert TOLERANCE < 0.01


def test_library(exemplars: Exemplars, tmp_path: Path) -> None:
    """The pages have the training objects in the order of the index, the index what is said of them."""
    rows = [json.loads(line) for line in (tmp_path / "objects.jsonl").read_text().splitlines()]
    out = tmp_path / "library"
    library.write(exemplars, rows, out, quality=90)
    listed = json.loads((out / "library.json").read_text())
    assert [o["id"] for o in listed["objects"]] == [exemplars.data.objects[i].id for i in exemplars.training]
    first = listed["objects"][0]
    item = exemplars.data.objects[exemplars.training[0]]
    assert tuple(listed["phrases"][row] for row in first["phrases"]) == tuple(dict.fromkeys(item.captions))
    assert listed["sources"][first["source"]]["licence"] == "CC0-1.0"

    data = (out / listed["file"]["path"]).read_bytes()
    size, views, per_page = listed["size"], listed["views"], listed["pages"]["columns"] * listed["pages"]["rows"]
    columns, places = listed["pages"]["columns"], listed["pages"]["places"]
    assert sum(places[-1]) == len(data)
    for n, place in enumerate(exemplars.training):
        at, length = places[n // per_page]
        sheet = np.array(Image.open(io.BytesIO(data[at : at + length])).convert("RGBA")).astype(int)
        y, x = n % per_page // columns * size, n % per_page % columns * size * views
        strip = sheet[y : y + size, x : x + views * size]
        assert np.abs(strip[:, :size, :3] - place).mean() < 6, f"strip {n} shows object {place}"
        assert (strip[..., 3] == 255).all()

    sentences = listed["sentences"]
    width, basis = sentences["width"], sentences["basis"]
    stored = np.frombuffer(data, np.int8, len(listed["phrases"]) * width, sentences["at"]).reshape(-1, width)
    axes = np.frombuffer(data, np.int8, width * basis["of"], basis["at"]).reshape(width, -1) * basis["scale"]
    cosines = (exemplars.sentences @ axes.T) @ (stored * sentences["scale"]).T
    assert np.abs(cosines - exemplars.sentences @ exemplars.sentences.T).max() < 0.02

    rows[0]["licence"] = rows[1]["licence"] = "proprietary"
    with pytest.raises(ValueError, match="does not allow"):
        library.write(exemplars, rows, out, quality=90)


def test_straight_alpha() -> None:
    """Colours of the atlas are not premultiplied: half-clear red is red."""
    views = np.zeros((1, 4, 4, SIZE, SIZE), np.uint8)
    views[:, :, 0], views[:, :, 3] = 100, 100
    strip = library.strips(views)
    assert strip.shape == (1, SIZE, 4 * SIZE, 4)
    assert (strip[..., 0] == 255).all() and (strip[..., 1] == 0).all() and (strip[..., 3] == 100).all()


def test_training(exemplars: Exemplars, tmp_path: Path) -> None:
    """Trained alone, what shows exemplars changes and the shipped weights stay; a run goes on where it ended."""
    shipped = MODELS / "default" / "denoiser.onnx"
    line = f"--objects {tmp_path} --work {tmp_path} --init {shipped} --workers 1 --batch 2 --lr 1e-3 --warmup 1"
    mixture = "--exemplars 1 --neighbours 0.5 --adapter-only"

    def trained(minutes: float) -> dict:
        train.main([*line.split(), *mixture.split(), "--minutes", str(minutes)])
        return torch.load(tmp_path / "denoiser.pt", weights_only=True)

    first = trained(1e-4)
    base = read_state(shipped)
    assert first["step"] >= 1
    changed = [name for name, value in base.items() if not torch.equal(first["model"][name], value)]
    assert changed and all(name.startswith(ADAPTER) for name in changed)
    assert "exemplar_attention.5.o.weight" in changed
    lines = [json.loads(text) for text in (tmp_path / "train.jsonl").read_text().splitlines()]
    assert lines[-1]["held_out"] > 0 and lines[-1]["held_out_exemplar"] > 0
    second = trained(first["elapsed"] / 60 + 1e-4)
    assert second["step"] > first["step"] and second["elapsed"] > first["elapsed"]
    with pytest.raises(SystemExit):
        train.main([*line.split(), "--adapter-only", "--minutes", "1"])
