"""The mechanisms of a config in the order of a step, with their parameters and parts of the state."""

from functools import lru_cache

from lndp_agents.blame import blaming
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.mechanisms import (
    Attention,
    Growth,
    Mechanism,
    NodeCell,
    Propagation,
    Pruning,
    SynapseCell,
)
from lndp_agents.lndp.mechanisms.spontaneous import spontaneous_shapes
from lndp_agents.lndp.mechanisms.wiring import wiring_shapes
from lndp_agents.parameters import Shapes
from lndp_agents.plugins import find

PROGRAM: tuple[Mechanism, ...] = (
    Attention(),  # steps 1-2: each node receives a message from all others
    NodeCell(),  # step 3: and changes its state
    SynapseCell(),  # steps 4-5: so does each edge, whose weight is part of its state
    Growth(),  # step 6: edges grow
    Pruning(),  # and are pruned
    Propagation(),  # step 7: the observation runs through the network, whose outputs choose the action
)
"""The program of the paper: its mechanisms in the order of a step."""


@lru_cache(maxsize=64)
def mechanisms_of(config: LNDPConfig) -> tuple[Mechanism, ...]:
    """Return the mechanisms of a config in the order of a step: those of the paper, and `config.mechanisms`.

    Raises:
        ValueError: one cannot be found or is no mechanism, or there is no step after which it is to come.
    """
    steps = list(PROGRAM)
    for name in config.mechanisms:
        kind = find("mechanism", name, {})
        if not (isinstance(kind, type) and issubclass(kind, Mechanism)):
            raise ValueError(f"mechanism {name!r}: it is no subclass of lndp_agents.lndp.Mechanism")
        with blaming(f"mechanism {name!r}"):
            mechanism = kind()
        _insert(steps, mechanism)
    return tuple(steps)


def _insert(steps: list[Mechanism], mechanism: Mechanism) -> None:
    """Put a mechanism in place of the step of its name, or after the step that it names."""
    names = [step.name for step in steps]
    if mechanism.name in names:
        steps[names.index(mechanism.name)] = mechanism
        return
    if mechanism.after not in names:
        raise ValueError(
            f"mechanism {mechanism.name!r} comes after {mechanism.after!r}: give one of {', '.join(names)}"
        )
    place = names.index(mechanism.after) + 1
    while place < len(steps) and steps[place].after == mechanism.after:
        place += 1  # those that were named before come first
    steps.insert(place, mechanism)


def parameter_shapes(config: LNDPConfig) -> Shapes:
    """Return the shape of each parameter of one genome, in its order: those of the paper first."""
    paper, own = (
        {name: shape for mechanism in steps for name, shape in mechanism.parameters(config).items()}
        for steps in (PROGRAM, mechanisms_of(config))
    )
    others = spontaneous_shapes(config) | wiring_shapes(config)
    return {name: own[name] for name in paper if name in own} | others | own


def own_fields(config: LNDPConfig) -> tuple[dict[str, int], dict[str, int]]:
    """Return the fields that mechanisms add to node and to edge states, with their numbers of features."""
    nodes: dict[str, int] = {}
    edges: dict[str, int] = {}
    for mechanism in mechanisms_of(config):
        nodes |= mechanism.node_fields(config)
        edges |= mechanism.pair_fields(config)
    return nodes, edges
