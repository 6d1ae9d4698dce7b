"""An agent and a world that are small and quick to draw."""

from typing import Any

import gymnasium
import lndp_envs  # noqa: F401 (registers the worlds)
import pytest

from lndp_agents import LNDPAgent
from lndp_agents.spaces import config_for


@pytest.fixture
def env() -> Any:
    """Foraging that gives pixels."""
    return gymnasium.make("lndp/Foraging-v0", render_mode="rgb_array")


@pytest.fixture
def agent(env: Any) -> LNDPAgent:
    """An untrained agent, made for foraging."""
    spaces = env.observation_space, env.action_space
    return LNDPAgent(*spaces, config_for(*spaces, nodes=13, initial_density=0.3))
