"""The brain as a graph of torch_geometric and networkx, read by those libraries themselves."""

import sys

import pytest
import torch
from gymnasium.spaces import Box, Discrete

from lndp_agents import LNDPAgent
from lndp_agents.spaces import config_for


@pytest.fixture
def agent() -> LNDPAgent:
    """Two inputs, three outputs, and a brain that has rewired for some steps."""
    spaces = Box(-1, 1, (2,)), Discrete(3)
    agent = LNDPAgent(*spaces, config_for(*spaces, nodes=13, initial_density=0.4))
    agent.birth(1)
    for _ in range(4):
        agent.act([0.5, -0.5], 1.0)
    return agent


def test_pyg_holds_the_edges_that_exist(agent: LNDPAgent) -> None:
    data, state = agent.graph(), agent.state
    data.validate(raise_on_error=True)
    num_edges = int(state.adjacency.sum())
    assert num_edges > 0
    assert (data.num_nodes, data.num_edges) == (13, num_edges)
    assert torch.equal(data.x, state.node_state[0, 0])
    assert data.role.tolist() == [0] * 2 + [1] * 8 + [2] * 3
    for edge, (source, target) in enumerate(data.edge_index.T.tolist()):
        assert state.adjacency[0, 0, source, target] == 1
        assert torch.equal(data.edge_attr[edge], state.edge_state[0, 0, :, source, target])
        assert data.edge_weight[edge] == state.weights[0, 0, source, target]


def test_networkx_holds_the_same_graph(agent: LNDPAgent) -> None:
    graph, data = agent.graph("networkx"), agent.graph("pyg")
    assert graph.number_of_nodes() == 13
    assert [graph.nodes[node]["role"] for node in (0, 1, 2, 9, 10, 12)] == [
        *("input", "input", "hidden", "hidden", "output", "output")
    ]
    assert graph.nodes[4]["state"] == data.x[4].tolist()
    edges = {(source, target): attributes for source, target, attributes in graph.edges(data=True)}
    assert edges == {
        tuple(pair): {"weight": weight, "state": features}
        for pair, weight, features in zip(
            data.edge_index.T.tolist(), data.edge_weight.tolist(), data.edge_attr.tolist(), strict=True
        )
    }


def test_torch_geometric_converts_it_too(agent: LNDPAgent) -> None:
    from torch_geometric.utils import to_networkx

    theirs = to_networkx(agent.graph(), edge_attrs=["edge_weight"])
    ours = agent.graph("networkx")
    assert set(theirs.edges) == set(ours.edges)
    assert all(theirs.edges[edge]["edge_weight"] == ours.edges[edge]["weight"] for edge in ours.edges)


def test_the_graph_shares_no_memory_with_the_life(agent: LNDPAgent) -> None:
    kept = agent.state.node_state.clone()
    agent.graph().x.zero_()
    assert torch.equal(agent.state.node_state, kept)


def test_an_empty_brain_has_no_edges() -> None:
    spaces = Box(-1, 1, (2,)), Discrete(3)
    agent = LNDPAgent(*spaces, config_for(*spaces, nodes=13, initial_density=0.0))
    agent.birth(1)
    assert agent.graph().edge_attr.shape == (0, 4)
    assert agent.graph("networkx").number_of_edges() == 0


@pytest.mark.parametrize(("kind", "module"), [("pyg", "torch_geometric.data"), ("networkx", "networkx")])
def test_a_missing_library_is_answered_with_the_command(
    agent: LNDPAgent, kind: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r'is not installed: pip install "lndp-agents\[graph\]"'):
        agent.graph(kind)  # type: ignore[arg-type]


def test_an_unknown_kind_and_an_unborn_agent_are_refused(agent: LNDPAgent) -> None:
    with pytest.raises(ValueError, match="graph of kind 'dot': give 'pyg' or 'networkx'"):
        agent.graph("dot")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="call agent"):
        LNDPAgent(Discrete(2), Discrete(2)).graph()
