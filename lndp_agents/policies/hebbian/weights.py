"""Initial weights of Hebbian networks."""

import math
from enum import StrEnum

import torch
from lndp_envs.randomness import fold, normal, uniform
from torch import Tensor

SPARSITY = 0.8
"""Share of zeros in each column of sparse weights."""
NUMBERS_AT_ONCE = 2**22
"""How many weights are sampled at a time."""


class Initialisation(StrEnum):
    """Distribution of initial weights. They are not normalized before the first step."""

    UNI = "uni"
    """Uniform in [-0.1, 0.1)."""
    NORMAL = "normal"
    """Normal with standard deviation 0.024."""
    XA_UNI = "xa_uni"
    """Uniform, Glorot's bound with gain 0.3."""
    XA_UNI_BIG = "xa_uni_big"
    """Uniform, Glorot's bound."""
    SPARSE = "sparse"
    """Zero in 80 % of each column, that is for each unit before; else normal with standard deviation 0.01."""
    KA_UNI = "ka_uni"
    """Uniform, He's bound for leaky units of slope 3."""
    UNI_BIG = "uni_big"
    """Uniform in [-1, 1)."""
    ONES = "ones"
    ZEROS = "zeros"
    DEFAULT = "default"
    """As torch samples those of `torch.nn.Linear`: uniform within 1 / sqrt(units before)."""
    COEVOLVE = "coevolve"
    """Not sampled: evolved beside the coefficients."""


def draw_weights(kind: Initialisation, key: Tensor, shape: tuple[int, int]) -> Tensor:
    """Sample the weights of one layer.

    Args:
        kind: the distribution; not `COEVOLVE`.
        key: (P, L) int64, the random key of each lifetime.
        shape: units after and before.

    Returns:
        (P, L, after, before) float32.
    """
    keys, at_once = key.flatten(), max(1, NUMBERS_AT_ONCE // math.prod(shape))
    parts = [_draw(kind, keys[i : i + at_once], shape).float() for i in range(0, len(keys), at_once)]
    return torch.cat(parts).reshape(*key.shape, *shape)


def _draw(kind: Initialisation, key: Tensor, shape: tuple[int, int]) -> Tensor:
    if kind in _CONSTANTS:
        return torch.full((len(key), *shape), _CONSTANTS[kind], device=key.device)
    if kind in _DEVIATIONS:
        weights = normal(fold(key, 0), shape) * _DEVIATIONS[kind]
        if kind is Initialisation.SPARSE:
            rank = uniform(fold(key, 1), shape).argsort(1).argsort(1)
            weights = weights * (rank >= math.ceil(SPARSITY * shape[0]))
        return weights
    return (uniform(key, shape) * 2 - 1) * _bound(kind, *shape)


_CONSTANTS = {Initialisation.ONES: 1.0, Initialisation.ZEROS: 0.0}
_DEVIATIONS = {Initialisation.NORMAL: 0.024, Initialisation.SPARSE: 0.01}


def _bound(kind: Initialisation, after: int, before: int) -> float:
    """Return the largest weight of a uniform distribution."""
    glorot = math.sqrt(6 / (before + after))
    bounds = {
        Initialisation.UNI: 0.1,
        Initialisation.XA_UNI: 0.3 * glorot,
        Initialisation.XA_UNI_BIG: glorot,
        Initialisation.KA_UNI: math.sqrt(6 / ((1 + 3**2) * before)),
        Initialisation.UNI_BIG: 1.0,
        Initialisation.DEFAULT: 1 / math.sqrt(before),
    }
    return bounds[kind]
