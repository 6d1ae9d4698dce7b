"""Records of a generation: numbers, hashes, and the counters of a checkpoint."""

from dataclasses import dataclass

from lndp_agents.validation import is_finite_number, is_integer, shorten


@dataclass(frozen=True)
class Generation:
    """Numbers of a generation; the columns of metrics.csv."""

    generation: int
    """Number of generations done."""
    steps: int
    """Number of environment steps of all populations so far."""
    fitness_best: float
    fitness_mean: float
    """Mean over the genomes whose fitness was a number, as is the deviation."""
    fitness_std: float
    score_best: float
    score_mean: float
    """Mean episode return over the population's rollouts."""
    held_out: float | None
    """Mean episode return of the mean genome on held-out rollouts, where it was measured."""
    sigma: float
    """Step size of CMA-ES, or the mean deviation of another searcher."""
    density: float
    """Mean share of allowed edges that existed."""
    nan_count: int
    """Number of genomes whose fitness was not a number."""


@dataclass(frozen=True)
class Hashes:
    """Hashes that `lndp verify` compares beside the numbers; the columns of hashes.csv."""

    generation: int
    """Number of generations done."""
    population: str
    """Hash of the genomes."""
    fitness: str
    """Hash of their evaluations."""
    search: str
    """Hash of the checkpoint, tensors and counters."""


@dataclass(frozen=True)
class Counters:
    """The numbers of a checkpoint.

    Raises:
        ValueError: a number is out of range.
    """

    run: str
    """Identity of the run: the hash of its description."""
    generation: int
    """Number of generations done."""
    steps: int
    """Number of environment steps of all populations."""
    best_score: float | None
    """Held-out score of the best mean; None if none was measured yet."""

    def __post_init__(self) -> None:
        for name in ("generation", "steps"):
            if not is_integer(getattr(self, name), 0, 2**63):
                raise ValueError(f"{name}={shorten(getattr(self, name))} is no count")
        if self.best_score is not None and not is_finite_number(self.best_score):
            raise ValueError(f"best_score={shorten(self.best_score)} is no number")
