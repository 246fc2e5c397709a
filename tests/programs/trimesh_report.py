"""Says what trimesh sees in files: JSON to standard output. Usage: python trimesh_report.py FILE..."""

import json
import sys
from pathlib import Path

import trimesh


def seen(path):
    scene = trimesh.load_scene(path)
    parts = scene.dump()
    return {
        "box": scene.bounds.tolist(),
        "triangles": sum(len(part.faces) for part in parts),
        "unit": scene.units,
        "colours": sorted({part.visual.kind or "none" for part in parts}),
        "closed": all(trimesh.Trimesh(part.vertices, part.faces).is_watertight for part in parts),
    }


print(json.dumps({"version": trimesh.__version__, "files": {Path(path).name: seen(path) for path in sys.argv[1:]}}))
