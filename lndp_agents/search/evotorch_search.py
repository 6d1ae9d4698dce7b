"""EvoTorch's search algorithms as values: the only module that knows their internal names.

Each function writes a state into an algorithm, has it sample or do one `step`, and reads the state again.
Genomes are sampled once a generation, in `ask`.
"""

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from lndp_envs.randomness import key_of
from torch import Tensor

from lndp_agents.rollout.streams import SEARCH
from lndp_agents.search.evotorch_library import (
    Problem,
    SearchAlgorithm,
    SolutionBatch,
    StockCMAES,
    algorithms,
    silence,
)
from lndp_agents.search.protocol import GENERATION, Evaluation, SearchSetting, State, next_generation

_MEAN = "distribution.mu"
_CMAES_STATE = ("m", "sigma", "C", "p_c", "p_sigma")


class _Bridge(Problem):
    """Hands an evaluation that was made elsewhere to EvoTorch."""

    def __init__(self, setting: SearchSetting) -> None:
        super().__init__(
            "max",
            solution_length=setting.size,
            initial_bounds=(-setting.sigma, setting.sigma),
            dtype=torch.float32,
            eval_data_length=3,
            store_solution_stats=False,
        )
        self.columns = torch.zeros(setting.population, 4)

    def _evaluate_batch(self, batch: SolutionBatch) -> None:
        batch.set_evals(self.columns)


class _Adapter(ABC):
    """An algorithm and the problem that it searches."""

    _algorithm: SearchAlgorithm

    def __init__(self, setting: SearchSetting) -> None:
        self._problem = _Bridge(setting)

    def _restore(self, state: State) -> None:
        """Put the algorithm into a state, its generation included."""
        vars(self._algorithm)["_steps_count"] = int(state[GENERATION])
        self._write(state)

    @abstractmethod
    def _read(self) -> dict[str, Tensor]:
        """Return the state of the algorithm."""

    @abstractmethod
    def _write(self, state: State) -> None:
        """Put the algorithm into a state."""


class EvoTorchCMAES(_Adapter):
    """CMA-ES (Hansen 2016, arXiv 1604.00772), or where it is separable, sep-CMA-ES (Ros and Hansen 2008).

    Args:
        setting: the setting of the search.
        options: keyword arguments of `evotorch.algorithms.CMAES`.
    """

    def __init__(self, setting: SearchSetting, **options: Any) -> None:
        super().__init__(setting)
        arguments = _arguments(setting) | {"separable": setting.separable} | options
        with silence():
            self._algorithm = self._cmaes = CMAES(self._problem, **arguments)
        self._factored = self._cmaes.C
        self._initial = self._read()

    def init(self, mean: Tensor) -> State:
        """As `Search.init`."""
        return {**self._initial, "m": mean.clone(), GENERATION: torch.tensor(0)}

    def ask(self, state: State, key: int) -> tuple[Tensor, State]:
        """As `Search.ask`."""
        self._restore(state)
        self._problem.manual_seed(key)
        noise, steps, genomes = map(_plain, self._cmaes.sample_distribution())
        return genomes, {**state, "noise": noise, "steps": steps}

    def tell(self, state: State, genomes: Tensor, evaluation: Evaluation) -> State:
        """As `Search.tell`."""
        self._restore(state)
        self._problem.columns = evaluation.columns
        self._cmaes.samples = state["noise"], state["steps"], genomes
        self._algorithm.step()
        return {**self._read(), GENERATION: next_generation(state)}

    def mean(self, state: State) -> Tensor:
        """As `Search.mean`."""
        return state["m"]

    def spread(self, state: State) -> float:
        """As `Search.spread`: the step size."""
        return float(state["sigma"])

    def _read(self) -> dict[str, Tensor]:
        state = {name: _plain(vars(self._algorithm)[name]) for name in _CMAES_STATE}
        self._factored = state["C"]
        if not self._cmaes.A.isfinite().all():
            state["C"] = torch.full_like(state["C"], torch.nan)  # a covariance without a factor is of no use
        return state

    def _write(self, state: State) -> None:
        vars(self._algorithm).update({name: state[name] for name in _CMAES_STATE})
        if state["C"] is not self._factored:
            self._cmaes.decompose_C()
            self._factored = state["C"]


