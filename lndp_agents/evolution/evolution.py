"""An evolution as a value: what one generation does to its state, without a folder and side effects."""

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
    """Where an evolution is; with the description of the run, all there is to know."""

    search: State
    steps: int
    """Environment steps of all populations."""
    best_score: float
    """Mean score of `best` on held-out rollouts; minus infinity while none was measured."""
    best: Tensor
    """(D,) the mean with the best such score; the newest while none was measured."""
    last: Tensor
    """(D,) the fittest genome of the newest generation."""

    @property
    def generation(self) -> int:
        """Generations done."""
        return int(self.search[GENERATION])


class Sampled(NamedTuple):
    """What a generation was."""

    genomes: Tensor
    """(P, D)."""
    evaluation: Evaluation


class Rows(NamedTuple):
    """What is recorded of a generation."""

    record: Generation
    hashes: Hashes
    parts: Mapping[str, float | None]
    """Of worlds.csv: by world, the mean score of the population and that of the mean on held-out rollouts."""


def generation(
    search: Search, objective: Objective, state: EvolutionState, seed: int
) -> tuple[EvolutionState, Sampled]:
    """One generation: sample, evaluate, adapt.

    Args:
        search: how genomes are sampled and the distribution adapted.
        objective: what is maximized.
        state: where the evolution is.
        seed: of the run; with the number of the generation it gives all randomness.

    Raises:
        FloatingPointError: the search distribution is no longer made of numbers.
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
    """The functions that a description stands for; it holds no state.

    Args:
        description: what is evolved, and how.

    Attributes:
        objective: what is maximized.
        search: what maximizes it.

    Raises:
        ValueError: environment, program, objective or searcher do not fit.
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
        """That of the recipe's environment, whether or not the objective has it."""
        own = [each for each in worlds_of(self.objective) if each.description is self.description]
        return own[0].world if own else self.description.make_world()

    @property
    def most_steps(self) -> int:
        """How many environment steps a generation takes at most."""
        worlds = worlds_of(self.objective)
        lifetimes = sum(each.description.recipe.lives * each.world.num_steps for each in worlds)
        return self.description.recipe.population * lifetimes

    def init(self, genome: Tensor | None = None) -> EvolutionState:
        """The state before the first generation.

        Args:
            genome: (D,) that the search starts around; zero but for the recipe's `update_bias` if none.
        """
        if genome is None:
            bias = self.description.recipe.update_bias
            genome = initial_genome(self.description.program, bias) if bias else torch.zeros(self._size)
        search = self.search.init(genome)
        mean = self.search.mean(search)
        return EvolutionState(search, 0, -math.inf, mean, mean)

    def advance(self, state: EvolutionState) -> tuple[EvolutionState, Rows]:
        """Do one generation, and evaluate the mean where that is due.

        Returns:
            The next state, and its rows of the run's tables.

        Raises:
            FloatingPointError: the search distribution is no longer made of numbers.
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
            hash_checkpoint(self.counters(state), self.tensors(state)),
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
        """What a checkpoint holds beside its counters; names and shapes never change in a run."""
        search = {f"{_SEARCH}{name}": value for name, value in state.search.items() if name != GENERATION}
        tensors = search | {"best": state.best, "last": state.last}
        return {name: tensor.clone() for name, tensor in tensors.items()}

    def counters(self, state: EvolutionState) -> Counters:
        """The numbers of a checkpoint."""
        best_score = state.best_score if math.isfinite(state.best_score) else None
        return Counters(self.description.identity, state.generation, state.steps, best_score)

    def restore(self, counters: Counters, tensors: Mapping[str, Tensor]) -> EvolutionState:
        """The state that `counters` and `tensors` are of."""
        # Copies, because the memory of a file need not be aligned, and results can depend on that.
        copies = {name: tensor.clone() for name, tensor in tensors.items()}
        search = {
            name.removeprefix(_SEARCH): tensor for name, tensor in copies.items() if name.startswith(_SEARCH)
        }
        search[GENERATION] = torch.tensor(counters.generation)
        best_score = -math.inf if counters.best_score is None else counters.best_score
        return EvolutionState(search, counters.steps, best_score, copies["best"], copies["last"])

    def agents(self, state: EvolutionState) -> dict[str, SavedAgent]:
        """What is saved as agents: the fittest genome, the best mean, and the newest one."""
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
    """The first digits of the SHA-256 of what a checkpoint holds."""
    names = sorted(tensors)
    return _hash([tensors[name] for name in names], json.dumps([names, asdict(counters)]))


def _hash(tensors: Iterable[Tensor], text: str = "") -> str:
    total = hashlib.sha256(text.encode())
    for tensor in tensors:
        total.update(tensor.detach().flatten().numpy().data)
    return total.hexdigest()[:HASH_LENGTH]
