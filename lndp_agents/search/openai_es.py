"""The evolution strategy of Hebbian networks (Najarro and Risi, arXiv 2007.02686).

It is that of Salimans et al. (2017, arXiv 1703.03864) with plain gradient ascent: no momentum, no Adam.
"""

import math

import torch
from lndp_envs.randomness import key_of, normal, uniform
from torch import Tensor

from lndp_agents.rollout.streams import START
from lndp_agents.search.protocol import GENERATION, Evaluation, SearchSetting, State, next_generation
from lndp_agents.validation import is_finite_number, shorten

INITIAL_MEANS = ("normal", "uniform", "zero")


class OpenAIES:
    """Antithetic perturbations of a mean, which moves by their ranks.

    Step size and learning rate are functions of the generation, so that the mean is the whole state.
    In the paper's code directly evolved numbers (convolutions, initial weights) move with the rates of the
    next generation, and are left out of the penalty; here all numbers are treated alike.

    Args:
        setting: the setting of the search; the population is an even number.
        initial_mean: how the first mean is sampled where `init` is given zero: "normal" N(0, 1), "uniform"
            U(-1, 1), or "zero".
        learning_rate: learning rate of the first generation.
        learning_rate_decay: factor from one generation to the next, while it is above `learning_rate_limit`.
        learning_rate_limit: smallest learning rate.
        sigma_decay: factor from one generation to the next, while sigma is above `sigma_limit`.
        sigma_limit: smallest sigma.
        penalty: fitness lost per mean square of a candidate's numbers, for the ranks alone.

    Raises:
        ValueError: the population is odd, or a number is out of range.
    """

    def __init__(
        self,
        setting: SearchSetting,
        *,
        initial_mean: str = "normal",
        learning_rate: float = 0.2,
        learning_rate_decay: float = 0.995,
        learning_rate_limit: float = 0.001,
        sigma_decay: float = 0.999,
        sigma_limit: float = 0.01,
        penalty: float = 0.01,
    ) -> None:
        if setting.population % 2:
            raise ValueError(
                f"population {setting.population} cannot be halved into pairs: give an even number"
            )
        if initial_mean not in INITIAL_MEANS:
            raise ValueError(f"initial_mean={shorten(initial_mean)}: give one of {', '.join(INITIAL_MEANS)}")
        for name, value in (("learning_rate", learning_rate), ("penalty", penalty)):
            if not is_finite_number(value) or value < 0:
                raise ValueError(f"{name}={shorten(value)}: give 0 or more")
        self._setting, self._initial_mean, self._penalty = setting, initial_mean, penalty
        self._rates = _Decay(learning_rate, learning_rate_decay, learning_rate_limit)
        self._sigmas = _Decay(setting.sigma, sigma_decay, sigma_limit)

    def init(self, mean: Tensor) -> State:
        """As `Search.init`; a mean of zero is replaced by one that is sampled."""
        if not mean.any():
            mean = _initial_mean(self._initial_mean, key_of(self._setting.seed, START), len(mean))
        return {"m": mean.clone(), GENERATION: torch.tensor(0)}

    def ask(self, state: State, key: int) -> tuple[Tensor, State]:
        """Sample P/2 genomes and append their mirror images, see `Search.ask`."""
        mean, half = state["m"], self._setting.population // 2
        noise = torch.randn(half, len(mean), generator=torch.Generator().manual_seed(key))
        noise = torch.cat([noise, -noise])
        return mean + self.spread(state) * noise, {**state, "noise": noise}

    def tell(self, state: State, genomes: Tensor, evaluation: Evaluation) -> State:
        """As `Search.tell`."""
        noise = state["noise"]
        fitness = evaluation.fitness.float().double()
        utility = shaped(fitness - self._penalty * genomes.double().square().mean(1)).float()
        rate = self._rates.after(int(state[GENERATION])) / (len(noise) * self.spread(state))
        return {"m": state["m"] + rate * (utility @ noise), GENERATION: next_generation(state)}

    def mean(self, state: State) -> Tensor:
        """As `Search.mean`."""
        return state["m"]

    def spread(self, state: State) -> float:
        """As `Search.spread`: the step size of the next generation."""
        return self._sigmas.after(int(state[GENERATION]))


def shaped(fitness: Tensor) -> Tensor:
    """Return ranks of fitness (n,), scaled to mean 0 and standard deviation 1; the best has the largest."""
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
        """Return the number after `generations`."""
        if self._start <= self._limit or self._factor == 1:
            return self._start
        if self._limit > 0:
            most = math.ceil(math.log(self._limit / self._start) / math.log(self._factor))
            generations = min(generations, most)
        return self._start * self._factor**generations


def _initial_mean(kind: str, key: int, size: int) -> Tensor:
    """Return the first mean (D,) float32."""
    keys = torch.tensor([key])
    if kind == "normal":
        return normal(keys, (size,))[0].float()
    return (uniform(keys, (size,))[0] * 2 - 1).float() if kind == "uniform" else torch.zeros(size)
