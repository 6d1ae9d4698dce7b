"""PPO that observes the last four steps: as `ppo`, with stable-baselines3's `VecFrameStack`."""

from typing import Any, cast

import numpy as np
from gymnasium import Space
from stable_baselines3 import PPO
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import VecEnv, VecFrameStack

from lndp_agents.baselines.job import Job
from lndp_agents.baselines.learning import BATCH_SIZE, NUM_ENVS, NUM_STEPS, Trainer
from lndp_agents.baselines.trained import TrainedModel
from lndp_agents.rollout.predicting import Memory, PredictPolicy
from lndp_agents.spaces.kinds import is_box
from lndp_agents.validation import shorten

FRAMES = 4
"""Number of stacked frames, as in Mnih et al. (2015)."""


class FrameStackPolicy:
    """A model that was trained with `VecFrameStack`, for single frames; its memory holds the last frames.

    Args:
        model: the trained model.
    """

    def __init__(self, model: PPO | TrainedModel) -> None:
        self.model = model

    @property
    def action_space(self) -> Space[Any]:
        """The action space of the model."""
        return cast("Space[Any]", self.model.action_space)  # pyright: ignore[reportUnknownMemberType]

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Any, Memory]:
        """As `PredictPolicy.predict`."""
        frames: list[Any] = [observation[name] for name in sorted(observation)]
        old = state or [
            np.zeros((*frame.shape[:-1], FRAMES * frame.shape[-1]), frame.dtype) for frame in frames
        ]
        begins = np.zeros(len(frames[0])) if episode_start is None else episode_start
        memory = tuple(_stack(stack, frame, begins) for stack, frame in zip(old, frames, strict=True))
        stacked = dict(zip(sorted(observation), memory, strict=True))
        return self.model.predict(stacked, deterministic=deterministic)[0], memory


class FrameStackTrainer(Trainer):
    """A trainer of models that observe the last frames."""

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """As `Trainer.hyperparameters`."""
        return super().hyperparameters | {"frames": FRAMES}

    def _envs(self, job: Job) -> VecEnv:
        space = job.make_world().dynamics.observation_space
        if not is_box(space) or len(space.shape) != 1:
            raise ValueError(
                f"ppo-frame-stack stacks vectors, and {job.environment} shows {shorten(space)}: use ppo"
            )
        return VecFrameStack(super()._envs(job), FRAMES)

    def _acting(self, network: ActorCriticPolicy) -> PredictPolicy:
        return FrameStackPolicy(TrainedModel(network))


def trainer() -> Trainer:
    """Return the trainer: the algorithm and its settings other than the defaults."""
    keywords = {"n_steps": NUM_STEPS, "batch_size": BATCH_SIZE}
    return FrameStackTrainer(PPO, "MultiInputPolicy", NUM_ENVS, keywords)


def _stack(stack: Any, frame: Any, begins: Any) -> Any:
    """Return the stack (B, FRAMES * width) with a frame (B, width) added; a lifetime begins with zeros."""
    kept = np.where(np.asarray(begins, np.bool_)[:, None], 0, stack[:, frame.shape[1] :])
    return np.concatenate([kept, frame], axis=1, dtype=frame.dtype)
