"""Finding 5, second half: one genome for two worlds, evolved in both at once.

In CartPole and in Acrobot the same program grows a brain of as many nodes, with other inputs and outputs. Its
fitness is the mean of its ranks in the population, so that the world with the larger spread does not decide
alone; the centre that is kept has the best mean share of the way from random actions to the best known.

Run it: python examples/paper/multi_task.py
"""

import csv
import hashlib
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from living import episode_returns
from lndp_envs.randomness import key_of
from paper import (
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
    say,
    score_lives,
)
from tables import curve, new_figure, style, write_csv, write_figure, write_results
from transfer import BEST_KNOWN

from lndp_agents import LNDPAgent, load_pretrained
from lndp_agents.evolution.checkpoint import CHECKPOINTS, Counters, read_newest, write_checkpoint
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.problem import Evaluation, LifeProblem, plain
from lndp_agents.evolution.run_folder import Description, lock_folder
from lndp_agents.evolution.search_library import Problem, SolutionBatch
from lndp_agents.evolution.searchers import (
    centre,
    make_searcher,
    move_centre,
    restore_searcher,
    searcher_state,
)
from lndp_agents.evolution.workers import Workers
from lndp_agents.palette import EVENT_DASHES, POSITIVE, SOFT_INK
from lndp_agents.rollout import make_world
from lndp_agents.rollout.streams import SEARCH
from lndp_agents.spaces import config_for

RANDOM = {"lndp/CartPoleLife-v0": 22.0, "lndp/AcrobotLife-v0": -499.0}
"""The worlds, and what random actions bring there."""
TRAINED_WITH: dict[str, dict[str, Any]] = {"lndp/AcrobotLife-v0": {"episodes": 1}}
"""Keyword arguments while evolving: lives of Acrobot's beginners are the longest there are."""
START, SIGMA, GENERATIONS = "cartpole", 0.2, 60
"""The search goes around a genome that knows one of the worlds: from zero it learned neither (README.md)."""


class Worlds(Problem):
    """Maximise the mean rank in what `LifeProblem`s maximise."""

    def __init__(self, parts: Sequence[LifeProblem]) -> None:
        size = parts[0].solution_length
        if any(part.solution_length != size for part in parts):
            raise ValueError("development_steps with spontaneous activity: such a genome fits one world only")
        bounds = (-1.0, 1.0)  # for want of a default; a search has its own first distribution
        super().__init__("max", solution_length=size, initial_bounds=bounds, dtype=torch.float32)
        self.parts = parts
        self.evaluations: list[Evaluation] = []
        self.steps = 0

    def begin(self, generation: int) -> None:
        """Draw what follows from the streams of a generation."""
        for part in self.parts:
            part.begin(generation)
        self.manual_seed(key_of(self.parts[0].description.recipe.seed, SEARCH, generation))

    def scaled(self, scores: Sequence[Any]) -> Any:
        """Mean over the worlds of scores, each as its share of what there is to gain."""
        return sum(
            (score - low) / (BEST_KNOWN[name] - low)
            for score, (name, low) in zip(scores, RANDOM.items(), strict=True)
        ) / len(RANDOM)

    def _evaluate_batch(self, batch: SolutionBatch) -> None:
        self.evaluations = [_evaluation(part, plain(batch.values)) for part in self.parts]
        self.steps += sum(int(each.steps.sum()) for each in self.evaluations)
        batch.set_evals(torch.stack([_ranks(each.fitness) for each in self.evaluations]).mean(0).float())


class Search:
    """An evolution in several worlds that can be stopped at any moment, a small brother of `Run`."""

    def __init__(self, folder: Path, wanted: EvolutionConfig) -> None:
        self.folder, self.recipe = folder, wanted
        self.worlds = Worlds([_part(environment, wanted) for environment in RANDOM])
        self.worlds.begin(0)
        self.searcher = make_searcher(self.worlds, wanted)
        move_centre(self.searcher, load_pretrained(wanted.start).genome)
        self.best, self.best_score, self.generation = centre(self.searcher), -math.inf, 0
        self.rows: list[dict[str, Any]] = []
        description = [replace(wanted, generations=1).to_json(), RANDOM, BEST_KNOWN, TRAINED_WITH]
        self.identity = hashlib.sha256(json.dumps(description).encode()).hexdigest()
        if (folder / CHECKPOINTS).is_dir():
            self._restore()

    def advance(self) -> None:
        """Do one generation and save it."""
        started = time.perf_counter()
        self.worlds.begin(self.generation)
        self.searcher.step()
        self.generation += 1
        row: dict[str, Any] = {"generation": self.generation, "steps": self.worlds.steps}
        for name, evaluation in zip(RANDOM, self.worlds.evaluations, strict=True):
            row[f"population {name}"] = evaluation.scores.mean().item()
        row |= self._score_centre()
        self.rows.append(row)
        write_csv(self.folder / "metrics.csv", self.rows)
        best_score = self.best_score if math.isfinite(self.best_score) else None
        counters = Counters(self.identity, self.generation, self.worlds.steps, best_score)
        write_checkpoint(self.folder / CHECKPOINTS, counters, self._tensors())
        with (self.folder / "timings.csv").open("a", encoding="ascii") as file:
            file.write(f"{self.generation},{time.perf_counter() - started:.3f}\n")

    def agents(self) -> dict[str, LNDPAgent]:
        """The best centre in each world."""
        return {
            name: LNDPAgent(
                part.world.dynamics.observation_space,
                part.world.dynamics.action_space,
                part.description.program,
                genome=self.best,
                encoding=part.world.encoding,
            )
            for name, part in zip(RANDOM, self.worlds.parts, strict=True)
        }

    def _score_centre(self) -> dict[str, Any]:
        """Held-out scores of the centre, every so many generations; remember the best."""
        genome = centre(self.searcher)
        if self.best_score == -math.inf:
            self.best = genome
        if self.generation % self.recipe.evaluate_every:
            return {f"held-out {name}": "" for name in RANDOM}
        scores = [part.held_out_score(genome) for part in self.worlds.parts]
        if self.worlds.scaled(scores) > self.best_score:
            self.best, self.best_score = genome, self.worlds.scaled(scores)
        return {f"held-out {name}": score for name, score in zip(RANDOM, scores, strict=True)}

    def _tensors(self) -> dict[str, torch.Tensor]:
        return searcher_state(self.searcher) | {"best": self.best}

    def _restore(self) -> None:
        counters, tensors, skipped = read_newest(self.folder / CHECKPOINTS, self.identity, self._tensors())
        for note in skipped:
            say(note)
        self.best, self.generation, self.worlds.steps = (
            tensors.pop("best"),
            counters.generation,
            counters.steps,
        )
        self.best_score = -math.inf if counters.best_score is None else counters.best_score
        restore_searcher(self.searcher, self.generation, tensors)
        with (self.folder / "metrics.csv").open(newline="", encoding="utf-8") as file:
            self.rows = [row for row in csv.DictReader(file) if int(row["generation"]) <= self.generation]


