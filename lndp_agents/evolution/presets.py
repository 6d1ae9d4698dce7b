"""Presets choose what an experiment config leaves open, for its policy and environment.

There is one set of defaults: the command line, comparisons and Python all come here.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from torch import Tensor

from lndp_agents.agent import Agent
from lndp_agents.config import PolicyConfig
from lndp_agents.environments import with_limit
from lndp_agents.evolution.config import FIRST_VERSION, OPEN, EvolutionConfig
from lndp_agents.evolution.start import start_genome
from lndp_agents.genome import genome_size
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.policies import find_policy
from lndp_agents.rollout import World, make_world
from lndp_agents.spaces import config_for
from lndp_agents.validation import is_sequence
from lndp_agents.zoo import load_pretrained

NODES, MORE_HIDDEN = 16, 8
"""Nodes of a small network, which fill a vector of the native kernel; hidden nodes of larger ones."""
SMALL = 10
"""Inputs and outputs that a small network has room for."""
SHORT_LIFETIME = 100
"""Steps of a lifetime that is so cheap that there are twice as many of them."""
_NUMBERS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "default": {
            "encoding": "auto",
            "generations": 100,
            "population": 64,
            "separable": True,
            "sigma": 0.25,
            "update_bias": 5.0,
            "worst_weight": 1.0,
        },
        "paper": {
            "encoding": "scaled",
            "generations": 10_000,
            "population": 256,
            "lives": 1,
            "separable": False,
            "sigma": 0.1,
            "update_bias": 0.0,
            "worst_weight": 0.0,
        },
        FIRST_VERSION: {
            "encoding": "scaled",
            "generations": 200,
            "population": 64,
            "lives": 8,
            "separable": True,
            "sigma": 0.5,
            "update_bias": 0.0,
            "worst_weight": 1.0,
        },
    }
)
"""By preset, what does not depend on the environment."""


class Experiment(NamedTuple):
    """An experiment in which nothing is open."""

    config: EvolutionConfig
    policy: PolicyConfig
    world: World
    start: Tensor | None
    """(D,): the genome around which the search starts, if it is that of an agent."""


def settle(config: EvolutionConfig, *, trust: bool = False) -> Experiment:
    """Choose what a configuration leaves open.

    Args:
        config: the configuration.
        trust: whether modules that the agent to start from names may be imported, which runs them.

    Raises:
        ValueError: the environment, its spaces, a field, or the agent to start from is refused.
    """
    start = load_pretrained(config.start, trust=trust) if config.start else None
    chosen = dict(_NUMBERS[config.preset])
    if config.encoding is OPEN:
        config = replace(config, encoding=chosen["encoding"])
    world = _make_world(config, start)
    limited = with_limit(config.environment, config.environment_keywords, world.num_steps // world.episodes)
    config = replace(config, environment_keywords=limited)
    program = config.program
    if config.preset == "default":
        chosen |= _numbers(config, world)
        own = _program(config.policy, world)
        program = own | _adopted(config, start, own) | program
    policy = _policy(config, world, program)
    given = {name: value for name in chosen if (value := getattr(config, name)) is not OPEN}
    config = replace(config, **chosen | given, program=program)
    genome = None if start is None else start_genome(config.start, start, policy)
    return Experiment(config, policy, world, genome)


def describe(config: EvolutionConfig, policy: PolicyConfig, world: World) -> str:
    """Return one line on what was chosen."""
    network = ", ".join(f"{name}={value}" for name, value in config.program.items())
    around = f"around {config.start}" if config.start else f"update_bias {config.update_bias:g}"
    parts = [
        f"preset {config.preset}: policy {config.policy} ({network or 'as it is'})",
        f"{genome_size(policy)} numbers to evolve",
        f"{world.encoding.size} inputs ({world.encoding.kind}), {policy.action_size} outputs",
        f"{config.searcher} of {config.population} genomes x {config.lives} lives",
        *([f"objective {config.objective}"] if config.objective else []),
        f"sigma {config.sigma:g}, {around}",
    ]
    return "; ".join(parts)


def _make_world(config: EvolutionConfig, start: Agent[Any] | None) -> World:
    """The world, seen through the start's encoding where the choice is ours and it fits."""
    arguments = config.environment, config.environment_keywords, config.episodes
    if start is not None and config.encoding == "auto":
        world = make_world(*arguments, None)
        if start.encoding.accepts(world.dynamics.observation_space):
            return replace(world, encoder=start.encoding)
    return make_world(*arguments, config.encoding)


def _numbers(config: EvolutionConfig, world: World) -> dict[str, Any]:
    """Return what the preset "default" chooses for an environment."""
    is_cheap = world.dynamics.num_tasks > 1 or world.num_steps <= SHORT_LIFETIME
    numbers: dict[str, Any] = {"lives": 16 if is_cheap and world.episodes == 1 else 8}
    if config.start:
        return numbers | {"sigma": 0.3, "update_bias": 0.0}
    return numbers if _is_lndp(config.policy) else numbers | {"sigma": 0.5, "update_bias": 0.0}


def _program(policy: str, world: World) -> dict[str, Any]:
    """Fields of a policy's configuration that the preset "default" chooses."""
    if policy == "hebbian":
        return {"reward_input": True}
    if not _is_lndp(policy):
        return {}
    ends = world.encoding.size + world.decoding.size
    nodes = NODES if ends <= SMALL else ends + MORE_HIDDEN
    return {"nodes": nodes, "initial_density": 1.0, "innate_wiring": True}


def _is_lndp(policy: str) -> bool:
    return issubclass(find_policy(policy), LNDPConfig)


def _adopted(config: EvolutionConfig, start: Agent[Any] | None, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The switches of the agent that a search starts around; not what follows from its environment."""
    if start is None or start.config.policy != config.policy:
        return {}
    sizes = {*start.config.from_spaces, "nodes"}
    switches = {item.name: item.default for item in fields(start.config) if item.name not in sizes}
    values = {name: getattr(start.config, name) for name in switches}
    changed = {name: value for name, value in values.items() if name in chosen or value != switches[name]}
    return {name: list(value) if is_sequence(value) else value for name, value in changed.items()}


def _policy(config: EvolutionConfig, world: World, program: Mapping[str, Any]) -> PolicyConfig:
    spaces = world.dynamics.observation_space, world.dynamics.action_space
    return config_for(*spaces, world.encoding, find_policy(config.policy), **program)
