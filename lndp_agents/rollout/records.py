"""Records that a rollout can keep of every step."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from lndp_agents.plugins import did_you_mean
from lndp_agents.rollout.learners import Network, StepInput
from lndp_agents.rollout.world import World


class Transition(NamedTuple):
    """One step of P x L lifetimes."""

    step: int
    """Index of the step, from 0."""
    world: World
    state: Any
    """The state of the dynamics before the step, P * L rows."""
    given: StepInput
    """The input of the networks, before interventions."""
    alive: Tensor
    """(P, L) bool: which lifetimes had not ended."""
    before: Network
    """The networks before the step and its interventions; void for the recorders of this module."""
    network: Network
    """The networks after it."""
    action: Tensor
    """(P * L, *shape): the actions."""
    reward: Tensor
    """(P, L) float64: the rewards; 0 after the end of a lifetime."""


Recorder: TypeAlias = Callable[[Transition], Tensor]
"""Function from a step to what is kept of it, (P, L, ...)."""
Record: TypeAlias = "str | tuple[str, Recorder]"


def _hidden(transition: Transition) -> Tensor:
    """Return all that the world hides before the step, one column each, int64."""
    shape = transition.reward.shape
    hidden = transition.world.dynamics.hidden(transition.state)
    columns = [hidden[name].long().reshape(shape) for name in sorted(hidden)]
    return torch.stack(columns, -1) if columns else torch.zeros(*shape, 0, dtype=torch.int64)


RECORDERS: Mapping[str, Recorder] = {
    "rewards": lambda transition: transition.reward,
    "episode_starts": lambda transition: transition.given.episode_start,
    "actions": lambda transition: transition.action.reshape(
        *transition.reward.shape, *transition.action.shape[1:]
    ),
    "hidden": _hidden,
}


def find_recorders(record: Sequence[Record]) -> dict[str, Recorder]:
    """Return the recorders by name.

    Raises:
        ValueError: there is no record of that name.
    """
    found: dict[str, Recorder] = {}
    for each in record:
        if not isinstance(each, str):
            found[each[0]] = each[1]
            continue
        if each not in RECORDERS:
            guess = did_you_mean(each, RECORDERS)
            raise ValueError(
                f"record {each!r}: give {', '.join(RECORDERS)}, or a name with a function{guess}"
            )
        found[each] = RECORDERS[each]
    return found
