"""Stage 1: renders the captioned objects to groups of four views.

Writes to the work folder: `views.npy` u8 [objects, groups, 4, 4, size, size] (views, then channels:
premultiplied sRGB and alpha), `fixed.npy`, the same of every object from the cameras `camera.FIXED`, and
`views.json` (object ids; of each group azimuth and elevation, scale of the object, its tilt and the
azimuth of the tilt's axis; degrees). The azimuths are those of the object turned to face like the others of
its noun (`align`).
"""

import argparse
import json
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch

from ..paths import WORK
from .align import occupancy, quarter_turns
from .camera import ELEVATION, FIXED, group_cameras
from .data import split
from .mesh import Mesh, read_glb
from .pose import draw_poses, posed
from .prompts import read_objects
from .rasterise import render
from .recolour import every_prompt

SIZES = (32, 64)  # pixels, one per tier of the denoiser


def draw_angles(objects: int, groups: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Azimuth and elevation [objects, groups] in degrees; group 0 has the front among its views."""
    azimuth = rng.uniform(0, 360, (objects, groups))
    azimuth[:, 0] = 0
    elevation = rng.uniform(*ELEVATION, (objects, groups))
    return azimuth.astype(np.float32), elevation.astype(np.float32)


def render_object(
    path: Path,
    azimuth: np.ndarray,
    elevation: np.ndarray,
    poses: list[np.ndarray],
    size: int,
    device: str,
) -> tuple[np.ndarray, torch.Tensor]:
    """Views u8 [groups, 4, 4, size, size] of one object, and its occupancy; `poses` are scale, tilt and
    axis [groups] each."""
    torch.set_num_threads(1)
    mesh = read_glb(path)
    volume = occupancy(mesh)
    mesh = Mesh(mesh.corners.to(device), mesh.colours.to(device))
    cameras = group_cameras(torch.from_numpy(azimuth), torch.from_numpy(elevation)).to(device)
    groups = [render(posed(mesh, *pose), camera.view(-1, 4, 4), size) for camera, *pose in zip(cameras, *poses)]
    return torch.stack(groups).cpu().numpy(), volume


def facing(views: np.ndarray, turns: int) -> np.ndarray:
    """Groups of views [..., 4, C, H, W] from azimuth 0 of an object as it would be seen after quarter turns."""
    return np.roll(views, turns, -4)


def unpack(objects: Path, work: Path) -> Path:
    """The folder of GLB files, unpacked from `objects.tar.zst` on first use."""
    folder = work / "objects"
    done = work / "objects.done"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        archive = objects / "objects.tar.zst"
        subprocess.run(["tar", "--zstd", "-xf", str(archive), "-C", str(folder)], check=True)
        done.touch()
    return folder


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="training render", description=__doc__)
    parser.add_argument("--objects", type=Path, required=True, help="folder with objects.jsonl")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--size", type=int, default=32, choices=SIZES, help="pixels")
    parser.add_argument("--groups", type=int, default=10, help="four-view groups per object")
    help_plain = "every object upright and in full size, as the shipped prior has seen them"
    parser.add_argument("--plain", action="store_true", help=help_plain)
    parser.add_argument("--workers", type=int, default=3, help="processes (CPU)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)

    args.work.mkdir(parents=True, exist_ok=True)
    objects = read_objects(args.objects)
    (args.work / "captions.txt").write_text("\n".join(every_prompt(objects)) + "\n")
    folder = unpack(args.objects, args.work)
    rng = np.random.default_rng(args.seed)
    azimuth, elevation = draw_angles(len(objects), args.groups, rng)
    held_out, _ = split(len(objects))
    plain = np.arange(len(objects)) if args.plain else held_out
    scale, tilt, axis = draw_poses(len(objects), args.groups, plain, rng)
    shape = (len(objects), args.groups, 4, 4, args.size, args.size)
    views = np.lib.format.open_memmap(args.work / "views.npy", "w+", np.uint8, shape)
    fixed = np.empty((len(objects), len(FIXED), *shape[2:]), np.uint8)
    also = np.array(FIXED, np.float32)

    volumes = []
    started = time.time()
    with ProcessPoolExecutor(args.workers if args.device == "cpu" else 1) as pool:
        jobs = [
            pool.submit(
                render_object,
                folder / o.file,
                np.append(azimuth[i], also[:, 0]),
                np.append(elevation[i], also[:, 1]),
                [np.append(pose[i], [plainly] * len(FIXED)) for pose, plainly in ((scale, 1), (tilt, 0), (axis, 0))],
                args.size,
                args.device,
            )
            for i, o in enumerate(objects)
        ]
        for i, job in enumerate(jobs):
            seen, volume = job.result()
            views[i], fixed[i] = seen[: args.groups], seen[args.groups :]
            volumes.append(volume)
            if (i + 1) % 200 == 0 or i + 1 == len(jobs):
                print(f"{i + 1}/{len(jobs)} objects, {time.time() - started:.0f} s", flush=True)
    views.flush()
    turns = quarter_turns(objects, torch.stack(volumes))
    np.save(args.work / "fixed.npy", np.stack([facing(*of_object) for of_object in zip(fixed, turns)]))
    azimuth += 90 * turns[:, None]
    axis += 90 * turns[:, None]
    meta = {
        "ids": [o.id for o in objects],
        "azimuth": azimuth.tolist(),
        "elevation": elevation.tolist(),
        "scale": scale.tolist(),
        "tilt": tilt.tolist(),
        "axis": axis.tolist(),
    }
    (args.work / "views.json").write_text(json.dumps(meta))
