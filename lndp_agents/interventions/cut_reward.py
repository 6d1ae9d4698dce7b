"""Removal of the reward input."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from lndp_agents.rollout.intervention import Intervention
from lndp_agents.rollout.learners import StepInput


@dataclass(frozen=True, kw_only=True)
class CutReward(Intervention):
    """From a step on the received reward is 0. Starts of episodes are still received."""

    kind: ClassVar[str] = "cut_reward"

    def on_senses(self, step: int, given: StepInput) -> StepInput:
        """As `Intervention.on_senses`."""
        return given if step < self.at else given._replace(reward=torch.zeros_like(given.reward))

    def __str__(self) -> str:
        return f"reward cut at step {self.at}"
