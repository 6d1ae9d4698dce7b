"""Agents that the tests of this folder share: small ones, so that a life is quick."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from lndp_envs import SenseReward

from lndp_agents import LNDPAgent
from lndp_agents.lndp import genome_size
from lndp_agents.spaces import config_for

SWITCHES: dict[str, dict[str, Any]] = {
    "default": {},
    "developing": {"development_steps": 3, "recurrent": True, "development_between_episodes": True},
    "stochastic": {"stochastic": True, "bias": True, "initial_density_std": 0.2},
    "frozen": {"lifetime_updates": False, "development_steps": 2, "spontaneous_activity": False},
}
MakeAgent = Callable[..., LNDPAgent]


@pytest.fixture
def make_agent() -> MakeAgent:
    """Make an agent for an environment's spaces; keyword arguments go to its configuration.

    The genome is small, so that differences in the last bit, which matrix products of other sizes make, do
    not grow: a life is then the same in any batch.
    """

    def make(env: gymnasium.Env[Any, Any], **switches: Any) -> LNDPAgent:
        spaces = env.observation_space, env.action_space
        config = config_for(*spaces, **{"nodes": 16, "initial_density": 0.4, **switches})
        genome = 0.3 * np.random.default_rng(3).normal(size=genome_size(config))
        return LNDPAgent(*spaces, config, genome=genome)

    return make


@pytest.fixture
def foraging() -> gymnasium.Env[Any, Any]:
    """Foraging whose observation has reward and episode start in it."""
    return SenseReward(gymnasium.make("lndp/Foraging-v0"))


@pytest.fixture
def cart_pole_life() -> gymnasium.Env[Any, Any]:
    """Three episodes of CartPole in one life, with reward and episode start in the observation."""
    return SenseReward(gymnasium.make("lndp/CartPoleLife-v0"))


@pytest.fixture(params=SWITCHES)
def switches(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Configurations that between them use every switch with a memory or a random number."""
    return SWITCHES[request.param]
