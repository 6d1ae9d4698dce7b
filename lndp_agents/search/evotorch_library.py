"""EvoTorch, silent, with types for what `evotorch_search` uses of it.

EvoTorch 0.6 has no types, logs to stdout, and warns on today's torch and NumPy.

Raises:
    ImportError: EvoTorch is not installed; the message has the command.
"""

import os
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

os.environ.setdefault("EVOTORCH_VERBOSE_LEVEL", "-1")


@contextmanager
def silence() -> Generator[None]:
    """Hide warnings about EvoTorch's own code, which no user can mend."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r".torch\.jit\.script. is deprecated", DeprecationWarning)
        warnings.filterwarnings("ignore", "__array_wrap__ must accept context", DeprecationWarning)
        warnings.filterwarnings("ignore", "To copy construct from a tensor", UserWarning)
        yield


if TYPE_CHECKING:

    class SolutionBatch:
        """Genomes and their evaluations."""

        values: Tensor
        """(P, D)."""
        evals: Tensor
        """(P, 1 + Q): fitness, and further columns of the problem."""

        def set_values(self, values: Tensor) -> None:
            """Replace the genomes."""

        def set_evals(self, evals: Tensor) -> None:
            """Replace the evaluations."""

    class Problem:
        """A search problem."""

        solution_length: int

        def __init__(
            self,
            objective_sense: str,
            *,
            solution_length: int,
            initial_bounds: tuple[float, float],
            dtype: torch.dtype,
            seed: int | None = None,
            eval_data_length: int = 0,
            store_solution_stats: bool = False,
        ) -> None: ...

        def manual_seed(self, seed: int) -> None:
            """Seed the generator of all later samples."""

        def generate_batch(self, popsize: int) -> SolutionBatch:
            """Sample random genomes."""
            ...

        def evaluate(self, batch: SolutionBatch) -> None:
            """Evaluate genomes."""

        def _evaluate_batch(self, batch: SolutionBatch) -> None: ...

    class SearchAlgorithm:
        """A search algorithm."""

        problem: Problem
        status: Mapping[str, Any]

        @property
        def population(self) -> SolutionBatch:
            """The genomes of the newest generation."""
            ...

        def __init__(self, problem: Problem, **options: Any) -> None: ...

        def step(self) -> None:
            """Advance by one generation."""

    class StockCMAES(SearchAlgorithm):
        """CMA-ES with EvoTorch's own update of the covariance."""

        m: Tensor
        sigma: Tensor
        C: Tensor
        A: Tensor
        p_c: Tensor
        p_sigma: Tensor
        weights: Tensor
        c_1: Tensor
        c_c: Tensor
        c_mu: Tensor
        active: bool
        separable: bool

        def sample_distribution(self, num_samples: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
            """Sample noise, the noise shaped by the covariance, and genomes."""
            ...

        def update_C(self, zs: Tensor, ys: Tensor, assigned_weights: Tensor, h_sig: Tensor) -> None:  # noqa: N802
            """Adapt the covariance."""

        def decompose_C(self) -> None:  # noqa: N802
            """Compute the factor A of the covariance that shapes the noise."""

    algorithms: Any
else:
    try:
        with silence():
            from evotorch import Problem, SolutionBatch, algorithms
    except ModuleNotFoundError as error:
        raise ImportError(
            f'this searcher needs {error.name}: pip install "lndp-agents[train]", or take one that does not: '
            "--searcher SepCMAES or OpenAIES"
        ) from error
    SearchAlgorithm, StockCMAES = algorithms.SearchAlgorithm, algorithms.CMAES

__all__ = ["Problem", "SearchAlgorithm", "SolutionBatch", "StockCMAES", "algorithms", "silence"]
