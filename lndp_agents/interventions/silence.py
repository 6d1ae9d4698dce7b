"""Hidden nodes that fall silent for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor

from lndp_agents.config import LNDPConfig, PolicyConfig
from lndp_agents.interventions.injury import Injury
from lndp_agents.interventions.masks import lesion_keys, node_mask
from lndp_agents.interventions.trained import Damage, network_of, outgoing_weights, silence_damage
from lndp_agents.lndp import AnyLifeState, SparseLifeState
from lndp_agents.policies.feed_forward import LinearConfig
from lndp_agents.policies.gru import GRUConfig
from lndp_agents.policies.hebbian import Hebbian, HebbianConfig
from lndp_agents.rollout.learners import Network, Phenotype


@dataclass(frozen=True, kw_only=True)
class Silence(Injury):
    """Random hidden nodes, of all layers together, fall silent for good and lose their edges.

    Raises:
        ValueError: at the step, if the policy has not so many hidden nodes, or cannot lose any.
    """

    kind: ClassVar[str] = "nodes"
    nodes: int
    """How many."""

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
        config = phenotype.policy.config
        if isinstance(config, LNDPConfig) and config.development_between_episodes:
            raise ValueError(
                f"nodes={self.nodes}: development between episodes would bring them back; "
                "zero weights instead"
            )
        if not hidden_layers(config):
            raise ValueError(
                f"nodes={self.nodes}: a {config.policy} policy has no hidden nodes; zero weights instead"
            )
        return self._cleared(phenotype) if isinstance(config, LNDPConfig) else self._without_units(phenotype)

    def on_state(self, step: int, network: Network) -> Network:
        """As `Intervention.on_state`: the nodes of an LNDP would grow edges again."""
        return self._cleared(network) if step >= self.at and isinstance(network, Phenotype) else network

    def _mask(self, key: Tensor, config: PolicyConfig) -> Tensor:
        return node_mask(lesion_keys(key, self.at), sum(hidden_layers(config)), self.nodes)

    def _cleared(self, phenotype: Phenotype) -> Phenotype:
        """Clear the silent nodes of an LNDP."""
        config, state = phenotype.policy.config, phenotype.state
        if not isinstance(config, LNDPConfig):
            return phenotype
        return phenotype.with_state(without_nodes(state, self.silent_nodes(config, state.key)))

    def silent_nodes(self, config: LNDPConfig, key: Tensor) -> Tensor:
        """Return which nodes of an LNDP are silent, (P, L, N) bool, from the keys (P, L) of lifetimes."""
        return torch.nn.functional.pad(self._mask(key, config), (config.observation_size, config.action_size))

    def _without_units(self, network: Phenotype) -> Phenotype:
        config, state, own = network.policy.config, network.state, network.own_parameters()
        dead = self._mask(state.key.flatten(), config)
        kept = (~dead).split_with_sizes(hidden_layers(config), -1)
        memory = state.memory.flatten(0, 1)[None].clone()
        if isinstance(network.policy, Hebbian):
            _cut_synapses(network.policy, own, memory, kept)
        elif isinstance(config, GRUConfig):
            _cut_gated_units(own, memory, kept[0])
        else:
            for layer, units in enumerate(kept):
                own[f"{layer}.weight"] = own[f"{layer}.weight"] * units[..., None]
                own[f"{layer}.bias"] = own[f"{layer}.bias"] * units
        return Phenotype(network.policy, own, state._replace(memory=memory.view_as(state.memory)))

    def __str__(self) -> str:
        return f"{self.nodes} hidden nodes lesioned at step {self.at}"


def hidden_layers(config: PolicyConfig) -> list[int]:
    """How many hidden nodes, or units, each layer of a policy has; an LNDP has one layer of them."""
    if isinstance(config, LNDPConfig):
        return [config.hidden_nodes]
    if isinstance(config, GRUConfig):
        return [config.hidden_size]
    return list(config.layer_sizes[1:-1]) if isinstance(config, LinearConfig | HebbianConfig) else []


def hidden_nodes(policy: Any) -> int:
    """How many nodes of a policy, an agent or a trained model, can be silenced; 0 where it is not known."""
    config, network = getattr(policy, "config", None), network_of(policy)
    if isinstance(config, PolicyConfig):
        return sum(hidden_layers(config))
    return sum(weights[0].shape[1] for weights in outgoing_weights(network)) if network else 0


def without_nodes(state: AnyLifeState, dead: Tensor) -> AnyLifeState:
    """Clear nodes of an LNDP: they have no edges, no activity and state 0.

    They are still there for the attention of others, as nodes of which nothing is to be known.

    Args:
        state: of the networks.
        dead: (P, L, N) bool.
    """
    lives = ~dead
    nodes = {
        "node_state": state.node_state * lives[..., None],
        "trace": state.trace * lives[..., None],
        "activation": state.activation * lives,
    }
    if isinstance(state, SparseLifeState):
        sender, receiver = state.ends
        kept = lives.gather(-1, sender) & lives.gather(-1, receiver)
        return state._replace(
            present=state.present * kept, edge_state=state.edge_state * kept[..., None], **nodes
        )
    kept = lives[..., :, None] & lives[..., None, :]
    return state._replace(
        adjacency=state.adjacency * kept, edge_state=state.edge_state * kept[:, :, None], **nodes
    )


def _cut_synapses(program: Hebbian, own: dict[str, Tensor], memory: Tensor, kept: Sequence[Tensor]) -> None:
    """Cut the synapses of Hebbian units in place, and their rules in `own` parameters: they stay cut."""
    sizes = program.config.layer_sizes
    ends = (kept[0].new_ones(len(kept[0]), size) for size in (sizes[0], sizes[-1]))
    first, last = ends
    layers = [first, *kept, last]
    rules: list[Tensor] = []
    for weights, (before, after) in zip(program.weights(memory), pairwise(layers), strict=True):
        pairs = after[:, :, None] & before[:, None, :]
        weights.mul_(pairs)
        rules.append(pairs.mT.flatten(1))  # rows of coefficients are ordered by the unit before
    for activity, units in zip(program.activities(memory), layers, strict=True):
        activity.mul_(units)
    own["coefficients"] = own["coefficients"] * torch.cat(rules, 1)[..., None]


def _cut_gated_units(own: dict[str, Tensor], memory: Tensor, kept: Tensor) -> None:
    """Cut what leads to units of a gated layer in `own` parameters, and clear their state: it stays 0."""
    gates = kept.repeat(1, 3)
    for name in ("weight_ih", "weight_hh"):
        own[name] = own[name] * gates[..., None]
    own["bias"] = own["bias"] * gates
    own["candidate_bias"] = own["candidate_bias"] * kept
    memory.mul_(kept)
