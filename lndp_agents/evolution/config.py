"""The experiment config of an evolution: plain numbers, saved as JSON in every run folder."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from lndp_agents.encoding_names import ENCODINGS
from lndp_agents.validation import about, check_fields, read_fields, shorten

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
    """An experiment config. The same one gives the same run with the same machine, versions and threads.

    Fields that are None are left to the preset, which chooses them for the environment when a run is created
    (`lndp_agents.evolution.presets.settle`); a run folder holds what was chosen.

    Raises:
        ValueError: a value is out of range or of the wrong type; the message names the field and the remedy.

    Example:
        >>> from lndp_agents import EvolutionConfig
        >>> config = EvolutionConfig(environment="lndp/Foraging-v0", generations=50, seed=1)
        >>> EvolutionConfig.from_json(config.to_json()) == config
        True
    """

    environment: str = field(metadata=about("id of the environment"))
    environment_keywords: dict[str, Any] = field(
        default_factory=dict[str, Any], metadata=about("keyword arguments of the environment")
    )
    episodes: int = field(
        default=1,
        metadata=about(
            "number of episodes of a lifetime, if the environment has no lifetimes of its own", 1, 10**6
        ),
    )
    policy: str = field(
        default="lndp",
        metadata=about("kind of policy that evolves: lndp, ndp, linear, mlp, gru, hebbian or MODULE:NAME"),
    )
    preset: str = field(
        default="default",
        metadata=about(
            "settings of all that no option gives: those that learn in most environments, of the paper "
            "(arXiv 2406.09787), or of version 0.1",
            choices=PRESETS,
        ),
    )
    """Files that name no preset are of version 0.1."""
    program: dict[str, Any] = field(
        default_factory=dict[str, Any],
        metadata=about("fields of the policy's configuration, such as nodes=16"),
    )
    """Fields other than those that follow from the environment's spaces; the preset chooses others."""
    encoding: str = field(
        default=OPEN,
        metadata=about(
            "encoder of observations; " + "; ".join(f"{name}: {text}" for name, text in ENCODINGS.items()),
        ),
    )
    seed: int = field(default=0, metadata=about("random seed of the whole run", 0, 2**63 - 1))
    generations: int = field(default=OPEN, metadata=about("number of generations in all", 1, 10**9))
    """The budget; it has no influence on what happens in a generation."""
    population: int = field(default=OPEN, metadata=about("number of genomes per generation", 4, 10**6))
    """P."""
    lives: int = field(
        default=OPEN, metadata=about("number of lifetimes in which each genome is evaluated", 1, 10**6)
    )
    """L; the contexts of the environment are balanced over them."""
    searcher: str = field(
        default="CMAES",
        metadata=about(
            "search algorithm: CMAES, SNES, XNES, PGPE or CEM of EvoTorch, OpenAIES, SepCMAES or MODULE:NAME"
        ),
    )
    searcher_options: dict[str, Any] = field(
        default_factory=dict[str, Any], metadata=about("keyword arguments of the search algorithm")
    )
    """Numbers, strings, true or false."""
    objective: str = field(
        default="",
        metadata=about(
            "objective that is maximized, in place of the fitness in the environment: mean_of_ranks (several "
            "worlds) or MODULE:NAME"
        ),
    )
    """See `lndp_agents.evolution.objective`."""
    objective_options: dict[str, Any] = field(
        default_factory=dict[str, Any], metadata=about("keyword arguments of the objective")
    )
    separable: bool = field(
        default=OPEN, metadata=about("restriction of the covariance of CMA-ES to its diagonal")
    )
    start: str = field(
        default="",
        metadata=about("agent (name, folder or hf:USER/REPO) whose genome is the first mean of the search"),
    )
    """Zero if none, but for `update_bias`. The agent's switches and encoding are adopted where nothing else
    is given and they fit."""
    update_bias: float = field(
        default=OPEN,
        metadata=about(
            "bias of update gates (and, negated, of decisions to prune or grow) in the first mean of a "
            "search without --start",
            -1e3,
            1e3,
        ),
    )
    """At a large one, nodes, synapses and edges begin by staying as they are."""
    sigma: float = field(
        default=OPEN, metadata=about("standard deviation of the first generation", 1e-6, 1e3)
    )
    worst_weight: float = field(
        default=OPEN,
        metadata=about("weight of the worst context in the fitness; the rest is of the mean", 0, 1),
    )
    density_penalty: float = field(
        default=0.0, metadata=about("fitness lost per unit of mean edge density", 0, 1e9)
    )
    evaluate_every: int = field(
        default=10,
        metadata=about(
            "number of generations between two evaluations of the mean on held-out lifetimes", 1, 10**9
        ),
    )
    held_out_lives: int = field(
        default=128, metadata=about("number of held-out lifetimes in an evaluation of the mean", 1, 10**6)
    )

    def __post_init__(self) -> None:
        from lndp_agents.policies import find_policy  # here: the help of the command line needs no torch

        check_fields(self)
        if fixed := sorted(set(self.program) & set(find_policy(self.policy).from_spaces)):
            raise ValueError(f"program field {fixed[0]!r} follows from the environment: leave it out")
        _require_json(self)

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object without those left open; later ones only where they are used."""
        values = {name: value for name, value in asdict(self).items() if value is not OPEN}
        is_old = all(values.get(name) == value for name, value in _BEFORE_PRESETS.items())
        absent = {**_LATER, **_BEFORE_PRESETS} if is_old else _LATER
        return {name: value for name, value in values.items() if value != absent.get(name)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str) -> Self:
        """Return the config from a JSON object or its text; one that names no preset is of version 0.1.

        Raises:
            ValueError: a field is unknown, missing or out of range.
        """
        values = read_fields("recipe", data, {field.name for field in fields(cls)})
        if "environment" not in values:
            raise ValueError("recipe field 'environment' is missing: give the id of an environment")
        return cls(**values if "preset" in values else {**_BEFORE_PRESETS, **values})


def _require_json(config: EvolutionConfig) -> None:
    """Raise unless a config is the same after it was written and read: no tuples, no NaN, no objects."""
    try:
        recipe = config.to_json()
        is_same = json.loads(json.dumps(recipe, allow_nan=False)) == recipe
    except (TypeError, ValueError, RecursionError):
        is_same = False
    if not is_same:
        raise ValueError(
            f"recipe {shorten(vars(config))} cannot be kept as JSON: give numbers, strings and lists"
        )
