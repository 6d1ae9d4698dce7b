"""Finding 1: what structural plasticity is good for, from empty, half full and full brains.

Pruning and synaptogenesis on or off x initial density 0, 0.5, 1 x its deviation 0, 0.1, evolved on foraging
whose food changes sides after every second trial, and on lives of three episodes of CartPole.

Run it: python examples/paper/structural_plasticity.py [--task foraging]
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from living import episode_returns, rewards_of_lives
from paper import (
    SCORE_SEED,
    Condition,
    Options,
    Result,
    evolve,
    options,
    parser,
    recipe,
    run_script,
    score_lives,
)
from tables import by_condition, curve, new_figure, style, summary, write_figure, write_results

from lndp_agents.plotting import palette

TASKS = {"foraging": ("lndp/ForagingSwitch-v0", 60), "cartpole": ("lndp/CartPoleLife-v0", 40)}
"""Environment and generations: as many as one or two hours of one core allow for all conditions."""
SWITCH_LOOKS = {"on": (palette.POSITIVE, "solid", "o"), "off": (palette.NEGATIVE, palette.DASHES[1], "s")}
"""Colour, dashes, marker."""


def conditions(task: str, quick: bool) -> list[Condition]:
    """All twelve, or the extremes."""
    environment, generations = TASKS[task]
    found = [
        Condition(
            {"plasticity": switch, "density": f"{density:g}", "deviation": f"{deviation:g}"},
            recipe(
                environment,
                generations,
                pruning=switch == "on",
                synaptogenesis=switch == "on",
                initial_density=density,
                initial_density_std=deviation,
            ),
        )
        for density, deviation, switch in product((0.0, 0.5, 1.0), (0.0, 0.1), ("on", "off"))
    ]
    return found[:1] + found[-1:] if quick else found


def measure(task: str, result: Result, lives: int) -> Result:
    """Score the best mean over whole lives, at their beginning and at their end.

    An episode of foraging is a life: its first and last third are taken, scaled to the length of a life.
    """
    environment = TASKS[task][0]
    if task == "foraging":
        rewards = rewards_of_lives(result.agent, environment, lives, SCORE_SEED).T
        third = len(rewards) // 3
        first, last = (part.mean(0) * len(rewards) for part in (rewards[:third], rewards[-third:]))
        measures = {"mean": rewards.sum(0), "first third": first, "last third": last}
    else:
        returns = episode_returns(result.agent, environment, lives, SCORE_SEED)
        measures = {"mean": returns.mean(1), "first episode": returns[:, 0], "last episode": returns[:, -1]}
    measures["population at the end"] = np.array(curve(result, "score_mean")[-1:])
    return replace(result, measures=measures)


def draw_curves(task: str, results: Sequence[Result], chosen: Options) -> None:
    """Population means against generations, a panel for each kind of birth."""
    births = list(dict.fromkeys(_birth(result) for result in results))
    figure, panels = new_figure(
        3.2 * min(len(births), 3), 2.3 * -(-len(births) // 3), -(-len(births) // 3), 3
    )
    for axes in panels.flat[len(births) :]:
        axes.remove()
    for birth, axes in zip(births, panels.flat, strict=False):
        for result in results:
            if _birth(result) == birth:
                switch = result.condition.labels["plasticity"]
                shown = f"plasticity {switch}" if result.recipe.seed == 1 else None
                scores = curve(result, "score_mean")
                color, dashes, _ = SWITCH_LOOKS[switch]
                look = {"color": color, "linestyle": dashes, "linewidth": 1.2}
                axes.plot(range(1, len(scores) + 1), scores, label=shown, **look)
        style(axes, f"density {birth}", "generation", "mean return of the population")
        axes.sharey(panels[0, 0])
    panels[0, 0].legend(frameon=False, fontsize=8)
    figure.suptitle(f"{TASKS[task][0]}: each line is an evolution", fontsize=11, x=0.01, ha="left")
    write_figure(figure, chosen.out / f"structural_plasticity_{task}_curves.png")


def draw_scores(task: str, results: Sequence[Result], chosen: Options) -> None:
    """Scores with their intervals, a panel for each measure."""
    groups, measures = by_condition(results), list(results[0].measures)
    figure, panels = new_figure(2.4 * len(measures) + 1, 0.3 * len(groups) + 1.1, 1, len(measures))
    for name, axes in zip(measures, panels.flat, strict=True):
        for place, group in enumerate(groups):
            middle, low, high = summary(group, name)
            color, _, marker = SWITCH_LOOKS[group[0].condition.labels["plasticity"]]
            axes.plot([low, high], [place, place], color=color, linewidth=2)
            axes.plot(middle, place, marker, color=color, markersize=4)
        style(axes, name, "return")
        axes.grid(axis="x", color=palette.GRID, linewidth=0.7)
        labels = [f"{_birth(group[0])}, {group[0].condition.labels['plasticity']}" for group in groups]
        axes.set_yticks(range(len(groups)), labels if name == measures[0] else [""] * len(groups))
        axes.invert_yaxis()
    figure.suptitle(
        f"{TASKS[task][0]}: IQM and 95 % interval, plasticity on or off", fontsize=11, x=0.01, ha="left"
    )
    write_figure(figure, chosen.out / f"structural_plasticity_{task}_scores.png")


def main(arguments: Sequence[str] | None = None) -> None:
    """Evolve, measure, write."""
    command = parser(__doc__ or "")
    command.add_argument("--task", choices=TASKS, nargs="+", default=list(TASKS), help="which (both)")
    found = command.parse_args(arguments)
    chosen = options(found)
    for task in found.task:
        evolved = evolve(f"structural_plasticity/{task}", conditions(task, chosen.quick), chosen)
        results = [measure(task, result, score_lives(chosen)) for result in evolved]
        title = f"Structural plasticity on {TASKS[task][0]}"
        write_results(chosen.out / f"structural_plasticity_{task}", title, results, chosen)
        draw_curves(task, results, chosen)
        draw_scores(task, results, chosen)


def _birth(result: Result) -> str:
    labels = result.condition.labels
    return f"{labels['density']} ± {labels['deviation']}"


if __name__ == "__main__":
    sys.exit(run_script(main))
