"""The library: every training object as an exemplar that a prompt may find.

Writes to `--out` an atlas `library.webp`, in which each object has a strip of four views from the exemplar cameras
(straight alpha, sRGB; strips from left to right, then from top to bottom), and `library.json`:

- `atlas`: its file, `size` of a view in pixels, `views` in a strip, `columns` of strips; `camera` of the first view
- `phrases`: all that is said of the objects; `sentences`: their unit features by the text encoder that ships, as
  base64 of int8 rows, which times `scale` are the values
- `sources`: authors and licences
- `objects`: in the order of the strips, each its `id`, its `source`, its `phrases` (rows), and those of them that
  bring other objects to mind (`untypical`, left out where there are none)
"""

import argparse
import base64
import io
import json
import math
from pathlib import Path

import numpy as np
from PIL import Image

from ..objects.camera import EXEMPLAR
from ..objects.data import Groups
from ..objects.exemplars import Exemplars
from ..objects.prompts import likelihood
from ..paths import WORK
from .manifest import describe

LICENCES = ("CC0-1.0", "CC-BY-")  # how those begin that allow to hand the pictures on
LIMIT = 8_000_000  # bytes of atlas and index together


def strips(views: np.ndarray) -> np.ndarray:
    """Premultiplied views u8 [N, V, 4, S, S] to strips with straight alpha, u8 [N, S, V * S, 4]."""
    n, count, _, size, _ = views.shape
    rgba = views.transpose(0, 3, 1, 4, 2).reshape(n, size, count * size, 4).astype(np.float32)
    alpha = rgba[..., 3:]
    colour = np.where(alpha > 0, rgba[..., :3] * 255 / np.maximum(alpha, 1), 0)
    return np.concatenate([colour.round().clip(0, 255), alpha], -1).astype(np.uint8)


def columns_of(count: int, views: int) -> int:
    """As many strips beside each other as make the atlas of `count` about square."""
    return max(1, round(math.sqrt(count / views)))


def atlas(views: np.ndarray, quality: int) -> bytes:
    """A WebP of the strips of views u8 [N, V, 4, S, S]."""
    rows = strips(views)
    n, height, width, _ = rows.shape
    columns = columns_of(n, views.shape[1])
    lines = -(-n // columns)
    sheet = np.zeros((lines * columns, height, width, 4), np.uint8)
    sheet[:n] = rows
    sheet = sheet.reshape(lines, columns, height, width, 4).swapaxes(1, 2)
    file = io.BytesIO()
    Image.fromarray(sheet.reshape(lines * height, columns * width, 4)).save(file, "WEBP", quality=quality, method=6)
    return file.getvalue()


def packed(sentences: np.ndarray) -> dict[str, object]:
    """Unit features f32 [N, D] as int8, with which a cosine is off by less than a hundredth."""
    scale = float(np.abs(sentences).max()) / 127
    rows = (sentences / scale).round().astype(np.int8)
    return {"width": sentences.shape[1], "scale": scale, "data": base64.b64encode(rows.tobytes()).decode()}


def index(exemplars: Exemplars, rows: list[dict]) -> dict[str, object]:
    """What the library says of its objects; `rows` are the lines of `objects.jsonl`."""
    of = {row["id"]: row for row in rows}
    sources: dict[tuple[str, str, str], int] = {}
    objects = []
    for place in exemplars.training:
        item = exemplars.data.objects[place]
        row = of[item.id]
        if not row["licence"].startswith(LICENCES):
            raise ValueError(f"{item.id} is under {row['licence']}, which does not allow to hand it on")
        key = (row["author"], row["source"], row["licence"])
        entry: dict[str, object] = {
            "id": item.id,
            "source": sources.setdefault(key, len(sources)),
            "phrases": [exemplars.row[phrase] for phrase in dict.fromkeys(item.captions)],
        }
        if untypical := [exemplars.row[p] for p in item.captions if likelihood(p, item.id) < 1]:
            entry["untypical"] = untypical
        objects.append(entry)
    return {
        "phrases": exemplars.phrases,
        "sentences": packed(exemplars.sentences),
        "sources": [dict(zip(("author", "source", "licence"), key)) for key in sources],
        "objects": objects,
    }


def write(exemplars: Exemplars, rows: list[dict], out: Path, quality: int) -> None:
    """Raises ValueError, and leaves no index, where the files would be too large to carry."""
    out.mkdir(parents=True, exist_ok=True)
    views = exemplars.views[exemplars.training].numpy()
    path = out / "library.webp"
    path.write_bytes(atlas(views, quality))
    count, in_strip, _, size, _ = views.shape
    camera = {"azimuth": EXEMPLAR[0], "elevation": EXEMPLAR[1]}
    place = {"size": size, "views": in_strip, "columns": columns_of(count, in_strip), "camera": camera}
    text = json.dumps({"atlas": describe(path, out) | place} | index(exemplars, rows), ensure_ascii=False) + "\n"
    total = path.stat().st_size + len(text.encode())
    if total > LIMIT:
        raise ValueError(f"the library has {total / 1e6:.1f} MB, more than {LIMIT / 1e6:.0f}: lower --quality")
    (out / "library.json").write_text(text, encoding="utf-8")
    print(f"{out}: {count} objects of {size} pixels, {path.stat().st_size / 1e6:.2f} + {len(text) / 1e6:.2f} MB")


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="training library", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--objects", type=Path, required=True, help="folder with objects.jsonl")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quality", type=int, default=80, help="of the WebP, 0 to 100")
    args = parser.parse_args(argv)
    exemplars = Exemplars(Groups(args.objects, args.work), args.work)
    rows = [json.loads(line) for line in (args.objects / "objects.jsonl").read_text().splitlines()]
    write(exemplars, rows, args.out, args.quality)
