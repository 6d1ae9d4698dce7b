"""The colours of the panel."""

Color = tuple[int, int, int]

PAPER: Color = (252, 251, 248)
FRAME: Color = (222, 222, 218)
GRID: Color = (231, 231, 227)
INK: Color = (38, 40, 46)
SOFT_INK: Color = (126, 128, 134)

NEGATIVE: Color = (31, 102, 184)
NEUTRAL: Color = (246, 246, 244)
POSITIVE: Color = (232, 119, 17)
BORN: Color = (22, 163, 74)
LOST: Color = (214, 30, 60)
GAIN: Color = (240, 177, 66)
ACCENT: Color = (70, 78, 96)


def mix(start: Color, end: Color, share: float) -> Color:
    """The colour that lies `share` (0 to 1) of the way from `start` to `end`."""
    share = min(max(share, 0.0), 1.0)
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return red, green, blue


def signed_color(value: float) -> Color:
    """Blue for -1 and less, nearly white for 0, orange for 1 and more; NaN is 0."""
    if value != value:
        return NEUTRAL
    return mix(NEUTRAL, POSITIVE if value > 0 else NEGATIVE, abs(value))
