"""Agents that the tests of this folder share: small ones, so that a life is quick."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Text, Tuple
from lndp_envs import SenseReward

from lndp_agents import LNDPAgent
from lndp_agents.genome import genome_size
from lndp_agents.spaces import ObservationEncoding, config_for

sys.path.insert(0, str(Path(__file__).parent))  # for the helpers that lie here

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

    The genome is small, so that differences in the last bit, which matrix products of other sizes make where
    an agent is eager, hardly grow.
    """

    def make(env: gymnasium.Env[Any, Any], backend: str = "auto", **switches: Any) -> LNDPAgent:
        spaces = env.observation_space, env.action_space
        config = config_for(*spaces, **{"nodes": 16, "initial_density": 0.4, **switches})
        genome = 0.3 * np.random.default_rng(3).normal(size=genome_size(config))
        return LNDPAgent(*spaces, config, genome=genome, backend=backend)

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


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, bytes]]:
    """The files of agents of different spaces and encodings; the first two differ in their genome alone."""
    from saved_files import FORMAT_1, saved

    place = LNDPAgent.from_pretrained(FORMAT_1)
    spaces = place.observation_space, place.action_space
    twin = LNDPAgent(*spaces, place.config, genome=-place.genome, encoding=place.encoding)
    box = Box(np.array([-3, -np.inf], np.float32), np.array([3, np.inf], np.float32))
    affine = LNDPAgent(box, Box(-1, 2, (3,)), encoding=ObservationEncoding.of(box, [5.0, 1.5], [2.0, 0.3]))
    spaces = Discrete(3, start=-1), Discrete(2)
    one_hot = LNDPAgent(*spaces, config_for(*spaces, nodes=9, edge_features=2))
    spaces = Dict({"seen": Tuple([Box(-1, 1, (2,)), Text(3)]), "bits": MultiBinary(2)}), MultiDiscrete([2, 3])
    parts = LNDPAgent(*spaces, config_for(*spaces, nodes=11, node_features=2))
    folders = tmp_path_factory.mktemp("originals")
    return [saved(agent, folders / str(k)) for k, agent in enumerate([place, twin, affine, one_hot, parts])]
