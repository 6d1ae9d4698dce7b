"""Innate wiring: edges at birth against a literal double loop, as a list of edges, in any batch and body."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from lndp_agents.genome import genome_size, genome_to_parameters, initial_genome, parameters_to_genome
from lndp_agents.lndp import LNDP, make_lndp
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.kernel_layout import require_implemented

SIZES: dict[str, Any] = {"observation_size": 3, "action_size": 2, "nodes": 12, "initial_density": 0.7}
WIRED = LNDPConfig(**SIZES, innate_wiring=True)
KEYS = torch.arange(4)[None]


def random_parameters(config: LNDPConfig, num_genomes: int = 3) -> dict[str, torch.Tensor]:
    genomes = torch.randn(num_genomes, genome_size(config), generator=torch.Generator().manual_seed(1))
    return genome_to_parameters(config, 0.3 * genomes)


def test_edges_are_born_with_the_compatibility_of_their_ends() -> None:
    parameters, program = random_parameters(WIRED), LNDP(WIRED)
    newborn = program.birth(KEYS).expand_genomes(3)
    wired = program.develop(parameters, newborn)
    matrices, states = parameters["innate.wiring"].tolist(), newborn.node_state.tolist()
    for genome, lifetime, i, j in [(0, 0, 0, 5), (1, 3, 4, 11), (2, 2, 7, 6), (2, 1, 3, 4), (0, 1, 9, 10)]:
        for feature in range(4):
            sender, receiver = states[genome][lifetime][i], states[genome][lifetime][j]
            total = sum(
                sender[a] * matrices[genome][feature][a][b] * receiver[b] for a in range(8) for b in range(8)
            )
            exists = wired.adjacency[genome, lifetime, i, j].item()
            expected = math.tanh(total) * exists
            assert wired.edge_state[genome, lifetime, feature, i, j].item() == pytest.approx(
                expected, abs=1e-6
            )
    assert torch.equal(wired.adjacency, newborn.adjacency)
    assert torch.equal(wired.node_state, newborn.node_state)
    assert 0 < wired.adjacency.mean() < 0.7


def test_all_nodes_are_born_alike_in_every_lifetime_of_a_kind_of_body() -> None:
    states = LNDP(WIRED).birth(torch.arange(6).reshape(2, 3)).node_state
    assert torch.equal(states, states[:1, :1].expand(2, 3, -1, -1))
    assert len({tuple(row.tolist()) for row in states[0, 0]}) == 12
    # More hidden nodes add their own states; other numbers of inputs or outputs make another kind of body.
    more = LNDP(replace(WIRED, nodes=18)).birth(KEYS).node_state[0, 0]
    assert torch.equal(torch.cat([more[:10], more[16:]]), states[0, 0])
    for sizes in ({"observation_size": 4}, {"action_size": 3}):
        others = LNDP(replace(WIRED, **sizes)).birth(KEYS).node_state[0, 0]
        assert not {tuple(row.tolist()) for row in others} & {tuple(row.tolist()) for row in states[0, 0]}
    large = replace(WIRED, observation_size=5, action_size=4, nodes=18)
    assert genome_size(large) == genome_size(WIRED) == genome_size(replace(WIRED, innate_wiring=False)) + 256


def test_the_list_of_edges_and_any_batch_give_the_same_bits() -> None:
    parameters = random_parameters(WIRED)
    dense = LNDP(WIRED).develop(parameters, LNDP(WIRED).birth(KEYS).expand_genomes(3))
    sparse = make_lndp(replace(WIRED, candidates=12))
    listed = sparse.develop(parameters, sparse.birth(KEYS).expand_genomes(3)).to_dense()
    assert torch.equal(listed.edge_state, dense.edge_state)
    one = LNDP(WIRED).develop(
        {name: tensor[1:2] for name, tensor in parameters.items()}, LNDP(WIRED).birth(KEYS[:, 2:3])
    )
    assert torch.equal(one.edge_state[0, 0], dense.edge_state[1, 2])


def test_only_newborns_are_wired_not_those_who_develop_again() -> None:
    config = replace(WIRED, development_between_episodes=True)
    parameters, program = random_parameters(config), LNDP(config)
    state = program.develop(parameters, program.birth(KEYS).expand_genomes(3))
    state, _ = program.step(parameters, state, torch.ones(3, 4, 3), torch.ones(3, 4))
    assert torch.equal(program.develop(parameters, state).edge_state, state.edge_state)


def test_the_native_kernel_runs_wired_networks() -> None:
    require_implemented(WIRED)
    parameters = random_parameters(WIRED)
    results = []
    for backend in ("eager", "auto"):
        program = LNDP(WIRED, backend)
        state = program.develop(parameters, program.birth(KEYS).expand_genomes(3))
        for _ in range(3):
            state, output = program.step(parameters, state, torch.ones(3, 4, 3), torch.ones(3, 4))
        results.append(output)
    torch.testing.assert_close(*results, atol=2e-5, rtol=0)


def test_files_name_the_wiring_only_where_it_is_used() -> None:
    assert WIRED.to_json()["innate_wiring"] is True
    assert LNDPConfig.from_json(WIRED.to_json()) == WIRED
    assert "innate_wiring" not in LNDPConfig(**SIZES).to_json()


@pytest.mark.parametrize("switches", [{}, {"pruning": False, "innate_wiring": True}])
def test_the_initial_genome_lets_a_network_stay_as_it_is(switches: dict[str, Any]) -> None:
    config = LNDPConfig(**SIZES, **switches)
    genome = initial_genome(config, 5.0)
    parameters = genome_to_parameters(config, genome[None])
    assert parameters["edge_gru.bias"][0].tolist() == [0.0] * 4 + [5.0] * 4 + [0.0] * 4
    assert parameters["node_gru.bias"][0].tolist() == [0.0] * 8 + [5.0] * 8 + [0.0] * 8
    assert parameters["synaptogenesis.1.bias"].item() == -5
    assert ("pruning.1.bias" in parameters) is config.pruning
    # What was said is all that is not zero: two update gates, and one bias a decision.
    decisions = 1 + config.pruning
    assert genome.count_nonzero().item() == 8 + 4 + decisions
    assert genome.sum().item() == 5 * (12 - decisions)
    assert torch.equal(parameters_to_genome(config, parameters)[0], genome)
    program = LNDP(config)
    newborn = program.develop(parameters, program.birth(KEYS))
    state, _ = program.step(parameters, newborn, torch.ones(1, 4, 3), torch.zeros(1, 4))
    assert torch.equal(state.adjacency, newborn.adjacency)
    kept = 1 / (1 + math.exp(-5))
    torch.testing.assert_close(state.edge_state, kept * newborn.edge_state)
