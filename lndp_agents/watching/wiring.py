"""A network at one moment as arrays to draw, and how long ago its edges changed."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from lndp_agents.policies.capabilities import HasEdges

Floats = NDArray[np.float32]
Booleans = NDArray[np.bool_]

FLASH_FRAMES = 3
"""Number of frames in which an edge shows that it was born or lost."""


class NodeCounts(NamedTuple):
    """How many nodes of each role a network has; they are in this order."""

    inputs: int
    hidden: int
    outputs: int

    @property
    def total(self) -> int:
        """N."""
        return sum(self)


class Brain(NamedTuple):
    """A network at one moment; i is the sender and j the receiver."""

    adjacency: Booleans
    """(N, N): where the edge i -> j exists."""
    weights: Floats
    """(N, N): its weight, in [-1, 1]; 0 where no edge exists."""
    activation: Floats
    """(N,): of inputs, what they were given."""
    dark: Booleans | None = None
    """(N, N): edges that exist, but without the weight that a lesion took; none if None."""

    @classmethod
    def of(cls, policy: HasEdges, state: Any) -> Self:
        """Return the network of the first lifetime of the first genome of a state."""
        nodes = NodeCounts(*policy.node_counts).total
        ends, features = (tensor.cpu().numpy() for tensor in policy.edges(state))
        adjacency, weights = np.zeros((nodes, nodes), np.bool_), np.zeros((nodes, nodes), np.float32)
        adjacency[ends[0], ends[1]] = True
        weights[ends[0], ends[1]] = features[:, 0]
        return cls(adjacency, weights, policy.activations(state)[0, 0].cpu().numpy())


class Moment(NamedTuple):
    """A moment of a lifetime: the environment as observed, and the network that has chosen an action.

    The action is not done yet, and the reward is that of the step before. The last moment has the environment
    at the end of the lifetime, and no action.
    """

    picture: NDArray[np.uint8] | None
    """The environment's own frame; none where the network is drawn alone."""
    brain: Brain
    choice: int | None = None
    """The output node that won."""
    action: str = ""
    """The action in words."""
    injury: str = ""
    """The intervention in words."""
    is_over: bool = False
    """Whether the lifetime has ended, so that its score stands."""
    info: Mapping[str, float] = {}
    """The numbers that the environment tells beside the observation."""


def darkened(brain: Brain, taken: Floats) -> Booleans:
    """Return (N, N) which edges exist, with less than half of the weight back that they lost (N, N)."""
    return brain.adjacency & (np.abs(brain.weights) < taken / 2)


class EdgeFlashes(NamedTuple):
    """Frames since edges changed, FLASH_FRAMES for long ago; a value."""

    adjacency: Booleans
    since_birth: NDArray[np.int64]
    """(N, N), for edges that exist."""
    since_loss: NDArray[np.int64]
    """(N, N), for edges that do not."""

    @classmethod
    def begin(cls, adjacency: Booleans) -> Self:
        """Return edges of which none has just changed."""
        calm = np.full(adjacency.shape, FLASH_FRAMES)
        return cls(adjacency, calm, calm)

    def after(self, adjacency: Booleans) -> Self:
        """Return the flashes one frame later, with these edges."""
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
