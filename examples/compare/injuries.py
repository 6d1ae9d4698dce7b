"""Who recovers: the policies of a comparison, injured in the middle of their lives.

Takes the trainings of `compare.py` from results/WORLD/trainings and the agents of its tables, lets each live
the same lives intact and with each injury, and writes injuries.md, .csv and .png into results/WORLD, and
injury_curves.csv, the numbers of the figure.

Run it after compare.py: python examples/compare/injuries.py --world ForagingReversal
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from lndp_agents import Intervention, Lesion, load_pretrained
from lndp_agents.baselines import RULES, is_finished, load_baseline
from lndp_agents.compare import (
    LIVES_FILE,
    SCORE_SEED,
    TRAININGS,
    Comparison,
    Entrant,
    fixed_policy,
    machine,
    score,
    write_csv,
)
from lndp_agents.interventions import DAMAGES, hidden_nodes
from lndp_agents.plotting import new_figure, palette, style_axes, write_figure, write_labels
from lndp_agents.studies import PolicyLives, bootstrap_interval, interquartile_mean, window_steps

RESULTS = Path(__file__).parent / "results"
WINDOWS = 50
"""Points of a curve at most, each the mean of whole trials."""
Injured: TypeAlias = Mapping[str, list[PolicyLives] | None]
"""By injury: the lives of each training; none where a policy has nothing that can be injured so."""


def injuries(middle: int, hidden: int) -> dict[str, Intervention | None]:
    """What happens in the middle of a life, by name; of the hidden nodes at least one falls silent."""
    return {
        "intact": None,
        "a third of the weights zeroed": Lesion(at=middle, zero=0.33),
        "plasticity frozen": Lesion(at=middle, freeze=True),
        "reward cut": Lesion(at=middle, cut_reward=True),
        "a quarter of the hidden nodes silenced": Lesion(at=middle, nodes=max(1, round(hidden / 4))),
        "actuators saturated for 10 steps": Lesion(at=middle, saturate=10),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Injure every policy in every way, and write."""
    options = _options(arguments)
    folder = options.results / options.world
    comparison = replace(Comparison.read(folder), lives=options.lives)
    world = comparison.job(0).make_world()
    steps = world.num_steps
    patients = {
        name: list(_policies(comparison, name, folder)) for name in comparison.policies if name not in RULES
    }
    if not patients:
        raise ValueError(f"{folder} compares nothing but rules, which have no brain: add other policies")
    found: dict[str, Injured] = {}
    for name, policies in patients.items():
        print(f"{name}: {options.lives} lives of each injury", file=sys.stderr)
        found[name] = {
            what: _lives(policies, comparison, lesion)
            for what, lesion in injuries(steps // 2, min(map(hidden_nodes, policies))).items()
        }
    _write(folder, comparison, found, steps)
    curves = _curves(found, steps, window_steps(world.dynamics, steps // WINDOWS))
    write_csv(folder / "injury_curves.csv", curves)
    write_figure(figure_of(comparison.environment, curves, steps // 2), folder / "injuries.png")


def _policies(comparison: Comparison, name: str, folder: Path) -> Iterator[Any]:
    """Those of all trainings; of what is not trained here, the one."""
    entrant = Entrant.parse(name)
    if not entrant.learns:
        yield fixed_policy(comparison, entrant)
        return
    for seed in range(1, comparison.seeds + 1):
        training = folder / TRAININGS / f"{name}_s{seed}"
        if not (training / LIVES_FILE).is_file():
            raise ValueError(f"{training} has not come to its end: let compare.py go on")
        yield load_baseline(training) if is_finished(training) else load_pretrained(str(training / "best"))


def _lives(
    policies: Sequence[Any], comparison: Comparison, lesion: Intervention | None
) -> list[PolicyLives] | None:
    """The same lives of each training."""
    try:
        return [score(policy, comparison, lesion) for policy in policies]
    except ValueError as error:
        if lesion is None:
            raise
        print(f"  left out: {error}", file=sys.stderr)
        return None


def _write(folder: Path, comparison: Comparison, found: Mapping[str, Injured], steps: int) -> None:
    kinds, rows = list(next(iter(found.values()))), list[dict[str, Any]]()
    for name, own in found.items():
        for kind in kinds:
            row: dict[str, Any] = {"policy": name, "injury": kind, "trainings": 0}
            row |= dict.fromkeys(("reward", "low", "high"), "")
            if runs := own[kind]:
                row |= {"trainings": len(runs)} | _reward(runs, steps // 2)
            rows.append(row)
    table = [[name, *(_cell(row) for row in rows if row["policy"] == name)] for name in found]
    write_csv(folder / "injuries.csv", rows)
    text = [
        f"# {comparison.environment}: injured at step {steps // 2}",
        "",
        f"Reward of a step from step {steps // 2} to the end of life, of the same {comparison.lives} lives "
        f"(seed {SCORE_SEED}) intact and with each injury at that step: interquartile mean over trainings "
        "with its 95 % bootstrap interval over trainings and lives. Steps after the end of a life count as "
        f"0. Weights and nodes of PPO and recurrent PPO are hit in {DAMAGES} ways that lives share, so their "
        "intervals there are too narrow. A policy without plasticity has nothing to freeze.",
        "",
        f"{machine()}.",
        "",
        *(f"| {' | '.join(line)} |" for line in (["policy", *kinds], ["---"] * (1 + len(kinds)), *table)),
        "",
    ]
    (folder / "injuries.md").write_text("\n".join(text), "utf-8")
    print("\n".join(text))


def _reward(runs: Sequence[PolicyLives], middle: int) -> dict[str, float]:
    """Mean reward of a step in the second half of life, with its interval."""
    rewards = np.stack([lives.rewards[:, middle:].mean(1) for lives in runs])
    values = interquartile_mean(rewards.mean(1)), *bootstrap_interval(rewards)
    return {
        name: round(float(value), 4) for name, value in zip(("reward", "low", "high"), values, strict=True)
    }


def _cell(row: Mapping[str, Any]) -> str:
    return f"{row['reward']:.2f} ({row['low']:.2f} to {row['high']:.2f})" if row["trainings"] else "–"


def _curves(found: Mapping[str, Injured], steps: int, window: int) -> list[dict[str, Any]]:
    """A row for each policy, injury and window of steps: reward of a step, mean over trainings and lives."""
    rows: list[dict[str, Any]] = []
    for name, own in found.items():
        for kind, runs in own.items():
            if runs:
                rewards = np.mean([lives.rewards.mean(0) for lives in runs], axis=0)
                points = rewards[: steps - steps % window].reshape(-1, window).mean(1)
                for number, reward in enumerate(points.tolist()):
                    time = window * (number + 0.5)
                    rows.append({"policy": name, "injury": kind, "time": time, "reward": round(reward, 4)})
    return rows


def figure_of(environment: str, rows: Sequence[Mapping[str, Any]], middle: int) -> Any:
    """The figure of the rows of injury_curves.csv: a panel for each injury, a line for each policy."""
    kinds, names = (list(dict.fromkeys(row[column] for row in rows)) for column in ("injury", "policy"))
    figure = new_figure(12, 7, layout="constrained")
    panels = figure.subplots(2, -(-len(kinds) // 2), sharex=True, sharey=True, squeeze=False)
    ends: dict[str, list[tuple[float, str, str]]] = {kind: [] for kind in kinds}
    for axes, kind in zip(panels.flat, kinds, strict=False):
        for number, name in enumerate(names):
            own = [row for row in rows if (row["policy"], row["injury"]) == (name, kind)]
            if own:
                time, rewards = ([float(row[column]) for row in own] for column in ("time", "reward"))
                look = palette.line_look(number, len(own))
                axes.plot(time, rewards, label=name, **look)
                ends[kind].append((rewards[-1], name, look["color"]))
        if kind != "intact":
            axes.axvline(middle, color=palette.INK, linewidth=0.9, linestyle=palette.EVENT_DASHES)
        style_axes(axes, "step of life", "reward of a step")
        axes.set_title(kind, color=palette.INK, fontsize=10, loc="left")
    for axes, kind in zip(panels.flat, kinds, strict=False):
        if axes in panels[:, -1]:
            write_labels(axes, ends[kind])
    handles = panels.flat[0].get_legend_handles_labels()
    look = {"frameon": False, "handlelength": 3.2}
    figure.legend(*handles, loc="outside lower center", ncols=len(names), **look)
    figure.suptitle(f"{environment}: injured in the middle of life", fontsize=11, x=0.01, ha="left")
    return figure


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--world", default="ForagingReversal", help="of the results (ForagingReversal)")
    parser.add_argument("--lives", type=int, default=128, help="of each policy and injury (128)")
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help="of compare.py (results beside the script)"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        main()
    except (ValueError, OSError) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
    except KeyboardInterrupt:
        sys.exit(130)
