"""Scoring an agent on fresh lives, with an interval."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.agent import Agent
from lndp_agents.genome import genome_to_parameters
from lndp_agents.rollout import Evolved, World, balanced_contexts, lifetime_keys, make_world, rollout
from lndp_agents.rollout.streams import EVALUATION
from lndp_agents.statistics import bootstrap_interval

MAX_LIVES = 10**6
BATCH_LIVES = 1024
"""Lives that are lived at once; no life depends on it."""


@dataclass(frozen=True)
class Score:
    """Mean episode returns of an agent's lives."""

    scores: NDArray[np.float64]
    """(L,): one number a life."""
    episode_means: tuple[float, ...] = ()
    """Mean return of the first episode of a life, of the second and so on, where that was measured."""

    @property
    def mean(self) -> float:
        """Mean over lives."""
        return float(self.scores.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean, by percentile bootstrap over lives (always the same resamples)."""
        return bootstrap_interval(self.scores[None])


def evaluate(
    agent: Agent[Any],
    environment: str,
    keywords: Mapping[str, Any] | None = None,
    *,
    lives: int = 128,
    seed: int = 0,
    episodes: int = 1,
) -> Score:
    """Let an agent live fresh lives, dealt evenly over the tasks of the environment.

    Their brains are those of `Agent.act` and `Agent.predict`, natively bit for bit: what senses the same from
    its birth on does the same. (Worlds in gymnasium compute with NumPy, these with torch: sines, and so
    classic control, may differ in the last bit.)

    Births and worlds are drawn from the seed, in a stream of their own: evolution has seen none of the lives.

    Args:
        agent: who lives.
        environment: id of the environment.
        keywords: keyword arguments of the environment.
        lives: how many lives, L.
        seed: of births and worlds.
        episodes: episodes of a life, for environments that have no lives of their own.

    Returns:
        Mean episode return of each life, and what each of its episodes brings.

    Raises:
        ValueError: the environment is unknown, or its spaces are not the agent's; or there are no lives, or
            more than a million; or a reward was no finite number.
    """
    world, keys, tasks = fresh_lives(agent, environment, keywords, lives=lives, seed=seed, episodes=episodes)
    parameters = genome_to_parameters(agent.config, agent.genome[None])
    parts: list[Tensor] = []
    for start in range(0, lives, BATCH_LIVES):
        some = slice(start, start + BATCH_LIVES)
        parts.append(rollout(Evolved(agent.program, parameters), world, keys[some], tasks[some]).returns[0])
    returns = torch.cat(parts).cpu()
    if not returns.isfinite().all():
        raise ValueError(
            f"{environment} gave rewards that are no finite numbers: there is no score of its lives"
        )
    return Score(returns.mean(-1).numpy(), tuple(mean.item() for mean in returns.mean(0)))


def fresh_lives(
    agent: Agent[Any],
    environment: str,
    keywords: Mapping[str, Any] | None = None,
    *,
    lives: int,
    seed: int,
    episodes: int = 1,
) -> tuple[World, Tensor, Tensor]:
    """The lives that `evaluate` scores: their world, and keys and tasks (L,) of each.

    The arguments are those of `evaluate`.

    Raises:
        ValueError: as in `evaluate`.
    """
    if not 1 <= lives <= MAX_LIVES:
        raise ValueError(f"lives={lives}: give 1 to {MAX_LIVES}")
    world = make_world(environment, keywords or {}, episodes, agent.encoding)
    if world.dynamics.action_space != agent.action_space:
        raise ValueError(
            f"{environment} takes actions {world.dynamics.action_space}, the agent gives "
            f"{agent.action_space}: name the environment that it was evolved on"
        )
    keys = lifetime_keys(seed, EVALUATION, num_lifetimes=lives, device=agent.device)
    return world, keys, balanced_contexts(world.dynamics, lives, agent.device)
