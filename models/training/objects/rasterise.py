"""A batched triangle rasteriser in plain PyTorch: runs unchanged on CPU and CUDA.

Every triangle of every view is expanded to the pixels of its bounding box; edge functions keep
those inside; a scatter-min over packed (depth, triangle) is the z-buffer. Shading is deferred:
only the winning triangle of a pixel is looked at again.
"""

import math

import torch
from torch import Tensor

from .camera import FOVY
from .mesh import Mesh

FRAGMENTS = 1 << 20  # expanded at a time; bounds memory
TRIANGLE_BITS = 22
DEPTH_BITS = 30
EMPTY = (1 << 62) - 1

LIGHT = (-0.45, 0.75, 0.6)  # world direction to the light: upper front-left
AMBIENT = 0.62  # shade of a face turned away from the light


def render(mesh: Mesh, c2w: Tensor, size: int, supersample: int = 4) -> Tensor:
    """Renders `mesh` from cameras `c2w` [V, 4, 4]: u8 [V, 4, size, size].

    RGB is sRGB premultiplied by alpha; row 0 is the top; a pixel is the mean of supersample^2 samples.
    """
    resolution = size * supersample
    planes, boxes = project(mesh.corners, c2w, resolution)
    winner = depth_test(planes, boxes, len(c2w), resolution)
    rgba = shade(mesh, c2w, planes, winner, resolution)
    rgba = rgba.view(-1, resolution, resolution, 4).permute(0, 3, 1, 2)
    small = torch.nn.functional.avg_pool2d(rgba, supersample)
    return (small * 255).round().clamp(0, 255).to(torch.uint8)


def project(corners: Tensor, c2w: Tensor, resolution: int) -> tuple[Tensor, Tensor]:
    """Screen-space planes [V*T, 4, 3] and pixel boxes i64 [V*T, 4] (x0, y0, width, height).

    Planes are a*x + b*y + c in pixel coordinates: three barycentric weights, then 1/depth.
    """
    rotation, position = c2w[:, :3, :3], c2w[:, :3, 3]
    local = torch.einsum("vtci,vij->vtcj", corners[None] - position[:, None, None], rotation)
    depth = -local[..., 2]
    scale = resolution / 2 / math.tan(math.radians(FOVY) / 2)
    x = resolution / 2 + scale * local[..., 0] / depth
    y = resolution / 2 - scale * local[..., 1] / depth
    x, y, inverse_depth = x.flatten(0, 1), y.flatten(0, 1), (1 / depth).flatten(0, 1)

    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    flat = area.abs() < 1e-6
    area = torch.where(flat, torch.ones_like(area), area)
    weights = []
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        a, b = y[:, j] - y[:, k], x[:, k] - x[:, j]
        weights.append(torch.stack([a, b, -(a * x[:, j] + b * y[:, j])], -1) / area[:, None])
    weight_planes = torch.stack(weights, 1)
    depth_plane = (weight_planes * inverse_depth[..., None]).sum(1, keepdim=True)

    # Pixel centres are at integer + 0.5.
    x0 = (x.amin(1) - 0.5).ceil().clamp(0, resolution).long()
    y0 = (y.amin(1) - 0.5).ceil().clamp(0, resolution).long()
    x1 = (x.amax(1) - 0.5).floor().clamp(-1, resolution - 1).long()
    y1 = (y.amax(1) - 0.5).floor().clamp(-1, resolution - 1).long()
    width, height = (x1 - x0 + 1).clamp_min(0), (y1 - y0 + 1).clamp_min(0)
    height = torch.where(flat, torch.zeros_like(height), height)
    return torch.cat([weight_planes, depth_plane], 1), torch.stack([x0, y0, width, height], -1)


def depth_test(planes: Tensor, boxes: Tensor, views: int, resolution: int) -> Tensor:
    """Index into the V*T triangles of the nearest one at each pixel, i64 [V*P]; -1 where none."""
    triangles = len(planes) // views
    if triangles >= 1 << TRIANGLE_BITS:
        raise ValueError(f"{triangles} triangles: the z-buffer packs at most 2^{TRIANGLE_BITS}")
    pixels = resolution * resolution
    buffer = torch.full((views * pixels,), EMPTY, dtype=torch.int64, device=planes.device)
    drawn = (boxes[:, 2] * boxes[:, 3]).nonzero()[:, 0]
    ends = (boxes[drawn, 2] * boxes[drawn, 3]).cumsum(0)
    total = int(ends[-1]) if len(ends) else 0
    cuts = torch.arange(FRAGMENTS, total + FRAGMENTS, FRAGMENTS, device=planes.device)
    bounds = torch.searchsorted(ends, cuts).clamp_max(len(drawn)).tolist()
    start = 0
    for end in [*bounds, len(drawn)]:
        if end > start:
            scatter(buffer, planes, boxes, drawn[start:end], triangles, resolution)
        start = max(start, end)
    # View v's pixels hold triangle ids within the view.
    ids = buffer & ((1 << TRIANGLE_BITS) - 1)
    view = torch.arange(views, device=planes.device).repeat_interleave(pixels)
    return torch.where(buffer == EMPTY, -1, view * triangles + ids)


