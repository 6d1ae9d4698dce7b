"""Lesions at one step, of evolved networks and of trained models alike."""

from abc import abstractmethod
from dataclasses import dataclass

from lndp_agents.interventions.trained import Damage, damaged_network
from lndp_agents.rollout.intervention import Intervention
from lndp_agents.rollout.learners import Network, Phenotype
from lndp_agents.rollout.predicting import PredictNetwork


@dataclass(frozen=True, kw_only=True)
class Injury(Intervention):
    """An intervention that damages networks at its step.

    Raises:
        ValueError: at the step, if the networks have nothing that it can hit.
    """

    @abstractmethod
    def damage(self) -> Damage:
        """Return the damage to a trained model."""

    @abstractmethod
    def injured(self, phenotype: Phenotype) -> Phenotype:
        """Return evolved networks after the lesion."""

    def before_step(self, step: int, network: Network) -> Network:
        """As `Intervention.before_step`."""
        if step != self.at:
            return network
        if isinstance(network, PredictNetwork):
            return damaged_network(network, self.at, self.damage())
        if isinstance(network, Phenotype):
            return self.injured(network)
        raise ValueError(f"{self}: nothing in a {type(network).__name__} is known here; give another lesion")
