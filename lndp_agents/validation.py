"""Checks on values that come from outside, and how they are shown in an error's one line."""

import json
import math
import reprlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, fields
from enum import Enum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeGuard, cast, get_args, get_origin

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MAX_WIDTH = 60
_representation = reprlib.Repr()
_representation.maxstring = _representation.maxother = MAX_WIDTH


def shorten(value: object) -> str:
    """Return the value's representation in one line of at most 60 characters, however large the value."""
    text = " ".join(_representation.repr(value).split())
    return text if len(text) <= MAX_WIDTH else f"{text[: MAX_WIDTH - 3]}..."


def is_integer(value: object, minimum: int, maximum: int) -> TypeGuard[int]:
    """Return whether the value is an int, not a bool, from minimum to maximum."""
    return type(value) is int and minimum <= value <= maximum


def is_finite_number(value: object) -> TypeGuard[int | float]:
    """Return whether the value is an int or float, not a bool, that a float can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether the value is a JSON object."""
    return isinstance(value, dict)


def is_sequence(value: object) -> TypeGuard[Sequence[Any]]:
    """Return whether the value is a list or a tuple."""
    return isinstance(value, list | tuple)


def about(
    text: str,
    low: float | None = None,
    high: float | None = None,
    *,
    choices: Sequence[str] = (),
    length: tuple[int, int] | None = None,
) -> dict[str, object]:
    """Make the metadata of a dataclass field: bounds for `check_fields`, and the help of the field's option.

    Args:
        text: the help, which begins with its noun.
        low: the least value, or the least of each item of a tuple.
        high: the greatest one.
        choices: all values, if it is a string of a closed list.
        length: the least and the greatest number of items of a tuple.
    """
    given: dict[str, object] = {
        "help": text,
        "low": low,
        "high": high,
        "choices": tuple(choices),
        "length": length,
    }
    return {key: value for key, value in given.items() if value not in (None, ())}


def check_fields(config: "DataclassInstance") -> None:
    """Check each field of a dataclass against its type and its metadata (see `about`).

    Lists become tuples, and names become members of their enumeration. A field whose default is None may be
    None.

    Raises:
        ValueError: a field does not fit; the message names the field, the value and the remedy.
    """
    for field in fields(config):
        value, kind = getattr(config, field.name), FieldKind.of(field)
        if not kind.accepts(value):
            raise ValueError(f"{field.name}={shorten(value)}: give {kind.wanted}")
        object.__setattr__(config, field.name, kind.normal(value))


@dataclass(frozen=True)
class FieldKind:
    """The values that a field of a dataclass accepts."""

    kind: type
    """The class of its values."""
    item: type
    """The class of the items of a tuple; as `kind` if it is none."""
    is_optional: bool
    """Whether it may be None."""
    low: float
    high: float
    length: tuple[int, int]
    choices: tuple[str, ...]
    """All values, if there is a closed list of them."""

    @classmethod
    def of(cls, field: "Field[Any]") -> Self:
        """Read the type and the metadata of a field."""
        annotation: Any = field.type
        if isinstance(annotation, UnionType):
            annotation = next(one for one in get_args(annotation) if one is not NoneType)
        kind = get_origin(annotation) or annotation
        kind = kind if isinstance(kind, type) and kind is not Any else object  # since 3.11 Any is a class
        item: type = get_args(annotation)[0] if kind is tuple else kind
        members: Mapping[str, Any] = getattr(item, "__members__", {})
        known = [str(member) for member in members.values()] or field.metadata.get("choices", ())
        unbounded = {"low": -math.inf, "high": math.inf, "length": (0, sys.maxsize)}
        limits = {key: field.metadata.get(key, default) for key, default in unbounded.items()}
        return cls(kind, item, field.default is None, choices=tuple(known), **limits)

    @property
    def wanted(self) -> str:
        """The accepted values in words: "an integer from 1 to 9"."""
        low, high = (bound if self.item is int else f"{bound:g}" for bound in (self.low, self.high))
        span = "" if self.low == -math.inf else f" from {low} to {high}"
        span = f" of {low} or more" if span and self.high == math.inf else span
        if self.kind is tuple:
            number = "" if self.length[1] == sys.maxsize else "{} to {} ".format(*self.length)
            return f"a list of {number}{_NOUNS.get(self.item, ('', 'items'))[1]}{span}"
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        return _NOUNS.get(self.kind, (self.kind.__name__, ""))[0] + span

    def accepts(self, value: object) -> bool:
        """Return whether the field accepts the value."""
        if self.kind is not tuple or value is None:
            return self._accepts_item(value)
        if not is_sequence(value):
            return False
        shortest, longest = self.length
        return shortest <= len(value) <= longest and all(map(self._accepts_item, value))

    def normal(self, value: object) -> object:
        """Return the value that the field keeps for one that it accepts."""
        make = cast("Callable[[object], object]", self.kind)
        return make(value) if value is not None and self._is_made else value

    @property
    def _is_made(self) -> bool:
        return self.kind is tuple or issubclass(self.kind, Enum)

    def _accepts_item(self, value: object) -> bool:
        if value is None:
            return self.is_optional or self.item is object
        if self.choices:
            return value in self.choices
        if self.item is int or self.item is float:
            is_ours = self.item is float or type(value) is int
            return is_ours and is_finite_number(value) and self.low <= value <= self.high
        return type(value) is self.item if self.item in (bool, str) else isinstance(value, self.item)


_NOUNS: Mapping[type, tuple[str, str]] = {
    bool: ("true or false", "booleans"),
    int: ("an integer", "integers"),
    float: ("a number", "numbers"),
    str: ("a string", "strings"),
    dict: ("a JSON object", "JSON objects"),
}
"""By class: what one is called, and several."""


def require_keys(what: str, data: Mapping[str, object], keys: set[str]) -> None:
    """Check that a JSON object has exactly these keys.

    Raises:
        ValueError: one is unknown or missing; the message names it.
    """
    if unknown := sorted(set(data) - keys):
        raise ValueError(f"{what} has the unknown key {shorten(unknown[0])}: remove it")
    if missing := sorted(keys - set(data)):
        raise ValueError(f"{what} lacks the key {missing[0]!r}: add it")


def read_fields(what: str, data: Mapping[str, Any] | str, known: set[str]) -> dict[str, Any]:
    """Return the fields in a JSON object or its text.

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
    """Read a JSON text strictly: without NaN and infinity, and no key of an object twice.

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
