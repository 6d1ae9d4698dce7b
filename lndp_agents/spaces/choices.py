"""Observation encoders of a choice: one-hot, or as the digits of a binary number."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lndp_agents.config import MAX_NODES
from lndp_agents.spaces.encoding import ObservationEncoding
from lndp_agents.spaces.kinds import MAX_CHOICES, Space, is_discrete
from lndp_agents.validation import is_integer, shorten

MAX_ONE_HOT = 64
"""Choices of more values become bits by default, so that they need few nodes."""


def choice_encoding(num_values: int, start: int) -> ObservationEncoding:
    """Return the default encoder of a choice of so many values.

    Raises:
        ValueError: there are too many.
    """
    kind = OneHotEncoding if num_values <= MAX_ONE_HOT else BitsEncoding
    return kind(num_values, start)


@dataclass(frozen=True)
class OneHotEncoding(ObservationEncoding):
    """One input per value of a Discrete space, 1 at the value observed."""

    kind: ClassVar[str] = "one_hot"
    num_values: int
    start: int = 0

    def __post_init__(self) -> None:
        _check("one-hot encoding", self.num_values, self.start, MAX_NODES)

    @property
    def size(self) -> int:
        """O: number of inputs."""
        return self.num_values

    def accepts(self, space: Space) -> bool:
        """Return whether the space is a Discrete of these values."""
        return is_discrete(space) and (space.n, space.start) == (self.num_values, self.start)

    def encode(self, observation: Tensor) -> Tensor:
        """Return inputs (..., O) for values (...); all 0 for a value that the space does not have."""
        values = torch.arange(self.start, self.start + self.num_values, device=observation.device)
        return (observation[..., None] == values).float()


@dataclass(frozen=True)
class BitsEncoding(ObservationEncoding):
    """One input per binary digit of the number of a value of a Discrete space: 1 or -1, the lowest first."""

    kind: ClassVar[str] = "bits"
    num_values: int
    start: int = 0

    def __post_init__(self) -> None:
        _check("encoding as bits", self.num_values, self.start, MAX_CHOICES)

    @property
    def size(self) -> int:
        """O: number of inputs."""
        return max(1, (self.num_values - 1).bit_length())

    def accepts(self, space: Space) -> bool:
        """Return whether the space is a Discrete of these values."""
        return is_discrete(space) and (space.n, space.start) == (self.num_values, self.start)

    def encode(self, observation: Tensor) -> Tensor:
        """Return inputs (..., O) for values (...); all 0 for a value that the space does not have."""
        number = (observation.long() - self.start)[..., None]
        digits = number >> torch.arange(self.size, device=observation.device) & 1
        is_known = (number >= 0) & (number < self.num_values)
        return torch.where(is_known, 2 * digits - 1, 0).float()


def _check(what: str, num_values: object, start: object, most: int) -> None:
    if not is_integer(num_values, 1, most) or not is_integer(start, -(2**62), 2**62):
        raise ValueError(
            f"{what} of {shorten(num_values)} values from {shorten(start)}: "
            f"give 1 to {most} values from an integer"
        )
