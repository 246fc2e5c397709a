"""Views as a field shows them while it is distilled: not yet good.

Score distillation asks the denoiser about soft, rounded, flat-coloured, see-through views, which no
object of the set has; a denoiser that has seen only the objects' own darkens and erodes them. Part of
the training therefore noises a degraded copy and still asks for the object.
"""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

BLUR = (1 / 64, 5 / 32)  # standard deviation, in widths of a picture
RADIUS = 5 / 16  # where the Gaussian is cut off


def blurred(rgba: Tensor, std: Tensor) -> Tensor:
    """Each group [V, C, H, W] of `rgba` under a Gaussian of its own `std` [N, 1, 1, 1, 1], in widths."""
    n, v, c, h, w = rgba.shape
    radius = round(RADIUS * w)
    offset = torch.arange(-radius, radius + 1, device=std.device) / w
    kernel = torch.exp(-0.5 * (offset / std.view(n, 1)) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(v * c, 0)[:, None]
    flat = rgba.reshape(1, n * v * c, h, w)
    flat = conv2d(pad(flat, (radius, radius, 0, 0)), kernel[:, :, None], groups=n * v * c)
    flat = conv2d(pad(flat, (0, 0, radius, radius)), kernel[:, :, :, None], groups=n * v * c)
    return flat.view(n, v, c, h, w)


def degraded(views: Tensor, generator: torch.Generator) -> Tensor:
    """Degraded copies of groups `views` [N, V, 4, H, W], premultiplied, in [-1, 1]: alike in all views
    of a group; `generator` is on their device. Rounding is one step of threshold dynamics (Merriman, Bence,
    Osher 1992): blur, then threshold, which shrinks what is thin and fills what is hollow."""

    def draw(channels: int = 1) -> Tensor:
        shape = (len(views), 1, channels, 1, 1)
        return torch.rand(shape, generator=generator, device=views.device)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * draw()

    def chance(probability: float) -> Tensor:
        return draw() < probability

    rgba = 0.5 * views + 0.5
    soft = blurred(rgba, uniform(*BLUR))
    rgba = torch.where(chance(0.7), soft, rgba)
    alpha = rgba[:, :, 3:]
    colour = rgba[:, :, :3] / alpha.clamp(min=1e-4)

    level, slope = uniform(0.2, 0.7), uniform(1.0, 6.0)
    rounded = (slope * (alpha - level) + 0.5).clamp(0, 1) * (alpha > 1e-3)
    alpha = torch.where(chance(0.4), rounded, alpha)

    total = rgba.sum((1, 3, 4), keepdim=True)
    mean = total[:, :, :3] / total[:, :, 3:].clamp(min=1e-4)
    flatness = uniform(0, 1) * chance(0.6)
    colour = colour + flatness * (mean - colour)
    other = draw(3)
    grey = uniform(0, 1).expand_as(other)
    other = torch.where(chance(0.6), grey, other)
    shift = uniform(0, 0.8) * chance(0.5)
    colour = (colour + shift * (other - colour)).clamp(0, 1)

    alpha = alpha * (1 - uniform(0, 0.5) * chance(0.4))
    haze = uniform(0, 0.5) * chance(0.3) * (1 - alpha)
    haze = haze * blurred(alpha, uniform(*BLUR))
    return 2 * torch.cat([colour * alpha + haze * other, alpha + haze], 2) - 1
