"""How scores are written."""

import math


def score_text(value: float) -> str:
    """A score with three significant digits or more, and one decimal at least: 486.7, 0.0312, 0.0.

    Args:
        value: any number; what is not finite is written as Python writes it.
    """
    if not math.isfinite(value):
        return str(value)
    decimals = 1 if value == 0 else max(1, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{decimals}f}" if decimals < 10 else "0.0"
    return text.removeprefix("-") if float(text) == 0 else text


def interval_text(interval: tuple[float, float]) -> str:
    """An interval of scores: 484.7 to 488.3."""
    low, high = interval
    return f"{score_text(low)} to {score_text(high)}"
