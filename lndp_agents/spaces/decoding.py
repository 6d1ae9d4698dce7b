"""Action decoders, from the outputs of a network to actions; they follow from the action space alone."""

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
    is_multi_binary,
    require_size,
    split,
    telling_bounds,
    vectors,
)
from lndp_agents.spaces.rows import KNOWN, atoms, is_array
from lndp_agents.validation import shorten


class ActionDecoding(ABC):
    """An action decoder, from the M outputs of a network to an action: an immutable value."""

    discrete: ClassVar[bool]
    """Whether the action is one of M choices."""

    @property
    @abstractmethod
    def size(self) -> int:
        """M: number of outputs that the action needs."""

    @abstractmethod
    def decode(self, output: Tensor) -> Tensor:
        """Return the actions for outputs (..., M) in [-1, 1].

        (...) int64 or (..., *shape) in the space's type, or rows (..., F) float64 (see `spaces.rows`).
        """

    @staticmethod
    def of(space: Space) -> "ActionDecoding":
        """Return the decoder for an action space.

        Raises:
            ValueError: a part of the space is not known or an unbounded Box, or the space is too large.
        """
        if is_array(space):
            return _of_array(space)
        decoding = PartsDecoding(tuple(map(_of_array, atoms(space))))
        require_size(f"action space {shorten(space)}", (decoding.size,))
        return decoding


@dataclass(frozen=True)
class DiscreteDecoding(ActionDecoding):
    """A decoder to the choice with the largest output; the first of them in a tie."""

    discrete: ClassVar[bool] = True
    num_values: int
    start: int = 0

    @property
    def size(self) -> int:
        """M: number of outputs."""
        return self.num_values

    def decode(self, output: Tensor) -> Tensor:
        """Return choices (...) int64 for outputs (..., M)."""
        return output.argmax(-1) + self.start


@dataclass(frozen=True)
class BoxDecoding(ActionDecoding):
    """A decoder of outputs from -1 to 1 affinely to the bounds, rounded where the space holds integers."""

    discrete: ClassVar[bool] = False
    shape: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    dtype: torch.dtype

    @property
    def size(self) -> int:
        """M: number of outputs."""
        return math.prod(self.shape)

    def decode(self, output: Tensor) -> Tensor:
        """Return actions (..., *shape) within the bounds for outputs (..., M)."""
        low, high = vectors(self.low, self.high, device=output.device)
        action = torch.clamp(low + (output + 1) / 2 * (high - low), low, high)
        if not self.dtype.is_floating_point:
            action = action.round()
        return action.to(self.dtype).reshape((*output.shape[:-1], *self.shape))


@dataclass(frozen=True)
class BinaryDecoding(ActionDecoding):
    """A decoder to 1 where an output is positive, else 0."""

    discrete: ClassVar[bool] = False
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """M: number of outputs."""
        return math.prod(self.shape)

    def decode(self, output: Tensor) -> Tensor:
        """Return actions (..., *shape) int8 for outputs (..., M)."""
        return (output > 0).to(torch.int8).reshape((*output.shape[:-1], *self.shape))


@dataclass(frozen=True)
class PartsDecoding(ActionDecoding):
    """One decoder for each part of a space, each with outputs of its own."""

    discrete: ClassVar[bool] = False
    parts: tuple[ActionDecoding, ...]

    @property
    def size(self) -> int:
        """M: number of outputs."""
        return sum(part.size for part in self.parts)

    def decode(self, output: Tensor) -> Tensor:
        """Return rows of numbers (..., F) float64 for outputs (..., M), one part after another."""
        outputs = split(output, [part.size for part in self.parts])
        actions = [part.decode(own) for part, own in zip(self.parts, outputs, strict=True)]
        return torch.cat([action.reshape(*output.shape[:-1], -1).double() for action in actions], -1)


def _of_array(space: Space) -> ActionDecoding:
    """Return the decoder for a space whose actions are arrays."""
    what = f"action space {shorten(space)}"
    if is_discrete(space):
        require_size(what, (int(space.n),))
        if int(space.start) + int(space.n) - 1 > torch.iinfo(torch.int64).max:
            raise ValueError(f"{what}: give actions that int64 holds")
        return DiscreteDecoding(int(space.n), int(space.start))
    if is_multi_binary(space):
        require_size(what, space.shape)
        return BinaryDecoding(space.shape)
    if not is_box(space):
        raise ValueError(f"{what}: agents give {KNOWN}")
    require_size(what, space.shape)
    low, high, is_bounded = telling_bounds(space)
    if not is_bounded.all():
        raise ValueError(f"{what} is unbounded: give every dimension bounds within {LARGEST:g}")
    dtype = getattr(torch, space.dtype.name, None)
    if not isinstance(dtype, torch.dtype):
        raise ValueError(f"{what}: torch has no {space.dtype.name}, use float32")
    return BoxDecoding(space.shape, tuple(low.tolist()), tuple(high.tolist()), dtype)
