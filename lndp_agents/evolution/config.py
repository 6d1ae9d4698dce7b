"""What an evolution is: a recipe of plain numbers, saved as JSON in every run folder."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

_MINIMUM = {
    "seed": 0,
    "generations": 1,
    "population": 4,
    "lives": 1,
    "episodes": 1,
    "evaluate_every": 1,
    "held_out_lives": 1,
}


@dataclass(frozen=True, kw_only=True)
class EvolutionConfig:
    """A recipe. The same recipe gives the same run on the same machine, versions and threads.

    Raises:
        ValueError: a value is out of range or of the wrong type; the message names the field and the remedy.
    """

    environment: str
    """Id of the environment."""
    environment_keywords: dict[str, Any] = field(default_factory=dict[str, Any])
    episodes: int = 1
    """Episodes of a life, for environments whose episodes are not lives already (the `lndp/` ids are)."""
    program: dict[str, Any] = field(default_factory=dict[str, Any])
    """Fields of `LNDPConfig` other than those that follow from the environment's spaces."""
    encoding: str = "scaled"
    """How observations become inputs: "scaled" to about unit range, or "place" cells for small integer-valued boxes."""
    seed: int = 0
    generations: int = 200
    population: int = 256
    """P: genomes in a generation."""
    lives: int = 8
    """L: lives of a genome in a generation, dealt evenly over the tasks of the environment."""
    searcher: str = "CMAES"
    """Name of a class in `evotorch.algorithms`: CMAES, SNES, XNES, PGPE or CEM."""
    searcher_options: dict[str, Any] = field(default_factory=dict[str, Any])
    """Further keyword arguments of that class."""
    separable: bool = True
    """Whether CMA-ES adapts only the diagonal of its covariance."""
    sigma: float = 0.5
    """Standard deviation of the first generation around zero."""
    worst_weight: float = 0.5
    """Share of the fitness that the worst task has; the rest is the mean over all lives."""
    density_penalty: float = 0.0
    """Fitness lost per unit of mean density of the brain."""
    evaluate_every: int = 10
    """Generations between two evaluations of the centre on held-out lives."""
    held_out_lives: int = 128

    def __post_init__(self) -> None:
        for name, minimum in _MINIMUM.items():
            value = getattr(self, name)
            if type(value) is not int or value < minimum:
                raise ValueError(f"{name}={value!r}: give an integer of at least {minimum}")
        for name, maximum in (("sigma", 1e3), ("worst_weight", 1.0), ("density_penalty", 1e9)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= maximum:
                raise ValueError(f"{name}={value!r}: give a number from 0 to {maximum:g}")
        if self.sigma == 0:
            raise ValueError("sigma=0: give a positive number, such as 0.5")
        for name, kind in (("environment", str), ("encoding", str), ("searcher", str), ("separable", bool)):
            if type(getattr(self, name)) is not kind:
                raise ValueError(f"{name}={getattr(self, name)!r}: give a {kind.__name__}")
        for name in ("environment_keywords", "program", "searcher_options"):
            if not isinstance(getattr(self, name), dict):
                raise ValueError(f"{name}={getattr(self, name)!r}: give a JSON object")

    def to_json(self) -> dict[str, Any]:
        """All fields as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str) -> Self:
        """The recipe in a JSON object or its text.

        Raises:
            ValueError: a field is unknown, missing or out of range.
        """
        values: Any = json.loads(data) if isinstance(data, str) else dict(data)
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ValueError(f"unknown recipe field {unknown[0]!r}: known are {', '.join(sorted(known))}")
        if "environment" not in values:
            raise ValueError("recipe field 'environment' is missing: give the id of an environment")
        return cls(**values)
