"""Hidden nodes that fall silent for good."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import torch
from lndp_envs.randomness import uniform
from torch import Tensor

from lndp_agents.config import LNDPConfig, PolicyConfig
from lndp_agents.genome import Parameters
from lndp_agents.lesions.injured import InjuredProgram, without_nodes
from lndp_agents.policies.feed_forward import LinearConfig
from lndp_agents.policies.gru import GRUConfig
from lndp_agents.policies.hebbian import Hebbian, HebbianConfig


def hidden_layers(config: PolicyConfig) -> list[int]:
    """How many hidden nodes, or units, each layer of a policy has; an LNDP has one layer of them."""
    if isinstance(config, LNDPConfig):
        return [config.hidden_nodes]
    if isinstance(config, GRUConfig):
        return [config.hidden_size]
    return list(config.layer_sizes[1:-1]) if isinstance(config, LinearConfig | HebbianConfig) else []


def silence_nodes(
    injured: InjuredProgram, parameters: Parameters, state: Any, key: Tensor, count: int
) -> tuple[InjuredProgram, Any]:
    """Let drawn hidden nodes fall silent for good.

    Args:
        injured: the program of the lives.
        parameters: named parameters (1, ...).
        state: the lives (1, L, ...).
        key: (1, L) int64, of what is drawn.
        count: how many nodes; of several layers together.

    Returns:
        The program with which the lives go on, and their state.

    Raises:
        ValueError: there are not so many, or development between episodes would bring them back.
    """
    config = injured.config
    dead = _drawn_nodes(config, key, count)
    if isinstance(config, LNDPConfig):
        dead = torch.nn.functional.pad(dead, (config.observation_size, config.action_size))
        dead = dead if injured.dead is None else dead | injured.dead
        return replace(injured, dead=dead), without_nodes(state, dead)
    own = injured.own_parameters(parameters, key.shape[1])
    alive = (~dead[0]).split_with_sizes(hidden_layers(config), -1)
    if isinstance(injured.program, Hebbian):
        state = _without_synapses(injured.program, own, state, alive)
    elif isinstance(config, GRUConfig):
        state = _without_units(own, state, alive[0])
    else:
        for layer, units in enumerate(alive):
            own[f"{layer}.weight"] = own[f"{layer}.weight"] * units[..., None]
            own[f"{layer}.bias"] = own[f"{layer}.bias"] * units
    return replace(injured, parameters=own), state


def _drawn_nodes(config: PolicyConfig, key: Tensor, count: int) -> Tensor:
    """(1, L, hidden nodes) bool: so many of them are true."""
    hidden = sum(hidden_layers(config))
    if not hidden:
        raise ValueError(f"nodes={count}: a {config.policy} policy has no hidden nodes; zero weights instead")
    if isinstance(config, LNDPConfig) and config.development_between_episodes:
        raise ValueError(
            f"nodes={count}: development between episodes would bring them back; zero weights instead"
        )
    return drawn_nodes(key, hidden, count)


def drawn_nodes(key: Tensor, hidden: int, count: int) -> Tensor:
    """Some of the hidden nodes.

    Args:
        key: (...) int64, of what is drawn.
        hidden: how many nodes there are, H.
        count: how many are drawn.

    Returns:
        (..., H) bool, so many of them true.

    Raises:
        ValueError: there are not so many.
    """
    if count > hidden:
        raise ValueError(f"nodes={count}: this policy has {hidden} hidden nodes; give 1 to {hidden}")
    return uniform(key, (hidden,)).argsort(-1).argsort(-1) < count


def _without_synapses(program: Hebbian, own: dict[str, Tensor], state: Any, alive: Sequence[Tensor]) -> Any:
    """Cut the synapses of Hebbian units, and their rules in `own` parameters, so that they stay cut."""
    sizes = program.config.layer_sizes
    ends = (alive[0].new_ones(len(alive[0]), size) for size in (sizes[0], sizes[-1]))
    first, last = ends
    layers, memory = [first, *alive, last], state.memory.clone()
    kept: list[Tensor] = []
    for weights, (before, after) in zip(program.weights(memory), pairwise(layers), strict=True):
        pairs = after[:, :, None] & before[:, None, :]
        weights.mul_(pairs)
        kept.append(pairs.mT.flatten(1))  # rows of coefficients are ordered by the unit before
    for activity, units in zip(program.activities(memory), layers, strict=True):
        activity.mul_(units)
    own["coefficients"] = own["coefficients"] * torch.cat(kept, 1)[..., None]
    return state._replace(memory=memory)


def _without_units(own: dict[str, Tensor], state: Any, alive: Tensor) -> Any:
    """Cut what leads to units of a gated layer in `own` parameters, and clear their state: it stays 0."""
    gates = alive.repeat(1, 3)
    for name in ("weight_ih", "weight_hh"):
        own[name] = own[name] * gates[..., None]
    own["bias"] = own["bias"] * gates
    own["candidate_bias"] = own["candidate_bias"] * alive
    return state._replace(memory=state.memory * alive)