def scatter(buffer: Tensor, planes: Tensor, boxes: Tensor, chosen: Tensor, triangles: int, resolution: int) -> None:
    """Draws the triangles `chosen` into the packed z-buffer."""
    box = boxes[chosen]
    counts = box[:, 2] * box[:, 3]
    owner = torch.repeat_interleave(counts)
    offset = torch.arange(len(owner), device=owner.device) - (counts.cumsum(0) - counts)[owner]
    width = box[:, 2][owner]
    row = torch.div(offset, width, rounding_mode="floor")
    px = box[:, 0][owner] + offset - row * width
    py = box[:, 1][owner] + row
    x, y = px + 0.5, py + 0.5
    plane = planes[chosen]

    def at(k: int) -> Tensor:
        return plane[:, k, 0][owner] * x + plane[:, k, 1][owner] * y + plane[:, k, 2][owner]

    inside = (at(0) >= 0) & (at(1) >= 0) & (at(2) >= 0)
    kept = inside.nonzero()[:, 0]
    owner, px, py = owner[kept], px[kept], py[kept]
    x, y = px + 0.5, py + 0.5
    # 1/depth lies in (0, 1): the camera stands more than one unit away.
    near = ((1 - at(3)).clamp(0, 1).double() * ((1 << DEPTH_BITS) - 1)).long()
    triangle = chosen[owner]
    view = torch.div(triangle, triangles, rounding_mode="floor")
    key = (near << TRIANGLE_BITS) | (triangle - view * triangles)
    pixel = (view * resolution + py) * resolution + px
    buffer.scatter_reduce_(0, pixel, key, "amin")


def shade(mesh: Mesh, c2w: Tensor, planes: Tensor, winner: Tensor, resolution: int) -> Tensor:
    """Premultiplied sRGB RGBA f32 [V*P, 4] of the winning triangles."""
    triangles = len(mesh.corners)
    rgba = torch.zeros(len(winner), 4, device=winner.device)
    hit = (winner >= 0).nonzero()[:, 0]
    if len(hit) == 0:
        return rgba
    index = winner[hit]
    triangle = index % triangles
    pixel = hit % (resolution * resolution)
    position = torch.stack([pixel % resolution + 0.5, pixel // resolution + 0.5, torch.ones_like(pixel)], -1).to(
        planes.dtype
    )
    # Perspective-correct weights: screen-space weights times the corners' 1/depth, renormalised.
    screen = (planes[index, :3] * position[:, None]).sum(-1).clamp_min(0)
    world = mesh.corners[triangle]
    view = hit // (resolution * resolution)
    camera = c2w[view]
    depth = ((camera[:, None, :3, 3] - world) * camera[:, None, :3, 2]).sum(-1)
    weights = screen / depth
    weights = weights / weights.sum(-1, keepdim=True).clamp_min(1e-12)
    linear = (mesh.colours[triangle] * weights[..., None]).sum(1)

    normal = torch.linalg.cross(world[:, 1] - world[:, 0], world[:, 2] - world[:, 0])
    normal = normal / normal.norm(dim=-1, keepdim=True).clamp_min(1e-20)
    away = (normal * (camera[:, :3, 3] - world[:, 0])).sum(-1, keepdim=True) < 0
    normal = torch.where(away, -normal, normal)
    light = torch.tensor(LIGHT, device=winner.device)
    half_lambert = 0.5 + 0.5 * (normal @ (light / light.norm()))
    brightness = AMBIENT + (1 - AMBIENT) * half_lambert
    rgba[hit, :3] = srgb_encode(linear) * brightness[:, None]
    rgba[hit, 3] = 1
    return rgba


def srgb_encode(linear: Tensor) -> Tensor:
    """The sRGB transfer function (IEC 61966-2-1) on [0, 1]."""
    power = 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, 12.92 * linear, power)
