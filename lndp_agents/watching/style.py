"""The colors of the panel."""

from lndp_agents.plotting import palette

Color = tuple[int, int, int]

PAPER: Color = palette.rgb(palette.PAPER)
FRAME: Color = (222, 222, 218)
GRID: Color = palette.rgb(palette.GRID)
INK: Color = palette.rgb(palette.INK)
SOFT_INK: Color = palette.rgb(palette.SOFT_INK)

NEGATIVE: Color = palette.rgb(palette.NEGATIVE)
NEUTRAL: Color = (246, 246, 244)
POSITIVE: Color = palette.rgb(palette.POSITIVE)
BORN: Color = palette.rgb(palette.BORN)
LOST: Color = palette.rgb(palette.LOST)
GAIN: Color = (240, 177, 66)
ACCENT: Color = (70, 78, 96)


def mix(start: Color, end: Color, share: float) -> Color:
    """Return the color that lies `share` (0 to 1) of the way from `start` to `end`."""
    share = min(max(share, 0.0), 1.0)
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return red, green, blue


def signed_color(value: float) -> Color:
    """Return blue for -1 and less, nearly white for 0, orange for 1 and more; NaN is 0."""
    if value != value:
        return NEUTRAL
    return mix(NEUTRAL, POSITIVE if value > 0 else NEGATIVE, abs(value))
