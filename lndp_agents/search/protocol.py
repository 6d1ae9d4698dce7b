"""What a search is: pure functions over a state that holds all there is to know.

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
"""The entry () int64 that every state has: how many generations were told."""


@dataclass(frozen=True)
class SearchSetting:
    """What every search is made for.

    Example:
        >>> from lndp_agents import SearchSetting
        >>> SearchSetting(size=10, population=8, sigma=0.5).separable
        True
    """

    size: int
    """D: numbers of a genome."""
    population: int
    """P: genomes of a generation."""
    sigma: float
    """Standard deviation of the first generation."""
    separable: bool = True
    """Whether a covariance, if there is one, is only its diagonal."""
    seed: int = 0
    """Of what is sampled before the first generation."""


@dataclass(frozen=True)
class Evaluation:
    """What an objective says of P genomes.

    Example:
        >>> import torch
        >>> from lndp_agents import Evaluation
        >>> Evaluation.of_fitness(torch.tensor([1.0, 3.0])).scores.tolist()
        [1.0, 3.0]
    """

    fitness: Tensor
    """(P,) float64: what the search maximizes."""
    scores: Tensor
    """(P,) float64: what people are told, such as the mean episode return."""
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
        """The evaluation of a plain function, with values (P,)."""
        zeros = torch.zeros_like(fitness)
        return cls(fitness, fitness, zeros, zeros)


class Search(Protocol):
    """An evolutionary search. Its methods depend on their arguments alone, and change none of them.

    It is made as `Name(setting, **options)` of a `SearchSetting` and the searcher options of a recipe.

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
        """The state before the first generation.

        Args:
            mean: (D,) float32, where the search distribution has its mean.
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
        """The state after a generation; its names, shapes and types are those of `init`.

        Args:
            state: of `ask`.
            genomes: (P, D) of `ask`.
            evaluation: of these genomes.
        """
        ...

    def mean(self, state: State) -> Tensor:
        """(D,): the mean of the search distribution, which is what a search finds."""
        ...

    def spread(self, state: State) -> float:
        """The step size, or the root mean square deviation of the search distribution."""
        ...


def is_finite(state: State) -> bool:
    """Whether a state is made of finite numbers."""
    return all(bool(tensor.isfinite().all()) for tensor in state.values())


def next_generation(state: State) -> Tensor:
    """The entry `GENERATION` of the state after this one."""
    return state[GENERATION] + 1
