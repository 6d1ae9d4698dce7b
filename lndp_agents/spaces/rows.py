"""Spaces of several parts as rows of numbers: Dict, Tuple and MultiDiscrete, nested as deep as one likes.

Within this package an observation or action is an array of the space's own shape where the space is a Box, a
Discrete or a MultiBinary. For any other space it is a row of F numbers, those of its parts one after another,
in the order of `gymnasium.spaces.flatten`; a choice is one number there, its value.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, cast

import gymnasium
import numpy as np
from gymnasium.spaces import Dict, Discrete, Graph, OneOf, Tuple
from gymnasium.spaces import Sequence as SequenceSpace

from lndp_agents.spaces.kinds import (
    Array,
    Space,
    is_box,
    is_dict,
    is_discrete,
    is_multi_binary,
    is_multi_discrete,
    is_sensed,
    is_tuple,
)
from lndp_agents.validation import is_object, is_sequence, shorten

KNOWN = "Box, Discrete, MultiDiscrete, MultiBinary, and Dict and Tuple of them"
_VARYING: tuple[type[Space], ...] = (SequenceSpace, Graph, OneOf)
LARGEST_CHOICE = 2**53
"""The largest integer up to which float64 holds every integer."""


class Unread(gymnasium.Space[Any]):
    """The space of a part of an observation that agents do not read, such as a text; it contains anything."""

    def __init__(self) -> None:
        super().__init__(None, None)

    def __repr__(self) -> str:
        return "Unread()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unread)

    def __hash__(self) -> int:
        return hash(Unread)

    def contains(self, x: Any) -> bool:
        """Return True."""
        return True

    def sample(self, mask: Any = None, probability: Any = None) -> Any:
        """Return None: there is nothing to choose from."""
        return None


def plain_space(observation_space: Space) -> Space:
    """Return the observation space as agents read it: that inside `lndp_envs.SenseReward`, texts as `Unread`.

    Raises:
        ValueError: a part of it has no fixed size, or no part of it holds numbers.
    """
    if is_sensed(observation_space):
        observation_space = observation_space["observation"]
    readable = _readable(observation_space)
    if not leaves(readable):
        raise ValueError(
            f"observation space {shorten(observation_space)} holds no numbers: agents take {KNOWN}"
        )
    return readable


def is_array(space: Space) -> bool:
    """Return whether an observation or action is one array of the space's own shape, not a row of parts."""
    return is_box(space) or is_discrete(space) or is_multi_binary(space)


def leaves(space: Space) -> list[Space]:
    """Return the parts of a space that hold numbers, in order; the space itself if it has no parts."""
    if is_dict(space):
        return [leaf for part in space.spaces.values() for leaf in leaves(part)]
    if is_tuple(space):
        return [leaf for part in space.spaces for leaf in leaves(part)]
    return [] if isinstance(space, Unread) else [space]


def atoms(space: Space) -> list[Space]:
    """Return the leaves of a space, with a Discrete for each choice of a MultiDiscrete.

    Raises:
        ValueError: a choice has values that a row cannot hold.
    """
    found: list[Space] = []
    for leaf in leaves(space):
        if is_multi_discrete(leaf):
            choices = zip(leaf.nvec.ravel().tolist(), leaf.start.ravel().tolist(), strict=True)
            found += [Discrete(count, start=start) for count, start in choices]
        else:
            found.append(leaf)
    for atom in found:
        if is_discrete(atom) and abs(int(atom.start)) + int(atom.n) > LARGEST_CHOICE:
            raise ValueError(f"space {shorten(atom)}: give choices within {LARGEST_CHOICE}")
    return found


def size_of(space: Space) -> int:
    """Return how many numbers a leaf holds."""
    return math.prod(space.shape or ())


def unread(space: Space) -> list[str]:
    """Return the names of the parts of a plain space that agents do not read."""
    if is_dict(space):
        parts = [(str(key), part) for key, part in space.spaces.items()]
    else:
        parts = [(str(number), part) for number, part in enumerate(space.spaces)] if is_tuple(space) else []
    own = [name for name, part in parts if isinstance(part, Unread)]
    return own + [f"{name}.{inner}" for name, part in parts for inner in unread(part)]


def row_shape(space: Space) -> tuple[int, ...]:
    """Return the shape of one observation or action as `to_numbers` makes it."""
    return (space.shape or ()) if is_array(space) else (sum(map(size_of, leaves(space))),)


def slices(parts: Sequence[Space]) -> list[slice]:
    """Return the place of the numbers of each of these parts in a row."""
    ends = np.cumsum([size_of(part) for part in parts]).tolist()
    return [slice(end - size_of(part), end) for part, end in zip(parts, ends, strict=True)]


