"""The observation encoder of several parts: each has its own encoder, and the inputs are concatenated."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from lndp_agents.spaces.choices import choice_encoding
from lndp_agents.spaces.encoding import AffineEncoding, ObservationEncoding, OfBox
from lndp_agents.spaces.kinds import Json, Space, is_box, is_discrete, require_size, split
from lndp_agents.spaces.rows import atoms, is_array, plain_space, slices
from lndp_agents.validation import is_sequence, shorten


@dataclass(frozen=True)
class PartsEncoding(ObservationEncoding):
    """One encoder for each Box, Discrete, MultiBinary and choice of a MultiDiscrete in a space.

    The encoder takes rows of numbers, as `spaces.rows` makes them.
    """

    kind: ClassVar[str] = "parts"
    parts: tuple[ObservationEncoding, ...]

    def __post_init__(self) -> None:
        if not self.parts or any(isinstance(part, PartsEncoding) for part in self.parts):
            raise ValueError(
                f"encoding of the parts {shorten(self.parts)}: give encodings, none of parts itself"
            )
        require_size("encoding of parts", (self.size,))

    @classmethod
    def _of_values(cls, values: Mapping[str, Any]) -> Self:
        parts = values["parts"]
        if not is_sequence(parts):
            raise ValueError(f"encoding of the parts {shorten(parts)}: give a list")
        return cls(tuple(map(ObservationEncoding.from_json, parts)))

    def to_json(self) -> Json:
        """Return the encoder as a JSON object."""
        return {"kind": self.kind, "parts": [part.to_json() for part in self.parts]}

    @property
    def size(self) -> int:
        """O."""
        return sum(part.size for part in self.parts)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        """(F,)."""
        return (sum(math.prod(part.observation_shape) for part in self.parts),)

    def accepts(self, space: Space) -> bool:
        """Whether it is a space of several parts, each of which is accepted."""
        if is_array(space):
            return False
        own = atoms(space)
        return len(own) == len(self.parts) and all(
            part.accepts(atom) for part, atom in zip(self.parts, own, strict=True)
        )

    def encode(self, observation: Tensor) -> Tensor:
        """Return inputs (..., O) for rows (..., F), one part after another."""
        shapes = [part.observation_shape for part in self.parts]
        numbers = split(observation, [math.prod(shape) for shape in shapes])
        inputs = [
            part.encode(own.reshape((*own.shape[:-1], *shape)))
            for part, own, shape in zip(self.parts, numbers, shapes, strict=True)
        ]
        return torch.cat(inputs, -1)

    @classmethod
    def of_parts(cls, space: Space, of_box: OfBox) -> ObservationEncoding:
        """Return an encoder for a space of any kind that is known.

        Choices become one-hot or bits, binary numbers stay 0 or 1.

        Args:
            space: of observations, or what `lndp_envs.SenseReward` made of it.
            of_box: returns the encoder of each Box.

        Raises:
            ValueError: a part is not known, or the space is too large.
        """
        space = plain_space(space)
        if is_array(space):
            return _of_atom(space, ..., of_box)
        own = atoms(space)
        return cls(tuple(_of_atom(atom, place, of_box) for atom, place in zip(own, slices(own), strict=True)))


def _of_atom(space: Space, place: Any, of_box: OfBox) -> ObservationEncoding:
    """Return the encoder of a part whose numbers are at a place in the row; an ellipsis stands for all."""

    def pick(values: ArrayLike) -> ArrayLike:
        if place is ...:
            return values
        numbers = np.asarray(values)[..., place]
        return numbers.reshape((*numbers.shape[:-1], *(space.shape or ())))

    if is_discrete(space):
        return choice_encoding(int(space.n), int(space.start))
    if is_box(space):
        return of_box(space, pick)
    size = require_size(f"observation space {shorten(space)}", space.shape)
    return AffineEncoding(space.shape or (), (0.0,) * size, (1.0,) * size)
