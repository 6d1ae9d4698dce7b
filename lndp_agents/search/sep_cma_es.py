"""Separable CMA-ES without any library (Ros and Hansen 2008; weights of Hansen 2016, arXiv 1604.00772).

It does what EvoTorch's CMA-ES does where that is separable, with the same bits, order of operations included:
the engine for the day on which EvoTorch cannot be imported.
"""

import math
from typing import Any

import torch
from torch import Tensor

from lndp_agents.search.protocol import GENERATION, Evaluation, SearchSetting, State, next_generation


class SepCMAES:
    """CMA-ES that adapts the diagonal of its covariance, with active (negative) recombination weights.

    Args:
        setting: the setting of the search; always separable.
    """

    def __init__(self, setting: SearchSetting) -> None:
        self._setting = setting
        size, population = setting.size, setting.population
        self._num_parents = population // 2
        raw = math.log((population + 1) / 2) - torch.log(torch.arange(population) + 1)
        positive, negative = raw[: self._num_parents], raw[self._num_parents :]
        effective = _effective_mass(positive)
        root = math.sqrt(size)
        self._c_sigma = (effective + 2) / (size + effective + 3)
        damping = 1 + 2 * max(torch.tensor(0.0), torch.sqrt((effective - 1) / (size + 1)) - 1) + self._c_sigma
        self._sigma_rate = self._c_sigma / damping
        self._c_c = (1 + 1 / size + effective / size) / (size**0.5 + 1 / size + 2 * (effective / size))
        self._c_1 = 1 / (size + 2 * root + effective / size)
        self._c_mu = (0.25 + effective + 1 / effective - 2) / (size + 4 * root + effective / 2)
        self._sigma_gain = torch.sqrt(self._c_sigma * (2 - self._c_sigma) * effective)
        self._path_gain = torch.sqrt(self._c_c * (2 - self._c_c) * effective)
        self._expected_norm = math.sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * size**2))
        limits = [
            1 + self._c_1 / self._c_mu,
            1 + 2 * _effective_mass(negative) / (effective + 2),
            (1 - self._c_mu - self._c_1) / (size * self._c_mu),
        ]
        negative = min(limits) * negative / negative.abs().sum()
        self._weights = torch.cat([positive / positive.sum(), negative])

    def init(self, mean: Tensor) -> State:
        """As `Search.init`."""
        zeros = torch.zeros(self._setting.size)
        return {
            "m": mean.clone(),
            "sigma": torch.tensor(self._setting.sigma, dtype=torch.float32),
            "C": torch.ones(self._setting.size),
            "p_c": zeros,
            "p_sigma": zeros.clone(),
            GENERATION: torch.tensor(0),
        }

    def ask(self, state: State, key: int) -> tuple[Tensor, State]:
        """As `Search.ask`."""
        generator = torch.Generator().manual_seed(key)
        noise = torch.randn(self._setting.population, self._setting.size, generator=generator)
        genomes = state["m"] + state["sigma"] * (state["C"].sqrt() * noise)
        return genomes, {**state, "noise": noise}

    def tell(self, state: State, genomes: Tensor, evaluation: Evaluation) -> State:
        """As `Search.tell`."""
        noise, covariance = state["noise"], state["C"]
        steps = covariance.sqrt() * noise
        order = evaluation.fitness.float().argsort(descending=True)
        weights = self._weights[torch.empty_like(order).scatter_(0, order, torch.arange(len(order)))]
        parents = torch.topk(weights, self._num_parents)
        local, shaped = ((parents.values[:, None] * rows[parents.indices]).sum(0) for rows in (noise, steps))
        p_sigma = (1 - self._c_sigma) * state["p_sigma"] + self._sigma_gain * local
        norm = _norm(p_sigma)
        goes_on = self._rank_one_goes_on(norm, int(state[GENERATION]))
        p_c = (1 - self._c_c) * state["p_c"] + goes_on * self._path_gain * shaped
        return {
            "m": state["m"] + state["sigma"] * shaped,
            "sigma": state["sigma"] * torch.exp(self._sigma_rate * (norm / self._expected_norm - 1)),
            "C": self._adapted(covariance, p_c, goes_on, (noise, steps, weights)),
            "p_c": p_c,
            "p_sigma": p_sigma,
            GENERATION: next_generation(state),
        }

    def mean(self, state: State) -> Tensor:
        """As `Search.mean`."""
        return state["m"]

    def spread(self, state: State) -> float:
        """As `Search.spread`: the step size."""
        return float(state["sigma"])

    def _rank_one_goes_on(self, norm: Tensor, generation: int) -> Tensor:
        """Return h_sigma (): 1, or 0 while the path of the step size is too long."""
        size = self._setting.size
        squared = norm.pow(2.0) / (1 - (1 - self._c_sigma) ** (2 * generation + 1))
        return (squared / size - 1 < 1 + 4.0 / (size + 1)).to(norm.dtype)

    def _adapted(
        self, covariance: Tensor, p_c: Tensor, goes_on: Tensor, samples: tuple[Tensor, Tensor, Tensor]
    ) -> Tensor:
        """Return the diagonal (D,) after its rank-1 and its rank-mu update."""
        noise, steps, weights = samples
        reach = self._setting.size * weights / _norm(noise).pow(2.0)
        weights = torch.where(weights > 0, weights, reach)
        c_1 = self._c_1 * (1 - (1 - goes_on**2) * self._c_c * (2 - self._c_c))  # for the loss of variance
        rank_one = c_1 * (p_c.pow(2.0) - covariance)
        rank_mu = self._c_mu * (weights[:, None] * (steps.pow(2.0) - covariance)).sum(0)
        return covariance + rank_one + rank_mu


def _norm(tensor: Tensor) -> Tensor:
    """Return the norm along the last axis."""
    library: Any = torch  # its norm has no types; those of torch.linalg may round otherwise
    return library.norm(tensor, dim=-1)


def _effective_mass(weights: Tensor) -> Tensor:
    return weights.sum().pow(2.0) / weights.pow(2.0).sum()
