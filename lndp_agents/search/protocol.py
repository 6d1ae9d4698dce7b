"""The protocol of a search: pure functions over an explicit state.

    state = search.init(mean)
    genomes, asked = search.ask(state, key)
    state = search.tell(asked, genomes, evaluation)

A state is what a checkpoint holds, so that a search goes on exactly wherever it was stopped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

State = Mapping[str, Tensor]
"""Named tensors of fixed shapes and types, never changed in place; one of them is `GENERATION`."""
GENERATION = "generation"
"""The entry () int64 that every state has: number of generations done."""


@dataclass(frozen=True)
class SearchSetting:
    """Setting that every search is made for.

    Example:
        >>> from lndp_agents import SearchSetting
        >>> SearchSetting(size=10, population=8, sigma=0.5).separable
        True
    """

    size: int
    """D: length of a genome."""
    population: int
    """P: number of genomes of a generation."""
    sigma: float
    """Standard deviation of the first generation."""
    separable: bool = True
    """Whether a covariance, if there is one, is only its diagonal."""
    seed: int = 0
    """Random seed of what is sampled before the first generation."""


@dataclass(frozen=True)
class Evaluation:
    """Evaluation of P genomes by an objective.

    Example:
        >>> import torch
        >>> from lndp_agents import Evaluation
        >>> Evaluation.of_fitness(torch.tensor([1.0, 3.0])).scores.tolist()
        [1.0, 3.0]
    """

    fitness: Tensor
    """(P,) float64: what the search maximizes."""
    scores: Tensor
    """(P,) float64: what is reported, such as the mean episode return."""
    density: Tensor
    """(P,) float64: mean edge density of the networks."""
    steps: Tensor
    """(P,) float64: environment steps of all rollouts of the genome."""
    parts: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    """(P,) float64 each: mean episode returns by world, where there are several."""

    @property
    def columns(self) -> Tensor:
        """(P, 4) float32: fitness, scores, density and steps, as they are hashed and told to a search."""
        return torch.stack([self.fitness, self.scores, self.density, self.steps], 1).float()

    @classmethod
    def of_fitness(cls, fitness: Tensor) -> "Evaluation":
        """Return the evaluation of a plain function, with values (P,)."""
        zeros = torch.zeros_like(fitness)
        return cls(fitness, fitness, zeros, zeros)


class Search(Protocol):
    """An evolutionary search. Its methods depend on their arguments alone, and change none of them.

    It is made as `Name(setting, **options)` from a `SearchSetting` and the searcher options of a config.

    Example:
        >>> import torch
        >>> from lndp_agents import Evaluation, Search, SearchSetting
        >>> from lndp_agents.search import make_search
        >>> setting = SearchSetting(size=3, population=8, sigma=0.5)
        >>> search: Search = make_search("SepCMAES", setting, {})
        >>> state = search.init(torch.ones(3))
        >>> for key in range(100):
        ...     genomes, state = search.ask(state, key)
        ...     fitness = -genomes.double().square().sum(1)
        ...     state = search.tell(state, genomes, Evaluation.of_fitness(fitness))
        >>> bool(search.mean(state).abs().max() < 0.01)
        True
    """

    def init(self, mean: Tensor) -> State:
        """Return the state before the first generation.

        Args:
            mean: (D,) float32, of the search distribution.
        """
        ...

    def ask(self, state: State, key: int) -> tuple[Tensor, State]:
        """Sample a generation.

        Args:
            state: of `init` or `tell`.
            key: the randomness of the generation.

        Returns:
            Genomes (P, D) float32, and the state to tell their evaluation, which may have further entries.
        """
        ...

    def tell(self, state: State, genomes: Tensor, evaluation: Evaluation) -> State:
        """Return the state after a generation; its names, shapes and types are those of `init`.

        Args:
            state: of `ask`.
            genomes: (P, D) of `ask`.
            evaluation: of these genomes.
        """
        ...

    def mean(self, state: State) -> Tensor:
        """Return the mean (D,) of the search distribution, the result of a search."""
        ...

    def spread(self, state: State) -> float:
        """Return the step size, or the root mean square deviation of the search distribution."""
        ...


def is_finite(state: State) -> bool:
    """Return whether all numbers of a state are finite."""
    return all(bool(tensor.isfinite().all()) for tensor in state.values())


def next_generation(state: State) -> Tensor:
    """Return the entry `GENERATION` of the state after this one."""
    return state[GENERATION] + 1
