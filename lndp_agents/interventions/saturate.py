"""Saturation of actuators, whatever the policy chooses."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from gymnasium import Space
from torch import Tensor

from lndp_agents.rollout.intervention import Intervention
from lndp_agents.spaces import highest


@dataclass(frozen=True, kw_only=True)
class Saturate(Intervention):
    """For some steps every action is the upper bound, or the last of a choice.

    The policy receives no sign of it.
    """

    kind: ClassVar[str] = "saturate"
    steps: int
    """Duration in steps."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check("steps", 1, "saturate")

    @property
    def value(self) -> int:
        """As `Intervention.value`."""
        return self.steps

    def on_action(self, step: int, action: Tensor, space: Space[Any]) -> Tensor:
        """As `Intervention.on_action`."""
        if not self.at <= step < self.at + self.steps:
            return action
        return torch.as_tensor(highest(space), device=action.device).expand_as(action)

    def __str__(self) -> str:
        return f"actuators saturated for {self.steps} steps at step {self.at}"
