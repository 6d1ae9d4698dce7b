"""A searcher in one file: a (1 + lambda) evolution strategy with a one-fifth success rule.

lndp train lndp/Foraging-v0 --searcher examples/plugins/searcher.py:OnePlusLambda --population 16

Files that name it are only read with --trust, unless a package that you install announces it:

    [project.entry-points."lndp_agents.plugins"]
    "searcher.one-plus-lambda" = "my_package.searcher:OnePlusLambda"
"""

import math

import torch
from torch import Tensor

from lndp_agents import Evaluation, SearchSetting

State = dict[str, Tensor]
"""The values of a search; its entry "generation" counts generations."""


class OnePlusLambda:
    """The parent and its mutants are evaluated together; the fittest of them is the next parent.

    The step size grows where more than a fifth of the mutants are fitter than the parent, and
    shrinks where fewer are (Rechenberg 1973).

    Args:
        setting: what every search is made for.
        rate: how fast the step size changes; 0 keeps it.
    """

    def __init__(self, setting: SearchSetting, *, rate: float = 0.5) -> None:
        self._setting, self._rate = setting, rate

    def init(self, mean: Tensor) -> State:
        """The state before the first generation, with the parent (D,)."""
        sigma = torch.tensor(self._setting.sigma)
        return {"parent": mean, "sigma": sigma, "generation": torch.tensor(0)}

    def ask(self, state: State, key: int) -> tuple[Tensor, State]:
        """The parent, and mutants of it: genomes (P, D)."""
        generator = torch.Generator().manual_seed(key)
        noise = torch.randn(self._setting.population - 1, self._setting.size, generator=generator)
        parent = state["parent"][None]
        return torch.cat([parent, parent + state["sigma"] * noise]), state

    def tell(self, state: State, genomes: Tensor, evaluation: Evaluation) -> State:
        """The state after a generation."""
        fitness = evaluation.fitness
        successes = (fitness[1:] > fitness[0]).double().mean().item()
        return {
            "parent": genomes[int(fitness.argmax())].clone(),
            "sigma": state["sigma"] * math.exp(self._rate * (successes - 1 / 5)),
            "generation": state["generation"] + 1,
        }

    def mean(self, state: State) -> Tensor:
        """What the search has found (D,)."""
        return state["parent"]

    def spread(self, state: State) -> float:
        """The step size."""
        return float(state["sigma"])
