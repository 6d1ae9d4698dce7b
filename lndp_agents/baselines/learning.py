"""Trainings of stable-baselines3's models: the same copies of a world, the same evaluations."""

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
from lndp_agents.spaces.kinds import Json
from lndp_agents.studies.evaluation import evaluate_policy_lives
from lndp_agents.validation import is_integer, require_keys, shorten

NUM_ENVS, NUM_STEPS, BATCH_SIZE = 64, 64, 256
"""PPO's number of environments, steps of each between two updates, and batch size of a gradient."""
EVALUATIONS = 20
"""Evaluations on held-out lifetimes during a training, beside the first and the last."""
EVALUATION_LIVES = 64
_PLAIN = (bool, int, float, type(None))
_NO_HYPERPARAMETERS = {"seed", "verbose", "tensorboard_log", "stats_window_size", "_init_setup_model"}


@dataclass(frozen=True)
class Trainer:
    """An algorithm of stable-baselines3, and its settings other than the defaults."""

    algorithm: type[OnPolicyAlgorithm]
    policy: str
    """stable-baselines3's name of the kind of network."""
    num_envs: int
    """Number of environments."""
    keywords: Mapping[str, Any]
    """Keyword arguments of the algorithm; those of its network are in "policy_kwargs"."""

    @property
    def hyperparameters(self) -> Json:
        """All settings of a training beside its job, with the defaults of the algorithm, as JSON."""
        algorithm: Any = self.algorithm
        defaults: Json = {
            name: parameter.default
            for name, parameter in signature(algorithm).parameters.items()
            if isinstance(parameter.default, _PLAIN) and name not in _NO_HYPERPARAMETERS
        }
        own: Json = {
            "policy_kwargs": {},
            "num_envs": self.num_envs,
            "looks": EVALUATIONS,
            "look_lives": EVALUATION_LIVES,
        }
        return defaults | own | dict(self.keywords)

    def train(self, job: Job, report: Report) -> PredictPolicy:
        """Train a model, and keep the network that was best on held-out lifetimes, as evolution does.

        Args:
            job: the world, the budget and the seed.
            report: takes the points of the learning curve.

        Returns:
            The trained policy.

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

    def save(self, policy: PredictPolicy, folder: Path) -> Json:
        """Write a policy that `train` returned.

        Returns:
            The description that `load` needs, as JSON.

        Raises:
            OSError: the folder cannot be written.
        """
        network: Any = network_of(policy)
        return save_network(network, folder)

    def load(
        self, folder: Path, hyperparameters: Mapping[str, Any], data: Mapping[str, Any]
    ) -> PredictPolicy:
        """Load a trained policy.

        Args:
            folder: the folder of `save`.
            hyperparameters: those of the training.
            data: the value that `save` returned.

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
        """Load a file of an earlier version of this package, in stable-baselines3's own format.

        The file can hold code (cloudpickle), which is run.

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
        """Check that the keywords of a network are those that it is made with here; values may differ."""
        known: Mapping[str, Any] = self.keywords.get("policy_kwargs", {})
        require_keys("policy_kwargs", given, set(known))
        for name, value in given.items():
            is_same_type = type(value) is type(known[name])
            if not is_same_type or not (isinstance(value, bool) or is_integer(value, 1, MAX_WIDTH)):
                raise ValueError(f"{name} is {shorten(value)}, expected something like {known[name]}")
        return given

    def _envs(self, job: Job) -> VecEnv:
        """Return the environments, with rewards scaled to about unit returns, but not those observed.

        Without the scale, returns of hundreds make the critic's gradient dominate the actor's.
        """
        envs = make_vec_env(job.environment, job.keywords, self.num_envs, job.seed, job.episodes)
        return VecNormalize(envs, norm_obs=False)

    def _acting(self, network: ActorCriticPolicy) -> PredictPolicy:
        return TrainedModel(network)


def _learn(model: OnPolicyAlgorithm, policy: PredictPolicy, job: Job, report: Report) -> None:
    """Train with the whole budget, and keep the best parameters; evaluations use `policy`."""
    rollout = model.n_envs * model.n_steps
    if job.budget_steps < rollout:
        raise ValueError(
            f"budget_steps={job.budget_steps}: it learns from {rollout} steps at a time, give more"
        )
    callback = _Evaluations(policy, job, report)
    model.learn(job.budget_steps // rollout * rollout, callback)  # pyright: ignore[reportUnknownMemberType]
    model.policy.load_state_dict(callback.best)


def _no_learning(progress: float) -> float:
    return 0.0


class _Evaluations(BaseCallback):
    """Evaluates the policy before, during and after the training, which is not counted as training time."""

    def __init__(self, policy: PredictPolicy, job: Job, report: Report) -> None:
        super().__init__()
        self._policy, self._job, self._report = policy, job, report
        self._world = job.make_world()
        self._next = 0.0
        self._started = time.perf_counter()
        self._best_score = float("-inf")
        self.best: Json = {}

    def _on_rollout_start(self) -> None:
        if self.num_timesteps >= self._next:
            self._next += self._job.budget_steps / (EVALUATIONS + 1)
            self._evaluate()

    def _on_step(self) -> bool:
        return True

    def _on_training_end(self) -> None:
        self._evaluate()

    def _evaluate(self) -> None:
        paused = time.perf_counter()
        lives = evaluate_policy_lives(
            self._policy, self._world, lives=EVALUATION_LIVES, seed=self._job.seed, stream=HELD_OUT
        )
        score = float(lives.scores.mean())
        if score > self._best_score:
            self._best_score, self.best = score, deepcopy(self.model.policy.state_dict())
        self._report(CurvePoint(self.num_timesteps, paused - self._started, score))
        self._started += time.perf_counter() - paused
