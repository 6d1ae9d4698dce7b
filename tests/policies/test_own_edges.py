"""A policy of one's own that has edges is diagnosed, lesioned and turned into graphs as an LNDP is."""

import json
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from lndp_agents import Agent, cli, load_pretrained
from lndp_agents.interventions import Silence
from lndp_agents.policies import find_policy
from lndp_agents.spaces import config_for
from lndp_agents.studies.diagnostics import diagnose

FORAGING = "lndp/Foraging-v0"
CLOCKED = f"{Path(__file__).parents[1] / 'own' / 'clocked_edges.py'}:ClockedConfig"


@pytest.fixture
def agent() -> Agent[Any]:
    env = gymnasium.make(FORAGING)
    spaces = env.observation_space, env.action_space
    return Agent(*spaces, config_for(*spaces, kind=find_policy(CLOCKED)))


def test_edges_that_grow_one_a_step_are_measured(agent: Agent[Any]) -> None:
    curves = diagnose(agent, FORAGING, lives=2).curves
    num_allowed = agent.program.num_allowed_edges
    steps = np.arange(curves.density.shape[1])
    expected = np.minimum(steps, num_allowed) / num_allowed
    np.testing.assert_allclose(curves.density, [expected, expected])
    np.testing.assert_allclose(curves.born, np.diff([expected, expected]), atol=1e-12)
    assert (curves.lost == 0).all()


def test_the_command_diagnoses_it(
    agent: Agent[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.save_pretrained(tmp_path)
    arguments = [str(tmp_path), "--env", FORAGING, "--lives", "2", "--trust"]
    assert cli.main(["diagnose", *arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    num_allowed = agent.program.num_allowed_edges
    assert report["curves"]["density"][:3] == pytest.approx([0, 1 / num_allowed, 2 / num_allowed])


def test_graph_and_lesion_use_its_edges(agent: Agent[Any]) -> None:
    inputs, hidden, outputs = agent.program.node_counts  # type: ignore[attr-defined]
    nodes = inputs + hidden + outputs
    agent.birth(0)
    env = gymnasium.make(FORAGING)
    observation, _ = env.reset(seed=0)
    for _ in range(2 * nodes):
        agent.act(observation)
    graph = agent.graph("networkx")
    assert list(graph.edges) == [(source, target) for source in (0, 1) for target in range(nodes)]
    assert graph.edges[1, 0]["weight"] == pytest.approx(1 / (nodes + 1))
    agent.lesion(Silence(at=0, nodes=hidden))
    assert sorted({target for _, target in agent.graph("networkx").edges}) == [
        node for node in range(nodes) if not inputs <= node < inputs + hidden
    ]


def test_a_policy_without_edges_has_no_graph() -> None:
    agent = load_pretrained("foraging")
    spaces = agent.observation_space, agent.action_space
    linear = Agent(
        *spaces, config_for(*spaces, agent.encoding, find_policy("linear")), encoding=agent.encoding
    )
    linear.birth(0)
    with pytest.raises(ValueError, match=r"^a linear policy has no edges that come and go"):
        linear.graph()
    with pytest.raises(ValueError, match=r"^a linear policy has no edges that come and go"):
        diagnose(linear, FORAGING, lives=1)
