"""Finding 3: how an agent adapts within its life, and which parts of the program it needs for that.

Evolved agents live in `lndp/ForagingReversal-v0`, where the food changes sides without a sign: as it is,
with its brain frozen from birth or from the middle of the life, without the reward input, without pruning,
without synaptogenesis. All conditions have the same lives, and so have the agents: the zoo's and those of its
other evolutions. Nothing is evolved here.

Run it: python examples/paper/adaptation.py [--agent foraging-reversal] [--lives 512]
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from living import cohort, switched, trials_of_lives
from paper import SCORE_SEED, options, parser, run_script, say
from tables import machine, new_figure, style, write_csv, write_figure, write_markdown

from lndp_agents import LNDPAgent, zoo_names
from lndp_agents.plotting import palette
from lndp_agents.studies import bootstrap_interval, interquartile_mean, ratio_interval

ENVIRONMENT = "lndp/ForagingReversal-v0"
STEPS = 100
MIDDLE = STEPS // 2
TRIAL_STEPS = 10
SEEN = 5
"""Lives of each agent that must have such a trial for it to be shown."""
CONDITIONS: dict[str, dict[str, Any]] = {
    "intact": {},
    "frozen from birth": {"lifetime_updates": False},
    "frozen from the middle": {"frozen_from": MIDDLE},
    "reward cut": {"reward_input": False},
    "pruning off": {"pruning": False},
    "growth off": {"synaptogenesis": False},
}

Indices: TypeAlias = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Trials:
    """The trials of L lives, padded with zeros to one for each step."""

    reward: np.ndarray
    """(L, 100): what the trial brought, 10 or 0."""
    steps: np.ndarray
    """(L, 100): how long it took."""
    food: np.ndarray
    """(L, 100): the side of the food."""
    start: np.ndarray
    """(L, 100): the step of the life at which it began."""

    @property
    def changes(self) -> np.ndarray:
        """(L, 100) bool: whether the food is on another side than in the trial before."""
        return np.diff(self.food, axis=1, prepend=self.food[:, :1]) != 0


def trials_of(agent: LNDPAgent, condition: Mapping[str, Any], lives: int) -> Trials:
    """Let the agent live in a condition, and sort the steps of its lives by trial."""
    switches = {name: value for name, value in condition.items() if name != "frozen_from"}
    reward, steps, food, start = (np.zeros((lives, STEPS)) for _ in range(4))
    rows = np.arange(lives)
    seen, earned = trials_of_lives(
        switched(agent, **switches), ENVIRONMENT, lives, SCORE_SEED, condition.get("frozen_from")
    )
    for step in range(seen.shape[1]):
        trial, trial_step, side = seen[:, step].T
        start[rows, trial] = step - trial_step
        steps[rows, trial] += 1
        reward[rows, trial] += earned[:, step]
        food[rows, trial] = side
    return Trials(reward, steps, food, start)


def since_birth(trials: Trials, offset: int) -> Indices:
    """Lives and trials: the one that so many came before, where the food has not changed sides yet."""
    life = np.flatnonzero(~trials.changes[:, : offset + 1].any(1))
    return life, np.full(len(life), offset)


def around_change(trials: Trials, offset: int) -> Indices:
    """Lives and trials: those so many after a change (before it if negative) with no other in between.

    The earlier of the two is in the second half of the life, and so early that the later one is lived even if
    every trial takes its full length: else only lives with short trials would be seen at large offsets.
    """
    distance, total = abs(offset), trials.changes.cumsum(1)
    early = np.arange(STEPS - distance)
    late = early + distance
    if offset >= 0:
        is_there = trials.changes[:, early] & (total[:, late] == total[:, early])
    else:
        is_there = (
            trials.changes[:, late] & (total[:, late] - 1 == total[:, early]) & ~trials.changes[:, early]
        )
    begins = trials.start[:, early]
    is_there &= (begins >= MIDDLE) & (begins <= STEPS - (distance + 1) * TRIAL_STEPS)
    life, anchor = is_there.nonzero()
    return life, anchor + max(offset, 0)


def curves(name: str, agents: Sequence[Trials]) -> list[dict[str, Any]]:
    """A row for each alignment and offset: mean reward and length of trials, over agents and lives."""
    rows: list[dict[str, Any]] = []
    for alignment, (find, offsets) in ALIGNMENTS.items():
        for offset in offsets:
            found = [find(trials, offset) for trials in agents]
            row: dict[str, Any] = {"condition": name, "alignment": alignment, "trial": offset}
            row["lives"] = min(len(set(life.tolist())) for life, _ in found)
            row["trials"] = sum(len(life) for life, _ in found)
            for measure in ("reward", "steps"):
                values = [getattr(trials, measure) for trials in agents]
                row |= _summary(measure, found, values)
            rows.append(row)
    return rows


ALIGNMENTS = {"birth": (since_birth, range(10)), "change": (around_change, range(-3, 4))}


def draw(rows: Sequence[dict[str, Any]], title: str, path: Path) -> None:
    """Reward and length of trials since birth and around a change."""
    figure, panels = new_figure(10, 6, 2, 2)
    names = {"reward": "reward of a trial", "steps": "steps of a trial"}
    for line, measure in zip(panels, names, strict=True):
        for axes, alignment in zip(line, ALIGNMENTS, strict=True):
            for number, name in enumerate(CONDITIONS):
                own = [row for row in rows if row["condition"] == name and row["alignment"] == alignment]
                seen = [row for row in own if row["lives"] >= SEEN]
                x = [row["trial"] for row in seen]
                look = palette.line_look(number)  # the first is bold: others may lie on it
                axes.plot(x, [row[measure] for row in seen], label=name, **look)
                ends = ([row[f"{measure} {end}"] for row in seen] for end in ("low", "high"))
                axes.fill_between(x, *ends, color=look["color"], alpha=0.15, linewidth=0)
            event = "birth" if alignment == "birth" else "a change of the food's side"
            style(axes, "", f"trials since {event}", names[measure])
            if alignment == "change":
                axes.axvline(-0.5, color=palette.SOFT_INK, linewidth=0.8, linestyle=palette.EVENT_DASHES)
    figure.legend(
        *panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False
    )
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    write_figure(figure, path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Let the agents live in all conditions, and write."""
    command = parser(__doc__ or "", evolves=False)
    default = "foraging-reversal" if "foraging-reversal" in zoo_names() else "foraging"
    command.add_argument("--agent", default=default, help=f"of the zoo, or a folder ({default})")
    command.add_argument("--lives", type=int, default=512, help="of each condition (512)")
    found = command.parse_args(arguments)
    chosen, lives = options(found), 16 if found.quick else found.lives
    agents, name = cohort(found.agent), f"adaptation_{Path(found.agent).name}"
    rows: list[dict[str, Any]] = []
    table: list[list[str]] = []
    for condition, switches in CONDITIONS.items():
        say(f"{condition}: {lives} lives")
        trials = [trials_of(agent, switches, lives) for agent in agents]
        rows += curves(condition, trials)
        table.append([condition, *_overview(trials, rows, condition)])
    title = f"{Path(found.agent).name} in {ENVIRONMENT}"
    write_csv(chosen.out / f"{name}.csv", rows)
    notes = [
        f"The same {lives} fresh lives (seed {SCORE_SEED}) in all conditions, of {len(agents)} evolutions "
        "(agents/README.md): interquartile means over evolutions with 95 % bootstrap intervals over "
        "evolutions and lives. Without memory, sweeping both ends brings 258.5; the optimum is 410.4.",
        "Steps of a trial: 2 where the food is found at once, 6 after looking at the other end first, "
        "10 where it is not found. Trials around a change are those of the second half of the life.",
        f"{machine()}.",
    ]
    names = [
        "condition",
        "return of a life",
        "of each evolution",
        *(f"steps, trial {offset:+d}" for offset in _SHOWN),
    ]
    write_markdown(chosen.out / f"{name}.md", title, notes, names, table)
    draw(rows, f"{title}, {len(agents)} evolutions, {lives} lives", chosen.out / f"{name}.png")


