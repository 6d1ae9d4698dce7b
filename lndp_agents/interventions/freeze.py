"""End of plasticity."""

from dataclasses import dataclass
from typing import ClassVar

from lndp_agents.policies.capabilities import Plastic
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
        if step != self.at or not isinstance(network, Phenotype) or not isinstance(network.policy, Plastic):
            return network
        policy, state = network.policy.frozen(network.state)
        return network._replace(policy=policy, state=state)

    def __str__(self) -> str:
        return f"plasticity frozen at step {self.at}"
