"""The main job: evolve an agent that learns where its food is, score it, watch a pretrained one.

`make run` calls this. Everything it makes goes to runs/first_run_*.
"""

import argparse
import sys
from pathlib import Path

import gymnasium
from lndp_envs.foraging import Foraging
from lndp_envs.foraging_optimum import always_right, optimal_return, policy_return, random_walk

from lndp_agents import LNDPAgent, load_pretrained
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.plotting import plot_evolution, read_metrics
from lndp_agents.run.folder import next_folder
from lndp_agents.run.progress import Progress
from lndp_agents.run.run import Run
from lndp_agents.studies.evaluation import Score, evaluate
from lndp_agents.watching import frames_of_life, write_gif

ENVIRONMENT = "lndp/Foraging-v0"
RECIPE = EvolutionConfig(environment=ENVIRONMENT, generations=100, evaluate_every=5)
"""The defaults of `lndp train`, with more evaluations for the plot."""


def main() -> int:
    """Evolve, score, play; returns the exit code."""
    arguments = _arguments()
    folder = next_folder(arguments.out, "first_run")
    references = _references()
    recipe = EvolutionConfig.from_json(
        RECIPE.to_json() | {"generations": arguments.generations, "seed": arguments.seed}
    )
    print("1. Evolution: 2,174 numbers that grow a network, not the network's weights.")
    print("   In each life the food is hidden at one end of a corridor; always going to the same side brings")
    print(
        f"   {references['one side']:.0f}, remembering it {references['optimum']:.0f}. Ctrl-C stops early.\n"
    )
    run = _evolve(recipe, folder)
    if run.generation == 0:
        return 130
    score = evaluate(run.best, ENVIRONMENT, seed=arguments.seed)
    _print_scores("the agent just evolved", score, references)
    plot_evolution(read_metrics(folder / "metrics.csv"), folder / "evolution.png", reference_lines=references)
    print(f"   plot of the evolution: {folder / 'evolution.png'}")
    print(f"   go on evolving: lndp resume {folder} --generations {2 * recipe.generations}\n")
    print("2. A pretrained agent, evolved for longer:")
    pretrained = load_pretrained("foraging")
    _print_scores("zoo/foraging", evaluate(pretrained, ENVIRONMENT, seed=arguments.seed), references)
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
    with Progress(recipe.generations) as progress:
        try:
            for generation in run.generations():
                progress.show(generation)
        except KeyboardInterrupt:
            print(f"stopped in generation {run.generation + 1}", file=sys.stderr)
    return run


def _references() -> dict[str, float]:
    """Exact mean returns of foragers that do not learn, and of the best that does."""
    task = Foraging()
    return {
        "random": policy_return(task, random_walk),
        "one side": policy_return(task, always_right),
        "optimum": optimal_return(task),
    }


def _print_scores(name: str, score: Score, references: dict[str, float]) -> None:
    low, high = score.interval
    rows = [(key, value, "") for key, value in references.items()]
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
