"""The checks of fields that all configurations share."""

from dataclasses import dataclass, field, fields
from enum import StrEnum

import pytest

from lndp_agents.validation import FieldKind, about, check_fields


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Everything:
    number: int = field(default=1, metadata=about("number of things", 1, 9))
    share: float = field(default=0.5, metadata=about("share of things", 0, 1))
    scale: float = field(default=1.0, metadata=about("scale of things", 0))
    is_on: bool = True
    color: Color = Color.RED
    kind: str = field(default="a", metadata=about("kind of things", choices=("a", "b")))
    name: str = "x"
    sizes: tuple[int, ...] = field(default=(3,), metadata=about("sizes", 1, 9, length=(1, 2)))
    limit: int | None = field(default=None, metadata=about("limit", 1, 9))
    given: dict[str, object] = field(default_factory=dict[str, object])

    def __post_init__(self) -> None:
        check_fields(self)


def test_values_become_what_the_fields_keep() -> None:
    made = Everything(sizes=[4, 5], color="blue", share=1, limit=3)  # pyright: ignore[reportArgumentType]
    assert made.sizes == (4, 5)
    assert made.color is Color.BLUE
    assert made.limit == 3
    assert Everything().limit is None


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("number", 0, "an integer from 1 to 9"),
        ("number", True, "an integer from 1 to 9"),
        ("number", 2.0, "an integer from 1 to 9"),
        ("number", None, "an integer from 1 to 9"),
        ("share", float("nan"), "a number from 0 to 1"),
        ("share", "0.5", "a number from 0 to 1"),
        ("share", False, "a number from 0 to 1"),
        ("scale", -1e-9, "a number of 0 or more"),
        ("scale", float("inf"), "a number of 0 or more"),
        ("is_on", 1, "true or false"),
        ("color", "green", "one of red, blue"),
        ("kind", 3, "one of a, b"),
        ("name", b"x", "a string"),
        ("sizes", [], "a list of 1 to 2 integers from 1 to 9"),
        ("sizes", [1, 0], "a list of 1 to 2 integers from 1 to 9"),
        ("sizes", "12", "a list of 1 to 2 integers from 1 to 9"),
        ("limit", 10, "an integer from 1 to 9"),
        ("given", [], "a JSON object"),
    ],
)
def test_what_a_field_refuses_is_named_with_its_remedy(name: str, value: object, remedy: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}=.*: give {remedy}$"):
        Everything(**{name: value})  # pyright: ignore[reportArgumentType]
    kinds = {item.name: FieldKind.of(item) for item in fields(Everything)}
    assert not kinds[name].accepts(value)
    assert kinds[name].wanted == remedy
