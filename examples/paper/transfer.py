"""Finding 5: what the genome of one world is worth in another.

A genome does not depend on how many inputs, outputs and nodes a brain has. So every agent of the zoo is born
into every world of this package, with its inputs and outputs and as many hidden nodes as the agent has.
Nothing is evolved here. Each agent is there with all its evolutions. `random programs` are genomes drawn as
those of the first generation of an evolution.

Run it: python examples/paper/transfer.py [--lives 128]
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from living import cohort
from lndp_envs import fold, key_of, normal, uniform
from matplotlib.colors import LinearSegmentedColormap
from paper import NODES, SCORE_SEED, encoding_of, options, parser, run_script, say
from tables import machine, new_figure, style, write_csv, write_figure, write_markdown

from lndp_agents import LNDPAgent, World, fresh_rollout, make_world, zoo_names
from lndp_agents.agent import genome_size, genome_to_parameters
from lndp_agents.plotting import palette
from lndp_agents.rollout import EVALUATION, Evolved, balanced_contexts, lifetime_keys
from lndp_agents.spaces import config_for
from lndp_agents.studies import bootstrap_interval, interquartile_mean, world_of

BEST_KNOWN = {
    "lndp/Foraging-v0": 490.0,
    "lndp/ForagingReversal-v0": 410.4,
    "lndp/ForagingSwitch-v0": 248.8,
    "lndp/Bandit-v0": 170.7,
    "lndp/CartPoleLife-v0": 500.0,
    "lndp/CartPoleReversal-v0": 500.0,
    "lndp/AcrobotLife-v0": -73.0,
    "lndp/PendulumLife-v0": -172.0,
    "lndp/PendulumGoalSwitch-v0": -340.0,
}
"""Mean return of an episode: exact optima, the most that there is, PPO (rl-zoo's), a planner (README.md)."""
QUICK_WORLDS = ("lndp/Foraging-v0", "lndp/Bandit-v0")
RANDOM_PROGRAMS = "random programs"
SIGMA = 0.5


def reborn(agent: LNDPAgent, environment: str) -> LNDPAgent | None:
    """The same genome with the inputs and outputs of another world; none where it does not fit.

    Spontaneous activity has parameters for each input, so such a genome needs as many inputs.
    """
    world = make_world(environment, {}, 1, encoding_of(environment))
    sizes = config_for(world.dynamics.observation_space, world.dynamics.action_space, world.encoding)
    config = replace(
        agent.config,
        observation_size=sizes.observation_size,
        action_size=sizes.action_size,
        discrete_actions=sizes.discrete_actions,
        nodes=agent.config.hidden_nodes + sizes.observation_size + sizes.action_size,
    )
    if genome_size(config) != agent.num_parameters:
        return None
    spaces = world.dynamics.observation_space, world.dynamics.action_space
    return LNDPAgent(*spaces, config, genome=agent.genome, encoding=world.encoding)


def random_program(number: int) -> LNDPAgent:
    """An agent as of the first generation of an evolution, with the brain of `paper.recipe`."""
    environment = "lndp/Foraging-v0"
    world = make_world(environment, {}, 1, encoding_of(environment))
    spaces = world.dynamics.observation_space, world.dynamics.action_space
    config = config_for(*spaces, world.encoding, nodes=NODES, initial_density=0.5)
    genome = SIGMA * normal(torch.tensor([key_of(SCORE_SEED, number)]), (genome_size(config),))[0]
    return LNDPAgent(*spaces, config, genome=genome, encoding=world.encoding)


def score_of_random_actions(world: World, lives: int) -> float:
    """Mean episode return of actions that any output, uniform in [-1, 1], may cause."""
    keys = lifetime_keys(SCORE_SEED, EVALUATION, num_lifetimes=lives)
    state = world.dynamics.reset(fold(keys, 0), balanced_contexts(world.dynamics, lives))
    alive, total = torch.ones(lives, dtype=torch.bool), torch.zeros(lives, dtype=torch.float64)
    for step in range(world.num_steps):
        output = uniform(fold(keys, step + 1), (world.decoding.size,)) * 2 - 1
        state, reward, terminated = world.dynamics.step(state, world.decoding.decode(output))
        total += torch.where(alive, reward, 0.0)
        alive = alive & ~terminated
    return total.mean().item() / world.episodes


def scores_of(agents: Sequence[LNDPAgent], environment: str, lives: int) -> np.ndarray | None:
    """(A, L): scores of fresh lives of agents of the same configuration; none where they do not fit."""
    born = [agent for agent in (reborn(agent, environment) for agent in agents) if agent is not None]
    if not born:
        return None
    world, genomes = world_of(born[0], environment), torch.stack([agent.genome for agent in born])
    learner = Evolved(born[0].program, genome_to_parameters(born[0].config, genomes))
    return fresh_rollout(learner, world, lives=lives, seed=SCORE_SEED).scores.numpy()


def measure(worlds: Sequence[str], lives: int, programs: int) -> list[dict[str, Any]]:
    """A row for each genome in each world."""
    rows: list[dict[str, Any]] = []
    sources = {name: cohort(name) for name in zoo_names()}
    sources[RANDOM_PROGRAMS] = [random_program(number) for number in range(programs)]
    for environment in worlds:
        best = BEST_KNOWN[environment]
        worst = score_of_random_actions(make_world(environment, {}, 1, encoding_of(environment)), lives)
        for name, agents in sources.items():
            say(f"{name} in {environment}")
            each = lives if name != RANDOM_PROGRAMS else max(2, lives // 4)
            scores = scores_of(agents, environment, each)
            row: dict[str, Any] = {
                "genome": name,
                "environment": environment,
                "random actions": round(worst, 2),
            }
            row |= {"best known": best, "genomes": len(agents), "lives": each}
            if scores is not None:
                score, (low, high) = float(interquartile_mean(scores.mean(1))), bootstrap_interval(scores)
                row |= {"score": round(score, 2), "low": round(low, 2), "high": round(high, 2)}
                row["scaled"] = round((score - worst) / (best - worst), 3)
                row["of each genome"] = " ".join(f"{mean:.1f}" for mean in scores.mean(1))
            rows.append(row)
    return rows


def draw(rows: Sequence[dict[str, Any]], title: str) -> Any:
    """The matrix, white where a genome does no better than random actions."""
    genomes, worlds = (list(dict.fromkeys(row[key] for row in rows)) for key in ("genome", "environment"))
    figure, ((axes,),) = new_figure(1.15 * len(worlds) + 1.6, 0.62 * len(genomes) + 1.5)
    colors = LinearSegmentedColormap.from_list("share", ["white", palette.POSITIVE])
    shares = np.array([row.get("scaled", np.nan) for row in rows], float).reshape(len(worlds), -1).T
    axes.imshow(shares, cmap=colors, vmin=0.0, vmax=1.0, aspect="auto")
    for row in rows:
        place = worlds.index(row["environment"]), genomes.index(row["genome"])
        text = f"{row['scaled']:.2f}\n{row['score']:.0f}" if "scaled" in row else "–"
        axes.text(*place, text, ha="center", va="center", fontsize=8.5, color=palette.INK)
    style(axes, title)
    axes.grid(visible=False)
    names = [world.removeprefix("lndp/").removesuffix("-v0") for world in worlds]
    axes.set_xticks(range(len(worlds)), names, rotation=20, ha="right")
    axes.set_yticks(range(len(genomes)), genomes)
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    """Score every genome in every world, and write."""
    command = parser(__doc__ or "", evolves=False)
    command.add_argument("--lives", type=int, default=128, help="of each genome in each world (128)")
    found = command.parse_args(arguments)
    chosen = options(found)
    lives, programs = (4, 2) if chosen.quick else (found.lives, 16)
    rows = measure(QUICK_WORLDS if chosen.quick else list(BEST_KNOWN), lives, programs)
    write_csv(chosen.out / "transfer.csv", _same_columns(rows))
    genomes = list(dict.fromkeys(row["genome"] for row in rows))
    table = [
        [
            environment,
            f"{random:.1f}",
            f"{best:.1f}",
            *(_cell(rows, genome, environment) for genome in genomes),
        ]
        for environment, random, best in dict.fromkeys(
            (row["environment"], row["random actions"], row["best known"]) for row in rows
        )
    ]
    notes = [
        f"Mean episode return of {lives} fresh lives (seed {SCORE_SEED}) of all evolutions of an agent "
        "(agents/README.md; transfer.csv has each): their interquartile mean with its 95 % bootstrap "
        "interval over evolutions and lives. "
        f"Of random programs, {programs} genomes with a quarter of the lives.",
        f"{machine()}.",
    ]
    names = ["world", "random actions", "best known", *genomes]
    write_markdown(chosen.out / "transfer.md", "Genomes born into other worlds", notes, names, table)
    title = f"share of the way from random actions to the best known, and return ({lives} lives)"
    write_figure(draw(rows, title), chosen.out / "transfer.png")


def _cell(rows: Sequence[dict[str, Any]], genome: str, environment: str) -> str:
    row = next(row for row in rows if (row["genome"], row["environment"]) == (genome, environment))
    return f"{row['score']:.1f} ({row['low']:.1f} to {row['high']:.1f})" if "score" in row else "does not fit"


def _same_columns(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name, "") for name in names} for row in rows]


if __name__ == "__main__":
    sys.exit(run_script(main))
