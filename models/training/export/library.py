"""The library: every training object as an exemplar that a prompt may find.

Writes to `--out` two files. `library.bin` has the meanings of what is said of the objects, then pages, each a WebP of
a grid of strips, from left to right, then from top to bottom; the strip of an object is its views from the exemplar
cameras, with straight alpha in sRGB. `library.json` says where all that is:

- `file`: path, bytes and SHA-256 of `library.bin`
- `size` of a view in pixels, `views` in a strip; `pages`: `columns`, `rows`, and the `places` [offset, length] of each
- `phrases`: all that is said of the objects. `sentences`: from `at` on, for each phrase a row i8 [width] that times
  `scale` is its sentence feature by the text encoder that ships, in the basis that lies at `basis`: rows i8 [width, of]
  that times its `scale` are orthonormal
- `sources`: authors and licences
- `objects`: in the order of the strips, each its `id`, its `source`, its `phrases` (rows), and those of them that
  bring other objects to mind (`untypical`, left out where there are none)
"""

import argparse
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from ..objects.data import Groups
from ..objects.exemplars import Exemplars
from ..objects.prompts import likelihood
from ..paths import LIBRARY, WORK
from .manifest import describe

LICENCES = ("CC0-1.0", "CC-BY-")  # how those begin that allow to hand the pictures on
LIMIT = 6_000_000  # bytes of both files together
COLUMNS, ROWS = 4, 16  # strips on a page


def strips(views: np.ndarray) -> np.ndarray:
    """Premultiplied views u8 [N, V, 4, S, S] to strips with straight alpha, u8 [N, S, V * S, 4]."""
    n, count, _, size, _ = views.shape
    rgba = views.transpose(0, 3, 1, 4, 2).reshape(n, size, count * size, 4).astype(np.float32)
    alpha = rgba[..., 3:]
    colour = np.where(alpha > 0, rgba[..., :3] * 255 / np.maximum(alpha, 1), 0)
    return np.concatenate([colour.round().clip(0, 255), alpha], -1).astype(np.uint8)


def pages(views: np.ndarray, quality: int) -> list[bytes]:
    """WebPs of the strips of views u8 [N, V, 4, S, S]."""
    files = []
    for first in range(0, len(views), COLUMNS * ROWS):
        rows = strips(views[first : first + COLUMNS * ROWS])
        _, height, width, _ = rows.shape
        lines = -(-len(rows) // COLUMNS)
        sheet = np.zeros((lines * COLUMNS, height, width, 4), np.uint8)
        sheet[: len(rows)] = rows
        sheet = sheet.reshape(lines, COLUMNS, height, width, 4).swapaxes(1, 2)
        file = io.BytesIO()
        image = Image.fromarray(sheet.reshape(lines * height, COLUMNS * width, 4))
        image.save(file, "WEBP", quality=quality, method=4)
        files.append(file.getvalue())
    return files


def rounded(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Whole numbers i8, which times the scale are the values as nearly as can be."""
    scale = float(np.abs(values).max()) / 127
    return (values / scale).round().astype(np.int8), scale


def packed(sentences: np.ndarray) -> tuple[list[bytes], dict[str, object]]:
    """Features f32 [N, D] in the fewest dimensions that hold them: rows and basis, and where they lie."""
    _, sizes, directions = np.linalg.svd(sentences, full_matrices=False)
    basis, basis_scale = rounded(directions[sizes > 1e-3 * sizes[0]])
    # In the basis as it was rounded, the nearest that there is.
    rows, scale = rounded(sentences @ np.linalg.pinv(basis * basis_scale))
    said = {
        "at": 0,
        "width": len(basis),
        "scale": scale,
        "basis": {"at": rows.nbytes, "of": sentences.shape[1], "scale": basis_scale},
    }
    return [rows.tobytes(), basis.tobytes()], said


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
        "sources": [dict(zip(("author", "source", "licence"), key)) for key in sources],
        "objects": objects,
    }


def write(exemplars: Exemplars, rows: list[dict], out: Path, quality: int) -> None:
    """Raises ValueError, and leaves no index, where the files would be too large to carry."""
    out.mkdir(parents=True, exist_ok=True)
    views = exemplars.views[exemplars.training].numpy()
    parts, sentences = packed(exemplars.sentences)
    pictures = pages(views, quality)
    path = out / "library.bin"
    path.write_bytes(b"".join([*parts, *pictures]))
    at = sum(map(len, parts))
    places = []
    for picture in pictures:
        places.append([at, len(picture)])
        at += len(picture)
    count, in_strip, _, size, _ = views.shape
    listed = {
        "file": describe(path, out),
        "size": size,
        "views": in_strip,
        "pages": {"columns": COLUMNS, "rows": ROWS, "places": places},
        "sentences": sentences,
    }
    text = json.dumps(listed | index(exemplars, rows), ensure_ascii=False, separators=(",", ":")) + "\n"
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
    parser.add_argument("--out", type=Path, default=LIBRARY)
    parser.add_argument("--quality", type=int, default=75, help="of the WebP, 0 to 100")
    args = parser.parse_args(argv)
    exemplars = Exemplars(Groups(args.objects, args.work), args.work)
    rows = [json.loads(line) for line in (args.objects / "objects.jsonl").read_text().splitlines()]
    write(exemplars, rows, args.out, args.quality)