class EvoTorchGaussian(_Adapter):
    """SNES, XNES, PGPE or CEM: a Gaussian that moves at the beginning of the step after an evaluation.

    Args:
        name: of the class in `evotorch.algorithms`.
        setting: the setting of the search.
        options: keyword arguments of that class.
    """

    def __init__(self, name: str, setting: SearchSetting, **options: Any) -> None:
        super().__init__(setting)
        arguments = _arguments(setting) | _required(name, setting) | options
        with silence():
            self._algorithm = getattr(algorithms, name)(self._problem, **arguments)
        self._problem.manual_seed(key_of(setting.seed, SEARCH, 0))
        population = self._problem.generate_batch(setting.population)
        population.set_evals(torch.zeros_like(population.evals))
        vars(self._algorithm)["_population"] = population  # the first step fills it; it is there to be saved
        self._initial = self._read()

    def init(self, mean: Tensor) -> State:
        """As `Search.init`."""
        return {**self._initial, _MEAN: mean.clone(), GENERATION: torch.tensor(0)}

    def ask(self, state: State, key: int) -> tuple[Tensor, State]:
        """As `Search.ask`: moves the Gaussian by the evaluation that was told before, and samples it."""
        self._restore(state)
        self._problem.manual_seed(key)
        self._algorithm.step()
        asked = {**self._read(), GENERATION: state[GENERATION]}
        return asked["population"].clone(), asked

    def tell(self, state: State, genomes: Tensor, evaluation: Evaluation) -> State:
        """As `Search.tell`: keeps the evaluation for the next step."""
        return {**state, "evals": evaluation.columns, GENERATION: next_generation(state)}

    def mean(self, state: State) -> Tensor:
        """As `Search.mean`."""
        return state[_MEAN]

    def spread(self, state: State) -> float:
        """As `Search.spread`: the root mean square deviation."""
        sigma = state["distribution.sigma"]  # (D,), or (D, D) that shapes the noise
        return math.sqrt(sigma.square().sum().item() / len(sigma))

    def _read(self) -> dict[str, Tensor]:
        internals = vars(self._algorithm)
        state = {f"distribution.{name}": value for name, value in self._distribution().items()}
        population = self._algorithm.population
        state |= {"population": population.values, "evals": population.evals}
        if internals["_optimizer"] is not None:
            state["velocity"] = vars(internals["_optimizer"])["_velocity"]
        return {name: _plain(tensor) for name, tensor in state.items()}

    def _write(self, state: State) -> None:
        internals = vars(self._algorithm)
        changed = {name: state[f"distribution.{name}"].clone() for name in self._distribution()}
        internals["_distribution"] = internals["_distribution"].modified_copy(**changed)
        internals["_first_iter"] = not state[GENERATION]
        self._algorithm.population.set_values(state["population"])
        self._algorithm.population.set_evals(state["evals"])
        if "velocity" in state:
            vars(internals["_optimizer"])["_velocity"] = state["velocity"].clone()

    def _distribution(self) -> dict[str, Tensor]:
        parameters: dict[str, Any] = vars(self._algorithm)["_distribution"].parameters
        return {name: value for name, value in parameters.items() if isinstance(value, Tensor)}


class CMAES(StockCMAES):
    """EvoTorch's CMA-ES with the same update of the covariance in O(D^2) memory, resumable.

    The stock update sums a (population, D, D) tensor; the sum is one matrix product.
    """

    def __init__(self, problem: Problem, **options: Any) -> None:
        # Decomposed in every generation, the covariance's factor need not be saved: it can be found again.
        super().__init__(problem, **{"limit_C_decomposition": False, **options})
        self.p_c, self.p_sigma = torch.zeros_like(self.m), torch.zeros_like(self.m)
        self.samples: tuple[Tensor, Tensor, Tensor] | None = None

    def sample_distribution(self, num_samples: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Return `samples` once, if they are given; else sample.

        Returns:
            (P, D) each: standard normal noise, the noise shaped by the covariance, and genomes.
        """
        samples, self.samples = self.samples, None
        return samples or super().sample_distribution(num_samples)

    def update_C(  # noqa: N802
        self, zs: Tensor, ys: Tensor, assigned_weights: Tensor, h_sig: Tensor
    ) -> None:
        """Rank-1 and rank-mu updates of the covariance (Hansen 2016, arXiv 1604.00772, eq. 47).

        Args:
            zs: (population, D) standard normal samples.
            ys: (population, D), the samples shaped by the covariance.
            assigned_weights: (population,) recombination weight of each sample.
            h_sig: whether the rank-1 update goes on (1) or stalls (0).
        """
        if self.separable:
            super().update_C(zs, ys, assigned_weights, h_sig)
            return
        if self.active:
            negative = zs.shape[1] * assigned_weights / zs.square().sum(1)
            assigned_weights = torch.where(assigned_weights > 0, assigned_weights, negative)
        c_1 = self.c_1 * (1 - (1 - h_sig**2) * self.c_c * (2 - self.c_c))  # adjusted for the loss of variance
        path = torch.sqrt(self.c_1 / (c_1 + 1e-23)) * self.p_c
        # One product: each pass over a matrix of this size takes milliseconds.
        rows = torch.cat([ys, path[None]])
        shares = torch.cat([self.c_mu * assigned_weights, c_1.reshape(1)])
        kept = 1 - c_1 - self.c_mu * self.weights.sum()
        self.C = self.C.addmm((rows * shares[:, None]).T, rows, beta=kept.item())

    def decompose_C(self) -> None:  # noqa: N802
        """Compute the factor A of the covariance C = A A'; NaN where there is none any more."""
        self.A = self.C.sqrt() if self.separable else _cholesky(self.C)


def _arguments(setting: SearchSetting) -> dict[str, Any]:
    return {
        "popsize": setting.population,
        "stdev_init": setting.sigma,
        "center_init": [0.0] * setting.size,
    }


def _required(name: str, setting: SearchSetting) -> dict[str, float]:
    """Return values of arguments that EvoTorch requires without a default."""
    if name == "PGPE":
        # ClipUp's rule (Toklu et al. 2020, arXiv 2008.02387): a fifteenth of the radius as top speed.
        radius = setting.sigma * math.sqrt(setting.size)
        return {"center_learning_rate": radius / 30, "stdev_learning_rate": 0.1}
    return {"parenthood_ratio": 0.5} if name == "CEM" else {}


def _plain(tensor: Tensor) -> Tensor:
    """Return a copy without EvoTorch's type for read-only tensors, which makes every use of them slow."""
    return tensor.as_subclass(Tensor).detach().clone().contiguous()


def _cholesky(matrix: Tensor) -> Tensor:
    """Return the lower Cholesky factor; NaN where the matrix has none, instead of an error."""
    linalg: Any = torch.linalg  # it has no types
    factor, num_failed = linalg.cholesky_ex(matrix)
    return factor.fill_(torch.nan) if num_failed else factor
