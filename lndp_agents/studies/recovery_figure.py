"""The damage-and-recovery curve, as a picture and as a table."""

import csv
import io
from pathlib import Path
from typing import Any

from lndp_agents.persistence import write_file
from lndp_agents.plotting.figures import new_figure, plain, style_axes
from lndp_agents.plotting.palette import EVENT_DASHES, INK, NEGATIVE, POSITIVE, SOFT_INK
from lndp_agents.studies.recovery import Recovery

LINE_STYLES: dict[str, dict[str, Any]] = {
    "intact": {"color": NEGATIVE, "linewidth": 3.5},
    "lesioned": {"color": POSITIVE, "linewidth": 1.6, "marker": "o", "markersize": 4.5},
}
"""Line styles; until the lesion one line lies on the other."""
COLUMNS = (
    *("first_step", "last_step"),
    *(f"{name}{end}" for name in ("intact", "lesioned", "damage") for end in ("", "_low", "_high")),
)


def write_table(recovery: Recovery, path: Path) -> None:
    """Write a CSV file with a row for each window.

    Raises:
        OSError: the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for window in recovery.windows:
        writer.writerow([*window[:2], *window.intact, *window.lesioned, *window.damage])
    write_file(path, text.getvalue().encode())


def recovery_figure(recovery: Recovery, title: str) -> Any:
    """Draw reward per step, intact and lesioned.

    Raises:
        ImportError: matplotlib is not installed; the message has the command.
    """
    figure = new_figure(8, 4.5)
    axes = figure.add_axes((0.085, 0.125, 0.885, 0.745))
    middles = [(window.first + window.last) / 2 for window in recovery.windows]
    for name, line_style in LINE_STYLES.items():
        mean, low, high = zip(*(getattr(window, name) for window in recovery.windows), strict=True)
        axes.fill_between(middles, low, high, color=line_style["color"], alpha=0.18, linewidth=0)
        axes.plot(middles, mean, label=name, **line_style)
    axes.axvline(recovery.lesion.at, color=INK, linewidth=1, linestyle=EVENT_DASHES, label="lesion")
    style_axes(axes, "step of life", "reward per step")
    axes.margins(x=0.01)
    axes.legend(frameon=False, fontsize=9.5, labelcolor=INK)
    figure.text(0.085, 0.935, plain(title), color=INK, fontsize=12)
    early = "; steps after the end of a life count as 0" if any(recovery.ended_early) else ""
    figure.text(0.085, 0.89, f"{recovery.lesion}{early}", color=SOFT_INK, fontsize=9.5)
    return figure
