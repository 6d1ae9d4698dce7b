"""Box and Discrete spaces as JSON objects, read strictly."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from lndp_agents.config import MAX_NODES
from lndp_agents.spaces.kinds import MAX_PIXELS, Space, is_box, is_discrete, require_size
from lndp_agents.validation import (
    is_finite_number,
    is_integer,
    is_object,
    is_sequence,
    require_keys,
    shorten,
)

_INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
_FLOATS = ("float16", "float32", "float64")
MAX_LISTED = 2**15
"""Bounds of more numbers than this are saved as one number where they are the same everywhere."""


def space_to_json(space: Space) -> dict[str, Any]:
    """A Box or Discrete as a JSON object; a missing bound of a Box is null.

    Raises:
        ValueError: the space is of another kind.
    """
    if is_discrete(space):
        return {
            "type": "Discrete",
            "n": int(space.n),
            "start": int(space.start),
            "dtype": np.dtype(space.dtype).name,
        }
    if not is_box(space):
        raise ValueError(f"space {shorten(space)}: only Box and Discrete can be saved")
    low, high = _bounds_to_json(space.low), _bounds_to_json(space.high)
    return {"type": "Box", "shape": list(space.shape), "low": low, "high": high, "dtype": space.dtype.name}


def _bounds_to_json(bounds: NDArray[Any]) -> Any:
    # Adding 0 makes integers of booleans and leaves other numbers as they are.
    numbers = [value if math.isfinite(value) else None for value in (bounds + 0).ravel().tolist()]
    return numbers[0] if len(numbers) > MAX_LISTED and len(set(numbers)) == 1 else numbers


def space_from_json(data: object) -> Space:
    """The space in a JSON object that `space_to_json` made.

    Raises:
        ValueError: a key is unknown or missing, or a value is of the wrong type or size.
    """
    if not is_object(data) or data.get("type") not in ("Box", "Discrete"):
        raise ValueError(f"space {shorten(data)}: give an object whose type is Box or Discrete")
    return _discrete(data) if data["type"] == "Discrete" else _box(data)


def _discrete(data: Mapping[str, Any]) -> Discrete[Any]:
    require_keys("Discrete space", data, {"type", "n", "start", "dtype"})
    dtype = _dtype(data["dtype"], _INTEGERS)
    first, last = _limits(dtype)
    num_values, start = data["n"], data["start"]
    if not is_integer(num_values, 1, MAX_NODES) or not is_integer(start, first, last - num_values + 1):
        raise ValueError(
            f"Discrete space of n={shorten(num_values)} from start={shorten(start)}: "
            f"give 1 to {MAX_NODES} values that {dtype} holds"
        )
    return Discrete(num_values, start=start, dtype=dtype.type)


def _box(data: Mapping[str, Any]) -> Box[Any]:
    require_keys("Box space", data, {"type", "shape", "low", "high", "dtype"})
    dtype = _dtype(data["dtype"], ("bool", *_INTEGERS, *_FLOATS))
    size = require_size("Box space", data["shape"], MAX_PIXELS if dtype == np.uint8 else MAX_NODES)
    low, high = (
        _bounds(name, data[name], dtype, size, missing).reshape(data["shape"])
        for name, missing in (("low", -math.inf), ("high", math.inf))
    )
    if (low > high).any():
        raise ValueError("Box space with a low bound above the high one: give low <= high everywhere")
    return Box(low, high, dtype=dtype.type)


def _bounds(name: str, values: object, dtype: np.dtype[Any], size: int, missing: float) -> NDArray[Any]:
    first, last = _limits(dtype)
    if size > MAX_LISTED and not is_sequence(values):
        return np.repeat(_bounds(name, [values], dtype, 1, missing), size)
    if not is_sequence(values) or len(values) != size:
        raise ValueError(f"Box space with {name}={shorten(values)}: give {size} numbers")
    bounds: list[float] = []
    for value in values:
        if dtype.kind == "f":
            bound = missing if value is None else value
            is_valid = value is None or (is_finite_number(value) and first <= value <= last)
        else:
            bound, is_valid = value, is_integer(value, first, last)
        if not is_valid:
            raise ValueError(f"Box space with {shorten(value)} in {name}: give a number that {dtype} holds")
        bounds.append(bound)
    return np.array(bounds, dtype)


def _dtype(name: Any, known: tuple[str, ...]) -> np.dtype[Any]:
    if name not in known:
        raise ValueError(f"space of dtype {shorten(name)}: known are {', '.join(known)}")
    return np.dtype(name)


def _limits(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """The smallest and the largest number of a type, as Python numbers."""
    if dtype.kind == "b":
        return 0, 1
    if dtype.kind == "f":
        return float(np.finfo(dtype).min), float(np.finfo(dtype).max)
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
