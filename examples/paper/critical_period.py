"""Finding 4: when in a life brains rewire, and whether any of them fails in one of the four known ways.

Every agent of the zoo lives in the environment that it was evolved on, and so do those of its other
evolutions. All together get a table (CSV and Markdown), the zoo's a CSV of their curves over life and a
figure. Nothing is evolved here; it takes a minute.
"""

import argparse
import csv
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from living import cohort

from lndp_agents import diagnose, zoo_names
from lndp_agents.plotting import new_figure, palette, style_axes, write_figure
from lndp_agents.studies import Report, Thresholds, ZooResults, zoo_folder

RESULTS = Path(__file__).parent / "results"
EVERY_STEP, THEN = 100, 10
"""The CSV has every step up to the first number, then those that the second one divides."""
NOTES = """# Critical period and failure signatures

{lives} fresh lives of each agent (seed {seed}: births and worlds that no evolution has seen), and the same
lives again with the reward cut. Number 1 of an agent is the zoo's, the others are of other evolutions
(agents/README.md). Written by `examples/paper/critical_period.py`.

* critical period: in how many steps 90 % of all edge changes happen, of the steps of the longest life
* diversity: of node states in the second half of life (newborns 1), `collapsed_nodes` below {collapsed_nodes}
* rewiring: share of possible edges that a step changes then, `endless_rewiring` above {endless_rewiring}
* other actions: share of steps with another action if the reward is cut, `idle_reward` below {idle_reward}
* density: share of possible edges that exist then, `empty_network` below {empty_network}
* score: mean episode return; without reward, and the 95 % interval of the difference
"""
ROW_INCHES, WIDTH_INCHES = 1.55, 10.0


def main() -> int:
    """Diagnose the agents and write what was found; returns the exit code."""
    chosen = _arguments()
    try:
        found = {name: _diagnosed(name, chosen) for name in chosen.agents or zoo_names()}
        chosen.out.mkdir(parents=True, exist_ok=True)
        reports = {name: own[0] for name, own in found.items()}
        for name, report in reports.items():
            _write(chosen.out / f"critical_period_{name}.csv", _csv(_curve_rows(report)))
        rows = [
            _summary(name, number, report, chosen)
            for name, own in found.items()
            for number, report in enumerate(own, 1)
        ]
        _write(chosen.out / "critical_period.csv", _csv(rows))
        _write(chosen.out / "critical_period.md", _markdown(rows, chosen))
        write_figure(figure_of(reports), chosen.out / "critical_period.png")
        print(f"wrote {chosen.out / 'critical_period.png'}", file=sys.stderr)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def figure_of(reports: Mapping[str, Report]) -> Any:
    """Edges born and lost, density and diversity over life: a row of panels for each agent."""
    height = ROW_INCHES * len(reports) + 0.75
    figure = new_figure(WIDTH_INCHES, height, layout="constrained")
    panels: Any = figure.subplots(len(reports), 3, squeeze=False)
    for row, (name, report) in zip(panels, reports.items(), strict=True):
        means = report.curves.means()
        _draw_changes(row[0], means, report.critical_period)
        _draw_curve(row[1], means["density"], palette.NEGATIVE, 1.0)
        _draw_curve(row[2], means["diversity"], palette.POSITIVE, max(1.1, 1.1 * means["diversity"].max()))
        row[2].axhline(1.0, color=palette.SOFT_INK, linewidth=0.8, linestyle=palette.EVENT_DASHES, zorder=1)
        for axes in row:
            _style(axes, report.longest_life)
        row[0].set_ylabel(name, color=palette.INK, fontsize=10.5)
    titles = ("possible edges changed in a step", "edge density", "node-state diversity, newborns 1")
    for axes, title in zip(panels[0], titles, strict=True):
        axes.set_title(title, color=palette.INK, fontsize=10, loc="left")
    for axes in panels[-1]:
        axes.set_xlabel("step of life", color=palette.SOFT_INK, fontsize=9)
    return figure


def _draw_changes(axes: Any, means: Mapping[str, Any], critical_period: int) -> None:
    steps = range(1, len(means["born"]) + 1)
    for curve, color in ((means["born"], palette.BORN), (-means["lost"], palette.LOST)):
        axes.fill_between(steps, curve, color=color, alpha=0.25, linewidth=0)
        axes.plot(steps, curve, color=color, linewidth=1.6)
    top = 1.15 * max(means["born"].max(), means["lost"].max() / 4, 0.01)
    bottom = 1.15 * max(means["lost"].max(), top / 4)
    axes.set_ylim(-bottom, top)
    axes.axhline(0.0, color=palette.SOFT_INK, linewidth=0.7)
    axes.yaxis.get_major_locator().set_params(nbins=4)
    axes.yaxis.set_major_formatter(lambda share, _: f"{round(100 * abs(share), 1):g} %")
    for place, text, color in ((top, "born", palette.BORN), (-bottom, "lost", palette.LOST)):
        _write_beside(axes, (steps[-1], 0.6 * place), text, color, -3)
    if critical_period:
        axes.axvline(critical_period, color=palette.INK, linewidth=0.9, linestyle=palette.EVENT_DASHES)
        points = 5 if critical_period < steps[-1] / 2 else -5
        _write_beside(
            axes, (critical_period, 0.85 * top), f"90 % by step {critical_period}", palette.INK, points
        )


