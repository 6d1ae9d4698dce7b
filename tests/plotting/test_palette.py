"""How far apart colors are for people who lack a kind of cones, and in a grey print.

Matrices of linear RGB by Machado, Oliveira and Fernandes (2009), for a complete lack.
"""

import numpy as np
import pytest

from lndp_agents.plotting import palette
from lndp_agents.watching import style

JUST_NOTICEABLE = 2.3
"""Distance of two colors in CIELAB that a person just notices."""
VISIONS = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "grey": [[0.2126, 0.7152, 0.0722]] * 3,
}
SRGB_TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
WHITE = [0.9505, 1.0, 1.089]


def cielab(color: style.Color, vision: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    values = np.array(color) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    seen = (np.array(VISIONS[vision]) @ linear).clip(0, 1)
    xyz = np.array(SRGB_TO_XYZ) @ seen / WHITE
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one: style.Color, two: style.Color, vision: str) -> float:
    return float(np.linalg.norm(cielab(one, vision) - cielab(two, vision)))


def test_the_simulation_knows_what_red_and_green_are():
    red, green = (214, 30, 60), (22, 163, 74)  # the old colors of lost and born edges
    assert distance(red, green, "all cones") > 100
    assert distance(red, green, "deuteranopia") < 5 * JUST_NOTICEABLE


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize(
    ("one", "two"),
    [
        (style.BORN, style.LOST),
        (style.BORN, style.PAPER),
        (style.LOST, style.PAPER),
        (style.INK, style.LOST),
        (style.SOFT_INK, style.PAPER),
    ],
)
def test_what_must_not_be_confused_is_far_apart(one: style.Color, two: style.Color, vision: str):
    assert distance(one, two, vision) > 10 * JUST_NOTICEABLE


@pytest.mark.parametrize("vision", [name for name in VISIONS if name != "grey"])
def test_signs_are_told_by_hue_in_every_vision(vision: str):
    assert distance(style.POSITIVE, style.NEGATIVE, vision) > 20 * JUST_NOTICEABLE
    for sign in (style.POSITIVE, style.NEGATIVE):
        assert distance(sign, style.BORN, vision) > 8 * JUST_NOTICEABLE
        assert distance(sign, style.LOST, vision) > 8 * JUST_NOTICEABLE


def test_no_two_curves_look_the_same_without_color():
    looks = [palette.line_look(number) for number in range(20)]
    assert len({(str(look["linestyle"]), look["marker"]) for look in looks}) == 20


def test_a_color_is_its_bytes():
    assert palette.rgb("#0a10ff") == (10, 16, 255)