def evolve_one(result: Result) -> str:
    """Bring one search to its budget, in one thread; its name."""
    torch.set_num_threads(1)
    result.run.mkdir(parents=True, exist_ok=True)
    with lock_folder(result.run):
        search = Search(result.run, result.recipe)
        if search.generation > result.recipe.generations:
            raise ValueError(f"{result.run} has {search.generation} generations already: give more")
        while search.generation < result.recipe.generations:
            search.advance()
            if search.generation % result.recipe.evaluate_every == 0:
                means = ", ".join(f"{each.scores.mean():.1f}" for each in search.worlds.evaluations)
                say(f"  {result.run.name}: generation {search.generation}, population means {means}")
        for name, agent in search.agents().items():
            agent.save_pretrained(_agent_folder(result, name))
    return result.run.name


def measure(result: Result, lives: int) -> Result:
    """Score the best centre in each world."""
    measures: dict[str, np.ndarray] = {}
    for name in RANDOM:
        agent = LNDPAgent.from_pretrained(_agent_folder(result, name))
        measures[name] = episode_returns(agent, name, lives, SCORE_SEED).mean(1)
    return replace(result, measures=measures)


def draw(results: Sequence[Result], chosen: Options) -> None:
    """Population means in each world against generations."""
    figure, (panels,) = new_figure(8, 3, 1, len(RANDOM))
    for axes, name in zip(panels, RANDOM, strict=True):
        for result in results:
            scores = curve(result, f"population {name}")
            axes.plot(range(1, len(scores) + 1), scores, color=POSITIVE, linewidth=1.2)
        for level in (RANDOM[name], BEST_KNOWN[name]):
            axes.axhline(level, color=SOFT_INK, linewidth=0.8, linestyle=EVENT_DASHES)
        style(axes, f"{name}; dashed: random, best known", "generation", "mean return of the population")
    write_figure(figure, chosen.out / "multi_task.png")


def main(arguments: Sequence[str] | None = None) -> None:
    """Evolve, measure, write."""
    chosen = options(parser(__doc__ or "").parse_args(arguments))
    wanted = recipe(next(iter(RANDOM)), GENERATIONS, initial_density=0.5, innate_roles=True)
    genome = Condition({"genome": "both worlds"}, replace(wanted, start=START, sigma=SIGMA))
    evolved = evolve("multi_task", [genome], chosen, evolve_one)
    results = [measure(result, score_lives(chosen)) for result in evolved]
    write_results(chosen.out / "multi_task", "One genome for CartPole and Acrobot", results, chosen)
    draw(results, chosen)


def _part(environment: str, wanted: EvolutionConfig) -> LifeProblem:
    keywords = TRAINED_WITH.get(environment, {})
    world = make_world(environment, keywords, 1, encoding_of(environment))
    spaces = world.dynamics.observation_space, world.dynamics.action_space
    program = config_for(*spaces, world.encoding, **wanted.program)
    own = replace(wanted, environment=environment, environment_keywords=keywords)
    return LifeProblem(Description(own, program, world.encoding), Workers())


def _ranks(values: torch.Tensor) -> torch.Tensor:
    """(P,): the share of the others that each of (P,) is better than; of its equals, half."""
    mine, others = values[:, None], values[None]
    return (mine > others).double().mean(1) + (mine == others).double().mean(1) / 2


def _evaluation(part: LifeProblem, genomes: torch.Tensor) -> Evaluation:
    batch = part.generate_batch(len(genomes))
    batch.set_values(genomes)
    part.evaluate(batch)
    return Evaluation.of(batch)


def _agent_folder(result: Result, environment: str) -> Path:
    return result.run / "best" / environment.removeprefix("lndp/")


if __name__ == "__main__":
    sys.exit(run_script(main))
