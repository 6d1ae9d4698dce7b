"""PPO that sees the last four steps: all as in `ppo`, and stable-baselines3's `VecFrameStack`."""

from pathlib import Path
from typing import Any, cast

import numpy as np
from gymnasium import Space
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecFrameStack

from lndp_agents.baselines.job import Job, Report
from lndp_agents.baselines.learning import BATCH_SIZE, NUM_ENVS, NUM_STEPS, learn, load_model, training_envs
from lndp_agents.baselines.policy import Memory
from lndp_agents.evolution.worlds import make_task
from lndp_agents.spaces.kinds import is_box
from lndp_agents.validation import shorten

FRAMES = 4
"""As in Mnih et al. (2015), and the usual choice since."""


class FrameStackPolicy:
    """A model that was trained with `VecFrameStack`, for single frames; the memory holds the last ones.

    Args:
        model: the trained model.
    """

    def __init__(self, model: PPO) -> None:
        self.model = model

    @property
    def action_space(self) -> Space[Any]:
        """Its actions."""
        return cast("Space[Any]", self.model.action_space)  # pyright: ignore[reportUnknownMemberType]

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Any, Memory]:
        """As `Policy.predict`."""
        frames: list[Any] = [observation[name] for name in sorted(observation)]
        old = state or [
            np.zeros((*frame.shape[:-1], FRAMES * frame.shape[-1]), frame.dtype) for frame in frames
        ]
        begins = np.zeros(len(frames[0])) if episode_start is None else episode_start
        memory = tuple(_stack(stack, frame, begins) for stack, frame in zip(old, frames, strict=True))
        stacked = dict(zip(sorted(observation), memory, strict=True))
        return self.model.predict(stacked, deterministic=deterministic)[0], memory

    def save(self, file: Path) -> None:
        """Save the model."""
        self.model.save(file)


def train(job: Job, report: Report) -> FrameStackPolicy:
    """Train a model; the arguments are those of `learn`.

    Raises:
        ValueError: the observations are no arrays, or images.
    """
    space = make_task(job.environment, job.keywords, job.episodes)[0].observation_space
    if not is_box(space) or len(space.shape) != 1:
        raise ValueError(
            f"ppo-frame-stack stacks vectors, and {job.environment} shows {shorten(space)}: use ppo"
        )
    model = PPO(
        "MultiInputPolicy",
        VecFrameStack(training_envs(job, NUM_ENVS), FRAMES),
        n_steps=NUM_STEPS,
        batch_size=BATCH_SIZE,
        seed=job.seed,
        device="cpu",
    )
    policy = FrameStackPolicy(model)
    learn(model, policy, job, report)
    return policy


def load(file: Path) -> FrameStackPolicy:
    """What was saved; see `load_model`."""
    return FrameStackPolicy(load_model(PPO, file))


def _stack(stack: Any, frame: Any, begins: Any) -> Any:
    """The stack (B, FRAMES * width) with a frame (B, width) at its end; a new life begins with zeros."""
    kept = np.where(np.asarray(begins, np.bool_)[:, None], 0, stack[:, frame.shape[1] :])
    return np.concatenate([kept, frame], axis=1, dtype=frame.dtype)
