"""An evolution as a value: pure functions that advance its state by one generation."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cached_property
from typing import NamedTuple

import torch
from lndp_envs.randomness import key_of
from torch import Tensor

from lndp_agents.evolution.description import Description
from lndp_agents.evolution.fitness import WORST
from lndp_agents.evolution.objective import Objective, make_objective, worlds_of
from lndp_agents.evolution.records import Counters, Generation, Hashes
from lndp_agents.genome import genome_size, initial_genome
from lndp_agents.persistence import SavedAgent
from lndp_agents.rollout import World
from lndp_agents.rollout.streams import SEARCH
from lndp_agents.search import GENERATION, Evaluation, Search, SearchSetting, State, make_search
from lndp_agents.search.protocol import is_finite
from lndp_agents.spaces import check_fit

HASH_LENGTH = 16
_SEARCH = "search."


class EvolutionState(NamedTuple):
    """State of an evolution; with the description of the run it determines all that follows."""

    search: State
    steps: int
    """Number of environment steps of all populations."""
    best_score: float
    """Mean score of `best` on held-out rollouts; minus infinity while none was measured."""
    best: Tensor
    """(D,) the mean with the best such score; the newest while none was measured."""
    last: Tensor
    """(D,) the fittest genome of the newest generation."""

    @property
    def generation(self) -> int:
        """Number of generations done."""
        return int(self.search[GENERATION])


class Sampled(NamedTuple):
    """The genomes of a generation and their evaluation."""

    genomes: Tensor
    """(P, D)."""
    evaluation: Evaluation


class Rows(NamedTuple):
    """Rows of the tables of a run for one generation."""

    record: Generation
    hashes: Hashes
    parts: Mapping[str, float | None]
    """Cells of worlds.csv: by world, mean scores of the population and of the mean on held-out rollouts."""


def generation(
    search: Search, objective: Objective, state: EvolutionState, seed: int
) -> tuple[EvolutionState, Sampled]:
    """Do one generation: sample, evaluate, adapt.

    Args:
        search: samples genomes and adapts its distribution.
        objective: the function that is maximized.
        state: before the generation.
        seed: random seed of the run; with the number of the generation it gives all randomness.

    Raises:
        FloatingPointError: the search distribution is no longer finite.
    """
    genomes, asked = search.ask(state.search, key_of(seed, SEARCH, state.generation))
    evaluation = objective(genomes, state.generation)
    told = search.tell(asked, genomes, evaluation)
    if not is_finite(told):
        raise FloatingPointError(f"the search diverged in generation {state.generation + 1}")
    fittest = genomes[int(evaluation.columns[:, 0].argmax())].clone()
    steps = state.steps + int(evaluation.columns[:, 3].double().sum())
    return state._replace(search=told, steps=steps, last=fittest), Sampled(genomes, evaluation)


class Evolution:
    """The functions of a run, made from its description; it holds no state.

    Args:
        description: of the run.

    Attributes:
        objective: the function that is maximized.
        search: the search that maximizes it.

    Raises:
        ValueError: environment, policy, objective or searcher do not fit.
    """

    def __init__(self, description: Description) -> None:
        self.description, recipe = description, description.recipe
        self.objective = make_objective(description)
        dynamics, encoding = self.world.dynamics, self.world.encoding
        check_fit(description.program, dynamics.observation_space, dynamics.action_space, encoding)
        self._size = genome_size(description.program)
        setting = SearchSetting(self._size, recipe.population, recipe.sigma, recipe.separable, recipe.seed)
        self.search = make_search(recipe.searcher, setting, recipe.searcher_options)

    @cached_property
    def world(self) -> World:
        """World of the config's environment, whether or not the objective has it."""
        own = [each for each in worlds_of(self.objective) if each.description is self.description]
        return own[0].world if own else self.description.make_world()

    @property
    def most_steps(self) -> int:
        """The largest number of environment steps that a generation can take."""
        worlds = worlds_of(self.objective)
        lifetimes = sum(each.description.recipe.lives * each.world.num_steps for each in worlds)
        return self.description.recipe.population * lifetimes

    def init(self, genome: Tensor | None = None) -> EvolutionState:
        """Return the state before the first generation.

        Args:
            genome: (D,) that the search starts around; zero, but for the config's `update_bias`, if None.
        """
        if genome is None:
            bias = self.description.recipe.update_bias
            genome = initial_genome(self.description.program, bias) if bias else torch.zeros(self._size)
        search = self.search.init(genome)
        mean = self.search.mean(search)
        return EvolutionState(search, 0, -math.inf, mean, mean)

    def advance(self, state: EvolutionState) -> tuple[EvolutionState, Rows]:
        """Do one generation, and evaluate the mean if that is due.

        Returns:
            The next state, and its rows of the tables of the run.

        Raises:
            FloatingPointError: the search distribution is no longer finite.
            ConnectionError: an actor is lost or frozen.
        """
        recipe = self.description.recipe
        state, sampled = generation(self.search, self.objective, state, recipe.seed)
        held_out = None
        if state.generation % recipe.evaluate_every == 0:
            state, held_out = self.evaluate_mean(state)
        parts: dict[str, float | None] = {}
        for name, scores in sampled.evaluation.parts.items():
            parts[f"population {name}"] = scores.mean().item()
            parts[f"held-out {name}"] = None if held_out is None else held_out.parts[name].item()
        if state.best_score == -math.inf:
            state = state._replace(best=self.search.mean(state.search))
        hashes = Hashes(
            state.generation,
            _hash([sampled.genomes]),
            _hash([sampled.evaluation.columns]),
            hash_checkpoint(*self.checkpoint(state)),
        )
        score = None if held_out is None else held_out.scores.item()
        return state, Rows(self._record(state, sampled.evaluation, score), hashes, parts)

    def evaluate_mean(self, state: EvolutionState) -> tuple[EvolutionState, Evaluation]:
        """Score the mean on held-out rollouts.

        Returns:
            The state that remembers the mean if it is the best, and the evaluation of the mean alone.
        """
        mean = self.search.mean(state.search)
        evaluation = self.objective(mean[None], None)
        score = evaluation.scores.item()
        if score > state.best_score:
            state = state._replace(best_score=score, best=mean)
        return state, evaluation

    def tensors(self, state: EvolutionState) -> dict[str, Tensor]:
        """Return the tensors of a checkpoint; names and shapes never change in a run."""
        search = {f"{_SEARCH}{name}": value for name, value in state.search.items() if name != GENERATION}
        tensors = search | {"best": state.best, "last": state.last}
        return {name: tensor.clone() for name, tensor in tensors.items()}

    def counters(self, state: EvolutionState) -> Counters:
        """Return the numbers of a checkpoint."""
        best_score = state.best_score if math.isfinite(state.best_score) else None
        return Counters(self.description.identity, state.generation, state.steps, best_score)

    def checkpoint(self, state: EvolutionState) -> tuple[Counters, dict[str, Tensor]]:
        """Return what `restore` takes."""
        return self.counters(state), self.tensors(state)

    def restore(self, counters: Counters, tensors: Mapping[str, Tensor]) -> EvolutionState:
        """Return the state of a checkpoint."""
        # Copies, because the memory of a file need not be aligned, and results can depend on that.
        copies = {name: tensor.clone() for name, tensor in tensors.items()}
        search = {
            name.removeprefix(_SEARCH): tensor for name, tensor in copies.items() if name.startswith(_SEARCH)
        }
        search[GENERATION] = torch.tensor(counters.generation)
        best_score = -math.inf if counters.best_score is None else counters.best_score
        return EvolutionState(search, counters.steps, best_score, copies["best"], copies["last"])

    def agents(self, state: EvolutionState) -> dict[str, SavedAgent]:
        """Return the agents to save: the fittest genome, the best mean and the newest mean."""
        genomes = {"last": state.last, "best": state.best, "mean": self.search.mean(state.search)}
        spaces = self.world.dynamics.observation_space, self.world.dynamics.action_space
        return {
            name: SavedAgent(*spaces, self.world.encoding, self.description.program, genome)
            for name, genome in genomes.items()
        }

    def _record(self, state: EvolutionState, evaluation: Evaluation, held_out: float | None) -> Generation:
        fitness, scores, density, _ = evaluation.columns.double().unbind(1)
        is_number = fitness > WORST
        nan_count = int((~is_number).sum())
        fitness = torch.full((1,), math.nan) if nan_count == len(fitness) else fitness[is_number]
        return Generation(
            generation=state.generation,
            steps=state.steps,
            fitness_best=fitness.max().item(),
            fitness_mean=fitness.mean().item(),
            fitness_std=fitness.std(correction=0).item(),
            score_best=scores.max().item(),
            score_mean=scores.mean().item(),
            held_out=held_out,
            sigma=self.search.spread(state.search),
            density=density.mean().item(),
            nan_count=nan_count,
        )


def hash_checkpoint(counters: Counters, tensors: Mapping[str, Tensor]) -> str:
    """Return the first digits of the SHA-256 of the content of a checkpoint."""
    names = sorted(tensors)
    return _hash([tensors[name] for name in names], json.dumps([names, asdict(counters)]))


def _hash(tensors: Iterable[Tensor], text: str = "") -> str:
    total = hashlib.sha256(text.encode())
    for tensor in tensors:
        total.update(tensor.detach().flatten().numpy().data)
    return total.hexdigest()[:HASH_LENGTH]
