"""How the outputs of a brain become actions. A decoding follows from the action space alone."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lndp_agents.spaces.kinds import (
    LARGEST,
    Space,
    is_box,
    is_discrete,
    require_size,
    telling_bounds,
    vectors,
)
from lndp_agents.validation import shorten


class ActionDecoding(ABC):
    """How the activations of the M output nodes become an action: an immutable value (design step 8)."""

    discrete: ClassVar[bool]
    """Whether the action is one of M choices."""

    @property
    @abstractmethod
    def size(self) -> int:
        """M: how many output nodes the action needs."""

    @abstractmethod
    def decode(self, output: Tensor) -> Tensor:
        """Actions (...) int64 or (..., *shape) in the space's type, of outputs (..., M) in [-1, 1]."""

    @staticmethod
    def of(space: Space) -> "ActionDecoding":
        """The decoding for an action space.

        Raises:
            ValueError: the space is neither Discrete nor a bounded Box, or it is too large.
        """
        what = f"action space {shorten(space)}"
        if is_discrete(space):
            require_size(what, (int(space.n),))
            if int(space.start) + int(space.n) - 1 > torch.iinfo(torch.int64).max:
                raise ValueError(f"{what}: give actions that int64 holds")
            return DiscreteDecoding(int(space.n), int(space.start))
        if not is_box(space):
            raise ValueError(f"{what}: agents give Box or Discrete; wrap the environment to take one")
        require_size(what, space.shape)
        low, high, is_bounded = telling_bounds(space)
        if not is_bounded.all():
            raise ValueError(f"{what} is unbounded: give every dimension bounds within {LARGEST:g}")
        dtype = getattr(torch, space.dtype.name, None)
        if not isinstance(dtype, torch.dtype):
            raise ValueError(f"{what}: torch has no {space.dtype.name}, use float32")
        return BoxDecoding(space.shape, tuple(low.tolist()), tuple(high.tolist()), dtype)


@dataclass(frozen=True)
class DiscreteDecoding(ActionDecoding):
    """The choice whose output is largest; the first of them in a tie."""

    discrete: ClassVar[bool] = True
    num_values: int
    start: int = 0

    @property
    def size(self) -> int:
        """M."""
        return self.num_values

    def decode(self, output: Tensor) -> Tensor:
        """Choices (...) int64 of outputs (..., M)."""
        return output.argmax(-1) + self.start


@dataclass(frozen=True)
class BoxDecoding(ActionDecoding):
    """Outputs from -1 to 1 mapped affinely on the bounds, rounded where the space holds integers."""

    discrete: ClassVar[bool] = False
    shape: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    dtype: torch.dtype

    @property
    def size(self) -> int:
        """M."""
        return math.prod(self.shape)

    def decode(self, output: Tensor) -> Tensor:
        """Actions (..., *shape) within the bounds, of outputs (..., M)."""
        low, high = vectors(self.low, self.high, device=output.device)
        action = torch.clamp(low + (output + 1) / 2 * (high - low), low, high)
        if not self.dtype.is_floating_point:
            action = action.round()
        return action.to(self.dtype).reshape((*output.shape[:-1], *self.shape))
