"""Lesion of hidden nodes."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from lndp_agents.interventions.injury import Injury
from lndp_agents.interventions.masks import lesion_keys, node_mask
from lndp_agents.interventions.trained import Damage, network_of, outgoing_weights, silence_damage
from lndp_agents.policies.capabilities import HasEdges, HasHiddenUnits
from lndp_agents.rollout.learners import Network, Phenotype


@dataclass(frozen=True, kw_only=True)
class Silence(Injury):
    """Random hidden nodes, of all layers together, fall silent for good and lose their edges.

    Raises:
        ValueError: at the step, if the policy has not so many hidden nodes, or cannot lose any.
    """

    kind: ClassVar[str] = "nodes"
    nodes: int
    """Number of nodes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check("nodes", 1)

    @property
    def value(self) -> int:
        """As `Intervention.value`."""
        return self.nodes

    def damage(self) -> Damage:
        """As `Injury.damage`."""
        return silence_damage(self.nodes)

    def injured(self, phenotype: Phenotype) -> Phenotype:
        """As `Injury.injured`."""
        policy, state = phenotype.policy, phenotype.state
        if not num_hidden(policy):
            raise ValueError(
                f"nodes={self.nodes}: a {policy.config.policy} policy has no hidden nodes; "
                "zero weights instead"
            )
        if isinstance(policy, HasEdges):
            return self._cleared(phenotype, policy)
        assert isinstance(policy, HasHiddenUnits)
        alone = type(state)(*(tensor.flatten(0, 1)[:, None] for tensor in state))
        silent = self._mask(policy, alone.key[:, 0])
        own, alone = policy.without_units(phenotype.own_parameters(), alone, silent)
        changed = (new.view_as(old) for new, old in zip(alone, state, strict=True))
        return Phenotype(phenotype.policy, own, type(state)(*changed))

    def on_state(self, step: int, network: Network) -> Network:
        """As `Intervention.on_state`: nodes of a graph would grow edges again."""
        if step < self.at or not isinstance(network, Phenotype) or not isinstance(network.policy, HasEdges):
            return network
        return self._cleared(network, network.policy)

    def _cleared(self, phenotype: Phenotype, policy: HasEdges) -> Phenotype:
        silent = self.silent_nodes(policy, phenotype.state.key)
        return phenotype.with_state(policy.without_nodes(phenotype.state, silent))

    def silent_nodes(self, policy: HasEdges, key: Tensor) -> Tensor:
        """Return which nodes of a graph are silent, (P, L, N) bool, from the keys (P, L) of lifetimes."""
        inputs, _, outputs = policy.node_counts
        return torch.nn.functional.pad(self._mask(policy, key), (inputs, outputs))

    def _mask(self, policy: object, key: Tensor) -> Tensor:
        return node_mask(lesion_keys(key, self.at), num_hidden(policy), self.nodes)

    def __str__(self) -> str:
        return f"{self.nodes} hidden nodes lesioned at step {self.at}"


def num_hidden(policy: object) -> int:
    """Return how many hidden nodes or units a policy has; 0 where it is not known."""
    if isinstance(policy, HasEdges):
        return policy.node_counts[1]
    return policy.num_hidden_units if isinstance(policy, HasHiddenUnits) else 0


def hidden_nodes(policy: Any) -> int:
    """Return how many nodes of a policy, an agent or a trained model, can be silenced; 0 if not known."""
    network = network_of(policy)
    if network is None:
        return num_hidden(getattr(policy, "program", policy))
    return sum(weights[0].shape[1] for weights in outgoing_weights(network))
