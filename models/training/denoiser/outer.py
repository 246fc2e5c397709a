"""The larger tier's outer U-Net: it makes a network of half the resolution denoise the whole one.

Let z be noised views x of 64 pixels, its mean over 2x2 pixels `coarse` and what that loses `fine`. The schedule
gives both resolutions the same signal-to-noise ratio once pixels are averaged (`schedule.alpha_bar_table`), so

    gain * coarse = z of the 32-pixel tier,    gain = alpha_32 / alpha_64 = sqrt(4 - 3 alpha_bar_32),

is what the network inside knows, and its prediction v_32 says the coarse part of v exactly:

    v_64 = gain / 2 * v_32 - 3/2 * alpha_32 * sigma_32 * coarse + detail * fine.

`fine` is noise but for its power P, and detail = alpha sigma (1 - P) / (alpha^2 P + sigma^2) its best linear
estimate (Wiener). Convolutions at 32x32 say how much larger or smaller P is at each pixel than anywhere, nearly
nothing on what is flat, and add what else they learn. They start at zero, so the larger tier starts as good as the
smaller one.
"""

from torch import Tensor

from .blocks import Convolutions, to_channels, to_pixels
from .schedule import REFERENCE, cosine_alpha_bar

SIZE = 2 * REFERENCE
FINE = 0.0125  # P at first: mean square of what averaging loses of the object set's views, in [-1, 1]


class OuterUNet(Convolutions):
    """A U-Net whose bottleneck is a denoiser of views half as large, at the schedule of `SIZE` pixels."""

    def __init__(self, channels: int, width: int, blocks: int, embedding: int) -> None:
        super().__init__(channels, 2 * channels, SIZE, width, blocks, embedding)
        self.channels = channels
        self.alone = False  # whether no gradient passes through what it surrounds

    def shown(self, z: Tensor, timestep: Tensor, embedding: Tensor) -> tuple[Tensor, Tensor]:
        """Features [N*V,width,S/2,S/2] of z f32 [N,V,C,S,S], and z of half the size, [N*V,C,S/2,S/2]."""
        scaled = z * gain(cosine_alpha_bar(timestep)).view(-1, 1, 1, 1, 1)
        pixels = to_channels(scaled, self.channels, SIZE)
        coarse = pixels.reshape(-1, self.channels, 4, REFERENCE, REFERENCE).mean(2)
        return self.enter(pixels, embedding), coarse

    def carried(
        self,
        z: Tensor,
        inner: Tensor,
        learnt: Tensor,
        features: Tensor,
        timestep: Tensor,
        embedding: Tensor,
        views: int,
    ) -> Tensor:
        """v of `z`, [N*V,C,S,S], of a prediction `inner` of half the size, [N*V,C,S/2,S/2], of what else the network
        inside has `learnt` and of this U-Net's own `features`, [N*V,width,S/2,S/2]. `views` = V comes as a number: the
        exported graph then has no shape arithmetic."""
        channels = self.channels
        alpha_bar = cosine_alpha_bar(timestep).view(-1, 1, 1, 1, 1, 1)
        scale = gain(alpha_bar)
        signal = alpha_bar / scale.square()  # alpha_bar of SIZE pixels
        shape = (-1, views, channels, 4, REFERENCE, REFERENCE)
        said = self.leave(learnt, features, embedding).split([4 * channels, 4 * channels], 1)
        more, spread = (part.reshape(shape) for part in said)
        power = FINE * spread.exp()
        detail = (signal * (1 - signal)).sqrt() * (1 - power) / (signal * power + 1 - signal)
        pixels = to_channels(z, channels, SIZE).reshape(shape)
        coarse = pixels.mean(3, keepdim=True)
        known = inner.reshape(-1, views, channels, 1, REFERENCE, REFERENCE)
        v = scale / 2 * known - 1.5 * (alpha_bar * (1 - alpha_bar)).sqrt() * coarse
        v = v + detail * (pixels - coarse) + more
        return to_pixels(v.reshape(-1, 4 * channels, REFERENCE, REFERENCE), channels, SIZE)


def gain(alpha_bar: Tensor) -> Tensor:
    """By how much z of half the size exceeds the mean over 2x2 pixels of z, by alpha_bar of half the size."""
    return (4 - 3 * alpha_bar).sqrt()
