"""An evolution without its folder: the search, its counters, and what one generation does to them."""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict

import torch
from torch import Tensor

from lndp_agents.evolution.checkpoint import Counters
from lndp_agents.evolution.metrics import Generation, Hashes
from lndp_agents.evolution.problem import Evaluation, LifeProblem, plain
from lndp_agents.evolution.run_folder import Description
from lndp_agents.evolution.searchers import (
    centre,
    is_sound,
    make_searcher,
    move_centre,
    restore_searcher,
    searcher_state,
    spread,
)
from lndp_agents.evolution.workers import Workers
from lndp_agents.genome import initial_genome
from lndp_agents.persistence import SavedAgent
from lndp_agents.spaces import check_fit

HASH_LENGTH = 16
_SEARCH = "search."


class Evolution:
    """A search for programs, at the beginning; the same description gives the same evolution.

    Args:
        description: what is evolved, and how.
        workers: who lives the lives; have them `problem.at_work()` for `advance` and `score_centre`.

    Attributes:
        problem: what is searched.
        generation: generations done.
        steps: steps lived by all populations.
        best_score: mean score of `best` on held-out lives; minus infinity while none was measured.
        best: (D,) the centre with the best such score; the newest while none was measured.
        last: (D,) the fittest genome of the newest generation.

    Raises:
        ValueError: environment, program or searcher do not fit.
    """

    def __init__(self, description: Description, workers: Workers) -> None:
        self._identity, self._recipe = description.identity, description.recipe
        self.problem = LifeProblem(description, workers)
        dynamics, encoding = self.problem.world.dynamics, self.problem.world.encoding
        check_fit(description.program, dynamics.observation_space, dynamics.action_space, encoding)
        self.problem.begin(0)
        self._searcher = make_searcher(self.problem, self._recipe)
        if self._recipe.update_bias:
            move_centre(self._searcher, initial_genome(description.program, self._recipe.update_bias))
        self.generation = self.steps = 0
        self.best_score = -math.inf
        self.best, self.last = self.centre, self.centre
        self._before_final: tuple[Tensor, float] | None = None

    @property
    def centre(self) -> Tensor:
        """(D,): the centre of the search distribution."""
        return centre(self._searcher)

    def start_around(self, genome: Tensor) -> None:
        """Centre the search on a genome (D,); call it once, before the first generation."""
        move_centre(self._searcher, genome)
        self.best, self.last = self.centre, self.centre

    def advance(self) -> Generation:
        """Do one generation.

        Raises:
            FloatingPointError: the search distribution is no longer made of numbers.
            ConnectionError: an actor is lost or frozen.
        """
        self.problem.begin(self.generation)
        self._searcher.step()
        if not is_sound(self._searcher):
            raise FloatingPointError(f"the search diverged in generation {self.generation + 1}")
        self.generation += 1
        evaluation = Evaluation.of(self._searcher.population)
        self.steps += int(evaluation.steps.sum())
        self.last = evaluation.fittest
        is_scored = self.generation % self._recipe.evaluate_every == 0
        held_out = self.score_centre() if is_scored else None
        if self.best_score == -math.inf:
            self.best = self.centre
        return self._record(evaluation, held_out)

    def score_centre(self) -> float:
        """Score the centre on held-out lives, and remember it if it is the best."""
        genome = self.centre
        score = self.problem.held_out_score(genome)
        if score > self.best_score:
            self.best_score, self.best = score, genome
        return score

    def final_evaluation(self) -> float:
        """Score the mean where a budget ends between two evaluations.

        The search that goes on must not depend on it: `forget_final_evaluation` undoes it.
        """
        self._before_final = self.best, self.best_score
        return self.score_centre()

    def forget_final_evaluation(self) -> None:
        """Restore what was best before `final_evaluation`, if there was one."""
        if self._before_final is not None:
            (self.best, self.best_score), self._before_final = self._before_final, None

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint holds beside its counters; names and shapes never change in a run."""
        search = {f"{_SEARCH}{name}": tensor for name, tensor in searcher_state(self._searcher).items()}
        return search | {"best": self.best, "last": self.last}

    def counters(self) -> Counters:
        """The numbers of a checkpoint."""
        best_score = self.best_score if math.isfinite(self.best_score) else None
        return Counters(self._identity, self.generation, self.steps, best_score)

    def agents(self) -> dict[str, SavedAgent]:
        """What is saved as agents: the fittest genome, the best centre, and the newest one."""
        genomes = {"last": self.last, "best": self.best, "centre": self.centre}
        world = self.problem.world
        spaces = world.dynamics.observation_space, world.dynamics.action_space
        program = self.problem.description.program
        return {
            name: SavedAgent(*spaces, world.encoding, program, genome) for name, genome in genomes.items()
        }

    def undoing(self) -> Callable[[], None]:
        """What takes the evolution back to where it is now."""
        counters = self.counters()
        tensors = {name: tensor.clone() for name, tensor in self.tensors().items()}
        return lambda: self.restore(counters, tensors)

    def restore(self, counters: Counters, tensors: Mapping[str, Tensor]) -> None:
        """Go to where `counters` and `tensors` are of."""
        search = {
            name.removeprefix(_SEARCH): tensor for name, tensor in tensors.items() if name.startswith(_SEARCH)
        }
        restore_searcher(self._searcher, counters.generation, search)
        self.generation, self.steps = counters.generation, counters.steps
        self.best_score = -math.inf if counters.best_score is None else counters.best_score
        self.best, self.last = tensors["best"], tensors["last"]

    def hashes(self) -> Hashes:
        """Of the newest generation."""
        population = self._searcher.population
        return Hashes(
            self.generation,
            _hash([plain(population.values)]),
            _hash([plain(population.evals)]),
            hash_checkpoint(self.counters(), self.tensors()),
        )

    def _record(self, evaluation: Evaluation, held_out: float | None) -> Generation:
        nan_count = int((~evaluation.is_number).sum())
        fitness = evaluation.fitness[evaluation.is_number]
        if nan_count == len(evaluation.fitness):
            fitness = torch.full((1,), math.nan)
        return Generation(
            generation=self.generation,
            steps=self.steps,
            fitness_best=fitness.max().item(),
            fitness_mean=fitness.mean().item(),
            fitness_std=fitness.std(correction=0).item(),
            score_best=evaluation.scores.max().item(),
            score_mean=evaluation.scores.mean().item(),
            held_out=held_out,
            sigma=spread(self._searcher),
            density=evaluation.density.mean().item(),
            nan_count=nan_count,
        )


def hash_checkpoint(counters: Counters, tensors: Mapping[str, Tensor]) -> str:
    """The first digits of the SHA-256 of what a checkpoint holds."""
    names = sorted(tensors)
    return _hash([tensors[name] for name in names], json.dumps([names, asdict(counters)]))


def _hash(tensors: Iterable[Tensor], text: str = "") -> str:
    total = hashlib.sha256(text.encode())
    for tensor in tensors:
        total.update(tensor.detach().flatten().numpy().data)
    return total.hexdigest()[:HASH_LENGTH]
