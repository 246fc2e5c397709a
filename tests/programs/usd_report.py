"""Says what OpenUSD sees in USDZ files, and what it finds wrong: JSON to standard output.

Usage: python usd_report.py FILE...
"""

import json
import sys
from pathlib import Path

from pxr import Usd, UsdGeom, UsdShade, UsdValidation


def faults(stage):
    context = UsdValidation.ValidationContext(UsdValidation.ValidationRegistry().GetOrLoadAllValidators())
    return [f"{error.GetName()}: {error.GetMessage()}" for error in context.Validate(stage)]


def seen(path):
    stage = Usd.Stage.Open(path)
    prims = [UsdGeom.Mesh(prim) for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh)]
    box = UsdGeom.BBoxCache(Usd.TimeCode.Default(), [UsdGeom.Tokens.default_]).ComputeWorldBound(
        stage.GetPseudoRoot()
    )
    extent = box.ComputeAlignedRange()
    metres = UsdGeom.GetStageMetersPerUnit(stage)
    materials = [UsdShade.MaterialBindingAPI(mesh).ComputeBoundMaterial()[0] for mesh in prims]
    return {
        "box": [list(extent.GetMin()), list(extent.GetMax())],
        "triangles": sum(len(mesh.GetFaceVertexCountsAttr().Get()) for mesh in prims),
        "unit": f"{metres:g} m",
        "up": UsdGeom.GetStageUpAxis(stage).lower(),
        "colours": [str(material.ComputeSurfaceSource()[0].GetIdAttr().Get()) for material in materials],
        "faults": faults(stage),
    }


version = ".".join(str(part) for part in Usd.GetVersion())
print(json.dumps({"version": version, "files": {Path(path).name: seen(path) for path in sys.argv[1:]}}))