def _draw_curve(axes: Any, curve: Any, color: str, highest: float) -> None:
    axes.plot(range(len(curve)), curve, color=color, linewidth=1.6)
    axes.set_ylim(0.0, 1.04 * highest)
    axes.yaxis.get_major_locator().set_params(nbins=4)


def _write_beside(axes: Any, place: tuple[float, float], text: str, color: str, points: int) -> None:
    """Write right of a place, or left of it where points are negative."""
    side = "left" if points > 0 else "right"
    style = {"color": color, "fontsize": 9, "ha": side, "va": "center"}
    axes.annotate(text, place, (points, 0), textcoords="offset points", **style)


def _style(axes: Any, longest_life: int) -> None:
    """Steps on a logarithmic axis, but for the newborn at 0."""
    axes.set_xscale("symlog", linthresh=1.0, linscale=0.4)
    axes.set_xlim(0, longest_life)
    ticks = [0, *(10**power for power in range(len(str(longest_life))))]
    axes.set_xticks(ticks, [str(tick) for tick in ticks], minor=False)
    axes.minorticks_off()
    style_axes(axes, "", "")


def _diagnosed(name: str, chosen: argparse.Namespace) -> list[Report]:
    """The zoo's agent first, then those of its other evolutions."""
    world, reports = ZooResults.read(zoo_folder(name)), list[Report]()
    for number, agent in enumerate(cohort(name), 1):
        report = diagnose(
            agent,
            world.environment,
            world.environment_keywords,
            lives=chosen.lives,
            seed=chosen.seed,
            episodes=world.episodes,
        )
        print(f"{name}, agent {number}, on {world.environment}\n{report}\n", file=sys.stderr, flush=True)
        reports.append(report)
    return reports


def _curve_rows(report: Report) -> Iterable[dict[str, Any]]:
    """Means over the lives that go on, after each step; 0 is the newborn."""
    means = report.curves.means()
    for step in range(report.longest_life + 1):
        if step <= EVERY_STEP or step % THEN == 0:
            changes = {name: f"{means[name][step - 1]:.5f}" if step else "" for name in ("born", "lost")}
            states = {name: f"{means[name][step]:.5f}" for name in ("density", "diversity")}
            yield {"step": step, "lives": int((report.curves.steps >= step).sum())} | changes | states


def _summary(name: str, number: int, report: Report, chosen: argparse.Namespace) -> dict[str, Any]:
    low, high = report.reward_gain.interval
    return {
        "agent": name,
        "number": number,
        "environment": ZooResults.read(zoo_folder(name)).environment,
        "lives": chosen.lives,
        "seed": chosen.seed,
        "critical_period": report.critical_period,
        "longest_life": report.longest_life,
        **{diagnosis.name: f"{diagnosis.value:.4g}" for diagnosis in report.diagnoses},
        "found": " ".join(report.flagged) or "none",
        "score": f"{report.curves.scores.mean():.1f}",
        "score_without_reward": f"{report.without_reward.scores.mean():.1f}",
        "reward_gain_low": f"{low:.1f}",
        "reward_gain_high": f"{high:.1f}",
    }


def _markdown(rows: Sequence[Mapping[str, Any]], chosen: argparse.Namespace) -> str:
    names = ["agent", "number", "critical period", "diversity", "rewiring", "other actions"]
    names += ["density", "found", "score", "without reward"]
    notes = NOTES.format(lives=chosen.lives, seed=chosen.seed, **asdict(Thresholds()))
    lines = [notes, f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]
    for row in rows:
        period = f"{row['critical_period']} of {row['longest_life']}"
        measured = ("collapsed_nodes", "endless_rewiring", "idle_reward", "empty_network", "found", "score")
        worth = f"{row['score_without_reward']} ({row['reward_gain_low']} to {row['reward_gain_high']} less)"
        cells = (row["agent"], str(row["number"]), period, *(str(row[name]) for name in measured), worth)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _csv(rows: Iterable[Mapping[str, Any]]) -> str:
    text, rows = io.StringIO(), list(rows)
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _write(path: Path, content: str) -> None:
    path.write_bytes(content.encode())
    print(f"wrote {path}", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("agents", nargs="*", metavar="NAME", help="of the zoo (default: all)")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="FOLDER", help="of tables and figure")
    parser.add_argument("--lives", type=int, default=128, metavar="INT", help="of each agent (default: 128)")
    parser.add_argument(
        "--seed", type=int, default=11, metavar="INT", help="of births and worlds (default: 11)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
