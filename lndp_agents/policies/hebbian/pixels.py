"""The convolutional front of networks for images: two layers, evolved and never plastic."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d

from lndp_agents.parameters import Parameters
from lndp_agents.spaces.pixels import CHANNELS, SIDE

NUM_FEATURES = 648
KERNELS: dict[str, tuple[int, ...]] = {
    "convolution.0.weight": (6, CHANNELS, 3, 3),
    "convolution.1.weight": (8, 6, 5, 5),
}
"""The shapes of its parameters: (out, in, height, width), without biases."""
_STRIDES = (1, 2)


def convolve(parameters: Parameters, pixels: Tensor) -> Tensor:
    """Compute the features for the plastic layers: convolution, tanh and max-pooling, twice.

    Args:
        parameters: named parameters (P, ...), among them `KERNELS`.
        pixels: (P, L, 3 * 84 * 84), as `PixelEncoding` orders them.

    Returns:
        (P, L, 648).
    """
    num_genomes, num_lifetimes = pixels.shape[:2]
    # One group of channels for each genome: all convolutions are one operation.
    x = pixels.transpose(0, 1).reshape(num_lifetimes, num_genomes * CHANNELS, SIDE, SIDE)
    for name, stride in zip(KERNELS, _STRIDES, strict=True):
        kernels = parameters[name].flatten(0, 1)
        x = max_pool2d(torch.tanh(conv2d(x, kernels, stride=stride, groups=num_genomes)), 2)
    return x.reshape(num_lifetimes, num_genomes, NUM_FEATURES).transpose(0, 1)