_SHOWN = (-1, 0, 1, 2, 3)


def _overview(agents: Sequence[Trials], rows: Sequence[dict[str, Any]], condition: str) -> list[str]:
    returns = np.stack([trials.reward.sum(1) for trials in agents])
    low, high = bootstrap_interval(returns)
    shown = {
        row["trial"]: row
        for row in rows
        if (row["condition"], row["alignment"]) == (condition, "change") and row["trial"] in _SHOWN
    }
    cells = [
        f"{row['steps']:.1f} ({row['steps low']:.1f} to {row['steps high']:.1f})"
        if row["lives"] >= SEEN
        else ""
        for row in (shown[offset] for offset in _SHOWN)
    ]
    means = returns.mean(1)
    each = ", ".join(f"{mean:.0f}" for mean in means)
    return [f"{interquartile_mean(means):.1f} ({low:.1f} to {high:.1f})", each, *cells]


def _summary(measure: str, found: Sequence[Indices], values: Sequence[np.ndarray]) -> dict[str, float | str]:
    """Mean over all trials that were found, and the interval; empty where an agent had none."""
    names = (measure, f"{measure} low", f"{measure} high")
    if not all(len(life) for life, _ in found):
        return dict.fromkeys(names, "")
    sums, counts = (np.zeros((len(values), len(values[0]))) for _ in range(2))
    for row, (each, (life, trial)) in enumerate(zip(values, found, strict=True)):
        np.add.at(sums[row], life, each[life, trial])
        np.add.at(counts[row], life, 1)
    mean = interquartile_mean(sums.sum(1) / counts.sum(1))
    return dict(zip(names, (round(float(x), 3) for x in (mean, *ratio_interval(sums, counts))), strict=True))


if __name__ == "__main__":
    sys.exit(run_script(main))
