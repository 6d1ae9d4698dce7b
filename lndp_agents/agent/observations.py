"""Observations that users and stable-baselines3 hand over, checked and read as rows."""

from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from lndp_agents.spaces import Space, to_numbers
from lndp_agents.spaces.kinds import SENSED, is_dict, is_discrete, is_tuple
from lndp_agents.spaces.rows import row_shape
from lndp_agents.validation import is_object, is_sequence, shorten

Number = TypeVar("Number", np.float32, np.float64, np.int64, np.bool_)


class Rows(NamedTuple):
    """The observations, rewards and episode starts of B lifetimes in one step."""

    observation: NDArray[Any]
    """(B, *shape) or rows (B, F) (see `spaces.rows`), float64, or int64 where the space is Discrete."""
    reward: NDArray[np.float32]
    """(B,): the last reward."""
    episode_start: NDArray[np.bool_]
    """(B,): where an episode begins within the lifetime."""
    is_batched: bool
    """Whether the observation came with an axis of rows."""
    has_reward: bool
    """Whether it came with the reward, from `SenseReward`."""

    def completed(self, reward: Any, episode_start: Any) -> Self:
        """Return the same with reward and start, if the observation of one lifetime came without.

        Raises:
            ValueError: one of them is not one number.
        """
        if self.has_reward:
            return self
        return self._replace(
            reward=per_row("reward", reward, 1, np.float32),
            episode_start=per_row("episode_start", episode_start, 1, np.bool_),
        )

    def require_reward(self) -> None:
        """Check that the observation came with the reward.

        Raises:
            ValueError: it did not.
        """
        if not self.has_reward:
            raise ValueError(
                "observation without the reward that this agent needs: wrap the env in lndp_envs.SenseReward"
            )


def read_observation(observation: Any, space: Space) -> Rows:
    """Read an observation of the space, or a `SenseReward` Dict of one, batched or not.

    Args:
        observation: of the space, or B of them, or a Dict with that, reward and episode_start.
        space: the plain observation space.

    Raises:
        ValueError: it is something else.
    """
    if (
        is_sequence(observation)
        and len(observation) == 2
        and is_object(observation[1])
        and not is_tuple(space)
    ):
        raise ValueError(
            "observation is a tuple (observation, info): you are probably mixing the Gym API, `observation, "
            "info = env.reset()`, with that of stable-baselines3's VecEnv, `observation = env.reset()`"
        )
    is_sensed = is_object(observation) and set(observation) == SENSED
    if not is_object(observation) or (is_dict(space) and not is_sensed):
        values, is_batched = _rows(observation, space)
        nothing = np.zeros(len(values))
        return Rows(values, nothing.astype(np.float32), nothing.astype(bool), is_batched, has_reward=False)
    if not is_sensed:
        raise ValueError(
            f"observation with the keys {shorten(sorted(observation))}: wrap the env in lndp_envs.SenseReward"
        )
    values, is_batched = _rows(observation["observation"], space)
    reward = per_row("reward", observation["reward"], len(values), np.float32)
    episode_start = per_row("episode_start", observation["episode_start"], len(values), np.bool_)
    return Rows(values, reward, episode_start, is_batched, has_reward=True)


def per_row(name: str, values: Any, num_rows: int, dtype: type[Number]) -> NDArray[Number]:
    """Return one number for each row, a copy of shape (B,).

    Raises:
        ValueError: there are more or fewer, or they are no numbers.
    """
    numbers = _numbers(name, values)
    if numbers.size != num_rows:
        rows = f" for each of {num_rows} rows" if num_rows > 1 else ""
        raise ValueError(f"{name} of shape {numbers.shape}: give one number{rows}")
    return _cast(numbers.reshape(num_rows), dtype)


def _rows(observation: Any, space: Space) -> tuple[NDArray[Any], bool]:
    """Return a copy of the observation as (B, *shape) or (B, F), and whether it came with rows."""
    numbers = to_numbers(space, observation)
    values = _cast(numbers, np.int64) if is_discrete(space) else _cast(numbers, np.float64)
    if is_discrete(space) and (values != numbers).any():
        raise ValueError(f"observation {shorten(observation)}: give integers, for {shorten(space)}")
    is_batched = values.shape != row_shape(space)
    return (values if is_batched else values[None]), is_batched


def _numbers(name: str, values: Any) -> NDArray[Any]:
    try:
        numbers = np.asarray(values)
    except ValueError:  # rows of unequal lengths
        numbers = np.array(None)
    if numbers.dtype.kind not in "biuf":
        raise ValueError(f"{name} {shorten(values)}: give numbers")
    return numbers


def _cast(numbers: NDArray[Any], dtype: type[Number]) -> NDArray[Number]:
    with np.errstate(invalid="ignore", over="ignore"):  # as torch, which casts silently
        return numbers.astype(dtype)
