"""Lesion of weights."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from lndp_agents.interventions.injury import Injury
from lndp_agents.interventions.masks import lesion_keys, ring_mask
from lndp_agents.interventions.trained import Damage, zero_damage
from lndp_agents.policies.capabilities import Plastic
from lndp_agents.rollout.learners import Phenotype
from lndp_agents.validation import is_finite_number, shorten


@dataclass(frozen=True, kw_only=True)
class Zero(Injury):
    """A share of the weights becomes 0: a circular block of neighbors (Najarro and Risi, arXiv 2007.02686).

    An LNDP loses the whole state of existing edges, a Hebbian network its present weights, and both may
    regrow them. Other networks lose weights (not biases) that are the same all their lifetimes.

    Raises:
        ValueError: the share is out of range.
    """

    kind: ClassVar[str] = "zero"
    share: float
    """Share of the weights, 0 to 1."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (is_finite_number(self.share) and 0 <= self.share <= 1):
            raise ValueError(f"zero={shorten(self.share)}: give a share from 0 to 1")

    @property
    def value(self) -> float:
        """As `Intervention.value`."""
        return self.share

    def damage(self) -> Damage:
        """As `Injury.damage`."""
        return zero_damage(self.share)

    def injured(self, phenotype: Phenotype) -> Phenotype:
        """As `Injury.injured`."""
        state, key = phenotype.state, lesion_keys(phenotype.state.key, self.at)
        policy = phenotype.policy
        if isinstance(policy, Plastic):
            lost = ring_mask(key, policy.has_weight(state), self.share)
            return phenotype.with_state(policy.without_weights(state, lost))
        own = phenotype.own_parameters()
        weights = {name: tensor for name, tensor in own.items() if tensor.dim() > 2}
        flat = torch.cat([tensor.flatten(1) for tensor in weights.values()], 1)
        hit = ring_mask(key.flatten(), torch.ones_like(flat, dtype=torch.bool), self.share)
        if not hit.any():
            return phenotype
        sizes = [tensor[0].numel() for tensor in weights.values()]
        for (name, tensor), part in zip(
            weights.items(), flat.masked_fill(hit, 0).split_with_sizes(sizes, 1), strict=True
        ):
            own[name] = part.reshape(tensor.shape)
        return phenotype._replace(parameters=own)

    def __str__(self) -> str:
        return f"{100 * self.share:.4g} % of the weights zeroed at step {self.at}"
