"""Injuries of the lives of a program: what they lose, and the program that they go on with."""

from copy import copy
from dataclasses import replace
from typing import Any

from lndp_envs.randomness import fold
from torch import Tensor

from lndp_agents.genome import Parameters
from lndp_agents.lesions.injured import InjuredProgram
from lndp_agents.lesions.lesion import Lesion
from lndp_agents.lesions.nodes import silence_nodes
from lndp_agents.lesions.weights import zero_weights
from lndp_agents.lndp import Program
from lndp_agents.policies.hebbian import Hebbian
from lndp_agents.policies.policy import Policy

LESION = 9
"""Folded into the key of a life for what injuries draw; programs and agents use 0 to 8."""


class FrozenHebbian(Hebbian):
    """A Hebbian network that its rule no longer changes."""

    def _change_weights(self, coefficients: Tensor, memory: Tensor, changes: Tensor) -> None:
        """Nothing changes, nor is anything normalised."""


def injure(
    program: Policy[Any], parameters: Parameters, state: Any, lesion: Lesion
) -> tuple[Policy[Any], Any]:
    """Let lives be injured, before their next step.

    What happens to senses and actions (`cut_reward`, `saturate`) is no matter of programs: nothing changes.

    Args:
        program: of the lives, which may be injured already.
        parameters: named parameters (1, ...), which stay as they are.
        state: the lives (1, L, ...), a value.
        lesion: what happens.

    Returns:
        The program with which these lives go on, to the same `parameters`, and their state.

    Raises:
        ValueError: the policy has too few hidden nodes, or cannot lose any.
    """
    injured = program if isinstance(program, InjuredProgram) else InjuredProgram(program)
    key = fold(fold(state.key, LESION), lesion.at)
    if lesion.freeze:
        frozen, state = freeze(injured.program, state)
        return replace(injured, program=frozen), state
    if lesion.zero is not None:
        return zero_weights(injured, parameters, state, key, lesion.zero)
    if lesion.nodes is not None:
        return silence_nodes(injured, parameters, state, key, lesion.nodes)
    return program, state


def freeze(program: Policy[Any], state: Any) -> tuple[Policy[Any], Any]:
    """The same program without plasticity, and lives that can go on with it.

    An LNDP updates neither nodes nor edges and does not develop again between episodes; a Hebbian network
    keeps its weights as they are. Other networks have no plasticity: nothing changes.
    """
    if isinstance(program, Program):
        frozen: Program[Any] = copy(program)  # whatever computes the steps stays the same
        frozen.config = replace(program.config, lifetime_updates=False, development_between_episodes=False)
        return frozen, state.without_pruned()
    return (FrozenHebbian(program.config) if isinstance(program, Hebbian) else program), state
