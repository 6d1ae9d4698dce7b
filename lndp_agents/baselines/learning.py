"""How all models of stable-baselines3 are trained: the same copies of a world, the same looks at lives."""

import time
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from lndp_agents.baselines.evaluation import evaluate_policy_lives
from lndp_agents.baselines.job import CurvePoint, Job, Report
from lndp_agents.baselines.policy import Policy
from lndp_agents.baselines.vec_env import make_vec_env
from lndp_agents.evolution.lives import HELD_OUT

Model = TypeVar("Model", bound=OnPolicyAlgorithm)

NUM_ENVS, NUM_STEPS, BATCH_SIZE = 64, 64, 256
"""Copies of the world for PPO, steps of each between two updates, and steps of a gradient."""
LOOKS = 20
"""Looks at held-out lives on the way, beside the one before and the one after."""
LOOK_LIVES = 64


def training_envs(job: Job, num_envs: int) -> VecEnv:
    """Copies of the world, their rewards scaled to about unit returns (as observed they are as they are).

    The scale is a well-known choice: returns of hundreds make the critic's gradient drown the actor's.
    """
    envs = make_vec_env(job.environment, job.keywords, num_envs, job.seed, job.episodes)
    return VecNormalize(envs, norm_obs=False)


def learn(model: OnPolicyAlgorithm, policy: Policy, job: Job, report: Report) -> None:
    """Spend the budget, and keep what was best on held-out lives, as evolution does.

    Args:
        model: a new one.
        policy: how the model is evaluated: itself or an adapter of it.
        job: what to learn.
        report: is told the learning curve.

    Raises:
        ValueError: the budget is below the steps between two updates.
    """
    rollout = model.n_envs * model.n_steps
    if job.budget_steps < rollout:
        raise ValueError(
            f"budget_steps={job.budget_steps}: it learns from {rollout} steps at a time, give more"
        )
    callback = _Looks(policy, job, report)
    model.learn(job.budget_steps // rollout * rollout, callback)  # pyright: ignore[reportUnknownMemberType]
    model.policy.load_state_dict(callback.best)


def load_model(kind: type[Model], file: Path) -> Model:
    """A model that was saved. Its zip can hold code (cloudpickle): load only what you trust."""
    return kind.load(file, device="cpu")  # pyright: ignore[reportUnknownMemberType] (its arguments are bare)


class _Looks(BaseCallback):
    """Scores the policy before, during and after the training; the clock stops meanwhile."""

    def __init__(self, policy: Policy, job: Job, report: Report) -> None:
        super().__init__()
        self._policy, self._job, self._report = policy, job, report
        self._next = 0.0
        self._started = time.perf_counter()
        self._best_score = float("-inf")
        self.best: dict[str, Any] = {}

    def _on_rollout_start(self) -> None:
        if self.num_timesteps >= self._next:
            self._next += self._job.budget_steps / (LOOKS + 1)
            self._look()

    def _on_step(self) -> bool:
        return True

    def _on_training_end(self) -> None:
        self._look()

    def _look(self) -> None:
        job, paused = self._job, time.perf_counter()
        lives = evaluate_policy_lives(
            self._policy,
            job.environment,
            job.keywords,
            lives=LOOK_LIVES,
            seed=job.seed,
            episodes=job.episodes,
            stream=HELD_OUT,
        )
        score = float(lives.scores.mean())
        if score > self._best_score:
            self._best_score, self.best = score, deepcopy(self.model.policy.state_dict())
        self._report(CurvePoint(self.num_timesteps, paused - self._started, score))
        self._started += time.perf_counter() - paused
