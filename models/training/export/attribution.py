"""Writes `models/default/ATTRIBUTION.md`: whose objects, and pictures, the prior was trained on, by licence."""

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path

from ..paths import SHIPPED

HEAD = """# Attribution

Limbeck's default prior was trained on renders of {count} objects. Those under Creative Commons
Attribution licences are listed first, with their authors; the others were placed in the public
domain (CC0), and their makers are thanked all the same.

Changes made to every object: merged into one mesh, centred, scaled, simplified to about 6,000
triangles, textures baked to vertex colours, captioned, rendered to 32x32 pictures.

Licences: CC-BY-3.0 https://creativecommons.org/licenses/by/3.0/,
CC-BY-3.0-US https://creativecommons.org/licenses/by/3.0/us/,
CC-BY-4.0 https://creativecommons.org/licenses/by/4.0/,
CC0-1.0 https://creativecommons.org/publicdomain/zero/1.0/.

Where the models come from: sweethome3d.com/importModels.jsp (the furniture libraries),
github.com/mikelovesrobots/mmmm, github.com/osrf/gazebo_models, goo.gle/scanned-objects (Google
Scanned Objects), ycbbenchmarks.com, quaternius.com, kenney.nl, kaylousberg.com (KayKit).

The text encoder was distilled from all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0) on the
captions, on the names of Microsoft's Fluent Emoji (MIT) and on words of WordNet 3.0
(Princeton University, https://wordnet.princeton.edu/license-and-commercial-use).
"""

PICTURES = """
It was also trained on {count} pictures, scaled to its size, each by one of these licences: {licences}.
"""


def attribution(rows: list[dict], pictures: list[dict]) -> str:
    """Markdown of all sources; `rows` are the lines of `objects.jsonl`, `pictures` of `emoji.jsonl`."""
    groups: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        groups[row["licence"], row["source"]][row["author"]] += 1
    lines = [HEAD.format(count=len(rows))]
    if pictures:
        licences = "; ".join(sorted({picture["licence"] for picture in pictures}))
        lines[0] += PICTURES.format(count=len(pictures), licences=licences)
    for licence in sorted({licence for licence, _ in groups}, key=lambda name: ("CC0" in name, name)):
        lines.append(f"## {licence}\n")
        for (of, source), authors in sorted(groups.items()):
            if of == licence:
                names = ", ".join(f"{a} ({n})" for a, n in sorted(authors.items()))
                lines.append(f"- {source}, {sum(authors.values())} objects: {names}")
        lines.append("")
    return "\n".join(lines)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training attribution", description=__doc__)
    parser.add_argument("--objects", type=Path, required=True, help="folder with objects.jsonl")
    help_emoji = "folder with emoji.jsonl, where the prior was trained on single views"
    parser.add_argument("--emoji", type=Path, help=help_emoji)
    default = SHIPPED / "ATTRIBUTION.md"
    parser.add_argument("--out", type=Path, default=default)
    args = parser.parse_args(argv)
    rows = read_lines(args.objects / "objects.jsonl")
    pictures = read_lines(args.emoji / "emoji.jsonl") if args.emoji else []
    args.out.write_text(attribution(rows, pictures))


def read_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]
