"""Small checks on values that come from outside, and how they are shown in an error's one line."""

import json
import reprlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeGuard

MAX_WIDTH = 60
_representation = reprlib.Repr()
_representation.maxstring = _representation.maxother = MAX_WIDTH


def shorten(value: object) -> str:
    """The value's representation in one line of at most 60 characters, however large the value."""
    text = " ".join(_representation.repr(value).split())
    return text if len(text) <= MAX_WIDTH else f"{text[: MAX_WIDTH - 3]}..."


def is_integer(value: object, minimum: int, maximum: int) -> TypeGuard[int]:
    """Whether the value is an int, not a bool, from minimum to maximum."""
    return type(value) is int and minimum <= value <= maximum


def is_finite_number(value: object) -> TypeGuard[int | float]:
    """Whether the value is an int or float, not a bool, that a float can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether the value is a JSON object."""
    return isinstance(value, dict)


def is_sequence(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether the value is a list or a tuple."""
    return isinstance(value, list | tuple)


def require_keys(what: str, data: Mapping[str, Any], keys: set[str]) -> None:
    """See that a JSON object has exactly these keys.

    Raises:
        ValueError: one is unknown or missing; the message names it.
    """
    if unknown := sorted(set(data) - keys):
        raise ValueError(f"{what} has the unknown key {shorten(unknown[0])}: remove it")
    if missing := sorted(keys - set(data)):
        raise ValueError(f"{what} lacks the key {missing[0]!r}: add it")


def read_fields(what: str, data: Mapping[str, Any] | str, known: set[str]) -> dict[str, Any]:
    """The fields in a JSON object or its text.

    Raises:
        ValueError: it is no JSON object, or a field is unknown; the message lists those that are known.
    """
    values: object = parse_json(data) if isinstance(data, str) else dict(data)
    if not is_object(values):
        raise ValueError(f"{what} {shorten(values)}: give a JSON object")
    if unknown := sorted(set(values) - known):
        raise ValueError(f"unknown {what} field {shorten(unknown[0])}: known are {', '.join(sorted(known))}")
    return values


def parse_json(text: str | bytes) -> Any:
    """The value in a JSON text, read strictly: without NaN and infinity, and no key of an object twice.

    Raises:
        ValueError: it is no such text; the message is one line.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise ValueError(f"the key {shorten(key)} is there twice")
        data[key] = value
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
