"""Plasticity that ends."""

from copy import copy
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from torch import Tensor

from lndp_agents.lndp import Program
from lndp_agents.policies.hebbian import Hebbian
from lndp_agents.rollout.intervention import Intervention
from lndp_agents.rollout.learners import Network, Phenotype


@dataclass(frozen=True, kw_only=True)
class Freeze(Intervention):
    """From a step on weights and wiring never change again.

    An LNDP updates neither nodes nor edges and does not develop again between episodes; a Hebbian network
    keeps its weights as they are. Nothing happens to a policy that has no plasticity.
    """

    kind: ClassVar[str] = "freeze"

    def before_step(self, step: int, network: Network) -> Network:
        """As `Intervention.before_step`."""
        return frozen(network) if step == self.at and isinstance(network, Phenotype) else network

    def __str__(self) -> str:
        return f"plasticity frozen at step {self.at}"


class FrozenHebbian(Hebbian):
    """A Hebbian network that its rule no longer changes."""

    def _change_weights(self, coefficients: Tensor, memory: Tensor, changes: Tensor) -> None:
        """Nothing changes, nor is anything normalized."""


def frozen(phenotype: Phenotype) -> Phenotype:
    """Return the same phenotypes without plasticity."""
    policy = phenotype.policy
    if isinstance(policy, Program):
        program: Program[Any] = copy(policy)  # whatever computes the steps stays the same
        program.config = replace(policy.config, lifetime_updates=False, development_between_episodes=False)
        return phenotype._replace(policy=program, state=phenotype.state.without_pruned())
    return (
        phenotype._replace(policy=FrozenHebbian(policy.config)) if isinstance(policy, Hebbian) else phenotype
    )
