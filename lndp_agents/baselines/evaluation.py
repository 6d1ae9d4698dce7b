"""One evaluation for all learners: the held-out lives of `lndp_agents.evaluation.evaluate`, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from lndp_envs.dynamics import Dynamics, where
from lndp_envs.randomness import fold, key_of
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.baselines.injured import injure_policy
from lndp_agents.baselines.policy import BornPolicy, Policy
from lndp_agents.evaluation import BATCH_LIVES, MAX_LIVES, Score
from lndp_agents.lesions import Lesion, saturated
from lndp_agents.predictor import Predictor
from lndp_agents.rollout import balanced_contexts, lifetime_keys, make_world
from lndp_agents.rollout.generators import lent_generators
from lndp_agents.rollout.sensing import array_encoding, sense
from lndp_agents.rollout.streams import EVALUATION, INIT, WORLD
from lndp_agents.spaces import ObservationEncoding, to_numbers

_LUCK = 2  # folded into the seed for actions that are drawn


@dataclass(frozen=True)
class PolicyLives:
    """L lives of a policy, T steps at most."""

    rewards: NDArray[np.float64]
    """(L, T): of each step; 0 after the end of a life."""
    steps: NDArray[np.int64]
    """(L,): steps lived."""
    changes: NDArray[np.bool_] | None
    """(L, T): true at the first step under changed rules, which are hidden; none if the world cannot tell."""
    episodes: int
    """Episodes of a life."""
    returns: NDArray[np.float64] | None = None
    """(L, episodes): of each episode, 0 of those that a life did not reach; none if they were not kept."""

    @property
    def scores(self) -> NDArray[np.float64]:
        """(L,): mean episode return of each life."""
        return self.rewards.sum(1) / self.episodes

    @property
    def score(self) -> Score:
        """Their mean and its interval."""
        return Score(self.scores)


class _World(NamedTuple):
    """A task that tells what it hides."""

    dynamics: Dynamics[Any]
    steps: int
    episodes: int
    hidden: list[str]
    """Names in the info of what is hidden; none if the task cannot tell."""
    encoding: ObservationEncoding | None = None
    """Of what the policy observes; none if it gets it as it is."""


def evaluate_policy_lives(
    policy: Policy,
    environment: str,
    keywords: Mapping[str, Any] | None = None,
    *,
    lives: int = 128,
    seed: int = 0,
    episodes: int = 1,
    stream: int = EVALUATION,
    deterministic: bool = True,
    lesion: Lesion | None = None,
) -> PolicyLives:
    """Let a policy live the lives that `lndp_agents.evaluation.evaluate` gives to an agent: the same worlds.

    An LNDPAgent has the same births and, natively, the same scores there and here. The caller's random
    generators are left alone.

    Args:
        policy: who lives.
        environment: id of the environment.
        keywords: keyword arguments of the environment.
        lives: how many lives, L.
        seed: of births, worlds and drawn actions.
        episodes: episodes of a life, for environments that have no lives of their own.
        stream: of the seed: `EVALUATION`, or `HELD_OUT` for what is looked at during training.
        deterministic: whether the likeliest actions are taken, as stable-baselines3 evaluates.
        lesion: what happens to all lives at a step; they are intact if none.

    Raises:
        ValueError: the environment is unknown, or does not fit the policy; or there are no lives, or more
            than a million; or the lesion comes too late or does not fit the policy.
    """
    if not 1 <= lives <= MAX_LIVES:
        raise ValueError(f"lives={lives}: give 1 to {MAX_LIVES}")
    world = _make_world(environment, keywords or {}, episodes)
    if world.dynamics.action_space != policy.action_space:
        raise ValueError(
            f"{environment} takes actions {world.dynamics.action_space}, the policy gives "
            f"{policy.action_space}: name the environment that it was trained on"
        )
    if lesion is not None and lesion.at >= world.steps:
        raise ValueError(f"at={lesion.at}: a life has {world.steps} steps; give 0 to {world.steps - 1}")
    is_agent = isinstance(policy, Predictor)  # which encodes for itself
    world = world._replace(encoding=None if is_agent else array_encoding(world.dynamics.observation_space))
    keys, tasks = lifetime_keys(seed, stream, num_lifetimes=lives), balanced_contexts(world.dynamics, lives)
    with lent_generators(key_of(seed, stream, _LUCK)):
        batches = [
            _live(
                policy,
                world,
                keys[start : start + BATCH_LIVES],
                tasks[start : start + BATCH_LIVES],
                deterministic=deterministic,
                lesion=lesion,
            )
            for start in range(0, lives, BATCH_LIVES)
        ]
    rewards, alive, begins, changes = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    returns = _returns(rewards, begins, world.episodes)
    return PolicyLives(rewards, alive.sum(1), changes if world.hidden else None, world.episodes, returns)


def _live(
    policy: Policy, world: _World, keys: Tensor, tasks: Tensor, *, deterministic: bool, lesion: Lesion | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Whole lives (L, T): rewards, where a life goes on, where an episode begins, and where rules change."""
    dynamics, shape = world.dynamics, (len(keys), world.steps)
    rewards, (alive, begins, changes) = np.zeros(shape), np.zeros((3, *shape), np.bool_)
    state = dynamics.reset(fold(keys, WORLD), tasks)
    memory = policy.births(fold(keys, INIT).numpy()) if isinstance(policy, BornPolicy) else None
    starts = np.full(len(keys), memory is None)
    goes_on = torch.ones(len(keys), dtype=torch.bool)
    reward, rules = torch.zeros(len(keys), dtype=torch.float64), _rules(world, state)
    for step in range(world.steps):
        alive[:, step] = goes_on
        before, rules = rules, _rules(world, state)
        changes[:, step] = goes_on & (rules != before).any(1)
        felt = reward
        if lesion is not None:
            if step == lesion.at:
                policy, memory = injure_policy(policy, memory, fold(keys, INIT), lesion)
            felt = torch.zeros_like(reward) if lesion.cuts_reward(step) else reward
        begins[:, step] = dynamics.episode_start(state)
        seen = dynamics.observe(state)
        seen = seen if world.encoding is None else world.encoding.encode(seen)
        senses = sense(seen.numpy(), felt.numpy(), begins[:, step])
        action, memory = policy.predict(senses, memory, starts, deterministic)
        if lesion is not None and lesion.forces_actions(step):
            action = saturated(policy.action_space, len(keys))
        done = torch.as_tensor(to_numbers(policy.action_space, action, "action"))
        after, earned, terminated = dynamics.step(state, done)
        state = where(goes_on, after, state)  # what has ended stays as it is
        reward = torch.where(goes_on, earned, 0.0)
        rewards[:, step] = reward
        goes_on, starts = goes_on & ~terminated, np.zeros_like(starts)
        if not goes_on.any():
            break
    return rewards, alive, begins, changes


def _returns(rewards: NDArray[np.float64], begins: NDArray[np.bool_], episodes: int) -> NDArray[np.float64]:
    """(L, E): return of each episode, from rewards and beginnings (L, T)."""
    returns = np.zeros((len(rewards), episodes))
    episode = (begins.cumsum(1) - 1).clip(0, episodes - 1)
    np.add.at(returns, (np.arange(len(rewards))[:, None], episode), rewards)
    return returns


def _make_world(environment: str, keywords: Mapping[str, Any], episodes: int) -> _World:
    world = make_world(environment, keywords, episodes, None)
    hidden = world.dynamics.hidden(world.dynamics.reset(torch.zeros(1, dtype=torch.int64)))
    return _World(world.dynamics, world.num_steps, world.episodes, sorted(hidden))


def _rules(world: _World, state: Any) -> Tensor:
    """(L, any number) int64: what the world hides; (1, 0) if it does not tell."""
    info = world.dynamics.hidden(state) if world.hidden else {}
    columns = [info[name].long() for name in world.hidden]
    return torch.stack(columns, 1) if columns else torch.zeros(1, 0)
