"""Observation encoders: from observations to the inputs of a network; an encoder is saved with its agent."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from lndp_agents.config import MAX_NODES
from lndp_agents.spaces.kinds import (
    LARGEST,
    BoxSpace,
    Floats,
    Json,
    Space,
    as_finite,
    is_box,
    is_multi_binary,
    require_nodes,
    require_size,
    telling_bounds,
    vectors,
)
from lndp_agents.validation import (
    is_finite_number,
    is_integer,
    is_object,
    is_sequence,
    require_keys,
    shorten,
)

OfBox = Callable[[BoxSpace, Callable[[ArrayLike], ArrayLike]], "ObservationEncoding"]
"""Returns the encoder of a Box, given a function that picks its numbers out of a row (..., F)."""
_ENCODINGS: "dict[str, type[ObservationEncoding]]" = {}


@dataclass(frozen=True)
class ObservationEncoding(ABC):
    """An observation encoder, to the O inputs of a network: an immutable value with a JSON form."""

    kind: ClassVar[str]

    def __init_subclass__(cls) -> None:
        _ENCODINGS[cls.kind] = cls

    @property
    @abstractmethod
    def size(self) -> int:
        """O: number of inputs that the observation becomes."""

    @property
    def observation_shape(self) -> tuple[int, ...]:
        """Shape of one observation."""
        return getattr(self, "shape", ())

    @abstractmethod
    def accepts(self, space: Space) -> bool:
        """Return whether this is an encoder of that space."""

    @abstractmethod
    def encode(self, observation: Tensor) -> Tensor:
        """Return inputs (..., O) float32, all finite, for observations (..., *shape) or rows (..., F)."""

    def to_json(self) -> Json:
        """Return the encoder as a JSON object."""
        return {"kind": self.kind, **{field.name: getattr(self, field.name) for field in fields(self)}}

    @staticmethod
    def from_json(data: object) -> "ObservationEncoding":
        """Return the encoder in a JSON object.

        Raises:
            ValueError: a key is unknown or missing, or a value is out of range.
        """
        if not is_object(data) or data.get("kind") not in tuple(_ENCODINGS):
            raise ValueError(f"encoding {shorten(data)}: give an object of kind {' or '.join(_ENCODINGS)}")
        encoding = _ENCODINGS[data["kind"]]
        require_keys("encoding", data, {"kind"} | {field.name for field in fields(encoding)})
        return encoding._of_values({name: value for name, value in data.items() if name != "kind"})

    @classmethod
    def _of_values(cls, values: Mapping[str, Any]) -> Self:
        """Return the encoder with the values of a JSON object in its fields."""
        return cls(**{name: tuple(value) if is_sequence(value) else value for name, value in values.items()})

    @staticmethod
    def of(
        space: Space, mean: ArrayLike | None = None, std: ArrayLike | None = None
    ) -> "ObservationEncoding":
        """Return the default encoder of a space: choices one-hot or as bits, boxes of about unit range.

        Args:
            space: of observations; texts in it are left out.
            mean: of the shape of an observation (see `spaces.rows`); what dimensions without telling bounds
                are centred on, 0 if none.
            std: of that shape; what they are divided by, 1 if none. 0 counts as 1.

        Raises:
            ValueError: a part of the space is not known, it is too large, or the statistics do not fit it.
        """

        def scaled(box: BoxSpace, pick: Callable[[ArrayLike], ArrayLike]) -> ObservationEncoding:
            statistics = (None if values is None else pick(values) for values in (mean, std))
            return AffineEncoding.scaled(box, *statistics)

        return _ENCODINGS["parts"].of_parts(space, scaled)

    @classmethod
    def of_parts(cls, space: Space, of_box: OfBox) -> "ObservationEncoding":
        """Return the encoder of all parts (see `PartsEncoding.of_parts`)."""
        raise NotImplementedError


@dataclass(frozen=True)
class AffineEncoding(ObservationEncoding):
    """An encoder with one input per dimension of a Box: (x - offset) * scale."""

    kind: ClassVar[str] = "affine"
    shape: tuple[int, ...]
    offset: tuple[float, ...]
    scale: tuple[float, ...]

    def __post_init__(self) -> None:
        size = require_size("affine encoding", self.shape)
        for name, values in (("offset", self.offset), ("scale", self.scale)):
            if not is_sequence(values) or len(values) != size or not all(map(is_finite_number, values)):
                raise ValueError(f"affine encoding with {name} {shorten(values)}: give {size} finite numbers")

    @classmethod
    def scaled(
        cls, space: BoxSpace, mean: ArrayLike | None = None, std: ArrayLike | None = None
    ) -> "AffineEncoding":
        """Scale finite bounds to -1 and 1; other dimensions use statistics (see `ObservationEncoding.of`)."""
        require_nodes(space)
        low, high, is_bounded = telling_bounds(space)
        mean = _statistic("mean", mean, space, 0.0)
        std = _statistic("std", std, space, 1.0)
        offset = np.where(is_bounded, (low + high) / 2, mean)
        return cls.of_units(space, offset, np.where(is_bounded, (high - low) / 2, std))

    @classmethod
    def standardized(cls, space: BoxSpace, mean: ArrayLike, std: ArrayLike) -> "AffineEncoding":
        """Scale every dimension to mean 0 and standard deviation 1, whatever its bounds.

        Args:
            space: the observations.
            mean: of shape `space.shape`.
            std: of shape `space.shape`; 0 counts as 1.

        Raises:
            ValueError: the space is too large, or the statistics do not fit it.
        """
        require_nodes(space)
        return cls.of_units(space, _statistic("mean", mean, space, 0.0), _statistic("std", std, space, 1.0))

    @classmethod
    def of_units(cls, space: BoxSpace, offset: Floats, unit: Floats) -> "AffineEncoding":
        """Return the encoder (x - offset) / unit of all numbers (size,); a unit of 0 counts as 1."""
        scale = 1 / np.where(unit > 1 / LARGEST, unit, 1.0)
        return cls(space.shape, tuple(offset.tolist()), tuple(scale.tolist()))

    @property
    def size(self) -> int:
        """O: number of inputs."""
        return math.prod(self.shape)

    def accepts(self, space: Space) -> bool:
        """Return whether the space is a Box or MultiBinary of this shape."""
        return (is_box(space) or is_multi_binary(space)) and space.shape == self.shape

    def encode(self, observation: Tensor) -> Tensor:
        """Return inputs (..., O) for observations (..., *shape); NaN becomes 0."""
        leading = observation.shape[: observation.dim() - len(self.shape)]
        offset, scale = vectors(self.offset, self.scale, device=observation.device)
        return as_finite((observation.reshape((*leading, self.size)) - offset) * scale)


@dataclass(frozen=True)
class PlaceEncoding(ObservationEncoding):
    """An encoder by place cells: one input per whole number within the bounds of each dimension of a Box.

    A cell's activation falls linearly from 1 at its own number to 0 at its neighbors', so whole numbers are
    one-hot and what lies between is shared by two cells.
    """

    kind: ClassVar[str] = "place"
    shape: tuple[int, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]

    def __post_init__(self) -> None:
        size = require_size("place encoding", self.shape)
        for name, values in (("low", self.low), ("high", self.high)):
            is_whole = is_sequence(values) and all(is_integer(value, -(2**31), 2**31) for value in values)
            if not is_whole or len(values) != size:
                raise ValueError(f"place encoding with {name} {shorten(values)}: give {size} integers")
        if any(low > high for low, high in zip(self.low, self.high, strict=True)) or self.size > MAX_NODES:
            raise ValueError(
                f"place encoding from {shorten(self.low)} to {shorten(self.high)}: give a small range"
            )

    @classmethod
    def of_box(cls, space: Space) -> "PlaceEncoding":
        """Return place cells for a Box with finite bounds.

        Raises:
            ValueError: the space is no Box with finite bounds, or would need too many cells.
        """
        if not is_box(space) or not telling_bounds(space)[2].all():
            raise ValueError(
                f"observation space {shorten(space)}: place cells need a Box with finite bounds; use 'scaled'"
            )
        require_nodes(space)
        low, high, _ = telling_bounds(space)
        cells = [tuple(int(value) for value in rounded) for rounded in (np.floor(low), np.ceil(high))]
        return cls(space.shape, cells[0], cells[1])

    @property
    def size(self) -> int:
        """O: number of inputs."""
        return sum(high - low + 1 for low, high in zip(self.low, self.high, strict=True))

    def accepts(self, space: Space) -> bool:
        """Return whether the space is a Box of this shape, all of whose values have a cell."""
        if not is_box(space) or space.shape != self.shape:
            return False
        low, high, is_bounded = telling_bounds(space)
        has_cells = (low >= np.array(self.low)) & (high <= np.array(self.high))
        return bool((is_bounded & has_cells).all())

    def encode(self, observation: Tensor) -> Tensor:
        """Return inputs (..., O) for observations (..., *shape), one dimension after another."""
        leading = observation.shape[: observation.dim() - len(self.shape)]
        cells = [
            (float(dimension), float(place))
            for dimension, (low, high) in enumerate(zip(self.low, self.high, strict=True))
            for place in range(low, high + 1)
        ]
        dimensions, places = vectors(*zip(*cells, strict=True), device=observation.device)
        position = observation.reshape(*leading, len(self.low))[..., dimensions.long()]
        return as_finite(torch.relu(1 - (position - places).abs()))


def _statistic(name: str, values: ArrayLike | None, space: BoxSpace, default: float) -> Floats:
    statistic = np.full(space.shape, default) if values is None else np.asarray(values, np.float64)
    if statistic.shape != space.shape or not np.isfinite(statistic).all():
        raise ValueError(f"{name}={shorten(values)}: give finite numbers of the space's shape {space.shape}")
    return statistic.ravel()
