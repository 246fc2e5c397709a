"""`manifest.json`: everything that a reader of a model must know and must not hard-code."""

import hashlib
import json
import os
import shutil
from pathlib import Path

from ..denoiser.network import LORA_TARGETS, DenoiserConfig
from ..denoiser.schedule import TIMESTEPS, alpha_bar_table
from ..denoiser.weights import ENCODER
from ..objects.camera import AZIMUTH_OFFSETS, DISTANCE, ELEVATION, EXEMPLAR, FOVY
from ..objects.exemplars import Kind
from ..objects.rasterise import AMBIENT, LIGHT
from ..paths import LIBRARY, MODELS, TEXT

OF_TEXT = {"text_encoder": "text_encoder.onnx", "tokenizer": "tokenizer.json"}


def describe(path: Path, folder: Path) -> dict[str, object]:
    """A file of the manifest in `folder`."""
    data = path.read_bytes()
    return {
        "path": Path(os.path.relpath(path, folder)).as_posix(),
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
    }


def ships(folder: Path) -> bool:
    """Whether the model in `folder` finds beside it what all tiers share."""
    return folder.resolve().parent == MODELS.resolve()


def shared(file: Path, folder: Path) -> Path:
    """Where a model in `folder` finds a file of all tiers: where it ships or, from another place, in a copy."""
    return file if ships(folder) else Path(shutil.copy(file, folder))


def write_manifest(folder: Path, config: DenoiserConfig) -> None:
    """Describes the files in `folder`, and those that all tiers share."""
    files = {"denoiser": describe(folder / "denoiser.onnx", folder)}
    if config.exemplar:
        files["exemplar_encoder"] = describe(folder / ENCODER, folder)
        if ships(folder):
            files["library"] = describe(LIBRARY / "library.json", folder)
    for role, name in OF_TEXT.items():
        files[role] = describe(shared(TEXT / name, folder), folder)
    size = config.resolution
    manifest: dict[str, object] = {
        "id": f"limbeck-objects-{size}",
        "name": f"Limbeck objects, four views at {size}x{size}",
        "tier": str(size),
        "licence": "CC-BY-4.0",
        "prediction": "v",
        "channels": config.channels,
        "resolution": config.resolution,
        "views": config.views,
        "camera": {
            "fovy": FOVY,
            "distance": DISTANCE,
            "elevation": list(ELEVATION),
            "azimuth_offsets": list(AZIMUTH_OFFSETS),
        },
        "timesteps": TIMESTEPS,
        "alpha_bar": [round(a, 9) for a in alpha_bar_table(size).tolist()],
        "text": {
            "max_tokens": config.text_tokens,
            "width": config.text_width,
            "pooled": 384,
            "unconditional": "",
        },
        # Below, guidance breaks what the network draws by itself into patches.
        "guidance": {"scale": 4, "interval": [450, 999]},
        "lora": {"rank": 4, "targets": list(LORA_TARGETS)},
        "files": files,
    }
    if config.exemplar:
        manifest["exemplar"] = {
            "tokens": config.views * config.view_tokens,
            "width": config.width,
            "azimuth": EXEMPLAR[0],
            "elevation": EXEMPLAR[1],
            "light": {"direction": list(LIGHT), "ambient": AMBIENT},
            "kinds": [kind.name.lower() for kind in Kind],
            "scale": 2,
        }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
