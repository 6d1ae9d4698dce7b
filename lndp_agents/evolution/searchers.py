"""Search algorithms by name, EvoTorch's and OpenAI-ES, with a state that can be saved as tensors."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.openai_es import OpenAIES
from lndp_agents.evolution.search_library import (
    Problem,
    SearchAlgorithm,
    SolutionBatch,
    StockCMAES,
    algorithms,
    silence,
)
from lndp_agents.validation import shorten

SEARCHERS = ("CMAES", "SNES", "XNES", "PGPE", "CEM", "OpenAIES")
_REFUSED = {
    "popsize": "it is the recipe's population",
    "stdev_init": "it is the recipe's sigma",
    "radius_init": "give the recipe's sigma",
    "center_init": "give the recipe's start",
    "separable": "it is a field of the recipe",
    "seed": "it is a field of the recipe",
    "obj_index": "there is only the fitness",
    "num_interactions": "the population has a fixed size",
    "distributed": "a generation is one batch",
    "limit_C_decomposition": "the covariance is decomposed in every generation",
}
MAX_GIGABYTES = 4
"""Of the largest table of a search: all genomes of a generation, or a covariance."""


class CMAES(StockCMAES):
    """EvoTorch's CMA-ES with the same update of the covariance in O(D^2) memory, resumable.

    The stock update sums a (population, D, D) tensor; the sum is one matrix product.
    """

    def __init__(self, problem: Problem, **options: Any) -> None:
        # Decomposed in every generation, the covariance's factor need not be saved: it can be found again.
        super().__init__(problem, **{"limit_C_decomposition": False, **options})
        self.p_c, self.p_sigma = torch.zeros_like(self.m), torch.zeros_like(self.m)

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
        # One product, in place: each pass over a matrix of this size takes milliseconds.
        rows = torch.cat([ys, path[None]])
        shares = torch.cat([self.c_mu * assigned_weights, c_1.reshape(1)])
        kept = 1 - c_1 - self.c_mu * self.weights.sum()
        self.C.addmm_((rows * shares[:, None]).T, rows, beta=kept.item())

    def decompose_C(self) -> None:  # noqa: N802
        """Find the factor A of the covariance C = A A'; NaN where there is none any more."""
        self.A = self.C.sqrt() if self.separable else _cholesky(self.C)


_OWN_STATE: dict[type[SearchAlgorithm], tuple[str, ...]] = {
    CMAES: ("m", "sigma", "C", "p_c", "p_sigma"),
    OpenAIES: ("m",),
}
"""Of the searchers that are defined here, what must be kept; their centre is `m`, their step size `sigma`."""


def make_searcher(problem: Problem, config: EvolutionConfig) -> SearchAlgorithm:
    """The search algorithm that a recipe names, centred on zero (OpenAIES: where its options say).

    Raises:
        ValueError: the name is unknown, or an option does not fit.
    """
    if config.searcher not in SEARCHERS:
        raise ValueError(f"searcher={shorten(config.searcher)}: give one of {', '.join(SEARCHERS)}")
    _check_options(config)
    _check_memory(problem.solution_length, config)
    with silence():
        _try_out(config)
        return _make(problem, config)


def centre(searcher: SearchAlgorithm) -> Tensor:
    """(D,): the centre of the search distribution."""
    value = vars(searcher)["m"] if type(searcher) in _OWN_STATE else _distribution(searcher)["mu"]
    return value.detach().clone()


def move_centre(searcher: SearchAlgorithm, genome: Tensor) -> None:
    """Centre the search distribution on a genome (D,)."""
    internals = vars(searcher)
    if type(searcher) in _OWN_STATE:
        internals["m"] = genome.clone()
        return
    internals["_distribution"] = internals["_distribution"].modified_copy(mu=genome.clone())


def spread(searcher: SearchAlgorithm) -> float:
    """The step size, or the root mean square deviation of a search distribution that has none."""
    if isinstance(searcher, CMAES | OpenAIES):
        return float(searcher.sigma)
    sigma = _distribution(searcher)["sigma"]  # (D,), or (D, D) that shapes normal samples
    return math.sqrt(sigma.square().sum().item() / len(sigma))


def is_sound(searcher: SearchAlgorithm) -> bool:
    """Whether the search distribution is made of finite numbers."""
    tensors = vars(searcher) if type(searcher) in _OWN_STATE else _distribution(searcher)
    return all(bool(value.isfinite().all()) for value in tensors.values() if isinstance(value, Tensor))


def searcher_state(searcher: SearchAlgorithm) -> dict[str, Tensor]:
    """All that a search must keep to go on exactly, as named tensors of fixed shapes."""
    internals = vars(searcher)
    if type(searcher) in _OWN_STATE:
        state: dict[str, Tensor] = {name: internals[name] for name in _OWN_STATE[type(searcher)]}
    else:
        state = {f"distribution.{name}": value for name, value in _distribution(searcher).items()}
        state |= {"population": searcher.population.values, "evals": searcher.population.evals}
        if internals["_optimizer"] is not None:
            state["velocity"] = vars(internals["_optimizer"])["_velocity"]
    return {name: tensor.detach().clone().contiguous() for name, tensor in state.items()}


