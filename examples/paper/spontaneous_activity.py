"""Finding 2: how long spontaneous activity must shape a brain for it to be born able.

0, 5, 20 or 100 steps of development before the first observation, evolved on lives of three episodes of
CartPole. The score of the first episode is the paper's innate skill; how long is enough is its open question.

Run it: python examples/paper/spontaneous_activity.py
"""

import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from living import episode_returns
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

ENVIRONMENT = "lndp/CartPoleLife-v0"
STEPS = (0, 5, 20, 100)
GENERATIONS = 40
MEASURES = {"first episode": (palette.POSITIVE, "s"), "mean": (palette.NEGATIVE, "o")}
"""Colour and marker."""


def conditions() -> list[Condition]:
    """One for each duration."""
    return [
        Condition(
            {"development steps": str(steps)},
            recipe(ENVIRONMENT, GENERATIONS, initial_density=0.5, development_steps=steps),
        )
        for steps in STEPS
    ]


def measure(result: Result, lives: int) -> Result:
    """Score the best mean in the first episode of its lives, and over all."""
    returns = episode_returns(result.agent, ENVIRONMENT, lives, SCORE_SEED)
    population = np.array(curve(result, "score_mean")[-1:])
    measures = {"first episode": returns[:, 0], "mean": returns.mean(1), "population at the end": population}
    return replace(result, measures=measures)


def draw(results: Sequence[Result], chosen: Options) -> None:
    """Fitness curves, and the scores against the duration."""
    figure, (panels,) = new_figure(8, 3, 1, 2)
    for number, group in enumerate(by_condition(results)):
        for result in group:
            steps = result.condition.labels["development steps"]
            scores = curve(result, "score_mean")
            label = f"{steps} steps" if result.recipe.seed == 1 else None
            look = palette.line_look(number, len(scores)) | {"linewidth": 1.2}
            panels[0].plot(range(1, len(scores) + 1), scores, label=label, **look)
    style(panels[0], "each line is an evolution", "generation", "mean return of the population")
    panels[0].legend(frameon=False, fontsize=8)
    for shift, (name, (color, marker)) in zip((-0.06, 0.06), MEASURES.items(), strict=True):
        for place, group in enumerate(by_condition(results)):
            middle, low, high = summary(group, name)
            axes, x = panels[1], place + shift
            axes.plot([x, x], [low, high], color=color, linewidth=2)
            axes.plot(x, middle, marker, color=color, markersize=5, label=None if place else name)
    panels[1].set_xticks(range(len(STEPS)), [str(steps) for steps in STEPS])
    style(panels[1], "best search mean, IQM and 95 % interval", "development steps", "return of an episode")
    panels[1].legend(frameon=False, fontsize=8)
    write_figure(figure, chosen.out / "spontaneous_activity.png")


def main(arguments: Sequence[str] | None = None) -> None:
    """Evolve, measure, write."""
    chosen = options(parser(__doc__ or "").parse_args(arguments))
    evolved = evolve("spontaneous_activity", conditions(), chosen)
    results = [measure(result, score_lives(chosen)) for result in evolved]
    title = f"Spontaneous activity before birth, on {ENVIRONMENT}"
    write_results(chosen.out / "spontaneous_activity", title, results, chosen)
    draw(results, chosen)


if __name__ == "__main__":
    sys.exit(run_script(main))
