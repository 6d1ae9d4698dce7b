"""What an evolution is: a recipe of plain numbers, saved as JSON in every run folder."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from lndp_agents.policies import find_policy
from lndp_agents.validation import is_finite_number, is_integer, read_fields, shorten

_LIMITS = {
    "seed": (0, 2**63 - 1),
    "generations": (1, 10**9),
    "population": (4, 10**6),
    "lives": (1, 10**6),
    "episodes": (1, 10**6),
    "evaluate_every": (1, 10**9),
    "held_out_lives": (1, 10**6),
    "sigma": (1e-6, 1e3),
    "update_bias": (-1e3, 1e3),
    "worst_weight": (0.0, 1.0),
    "density_penalty": (0.0, 1e9),
}
_KINDS = {
    "environment": (str, "a string"),
    "encoding": (str, "a string"),
    "searcher": (str, "a string"),
    "objective": (str, "a string"),
    "start": (str, "a string"),
    "policy": (str, "a string"),
    "preset": (str, "a string"),
    "separable": (bool, "true or false"),
    "environment_keywords": (dict, "a JSON object"),
    "program": (dict, "a JSON object"),
    "searcher_options": (dict, "a JSON object"),
    "objective_options": (dict, "a JSON object"),
}
OPEN: Any = None
"""The value of a field that is left to the preset."""
FIRST_VERSION = "0.1"
"""The preset of files that name none: what a configuration left open when there were no presets."""
PRESETS = ("default", "paper", FIRST_VERSION)
_LATER: Mapping[str, Any] = {"start": "", "policy": "lndp", "objective": "", "objective_options": {}}
"""Fields that came later, with the values at which they are left out of the JSON: older files know none."""
_BEFORE_PRESETS: Mapping[str, Any] = {"preset": FIRST_VERSION, "update_bias": 0.0}
"""The same for those that came with the presets; they are left out together."""


@dataclass(frozen=True, kw_only=True)
class EvolutionConfig:
    """A recipe. The same recipe gives the same run on the same machine, versions and threads.

    Fields that are None are left to the preset, which chooses them for the environment when a run is created
    (`lndp_agents.evolution.presets.settle`); a run folder holds what was chosen.

    Raises:
        ValueError: a value is out of range or of the wrong type; the message names the field and the remedy.
    """

    environment: str
    """Id of the environment."""
    environment_keywords: dict[str, Any] = field(default_factory=dict[str, Any])
    episodes: int = 1
    """Episodes of a life, for environments whose episodes are not lives already (the `lndp/` ids are)."""
    policy: str = "lndp"
    """What evolves: one of `lndp_agents.policies.POLICIES`."""
    preset: str = "default"
    """Who chooses what is left open: "default", settings that learn in most environments; "paper", those of
    arXiv 2406.09787; or "0.1", the defaults of that version, for files that name no preset."""
    program: dict[str, Any] = field(default_factory=dict[str, Any])
    """Fields of the policy's configuration other than those that follow from the environment's spaces; the
    preset chooses others."""
    encoding: str = OPEN
    """How observations become inputs: "scaled" to about unit range, "standardized" by the spread that random
    actions show, "place" cells, resized "pixels", or "auto", which looks at the space and at that spread."""
    seed: int = 0
    generations: int = OPEN
    """The budget; it has no influence on what happens in a generation."""
    population: int = OPEN
    """P: genomes in a generation."""
    lives: int = OPEN
    """L: lives of a genome in a generation, dealt evenly over the tasks of the environment."""
    searcher: str = "CMAES"
    """CMAES, SNES, XNES, PGPE or CEM of EvoTorch; OpenAIES or SepCMAES; or MODULE:NAME of another."""
    searcher_options: dict[str, Any] = field(default_factory=dict[str, Any])
    """Further keyword arguments of that class: numbers, strings, true or false."""
    objective: str = ""
    """What is maximized: mean_of_ranks, or MODULE:NAME of another (`lndp_agents.evolution.objective`); the
    fitness in the environment if empty."""
    objective_options: dict[str, Any] = field(default_factory=dict[str, Any])
    """Keyword arguments of the objective."""
    separable: bool = OPEN
    """Whether CMA-ES adapts only the diagonal of its covariance."""
    start: str = ""
    """An agent (zoo name, folder or "hf:USER/REPO") whose genome the search starts around; zero if none,
    but for `update_bias`. Its switches and encoding are adopted where nothing else is given and they fit."""
    update_bias: float = OPEN
    """Where the search starts the biases of update gates, and, negated, those of decisions to prune or to
    grow, in policies that have them: at a large one, nodes, synapses and edges begin by staying as they
    are."""
    sigma: float = OPEN
    """Standard deviation of the first generation."""
    worst_weight: float = OPEN
    """Share of the fitness that the worst task has; the rest is the mean over all lives."""
    density_penalty: float = 0.0
    """Fitness lost per unit of mean density of the brain."""
    evaluate_every: int = 10
    """Generations between two evaluations of the mean on held-out lives."""
    held_out_lives: int = 128

    def __post_init__(self) -> None:
        is_open = {item.name for item in fields(self) if item.default is OPEN is getattr(self, item.name)}
        for name, (kind, wanted) in _KINDS.items():
            if name not in is_open and type(getattr(self, name)) is not kind:
                raise ValueError(f"{name}={shorten(getattr(self, name))}: give {wanted}")
        for name, (minimum, maximum) in _LIMITS.items():
            value = getattr(self, name)
            if name in is_open:
                continue
            if isinstance(minimum, int) and not is_integer(value, minimum, int(maximum)):
                raise ValueError(f"{name}={shorten(value)}: give an integer from {minimum} to {maximum}")
            if not is_finite_number(value) or not minimum <= value <= maximum:
                raise ValueError(f"{name}={shorten(value)}: give a number from {minimum:g} to {maximum:g}")
        if self.preset not in PRESETS:
            raise ValueError(f"preset={shorten(self.preset)}: give one of {', '.join(PRESETS)}")
        if fixed := sorted(set(self.program) & set(find_policy(self.policy).from_spaces)):
            raise ValueError(f"program field {fixed[0]!r} follows from the environment: leave it out")
        _require_json(self)

    def to_json(self) -> dict[str, Any]:
        """All fields as a JSON object, but for what is open; the later ones only where they are used."""
        values = {name: value for name, value in asdict(self).items() if value is not OPEN}
        is_old = all(values.get(name) == value for name, value in _BEFORE_PRESETS.items())
        absent = {**_LATER, **_BEFORE_PRESETS} if is_old else _LATER
        return {name: value for name, value in values.items() if value != absent.get(name)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str) -> Self:
        """The recipe in a JSON object or its text; one that names no preset is of version 0.1.

        Raises:
            ValueError: a field is unknown, missing or out of range.
        """
        values = read_fields("recipe", data, {field.name for field in fields(cls)})
        if "environment" not in values:
            raise ValueError("recipe field 'environment' is missing: give the id of an environment")
        return cls(**values if "preset" in values else {**_BEFORE_PRESETS, **values})


def _require_json(config: EvolutionConfig) -> None:
    """See that a recipe is the same after it was written and read: no tuples, no NaN, no objects."""
    try:
        recipe = config.to_json()
        is_same = json.loads(json.dumps(recipe, allow_nan=False)) == recipe
    except (TypeError, ValueError, RecursionError):
        is_same = False
    if not is_same:
        raise ValueError(
            f"recipe {shorten(vars(config))} cannot be kept as JSON: give numbers, strings and lists"
        )
