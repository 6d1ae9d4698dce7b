"""What an agent remembers of the injuries of the life that it leads."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from lndp_agents.genome import Parameters
from lndp_agents.lesions.brains import injure
from lndp_agents.lesions.injured import InjuredProgram
from lndp_agents.lesions.lesion import Lesion, saturated
from lndp_agents.policies.policy import Policy
from lndp_agents.senses import Senses
from lndp_agents.spaces import Space


@dataclass(frozen=True)
class LifeCourse:
    """How far a life has come, and what it suffered; nothing in a newborn."""

    program: Policy[Any] | None = None
    """With which the life goes on; none if that is the agent's own."""
    lesions: tuple[Lesion, ...] = ()
    step: int = 0
    """Steps since birth, or since the life was given to the agent."""

    def injured(
        self, program: Policy[Any], parameters: Parameters, state: Any, lesion: Lesion
    ) -> tuple[Self, Any]:
        """The life (1, 1, ...) after a lesion of this kind, now: its course and its state; see `injure`."""
        lesion = replace(lesion, at=self.step)
        program, state = injure(self.program or program, parameters, state, lesion)
        return replace(self, program=program, lesions=(*self.lesions, lesion)), state

    def felt(self, senses: Senses) -> Senses:
        """What is sensed of the senses in this step."""
        if any(lesion.cuts_reward(self.step) for lesion in self.lesions):
            return senses._replace(reward=np.zeros_like(senses.reward))
        return senses

    def done(self, action: NDArray[Any], space: Space) -> tuple[Self, NDArray[Any]]:
        """The life after this step, and what is done of the actions (1, *shape) that it chose."""
        if any(lesion.forces_actions(self.step) for lesion in self.lesions):
            action = saturated(space, len(action))
        return replace(self, step=self.step + 1), action

    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""
        if not isinstance(self.program, InjuredProgram):
            return self
        return replace(self, program=self.program.to(device))
