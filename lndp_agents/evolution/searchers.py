"""EvoTorch's search algorithms by name, with a state that can be saved as tensors."""

from typing import Any

import torch
from torch import Tensor

from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.search_library import ClipUp, Problem, algorithms

GAUSSIAN_SEARCHERS = ("SNES", "XNES", "PGPE", "CEM")
SEARCHERS = ("CMAES", *GAUSSIAN_SEARCHERS)


class CMAES(algorithms.CMAES):
    """EvoTorch's CMA-ES with the same update of the covariance in O(D^2) memory.

    The stock update sums a (population, D, D) tensor; the sum is one matrix product.
    """

    def update_C(self, zs: Tensor, ys: Tensor, assigned_weights: Tensor, h_sig: Tensor) -> None:  # noqa: N802
        """Rank-1 and rank-mu updates of the covariance, as in the parent (Hansen 2016, arXiv 1604.00772, eq. 47).

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
            negative = zs.shape[1] * assigned_weights / torch.norm(zs, dim=-1).pow(2.0)
            assigned_weights = torch.where(assigned_weights > 0, assigned_weights, negative)
        c_1 = self.c_1 * (1 - (1 - h_sig**2) * self.c_c * (2 - self.c_c))  # adjusted for the loss of variance
        path = (self.c_1 / (c_1 + 1e-23)) ** 0.5 * self.p_c
        rank_mu = (ys * assigned_weights[:, None]).T @ ys - torch.sum(self.weights) * self.C
        self.C = self.C + c_1 * (torch.outer(path, path) - self.C) + self.c_mu * rank_mu


def make_searcher(problem: Problem, config: EvolutionConfig) -> Any:
    """The search algorithm that a recipe names, centred on zero.

    Raises:
        ValueError: the name is unknown, or an option does not fit.
    """
    options: dict[str, Any] = {
        "popsize": config.population,
        "stdev_init": config.sigma,
        "center_init": torch.zeros(problem.solution_length),
    }
    if config.searcher == "CMAES":
        kind: Any = CMAES
        options["separable"] = config.separable
    elif config.searcher in GAUSSIAN_SEARCHERS:
        kind = getattr(algorithms, config.searcher)
    else:
        raise ValueError(f"searcher {config.searcher!r}: give one of {', '.join(SEARCHERS)}")
    try:
        return kind(problem, **(options | config.searcher_options))
    except (TypeError, ValueError) as error:
        raise ValueError(f"searcher {config.searcher} with {config.searcher_options}: {error}") from error


def centre(searcher: Any) -> Tensor:
    """(D,): the centre of the search distribution."""
    value: Tensor = searcher.m if isinstance(searcher, CMAES) else searcher.status["center"]
    return value.detach().clone()


def spread(searcher: Any) -> float:
    """The step size of CMA-ES, or the mean standard deviation of another search distribution."""
    return float(torch.as_tensor(searcher.status["stepsize" if isinstance(searcher, CMAES) else "stdev"]).mean())


_CMAES_TENSORS = ("m", "sigma", "C", "A", "p_c", "p_sigma")


def searcher_state(searcher: Any) -> dict[str, Tensor]:
    """All that a search must keep to go on exactly, as named tensors."""
    state = {"steps": torch.tensor(searcher.step_count)}
    if isinstance(searcher, CMAES):
        return state | {name: torch.as_tensor(getattr(searcher, name)).clone() for name in _CMAES_TENSORS}
    state |= {f"distribution.{name}": torch.as_tensor(value) for name, value in _distribution(searcher).items()}
    if searcher.population is not None:
        state |= {"population": searcher.population.values.clone(), "evals": searcher.population.evals.clone()}
    if isinstance(searcher._optimizer, ClipUp):
        state["velocity"] = torch.as_tensor(searcher._optimizer._velocity).clone()
    return {name: tensor.clone().contiguous() for name, tensor in state.items()}


def restore_searcher(searcher: Any, state: dict[str, Tensor]) -> None:
    """Put a freshly made searcher of the same recipe where `searcher_state` left it.

    Raises:
        ValueError: the state is of another algorithm or another size.
    """
    expected = searcher_state(searcher)
    if missing := sorted(set(expected) - set(state)):
        raise ValueError(f"search state without {missing[0]!r}: it is of another algorithm")
    for name in set(expected) - {"p_c", "p_sigma", "steps"}:
        if expected[name].shape != state[name].shape:
            raise ValueError(f"search state {name!r} of shape {tuple(state[name].shape)}, not {tuple(expected[name].shape)}")
    searcher._steps_count = int(state["steps"])
    if isinstance(searcher, CMAES):
        for name in _CMAES_TENSORS:
            setattr(searcher, name, state[name])
        return
    changed = {name: state[f"distribution.{name}"] for name in _distribution(searcher)}
    searcher._distribution = searcher._distribution.modified_copy(**changed)
    if "population" in state:
        population = searcher.problem.generate_batch(len(state["population"]), empty=True)
        population.set_values(state["population"])
        population.set_evals(state["evals"])
        searcher._population, searcher._first_iter = population, False
    if "velocity" in state:
        searcher._optimizer._velocity = state["velocity"]


def _distribution(searcher: Any) -> dict[str, Tensor]:
    parameters: dict[str, Any] = searcher._distribution.parameters
    return {name: value for name, value in parameters.items() if isinstance(value, Tensor)}
