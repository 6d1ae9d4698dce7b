"""The kinds of spaces that agents know, and what the bounds of a Box say."""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any, TypeAlias, TypeGuard

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.config import MAX_NODES
from lndp_agents.validation import is_integer, is_sequence, shorten

Space: TypeAlias = gymnasium.Space[Any]
Floats: TypeAlias = NDArray[np.float64]

MAX_PIXELS = 2**15
"""Numbers of a picture, which needs no node for each (see `PixelEncoding`)."""
MAX_CHOICES = 2**31
"""Values of a choice that is observed, which needs no node for each (see `BitsEncoding`)."""
SENSED = {"observation", "reward", "episode_start"}
"""What `lndp_envs.SenseReward` observes."""
LARGEST = 1e6
"""Bounds beyond this say nothing about the numbers within them; what a brain senses is cut off there."""


def is_box(space: Space) -> TypeGuard[Box[Any]]:
    """Whether the space is a Box."""
    return isinstance(space, Box)


def is_discrete(space: Space) -> TypeGuard[Discrete[Any]]:
    """Whether the space is Discrete."""
    return isinstance(space, Discrete)


def is_dict(space: Space) -> TypeGuard[Dict[Any]]:
    """Whether the space is a Dict."""
    return isinstance(space, Dict)


def is_tuple(space: Space) -> TypeGuard[Tuple[Any]]:
    """Whether the space is a Tuple."""
    return isinstance(space, Tuple)


def is_multi_discrete(space: Space) -> TypeGuard[MultiDiscrete]:
    """Whether the space is a MultiDiscrete."""
    return isinstance(space, MultiDiscrete)


def is_multi_binary(space: Space) -> TypeGuard[MultiBinary]:
    """Whether the space is a MultiBinary."""
    return isinstance(space, MultiBinary)


def is_sensed(space: Space) -> TypeGuard[Dict[Any]]:
    """Whether the space is one that `lndp_envs.SenseReward` made."""
    return is_dict(space) and set(space) == SENSED


def as_finite(x: Tensor) -> Tensor:
    """The numbers as float32; NaN becomes 0, and what is beyond a million is cut off there."""
    return torch.nan_to_num(x, nan=0.0).clamp(-LARGEST, LARGEST).float()


def require_size(what: str, shape: object, maximum: int = MAX_NODES) -> int:
    """How many numbers an array of this shape holds, at most as many as a brain may have nodes, or `maximum`.

    Raises:
        ValueError: it is no shape, or holds none or more.
    """
    if not is_sequence(shape) or len(shape) > 32 or not all(is_integer(length, 0, 2**31) for length in shape):
        raise ValueError(f"{what} with shape {shorten(shape)}: give a list of lengths, 32 at most")
    size = math.prod(shape)
    if not 1 <= size <= maximum:
        nodes = ", one node each" if maximum == MAX_NODES else ""
        raise ValueError(f"{what} has {shorten(size)} numbers: a brain takes 1 to {maximum}{nodes}")
    return size


def telling_bounds(space: Box[Any]) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Low, high, and whether both say something (they are 0 if not), for each number of the space."""
    low, high = space.low.ravel().astype(np.float64), space.high.ravel().astype(np.float64)
    is_bounded = (np.abs(low) <= LARGEST) & (np.abs(high) <= LARGEST)
    return np.where(is_bounded, low, 0.0), np.where(is_bounded, high, 0.0), is_bounded


def split(tensor: Tensor, sizes: Sequence[int]) -> tuple[Tensor, ...]:
    """Parts of so many numbers each, of a tensor (..., the sum of the sizes)."""
    return tensor.tensor_split(list(accumulate(sizes))[:-1], -1)


@lru_cache(maxsize=64)
def vectors(*rows: tuple[float, ...], device: torch.device) -> list[Tensor]:
    """Each row as a float64 vector; kept, so that a row is copied to a device only once."""
    return [torch.tensor(row, dtype=torch.float64, device=device) for row in rows]
