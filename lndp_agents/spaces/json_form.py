"""Spaces as JSON objects, read strictly."""

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple

from lndp_agents.config import MAX_NODES
from lndp_agents.spaces.kinds import (
    MAX_CHOICES,
    MAX_PIXELS,
    Array,
    BoxSpace,
    Json,
    Space,
    is_box,
    is_dict,
    is_discrete,
    is_multi_binary,
    is_multi_discrete,
    is_tuple,
    require_size,
)
from lndp_agents.spaces.rows import KNOWN, Unread
from lndp_agents.validation import (
    is_finite_number,
    is_integer,
    is_object,
    is_sequence,
    require_keys,
    shorten,
)

_INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
DType: TypeAlias = np.dtype[Any]
MAX_DEPTH = 16
"""Maximal nesting of spaces in a file."""
_FLOATS = ("float16", "float32", "float64")
MAX_LISTED = 2**15
"""Bounds of more numbers than this are saved as one number where they are the same everywhere."""


def space_to_json(space: Space) -> Json:
    """Return a space as a JSON object; a missing bound is null, and a Dict is a list of keys and spaces.

    Raises:
        ValueError: the space is of a kind that agents do not know, or a key of a Dict is no string.
    """
    if is_dict(space):
        if wrong := [key for key in space.spaces if type(key) is not str]:
            raise ValueError(f"space with the key {shorten(wrong[0])}: give strings")
        pairs = [[key, space_to_json(part)] for key, part in space.spaces.items()]
        return {"type": "Dict", "spaces": pairs}
    if is_tuple(space):
        return {"type": "Tuple", "spaces": [space_to_json(part) for part in space.spaces]}
    if isinstance(space, Unread):
        return {"type": "Unread"}
    if is_multi_binary(space):
        return {"type": "MultiBinary", "n": space.n if isinstance(space.n, int) else list(space.n)}
    if is_discrete(space):
        return {
            "type": "Discrete",
            "n": int(space.n),
            "start": int(space.start),
            "dtype": np.dtype(space.dtype).name,
        }
    if is_multi_discrete(space):
        nvec, start = (values.ravel().tolist() for values in (space.nvec, space.start))
        shape = list(space.shape)
        return {
            "type": "MultiDiscrete",
            "shape": shape,
            "nvec": nvec,
            "start": start,
            "dtype": space.dtype.name,
        }
    if not is_box(space):
        raise ValueError(f"space {shorten(space)} cannot be saved: agents know {KNOWN}")
    low, high = _bounds_to_json(space.low), _bounds_to_json(space.high)
    return {"type": "Box", "shape": list(space.shape), "low": low, "high": high, "dtype": space.dtype.name}


def _bounds_to_json(bounds: Array) -> Any:
    # Adding 0 makes integers of booleans and leaves other numbers as they are.
    numbers = [value if math.isfinite(value) else None for value in (bounds + 0).ravel().tolist()]
    return numbers[0] if len(numbers) > MAX_LISTED and len(set(numbers)) == 1 else numbers


def space_from_json(data: object) -> Space:
    """Return the space in a JSON object that `space_to_json` made.

    Raises:
        ValueError: a key is unknown or missing, or a value is of the wrong type or size.
    """
    return _read(data, MAX_DEPTH)


def _read(data: object, depth: int) -> Space:
    """Return the space, at most so many Dicts and Tuples deep."""
    if not is_object(data) or data.get("type") not in tuple(_READERS):
        raise ValueError(f"space {shorten(data)}: give an object whose type is {' or '.join(_READERS)}")
    if not depth:
        raise ValueError(f"space {shorten(data)}: give at most {MAX_DEPTH} spaces within each other")
    return _READERS[data["type"]](data, depth - 1)


