"""How all models of stable-baselines3 are trained: the same copies of a world, the same looks at lives."""

import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from lndp_agents.baselines.job import CurvePoint, Job, Report
from lndp_agents.baselines.trained import TrainedModel, load_network, save_network, spaces_to_json
from lndp_agents.baselines.vec_env import make_vec_env
from lndp_agents.interventions.trained import network_of
from lndp_agents.lndp.config import MAX_WIDTH
from lndp_agents.persistence import FileFormatError
from lndp_agents.rollout.generators import lent_generators
from lndp_agents.rollout.predicting import PredictPolicy
from lndp_agents.rollout.streams import HELD_OUT
from lndp_agents.studies.evaluation import evaluate_policy_lives
from lndp_agents.validation import is_integer, require_keys, shorten

NUM_ENVS, NUM_STEPS, BATCH_SIZE = 64, 64, 256
"""Copies of the world for PPO, steps of each between two updates, and steps of a gradient."""
LOOKS = 20
"""Looks at held-out lives on the way, beside the one before and the one after."""
LOOK_LIVES = 64
_PLAIN = (bool, int, float, type(None))
_NO_HYPERPARAMETERS = {"seed", "verbose", "tensorboard_log", "stats_window_size", "_init_setup_model"}


@dataclass(frozen=True)
class Trainer:
    """An algorithm of stable-baselines3, and what is not its default."""

    algorithm: type[OnPolicyAlgorithm]
    policy: str
    """The name that the algorithm has for its kind of network."""
    num_envs: int
    """Copies of the world."""
    keywords: Mapping[str, Any]
    """Of the algorithm: numbers, and those of its network as "policy_kwargs"."""

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """All that a training depends on beside its job, the defaults of the algorithm too, as JSON."""
        algorithm: Any = self.algorithm
        defaults: dict[str, Any] = {
            name: parameter.default
            for name, parameter in signature(algorithm).parameters.items()
            if isinstance(parameter.default, _PLAIN) and name not in _NO_HYPERPARAMETERS
        }
        own: dict[str, Any] = {
            "policy_kwargs": {},
            "num_envs": self.num_envs,
            "looks": LOOKS,
            "look_lives": LOOK_LIVES,
        }
        return defaults | own | dict(self.keywords)

    def train(self, job: Job, report: Report) -> PredictPolicy:
        """Train a model, and keep what was best on held-out lives, as evolution does.

        Args:
            job: what to learn.
            report: is told the learning curve.

        Returns:
            What acts as the model does.

        Raises:
            ValueError: the budget is below the steps between two updates, or the world has spaces that cannot
                be saved.
        """
        envs = self._envs(job)
        model = self.algorithm(self.policy, envs, seed=job.seed, device="cpu", **dict(self.keywords))
        spaces_to_json(model.policy)  # refused now, not after the training
        policy = self._acting(model.policy)
        _learn(model, policy, job, report)
        return policy

    def save(self, policy: PredictPolicy, folder: Path) -> dict[str, Any]:
        """Write what `train` gave.

        Returns:
            What `load` needs to know about it, as JSON.

        Raises:
            OSError: the folder cannot be written.
        """
        network: Any = network_of(policy)
        return save_network(network, folder)

    def load(
        self, folder: Path, hyperparameters: Mapping[str, Any], data: Mapping[str, Any]
    ) -> PredictPolicy:
        """What was trained.

        Args:
            folder: where it was saved.
            hyperparameters: those of the training.
            data: what `save` returned.

        Raises:
            FileFormatError: the file is missing, damaged or of another model.
            ValueError: hyperparameters or data are damaged.
        """
        keywords = self._network_keywords(hyperparameters["policy_kwargs"])
        kind: Any = self.algorithm.policy_aliases[self.policy]
        with lent_generators(0):  # for the weights that are then replaced
            return self._acting(
                load_network(partial(kind, lr_schedule=_no_learning, **keywords), folder, data)
            )

    def load_zip(self, file: Path) -> PredictPolicy:
        """What an earlier version of this package saved in stable-baselines3's own format.

        It can hold code (cloudpickle), which is run.

        Raises:
            FileFormatError: it is damaged.
        """
        try:
            with lent_generators(0):
                model = self.algorithm.load(file, device="cpu")  # pyright: ignore[reportUnknownMemberType]
        except Exception as error:  # whatever the code in it raises
            raise FileFormatError(f"{file}: {shorten(error)}; train the baseline again") from error
        return self._acting(model.policy)

    def _network_keywords(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """See that they are those that such a network is made with here, their values apart."""
        known: Mapping[str, Any] = self.keywords.get("policy_kwargs", {})
        require_keys("policy_kwargs", given, set(known))
        for name, value in given.items():
            is_same_type = type(value) is type(known[name])
            if not is_same_type or not (isinstance(value, bool) or is_integer(value, 1, MAX_WIDTH)):
                raise ValueError(f"{name} is {shorten(value)}, expected something like {known[name]}")
        return given

    def _envs(self, job: Job) -> VecEnv:
        """Copies of the world, their rewards scaled to about unit returns (as observed they are as they are).

        The scale is a well-known choice: returns of hundreds make the critic's gradient drown the actor's.
        """
        envs = make_vec_env(job.environment, job.keywords, self.num_envs, job.seed, job.episodes)
        return VecNormalize(envs, norm_obs=False)

    def _acting(self, network: ActorCriticPolicy) -> PredictPolicy:
        return TrainedModel(network)


def _learn(model: OnPolicyAlgorithm, policy: PredictPolicy, job: Job, report: Report) -> None:
    """Spend the budget, and keep what was best; `policy` is how the model is evaluated."""
    rollout = model.n_envs * model.n_steps
    if job.budget_steps < rollout:
        raise ValueError(
            f"budget_steps={job.budget_steps}: it learns from {rollout} steps at a time, give more"
        )
    callback = _Looks(policy, job, report)
    model.learn(job.budget_steps // rollout * rollout, callback)  # pyright: ignore[reportUnknownMemberType]
    model.policy.load_state_dict(callback.best)


def _no_learning(progress: float) -> float:
    return 0.0


class _Looks(BaseCallback):
    """Scores the policy before, during and after the training; the clock stops meanwhile."""

    def __init__(self, policy: PredictPolicy, job: Job, report: Report) -> None:
        super().__init__()
        self._policy, self._job, self._report = policy, job, report
        self._world = job.make_world()
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
        paused = time.perf_counter()
        lives = evaluate_policy_lives(
            self._policy, self._world, lives=LOOK_LIVES, seed=self._job.seed, stream=HELD_OUT
        )
        score = float(lives.scores.mean())
        if score > self._best_score:
            self._best_score, self.best = score, deepcopy(self.model.policy.state_dict())
        self._report(CurvePoint(self.num_timesteps, paused - self._started, score))
        self._started += time.perf_counter() - paused
