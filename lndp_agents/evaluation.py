"""Scoring an agent on fresh lives, with an interval."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lndp_agents.agent import LNDPAgent
from lndp_agents.evolution.lives import balanced_tasks, life_keys, live
from lndp_agents.evolution.worlds import make_world
from lndp_agents.lndp import LNDP, genome_to_parameters

EVALUATION = 3  # a stream of randomness apart from those of a run (problem.py)
RESAMPLES = 10_000


@dataclass(frozen=True)
class Score:
    """Mean episode returns of an agent's lives."""

    scores: NDArray[np.float64]
    """(L,): one number a life."""

    @property
    def mean(self) -> float:
        """Mean over lives."""
        return float(self.scores.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean, by percentile bootstrap over lives (always the same resamples)."""
        picks = np.random.default_rng(0).integers(len(self.scores), size=(RESAMPLES, len(self.scores)))
        low, high = np.percentile(self.scores[picks].mean(1), [2.5, 97.5])
        return float(low), float(high)


def evaluate(
    agent: LNDPAgent,
    environment: str,
    keywords: Mapping[str, Any] | None = None,
    *,
    lives: int = 128,
    seed: int = 0,
    episodes: int = 1,
) -> Score:
    """Let an agent live fresh lives, dealt evenly over the tasks of the environment.

    Births and worlds are drawn from the seed, in a stream of their own: no life is one that evolution has seen.

    Args:
        agent: who lives.
        environment: id of the environment.
        keywords: keyword arguments of the environment.
        lives: how many lives, L.
        seed: of births and worlds.
        episodes: episodes of a life, for environments that have no lives of their own.

    Returns:
        Mean episode return of each life.

    Raises:
        ValueError: the environment is unknown, or its spaces are not the agent's; or there are no lives.
    """
    if lives < 1:
        raise ValueError(f"lives={lives}: give at least 1")
    world = make_world(environment, keywords or {}, episodes, agent.encoding)
    if world.dynamics.action_space != agent.action_space:
        raise ValueError(
            f"{environment} takes actions {world.dynamics.action_space}, the agent gives {agent.action_space}"
        )
    keys = life_keys(seed, EVALUATION, num_lives=lives, device=agent.device)
    program = LNDP(agent.config, "auto")
    parameters = genome_to_parameters(agent.config, agent.genome[None])
    result = live(program, parameters, world, keys, balanced_tasks(world.dynamics, lives, agent.device))
    return Score(result.scores[0].cpu().numpy())
