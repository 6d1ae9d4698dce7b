"""A small function that the tests of this folder maximize."""

from collections.abc import Callable

import pytest
import torch

from lndp_agents.search import GENERATION, Evaluation, Search, State


class Hill:
    """One smooth peak at 1, 2, 3, ...; the number of a generation gives its randomness."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.peak = torch.arange(1.0, size + 1)

    def climb(self, search: Search, state: State, generations: int) -> State:
        for _ in range(generations):
            genomes, asked = search.ask(state, 1000 + int(state[GENERATION]))
            fitness = -(genomes - self.peak).square().sum(1)
            state = search.tell(asked, genomes, Evaluation.of_fitness(fitness))
        return state


@pytest.fixture(scope="module")
def make_hill() -> Callable[[int], Hill]:
    return Hill
