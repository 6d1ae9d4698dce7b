"""The main job: evolve an agent that learns where its food is, score it, watch a pretrained one.

`make run` calls this. Everything it makes goes to runs/first_run_*.
"""

import argparse
import sys
from itertools import count
from pathlib import Path

import gymnasium

from lndp_agents import (
    EvolutionConfig,
    LNDPAgent,
    Run,
    RunView,
    evaluate,
    frames_of_life,
    load_pretrained,
    plot_evolution,
    write_gif,
)

ENVIRONMENT = "lndp/Foraging-v0"
RECIPE = EvolutionConfig(environment=ENVIRONMENT, generations=100, evaluate_every=5)
"""The defaults of `lndp train`, with more evaluations for the plot."""
REFERENCES = {"random": 60.08, "one side": 250.0, "optimum": 490.0}
"""Exact mean returns of two foragers that do not learn, and of the best that does."""


def main() -> int:
    """Evolve, score, play; returns the exit code."""
    arguments = _arguments()
    names = (arguments.out / f"first_run_{number}" for number in count(1))
    folder = next(name for name in names if not name.exists())
    recipe = EvolutionConfig.from_json(
        RECIPE.to_json() | {"generations": arguments.generations, "seed": arguments.seed}
    )
    print("1. Evolution: 2,174 numbers that grow a network, not the network's weights.")
    print("   In each life the food is hidden at one end of a corridor; always going to the same side brings")
    print(
        f"   {REFERENCES['one side']:.0f}, remembering it {REFERENCES['optimum']:.0f}. Ctrl-C stops early.\n"
    )
    run = _evolve(recipe, folder)
    if run.generation == 0:
        return 130
    _print_scores("the agent just evolved", run.best, arguments.seed)
    plot_evolution(RunView(folder).metrics, folder / "evolution.png", reference_lines=REFERENCES)
    print(f"   plot of the evolution: {folder / 'evolution.png'}")
    print(f"   go on evolving: lndp resume {folder} --generations {2 * recipe.generations}\n")
    print("2. A pretrained agent, evolved for longer:")
    pretrained = load_pretrained("foraging")
    _print_scores("zoo/foraging", pretrained, arguments.seed)
    _film(pretrained, folder / "life.gif")
    print(f"   one of its lives, and its brain: {folder / 'life.gif'}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--generations", type=int, default=RECIPE.generations)
    parser.add_argument("--seed", type=int, default=RECIPE.seed)
    parser.add_argument("--out", type=Path, default=Path("runs"), help="where the run folder goes")
    return parser.parse_args()


def _evolve(recipe: EvolutionConfig, folder: Path) -> Run:
    run = Run.create(recipe, folder)
    try:
        for record in run.generations():
            print(f"   generation {record.generation}: mean {record.score_mean:.1f}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"stopped in generation {run.generation + 1}", file=sys.stderr)
    return run


def _print_scores(name: str, agent: LNDPAgent, seed: int) -> None:
    score = evaluate(agent, ENVIRONMENT, seed=seed)
    low, high = score.interval
    rows = [(key, value, "") for key, value in REFERENCES.items()]
    rows.append(
        (name, score.mean, f"  95 % interval {low:.0f} to {high:.0f}, {len(score.scores)} held-out lives")
    )
    for label, value, note in sorted(rows, key=lambda row: row[1]):
        print(f"   {label:<24} {value:6.1f}  {'█' * round(value / 12)}{note}")


def _film(agent: LNDPAgent, path: Path) -> None:
    env = gymnasium.make(ENVIRONMENT, render_mode="rgb_array")
    write_gif(path, frames_of_life(agent, env, seed=0), fps=10)
    env.close()


if __name__ == "__main__":
    sys.exit(main())
