"""What a brain is at one moment, as arrays to draw, and what became of its edges."""

from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from lndp_agents.lndp import AnyLifeState
from lndp_agents.lndp.config import LNDPConfig

Floats = NDArray[np.float32]
Booleans = NDArray[np.bool_]

FLASH_FRAMES = 3
"""For how many frames an edge shows that it was born or lost."""


class Brain(NamedTuple):
    """One brain at one moment; i is the sender and j the receiver."""

    adjacency: Booleans
    """(N, N): where the edge i -> j exists."""
    weights: Floats
    """(N, N): its weight, in [-1, 1]; anything where there is no edge."""
    activation: Floats
    """(N,): what inputs were shown, and what the others came to."""
    dark: Booleans | None = None
    """(N, N): edges that exist, but without the weight that an injury took; none if None."""

    @classmethod
    def of(cls, state: AnyLifeState, config: LNDPConfig) -> Self:
        """The first life of the first genome of a state."""
        trace = state.trace[0, 0].cpu().numpy()
        activation = trace[:, -1].copy()
        inputs = config.observation_size
        activation[:inputs] = trace[
            :inputs, -2
        ]  # inputs receive no edges: after the last propagation they are silent
        return cls(state.adjacency[0, 0].cpu().numpy() > 0, state.weights[0, 0].cpu().numpy(), activation)


class Moment(NamedTuple):
    """A moment of a life: the world as the agent sees it, and its brain when it has looked and chosen.

    What was chosen is not done yet, and the reward is that of the step before. The last moment of a life has
    the world as the life left it; nothing is chosen any more.
    """

    picture: NDArray[np.uint8] | None
    """The environment's own frame; none where the brain is drawn alone."""
    brain: Brain
    choice: int | None = None
    """The output node that won."""
    action: str = ""
    """What is chosen, in words."""
    injury: str = ""
    """What has happened to the brain, in words."""
    is_over: bool = False
    """Whether the life has ended, so that its score stands."""
    info: Mapping[str, float] = {}
    """The numbers that the environment tells beside the observation."""


def darkened(brain: Brain, taken: Floats) -> Booleans:
    """(N, N): edges that exist and have less than half of the weight back that was taken from them (N, N)."""
    return brain.adjacency & (np.abs(brain.weights) < taken / 2)


class EdgeFlashes(NamedTuple):
    """How many frames ago edges changed, FLASH_FRAMES for long ago; a value."""

    adjacency: Booleans
    since_birth: NDArray[np.int64]
    """(N, N), for edges that exist."""
    since_loss: NDArray[np.int64]
    """(N, N), for edges that do not."""

    @classmethod
    def begin(cls, adjacency: Booleans) -> Self:
        """Nothing has changed yet."""
        calm = np.full(adjacency.shape, FLASH_FRAMES)
        return cls(adjacency, calm, calm)

    def after(self, adjacency: Booleans) -> Self:
        """One frame later, with these edges."""
        since_birth = np.minimum(self.since_birth + 1, FLASH_FRAMES)
        since_loss = np.minimum(self.since_loss + 1, FLASH_FRAMES)
        since_birth[adjacency & ~self.adjacency] = 0
        since_loss[self.adjacency & ~adjacency] = 0
        return type(self)(adjacency, since_birth, since_loss)

    @property
    def birth_flash(self) -> Floats:
        """(N, N): 1 for an edge born in this frame, falling to 0; 0 where there is none."""
        return np.where(self.adjacency, 1 - self.since_birth / FLASH_FRAMES, 0).astype(np.float32)

    @property
    def loss_flash(self) -> Floats:
        """(N, N): 1 for an edge lost in this frame, falling to 0; 0 where there is one."""
        return np.where(self.adjacency, 0, 1 - self.since_loss / FLASH_FRAMES).astype(np.float32)
