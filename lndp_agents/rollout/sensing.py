"""The observations of `SenseReward`, for a batch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lndp_agents.spaces import ObservationEncoding, Space
from lndp_agents.spaces.kinds import is_box, is_discrete


def array_encoding(space: Space) -> ObservationEncoding | None:
    """Return the encoder of observations of several parts to one array; None for other spaces."""
    return None if is_box(space) or is_discrete(space) else ObservationEncoding.of(space)


def sense_reward(
    observations: NDArray[Any], rewards: NDArray[Any], starts: NDArray[np.bool_]
) -> dict[str, NDArray[Any]]:
    """Return what `lndp_envs.SenseReward` would give to each of B rows.

    Args:
        observations: (B, *shape).
        rewards: (B,): those of the step before.
        starts: (B,): where an episode begins; the reward is 0 there.

    Returns:
        The observations, and (B, 1) float32 ``reward`` and ``episode_start``.
    """
    return {
        "observation": observations,
        "reward": np.where(starts, 0.0, rewards).astype(np.float32)[:, None],
        "episode_start": starts.astype(np.float32)[:, None],
    }