def to_numbers(space: Space, value: Any, what: str = "observation") -> Array:
    """Return an observation or action as one array: of the space's own shape, or a row (F,) float64.

    Args:
        space: without parts that are not known.
        value: one of the space, or B of them as `VecEnv` and `VectorEnv` have them: with a leading axis in
            each of its arrays. It may also be a row already.
        what: noun of the value, for the message.

    Returns:
        The array, with the leading axis of B if the value had it.

    Raises:
        ValueError: the value is not of the space.
    """
    if is_array(space):
        return _leaf(space, value, what)
    parts = leaves(space)
    if isinstance(value, np.ndarray):
        row = cast("Array", value)
        if row.ndim in (1, 2) and row.shape[-1:] == row_shape(space) and row.shape != space.shape:
            return row.astype(np.float64)
    values = _values(space, value, what)
    arrays = [_leaf(part, found, what) for part, found in zip(parts, values, strict=True)]
    leading = {
        array.shape[: array.ndim - len(part.shape or ())] for array, part in zip(arrays, parts, strict=True)
    }
    if len(leading) > 1:
        raise ValueError(f"{what} with rows {sorted(leading)} in its parts: give as many in each, or none")
    (rows,) = leading
    flat = [array.reshape((*rows, size_of(part))) for array, part in zip(arrays, parts, strict=True)]
    return np.concatenate(flat, -1, dtype=np.float64)


def from_numbers(space: Space, numbers: Array) -> Any:
    """Return the value of a space whose array `to_numbers` would give, with any leading axes."""
    if is_array(space):
        return numbers.astype(space.dtype)
    parts = iter([numbers[..., place] for place in slices(leaves(space))])
    return _assembled(space, parts)


def highest(space: Space) -> Array:
    """Return the upper bounds of a Box and the last value of each choice, as `to_numbers` has them."""
    if is_box(space):
        return space.high
    if is_discrete(space):
        return np.array(space.start + space.n - 1, space.dtype)
    if is_multi_binary(space):
        return np.ones(space.shape, space.dtype)
    return np.concatenate([highest(atom).ravel() for atom in atoms(space)], dtype=np.float64)


def _readable(space: Space) -> Space:
    """Return the space itself, or one like it with `Unread` in place of parts without numbers."""
    if isinstance(space, _VARYING):
        raise ValueError(f"observation space {shorten(space)}: its size varies, and agents take {KNOWN}")
    if is_dict(space):
        parts = {key: _readable(part) for key, part in space.spaces.items()}
        return space if parts == space.spaces else Dict(parts, sort_keys=False)
    if is_tuple(space):
        members = tuple(map(_readable, space.spaces))
        return space if members == space.spaces else Tuple(members)
    return space if is_array(space) or is_multi_discrete(space) else Unread()


def _leaf(space: Space, value: Any, what: str) -> Array:
    """Return the array of a leaf, with or without an axis of rows.

    Raises:
        ValueError: it holds no numbers, or has another shape.
    """
    try:
        array: Array = np.asarray(value)
    except ValueError:  # rows of unequal lengths
        array = np.array(None)
    shape = space.shape or ()
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{what} {shorten(cast('object', value))}: give numbers, for {shorten(space)}")
    if shape not in (array.shape, array.shape[1:]) or not array.size:
        raise ValueError(
            f"{what} of shape {array.shape}: give {shape} or (rows, ...) of it, for {shorten(space)}"
        )
    return array


def _values(space: Space, value: Any, what: str) -> Iterator[Any]:
    """Yield the value of each leaf of the space."""
    if is_dict(space):
        for key, part in space.spaces.items():
            if not is_object(value) or key not in value:
                raise ValueError(
                    f"{what} {shorten(value)}: give a dict with {shorten(key)}, for {shorten(space)}"
                )
            yield from _values(part, value[key], what)
    elif is_tuple(space):
        if not is_sequence(value) or len(value) != len(space.spaces):
            raise ValueError(f"{what} {shorten(value)}: give a tuple, for {shorten(space)}")
        for part, own in zip(space.spaces, value, strict=True):
            yield from _values(part, own, what)
    elif not isinstance(space, Unread):
        yield value


def _assembled(space: Space, parts: Iterator[Array]) -> Any:
    if is_dict(space):
        return {key: _assembled(part, parts) for key, part in space.spaces.items()}
    if is_tuple(space):
        return tuple(_assembled(part, parts) for part in space.spaces)
    if isinstance(space, Unread):
        return None
    numbers = next(parts)
    value = numbers.reshape((*numbers.shape[:-1], *(space.shape or ()))).astype(space.dtype)
    return value[()] if is_discrete(space) else value  # a choice alone is a number, not an array