def _dict(data: Json, depth: int) -> Dict[Any]:
    require_keys("Dict space", data, {"type", "spaces"})
    pairs: dict[str, Space] = {}
    for pair in _list("Dict space", data["spaces"]):
        if not is_sequence(pair) or len(pair) != 2 or type(pair[0]) is not str or pair[0] in pairs:
            raise ValueError(
                f"Dict space with {shorten(pair)}: give pairs of a key and a space, each key once"
            )
        pairs[pair[0]] = _read(pair[1], depth)
    return Dict(pairs, sort_keys=False)


def _tuple(data: Json, depth: int) -> Tuple[Any]:
    require_keys("Tuple space", data, {"type", "spaces"})
    return Tuple([_read(part, depth) for part in _list("Tuple space", data["spaces"])])


def _unread(data: Json, depth: int) -> Unread:
    require_keys("Unread space", data, {"type"})
    return Unread()


def _multi_binary(data: Json, depth: int) -> MultiBinary:
    require_keys("MultiBinary space", data, {"type", "n"})
    n: Any = data["n"]
    require_size("MultiBinary space", n if is_sequence(n) else [n])
    return MultiBinary(n)


def _multi_discrete(data: Json, depth: int) -> MultiDiscrete[Any]:
    require_keys("MultiDiscrete space", data, {"type", "shape", "nvec", "start", "dtype"})
    dtype = _dtype(data["dtype"], _INTEGERS)
    size = require_size("MultiDiscrete space", data["shape"])
    counts, starts = _list("nvec", data["nvec"]), _list("start", data["start"])
    if not len(counts) == len(starts) == size:
        raise ValueError(f"MultiDiscrete space of shape {shorten(data['shape'])}: give {size} nvec and start")
    for count, start in zip(counts, starts, strict=True):
        _check_choice("MultiDiscrete", count, start, dtype)
    nvec, first = (np.array(values, dtype).reshape(data["shape"]) for values in (counts, starts))
    return MultiDiscrete(nvec, dtype=dtype.type, start=first)


def _list(what: str, values: object) -> Sequence[Any]:
    if not is_sequence(values) or not 1 <= len(values) <= MAX_NODES:
        raise ValueError(f"{what} with {shorten(values)}: give a list of 1 to {MAX_NODES}")
    return values


def _discrete(data: Json, depth: int) -> Discrete[Any]:
    require_keys("Discrete space", data, {"type", "n", "start", "dtype"})
    dtype = _dtype(data["dtype"], _INTEGERS)
    _check_choice("Discrete", data["n"], data["start"], dtype)
    return Discrete(data["n"], start=data["start"], dtype=dtype.type)


def _check_choice(what: str, num_values: object, start: object, dtype: DType) -> None:
    first, last = _limits(dtype)
    if not is_integer(num_values, 1, MAX_CHOICES) or not is_integer(start, first, last - num_values + 1):
        raise ValueError(
            f"{what} space of n={shorten(num_values)} from start={shorten(start)}: "
            f"give 1 to {MAX_CHOICES} values that {dtype} holds"
        )


def _box(data: Json, depth: int) -> BoxSpace:
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


def _bounds(name: str, values: object, dtype: DType, size: int, missing: float) -> Array:
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


def _dtype(name: Any, known: tuple[str, ...]) -> DType:
    if name not in known:
        raise ValueError(f"space of dtype {shorten(name)}: known are {', '.join(known)}")
    return np.dtype(name)


def _limits(dtype: DType) -> tuple[Any, Any]:
    """Return the smallest and the largest number of a type, as Python numbers."""
    if dtype.kind == "b":
        return 0, 1
    if dtype.kind == "f":
        return float(np.finfo(dtype).min), float(np.finfo(dtype).max)
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


_READERS: dict[str, Callable[[Json, int], Space]] = {
    "Box": _box,
    "Discrete": _discrete,
    "MultiDiscrete": _multi_discrete,
    "MultiBinary": _multi_binary,
    "Dict": _dict,
    "Tuple": _tuple,
    "Unread": _unread,
}
