"""Finding 5, second half: one genome for two worlds, evolved in both at once.

In CartPole and in Acrobot the same program grows a network of as many nodes, with other inputs and outputs.
Its fitness is the mean of its ranks in the population, so that the world with the larger spread does not
decide alone; the mean that is kept has the best mean share of the way from random actions to the best known.

Run it: python examples/paper/multi_task.py
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from living import episode_returns
from paper import (
    NODES,
    SCORE_SEED,
    Condition,
    Options,
    Result,
    encoding_of,
    evolve,
    options,
    parser,
    recipe,
    run_script,
    score_lives,
)
from tables import new_figure, style, write_figure, write_results
from transfer import BEST_KNOWN

from lndp_agents import EvolutionConfig, RunView
from lndp_agents.plotting import palette

RANDOM = {"lndp/CartPoleLife-v0": 22.0, "lndp/AcrobotLife-v0": -499.0}
"""The worlds, and what random actions bring there."""
TRAINED_WITH: dict[str, dict[str, Any]] = {"lndp/AcrobotLife-v0": {"episodes": 1}}
"""Keyword arguments while evolving: lives of Acrobot's beginners are the longest there are."""
START, SIGMA, GENERATIONS = "cartpole", 0.2, 60
"""The search goes around a genome that knows one of the worlds: from zero it learned neither (README.md)."""


def both_worlds(random: Mapping[str, float], generations: int) -> EvolutionConfig:
    """The recipe: mean rank in the worlds that have these scores of random actions."""
    home, *others = random
    scales = {name: {"scale": [low, BEST_KNOWN[name]]} for name, low in random.items()}
    worlds = [scales[home]] + [
        {
            "environment": name,
            "environment_keywords": TRAINED_WITH.get(name, {}),
            "encoding": encoding_of(name),
            "program": {"nodes": NODES},
            **scales[name],
        }
        for name in others
    ]
    return replace(
        recipe(home, generations, initial_density=0.5, innate_roles=True),
        objective="mean_of_ranks",
        objective_options={"worlds": worlds},
        start=START,
        sigma=SIGMA,
    )


def measure(result: Result, lives: int) -> Result:
    """Score the best mean in each world."""
    run = RunView(result.run)
    measures: dict[str, np.ndarray] = {}
    for name in RANDOM:
        measures[name] = episode_returns(run.agent("best", name), name, lives, SCORE_SEED).mean(1)
    return replace(result, measures=measures)


def draw(results: Sequence[Result], chosen: Options) -> None:
    """Population means in each world against generations."""
    figure, (panels,) = new_figure(8, 3, 1, len(RANDOM))
    for axes, name in zip(panels, RANDOM, strict=True):
        for result in results:
            scores = RunView(result.run).worlds[f"population {name}"]
            axes.plot(range(1, len(scores) + 1), scores, color=palette.POSITIVE, linewidth=1.2)
        for level in (RANDOM[name], BEST_KNOWN[name]):
            axes.axhline(level, color=palette.SOFT_INK, linewidth=0.8, linestyle=palette.EVENT_DASHES)
        style(axes, f"{name}; dashed: random, best known", "generation", "mean return of the population")
    write_figure(figure, chosen.out / "multi_task.png")


def main(arguments: Sequence[str] | None = None) -> None:
    """Evolve, measure, write."""
    chosen = options(parser(__doc__ or "").parse_args(arguments))
    genome = Condition({"genome": "both worlds"}, both_worlds(RANDOM, GENERATIONS))
    results = [measure(result, score_lives(chosen)) for result in evolve("multi_task", [genome], chosen)]
    write_results(chosen.out / "multi_task", "One genome for CartPole and Acrobot", results, chosen)
    draw(results, chosen)


if __name__ == "__main__":
    sys.exit(run_script(main))
