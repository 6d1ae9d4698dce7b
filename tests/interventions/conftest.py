"""Agents of every policy, untrained, for the tests of this folder."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from lndp_agents import Agent, LNDPAgent
from lndp_agents.agent import agent_kind
from lndp_agents.genome import genome_size
from lndp_agents.policies import POLICIES
from lndp_agents.spaces import ActionDecoding, ObservationEncoding

sys.path.insert(0, str(Path(__file__).parent))

SWITCHES: dict[str, dict[str, Any]] = {
    "lndp": {"nodes": 12, "initial_density": 0.5, "node_features": 3},
    "sparse": {"nodes": 12, "initial_density": 0.5, "node_features": 3, "candidates": 5},
    "ndp": {"nodes": 12, "initial_density": 0.5, "node_features": 3, "development_steps": 3},
    "linear": {},
    "mlp": {"hidden_sizes": [5, 4]},
    "gru": {"hidden_size": 4},
    "hebbian": {"hidden_sizes": [5, 4], "reward_input": True},
}
NAMES = list(SWITCHES)
MakeAgent = Callable[..., Agent[Any]]


def agent_of(name: str, environment: str = "lndp/ForagingReversal-v0", **switches: Any) -> Agent[Any]:
    """An agent with a genome drawn at random."""
    env = gymnasium.make(environment)
    encoding, decoding = ObservationEncoding.of(env.observation_space), ActionDecoding.of(env.action_space)
    kind = POLICIES["lndp" if name == "sparse" else name]
    config: Any = kind.fitting(encoding, decoding, **SWITCHES[name] | switches)
    genome = 0.7 * np.random.default_rng(5).normal(size=genome_size(config))
    return agent_kind(config)(env.observation_space, env.action_space, config, genome=genome)


@pytest.fixture
def make_agent() -> MakeAgent:
    return agent_of


@pytest.fixture(params=NAMES)
def agent(request: pytest.FixtureRequest) -> Agent[Any]:
    """One of every policy."""
    return agent_of(request.param)


@pytest.fixture
def lndp_agent() -> LNDPAgent:
    made = agent_of("lndp")
    assert isinstance(made, LNDPAgent)
    return made
