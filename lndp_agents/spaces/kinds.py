"""The kinds of spaces that agents know, and the bounds of a Box."""

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
Array: TypeAlias = NDArray[Any]
"""An array of any type of elements."""
Json: TypeAlias = dict[str, Any]
"""A JSON object."""
BoxSpace: TypeAlias = Box[Any]
Floats: TypeAlias = NDArray[np.float64]

MAX_PIXELS = 2**20
"""Most numbers of a picture, which needs no node for each (see `PixelEncoding`)."""
MAX_CHOICES = 2**31
"""Most values of an observed choice, which needs no node for each (see `BitsEncoding`)."""
SENSED = {"observation", "reward", "episode_start"}
"""Keys of the observations of `lndp_envs.SenseReward`."""
LARGEST = 1e6
"""Bounds beyond this are taken as missing; inputs of a network are clipped to it."""


def is_box(space: Space) -> TypeGuard[BoxSpace]:
    """Return whether the space is a Box."""
    return isinstance(space, Box)


def is_discrete(space: Space) -> TypeGuard[Discrete[Any]]:
    """Return whether the space is Discrete."""
    return isinstance(space, Discrete)


def is_dict(space: Space) -> TypeGuard[Dict[Any]]:
    """Return whether the space is a Dict."""
    return isinstance(space, Dict)


def is_tuple(space: Space) -> TypeGuard[Tuple[Any]]:
    """Return whether the space is a Tuple."""
    return isinstance(space, Tuple)


def is_multi_discrete(space: Space) -> TypeGuard[MultiDiscrete]:
    """Return whether the space is a MultiDiscrete."""
    return isinstance(space, MultiDiscrete)


def is_multi_binary(space: Space) -> TypeGuard[MultiBinary]:
    """Return whether the space is a MultiBinary."""
    return isinstance(space, MultiBinary)


def is_sensed(space: Space) -> TypeGuard[Dict[Any]]:
    """Return whether the space is one that `lndp_envs.SenseReward` made."""
    return is_dict(space) and set(space) == SENSED


def as_finite(x: Tensor) -> Tensor:
    """Return the numbers as float32; NaN becomes 0, and the others are clipped to a million."""
    return torch.nan_to_num(x, nan=0.0).clamp(-LARGEST, LARGEST).float()


def require_size(
    what: str,
    shape: object,
    maximum: int = MAX_NODES,
    *,
    unit: str = ", one node each",
    remedy: str = "give fewer",
) -> int:
    """Return how many numbers an array of this shape holds, and check that they are at most `maximum`.

    Raises:
        ValueError: it is no shape, or holds none or more; the message ends with the remedy.
    """
    if not is_sequence(shape) or len(shape) > 32 or not all(is_integer(length, 0, 2**31) for length in shape):
        raise ValueError(f"{what} with shape {shorten(shape)}: give a list of lengths, 32 at most")
    size = math.prod(shape)
    if not 1 <= size <= maximum:
        raise ValueError(f"{what} has {shorten(size)} numbers, a brain takes 1 to {maximum}{unit}: {remedy}")
    return size


def require_nodes(space: BoxSpace) -> int:
    """Return how many numbers an observation holds, each of which needs a node.

    Raises:
        ValueError: there are none or too many; the message says what to do, which differs for pictures.
    """
    remedy = "register the environment with a wrapper that leaves fewer"
    if space.dtype == np.uint8 and len(space.shape) == 3 and space.shape[2] == 3:
        remedy = "for pictures take `--policy hebbian --encoding pixels`"
    return require_size(f"observation space {shorten(space)}", space.shape, remedy=remedy)


def telling_bounds(space: BoxSpace) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return low, high, and whether both are within `LARGEST` (they are 0 if not), for each number."""
    low, high = space.low.ravel().astype(np.float64), space.high.ravel().astype(np.float64)
    is_bounded = (np.abs(low) <= LARGEST) & (np.abs(high) <= LARGEST)
    return np.where(is_bounded, low, 0.0), np.where(is_bounded, high, 0.0), is_bounded


def split(tensor: Tensor, sizes: Sequence[int]) -> tuple[Tensor, ...]:
    """Split the last axis of a tensor into parts of these sizes."""
    return tensor.tensor_split(list(accumulate(sizes))[:-1], -1)


@lru_cache(maxsize=64)
def vectors(*rows: tuple[float, ...], device: torch.device) -> list[Tensor]:
    """Return each row as a float64 vector; cached, so that a row is copied to a device only once."""
    return [torch.tensor(row, dtype=torch.float64, device=device) for row in rows]