def restore_searcher(searcher: SearchAlgorithm, generation: int, state: Mapping[str, Tensor]) -> None:
    """Put a freshly made searcher of the same recipe where `searcher_state` left it after a generation.

    EvoTorch has no public way to do so; these are the fields that its algorithms change.
    """
    # Copies, because the memory of a file need not be aligned, and results can depend on that.
    state = {name: tensor.clone() for name, tensor in state.items()}
    internals = vars(searcher)
    internals["_steps_count"] = generation
    if type(searcher) in _OWN_STATE:
        internals.update({name: state[name] for name in _OWN_STATE[type(searcher)]})
        if isinstance(searcher, CMAES):
            searcher.decompose_C()
        return
    changed = {name: state[f"distribution.{name}"] for name in _distribution(searcher)}
    internals["_distribution"] = internals["_distribution"].modified_copy(**changed)
    internals["_first_iter"] = generation == 0
    searcher.population.set_values(state["population"])
    searcher.population.set_evals(state["evals"])
    if "velocity" in state:
        vars(internals["_optimizer"])["_velocity"] = state["velocity"]


def _check_options(config: EvolutionConfig) -> None:
    for name, value in config.searcher_options.items():
        if name in _REFUSED:
            raise ValueError(f"searcher option {name}={shorten(value)}: leave it out, {_REFUSED[name]}")
        if name == "optimizer" and value not in ("clipup", None):
            raise ValueError(f"searcher option optimizer={shorten(value)}: give 'clipup', which can resume")


def _check_memory(genome_size: int, config: EvolutionConfig) -> None:
    is_full = config.searcher == "XNES" or (config.searcher == "CMAES" and not config.separable)
    gigabytes = 4 * max(config.population * genome_size, genome_size**2 if is_full else 0) / 1e9
    if gigabytes > MAX_GIGABYTES:
        remedy = "adapt the diagonal only (separable), or give a smaller program" if is_full else "give fewer"
        raise ValueError(
            f"population {config.population} of genomes of {genome_size} numbers: "
            f"the search would hold tables of {gigabytes:.0f} GB; {remedy}"
        )


def _try_out(config: EvolutionConfig) -> None:
    """See on a small problem that the searcher takes the recipe: its own checks are of many kinds."""
    try:
        searcher = _make(_Sphere(), config)
        for _ in range(2):
            searcher.step()
    except Exception as error:
        raise ValueError(
            f"searcher {config.searcher} with population {config.population} and options "
            f"{shorten(config.searcher_options)}: {type(error).__name__}: {error}"
        ) from error


def _make(problem: Problem, config: EvolutionConfig) -> SearchAlgorithm:
    sizes: dict[str, Any] = {"popsize": config.population, "stdev_init": config.sigma}
    if config.searcher == "OpenAIES":
        return OpenAIES(problem, seed=config.seed, **sizes, **config.searcher_options)
    options: dict[str, Any] = {
        **sizes,
        "center_init": [0.0] * problem.solution_length,
        **_defaults(problem, config),
        **config.searcher_options,
    }
    if config.searcher == "CMAES":
        return CMAES(problem, separable=config.separable, **options)
    kind: type[SearchAlgorithm] = getattr(algorithms, config.searcher)
    searcher = kind(problem, **options)
    population = problem.generate_batch(config.population)
    population.set_evals(torch.zeros_like(population.evals))
    vars(searcher)["_population"] = population  # the first step fills it; until then it is there to be saved
    return searcher


def _defaults(problem: Problem, config: EvolutionConfig) -> dict[str, float]:
    """Values for what EvoTorch asks without having a default."""
    if config.searcher == "PGPE":
        # ClipUp's rule (Toklu et al. 2020, arXiv 2008.02387): a fifteenth of the radius as top speed.
        radius = config.sigma * math.sqrt(problem.solution_length)
        return {"center_learning_rate": radius / 30, "stdev_learning_rate": 0.1}
    return {"parenthood_ratio": 0.5} if config.searcher == "CEM" else {}


def _cholesky(matrix: Tensor) -> Tensor:
    """The lower Cholesky factor; NaN where the matrix has none, instead of an error."""
    linalg: Any = torch.linalg  # it has no types
    factor, num_failed = linalg.cholesky_ex(matrix)
    return factor.fill_(torch.nan) if num_failed else factor


def _distribution(searcher: SearchAlgorithm) -> dict[str, Tensor]:
    parameters: dict[str, Any] = vars(searcher)["_distribution"].parameters
    return {name: value for name, value in parameters.items() if isinstance(value, Tensor)}


class _Sphere(Problem):
    """The smallest problem to try a searcher on."""

    def __init__(self) -> None:
        super().__init__("max", solution_length=3, initial_bounds=(-1.0, 1.0), dtype=torch.float32, seed=0)

    def _evaluate_batch(self, batch: SolutionBatch) -> None:
        batch.set_evals(-batch.values.square().sum(1))
