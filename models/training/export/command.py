"""Stage 4: averaged weights to `models/default`: the ONNX graph and its manifest; to another folder also the
text encoder that ships."""

import argparse
from pathlib import Path

from ..denoiser.weights import load_denoiser
from ..measure import compare
from ..paths import SHIPPED, WORK
from . import gradient_fixture
from .graph import write_onnx
from .manifest import write_manifest


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training export", description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--weights", type=Path, help="default: denoiser.pt in the work folder")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    args = parser.parse_args(argv)
    model = load_denoiser(args.weights or args.work / "denoiser.pt")
    path = args.out / "denoiser.onnx"
    write_onnx(model, path)
    write_manifest(args.out, model.config)
    count = sum(p.numel() for p in model.parameters())
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, {count / 1e6:.2f} M parameters")
    compare.check(path)
    if args.out.resolve().parent == SHIPPED.parent.resolve():
        gradient_fixture.write(path)  # the tests are of the models that ship
