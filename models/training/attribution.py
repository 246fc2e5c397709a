"""Writes `models/default/ATTRIBUTION.md`: whose objects the prior was trained on, by licence."""

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path

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


def attribution(rows: list[dict]) -> str:
    """Markdown of all sources; `rows` are the lines of `objects.jsonl`."""
    groups: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        groups[row["licence"], row["source"]][row["author"]] += 1
    lines = [HEAD.format(count=len(rows))]
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
    default = Path(__file__).parent.parent / "default" / "ATTRIBUTION.md"
    parser.add_argument("--out", type=Path, default=default)
    args = parser.parse_args(argv)
    rows = [json.loads(line) for line in (args.objects / "objects.jsonl").read_text().splitlines()]
    args.out.write_text(attribution(rows))
