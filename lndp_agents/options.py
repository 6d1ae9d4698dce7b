"""Options made of the fields of dataclasses: name, type, bounds, choices and help stand in the field."""

import argparse
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any

from lndp_agents.env_arguments import pair
from lndp_agents.validation import FieldKind

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_FLAGS = {"mechanisms": "mechanism"}
"""Options of another name than their field's: one is given several times, once for each."""
_METAVARS: Mapping[type, str] = {int: "INT", float: "FLOAT"}


def add_options(
    command: Any, kind: "type[DataclassInstance]", *, without: Collection[str] = (), prefix: str = ""
) -> None:
    """Add an option for each field of a dataclass; `options_given` reads them.

    Args:
        command: the parser of a command, or a group of its arguments.
        kind: the dataclass.
        without: fields that are given in another way.
        prefix: of the attributes that the parser gives.
    """
    for field in fields(kind):
        if field.name not in without:
            _add_option(command, field, prefix)


def options_given(options: argparse.Namespace, names: Iterable[str], prefix: str = "") -> dict[str, Any]:
    """By field, the values of the options that were given."""
    values = {name: getattr(options, f"{prefix}{name}", None) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def flag_of(name: str) -> str:
    """The option of a field."""
    return f"--{_FLAGS.get(name, name).replace('_', '-')}"


def help_of(field: "Field[Any]") -> str:
    """The help of a field's option: its text, and its default if it is fixed."""
    text: str = field.metadata.get("help") or field.name.replace("_", " ")
    default: Any = field.default
    if default is MISSING or default in (None, "", ()):
        return text
    shown = " ".join(map(str, default)) if FieldKind.of(field).kind is tuple else str(default)
    return f"{text} (default: {shown.lower() if isinstance(default, bool) else shown})"


def _add_option(command: Any, field: "Field[Any]", prefix: str) -> None:
    kind, text = FieldKind.of(field), help_of(field).replace("%", "%%")
    given: dict[str, Any] = {"dest": f"{prefix}{field.name}", "help": text, "default": None}
    if kind.kind is bool:
        given["action"] = argparse.BooleanOptionalAction
    elif kind.kind is dict:
        given |= {"nargs": "+", "action": "extend", "type": pair, "metavar": "KEY=VALUE"}
    else:
        metavar = "|".join(kind.choices) or _METAVARS.get(kind.item, "NAME")
        given |= {"type": _reader(kind), "metavar": metavar}
        if kind.kind is tuple:
            # Names come one a time, as the next word may be that of an environment.
            given |= {"nargs": "+", "action": "extend"} if kind.item in (int, float) else {"action": "append"}
    command.add_argument(flag_of(field.name), **given)


def _reader(kind: FieldKind) -> Callable[[str], object]:
    """What reads a value, or an item of a list, from its text; bounds are checked with the whole config."""

    def read(text: str) -> object:
        try:
            return kind.item(text) if kind.item in (int, float) else text
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r}: give {kind.wanted}") from error

    return read
