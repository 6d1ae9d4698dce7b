"""The evolution strategy that Hebbian networks were evolved with (Najarro and Risi, arXiv 2007.02686).

It is that of Salimans et al. (2017, arXiv 1703.03864) with plain gradient ascent: no momentum, no Adam.
"""

import math

import torch
from lndp_envs.randomness import key_of, normal, uniform
from torch import Tensor

from lndp_agents.evolution.search_library import Problem, SearchAlgorithm, SolutionBatch
from lndp_agents.rollout.streams import START
from lndp_agents.validation import is_finite_number, shorten

INITIAL_MEANS = ("normal", "uniform", "zero")


class OpenAIES(SearchAlgorithm):
    """Antithetic perturbations of a mean, which moves by their ranks. What it finds is the mean.

    Step size and learning rate are functions of the generation, so that the mean is all there is to keep.
    In the paper's code directly evolved numbers (convolutions, initial weights) move with the rates of the
    next generation, and are left out of the penalty; here all numbers are treated alike.

    Args:
        problem: what is searched; its generator draws the perturbations.
        popsize: n, an even number.
        stdev_init: sigma of the first generation.
        seed: of the mean of the first generation.
        initial_mean: how that is drawn: "normal" N(0, 1), "uniform" U(-1, 1), or "zero".
        learning_rate: of the first generation.
        learning_rate_decay: factor from one generation to the next, while it is above `learning_rate_limit`.
        learning_rate_limit: as said.
        sigma_decay: factor from one generation to the next, while sigma is above `sigma_limit`.
        sigma_limit: as said.
        penalty: fitness lost per mean square of a candidate's numbers, for the ranks alone.

    Raises:
        ValueError: the population is odd, or a number is out of range.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        popsize: int,
        stdev_init: float,
        seed: int = 0,
        initial_mean: str = "normal",
        learning_rate: float = 0.2,
        learning_rate_decay: float = 0.995,
        learning_rate_limit: float = 0.001,
        sigma_decay: float = 0.999,
        sigma_limit: float = 0.01,
        penalty: float = 0.01,
    ) -> None:
        super().__init__(problem)
        if popsize % 2:
            raise ValueError(f"population {popsize} cannot be halved into pairs: give an even number")
        if initial_mean not in INITIAL_MEANS:
            raise ValueError(f"initial_mean={shorten(initial_mean)}: give one of {', '.join(INITIAL_MEANS)}")
        for name, value in (("learning_rate", learning_rate), ("penalty", penalty)):
            if not is_finite_number(value) or value < 0:
                raise ValueError(f"{name}={shorten(value)}: give 0 or more")
        self._rates = _Decay(learning_rate, learning_rate_decay, learning_rate_limit)
        self._sigmas = _Decay(stdev_init, sigma_decay, sigma_limit)
        self._penalty = penalty
        self._population = problem.generate_batch(popsize)
        self.m = _initial_mean(initial_mean, key_of(seed, START), problem.solution_length)

    @property
    def population(self) -> SolutionBatch:
        """The candidates of the newest generation: n/2, and then their mirror images."""
        return self._population

    @property
    def sigma(self) -> float:
        """The step size of the next generation."""
        return self._sigmas.after(self._generation)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next generation."""
        return self._rates.after(self._generation)

    @property
    def _generation(self) -> int:
        return vars(self)["_steps_count"]

    def _step(self) -> None:
        half = len(self._population.values) // 2
        noise = self.problem.make_gaussian(half, len(self.m))
        noise = torch.cat([noise, -noise])
        candidates = self.m + self.sigma * noise
        self._population.set_values(candidates)
        self.problem.evaluate(self._population)
        fitness = self._population.evals.as_subclass(Tensor)[:, 0].double()
        utility = shaped(fitness - self._penalty * candidates.double().square().mean(1)).float()
        self.m = self.m + self.learning_rate / (2 * half * self.sigma) * (utility @ noise)


def shaped(fitness: Tensor) -> Tensor:
    """Fitness (n,) as ranks of mean 0 and (population) standard deviation 1; the best has the largest."""
    rank = torch.empty_like(fitness)
    rank[fitness.argsort(stable=True)] = torch.arange(len(fitness)).to(fitness)
    utility = rank / (len(fitness) - 1) - 0.5
    return (utility - utility.mean()) / utility.std(correction=0)


class _Decay:
    """A number that shrinks by a factor in every generation, while it is above a limit."""

    def __init__(self, start: float, factor: float, limit: float) -> None:
        for name, value in (("start", start), ("factor", factor), ("limit", limit)):
            if not is_finite_number(value) or value < 0:
                raise ValueError(f"decay with {name} {shorten(value)}: give 0 or more")
        if not 0 < factor <= 1:
            raise ValueError(f"decay={factor}: give a number above 0 and at most 1")
        self._start, self._factor, self._limit = start, factor, limit

    def after(self, generations: int) -> float:
        """The number after so many generations."""
        if self._start <= self._limit or self._factor == 1:
            return self._start
        if self._limit > 0:
            most = math.ceil(math.log(self._limit / self._start) / math.log(self._factor))
            generations = min(generations, most)
        return self._start * self._factor**generations


def _initial_mean(kind: str, key: int, size: int) -> Tensor:
    """(D,) float32."""
    keys = torch.tensor([key])
    if kind == "normal":
        return normal(keys, (size,))[0].float()
    return (uniform(keys, (size,))[0] * 2 - 1).float() if kind == "uniform" else torch.zeros(size)
