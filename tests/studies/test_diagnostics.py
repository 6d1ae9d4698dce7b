"""Failure signatures of genomes whose lives are known, and curves against lives counted in other ways."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lndp_agents import LNDPAgent, LNDPConfig, load_pretrained
from lndp_agents.genome import genome_size, genome_to_parameters, parameters_to_genome
from lndp_agents.lndp import LNDP, make_lndp
from lndp_agents.lndp.state import roles
from lndp_agents.rollout import Evolved, init_batch, rollout, unroll
from lndp_agents.spaces import config_for
from lndp_agents.studies.diagnostics import LifeCurves, Report, Thresholds, diagnose, life_curves
from lndp_agents.studies.diagnostics.curves import node_diversity
from lndp_agents.studies.diagnostics.signatures import different_actions
from lndp_agents.studies.evaluation import evaluate, fresh_lifetimes, world_of
from lndp_agents.watching.history import History

FORAGING, STEPS = "lndp/Foraging-v0", 100
SMALL: dict[str, Any] = {"nodes": 9, "node_features": 3, "edge_features": 2, "initial_density": 0.5}
Change = Callable[[dict[str, Tensor]], None]


def agent_of(
    change: Change | None = None,
    environment: str = FORAGING,
    scale: float = 0.0,
    seed: int = 0,
    **program: Any,
) -> LNDPAgent:
    """An agent with a genome N(0, scale), zeros if not told otherwise, and some parameters changed."""
    env = gymnasium.make(environment)
    spaces = env.observation_space, env.action_space
    config = config_for(*spaces, **(SMALL | program))
    genome = torch.randn(1, genome_size(config), generator=torch.Generator().manual_seed(seed)) * scale
    return LNDPAgent(*spaces, config, genome=changed(config, genome, change)[0])


def changed(config: LNDPConfig, genome: Tensor, change: Change | None) -> Tensor:
    parameters = genome_to_parameters(config, genome.clone())
    if change:
        change(parameters)
    return parameters_to_genome(config, parameters)


def curves_of(agent: LNDPAgent, environment: str = FORAGING, lives: int = 6) -> LifeCurves:
    world = world_of(agent, environment)
    keys, tasks = fresh_lifetimes(world, lives, 0)
    return life_curves(agent.learner, world, keys, tasks)


def value(report: Report, name: str) -> float:
    return next(diagnosis.value for diagnosis in report.diagnoses if diagnosis.name == name)


def prune_all(parameters: dict[str, Tensor]) -> None:
    parameters["pruning.1.bias"].fill_(10.0)


def flip_all(parameters: dict[str, Tensor]) -> None:
    """A missing edge grows, with the state 0; after a step its state is 1, and then it is pruned."""
    features = parameters["edge_gru.bias"].shape[1] // 3
    parameters["edge_gru.bias"][:, features : 2 * features] = -30.0  # the cell takes its candidate
    parameters["edge_gru.bias"][:, 2 * features :] = 30.0  # which is 1
    parameters["synaptogenesis.1.bias"].fill_(10.0)
    parameters["pruning.0.weight"][:, 0, 0] = 1.0
    parameters["pruning.1.weight"][:, 0, 0] = 20.0
    parameters["pruning.1.bias"].fill_(-10.0)


def deafen(parameters: dict[str, Tensor]) -> None:
    parameters["edge_gru.weight_ih"][..., -1] = 0.0


@cache
def foraging(lives: int = 16) -> Report:
    return diagnose(load_pretrained("foraging"), FORAGING, lives=lives)


def test_the_zoos_forager_has_none_of_the_failures() -> None:
    report = foraging()
    assert report.flagged == ()
    assert report.critical_period == 0  # it is born with all synapses, and keeps them
    assert report.reward_gain.mean == pytest.approx(245, abs=10)  # without reward: one side
    assert value(report, "empty_network") == pytest.approx(1.0, abs=0.02)


def test_the_zoos_bandit_grows_its_synapses_early() -> None:
    report = diagnose(load_pretrained("bandit"), "lndp/Bandit-v0", lives=8)
    assert 1 <= report.critical_period <= 10  # of 200
    assert value(report, "empty_network") == pytest.approx(1.0, abs=0.02)


def test_zeros_halve_all_states_and_are_deaf() -> None:
    """Gates of 1/2 and candidates of 0; a probability of 1/2 decides on nothing."""
    report = diagnose(agent_of(), FORAGING, lives=6)
    curves = report.curves
    halved = curves.diversity[:, :1] * 0.5 ** np.arange(STEPS + 1)
    np.testing.assert_allclose(curves.diversity[:, :40], halved[:, :40], rtol=1e-4)
    assert (curves.born == 0).all()
    assert (curves.lost == 0).all()
    assert report.critical_period == 0
    assert report.flagged == ("collapsed_nodes", "idle_reward")
    assert "no edge ever changed" in str(report)


def test_an_agent_that_prunes_all_ends_as_the_empty_network() -> None:
    report = diagnose(agent_of(prune_all, scale=1.0), FORAGING, lives=6)
    curves = report.curves
    assert (curves.density[:, 1:] == 0).all()
    np.testing.assert_array_equal(curves.lost[:, 0], curves.density[:, 0])
    assert curves.lost[:, 0].mean() == pytest.approx(0.5, abs=0.2)
    assert report.critical_period == 1
    assert "empty_network" in report.flagged
    assert value(report, "empty_network") == 0.0


def test_an_agent_that_grows_and_prunes_every_edge_in_turn_never_comes_to_rest() -> None:
    report = diagnose(agent_of(flip_all), FORAGING, lives=6)
    curves = report.curves
    np.testing.assert_allclose(curves.changes, 1.0, rtol=1e-12)
    np.testing.assert_allclose(curves.density[:, 0::2] - curves.density[:, :1], 0.0, atol=1e-12)
    np.testing.assert_allclose(curves.density[:, 1::2] + curves.density[:, :1], 1.0, rtol=1e-12)
    assert "endless_rewiring" in report.flagged
    assert value(report, "endless_rewiring") == pytest.approx(1.0)
    assert curves.steps_to(0.895) == 90


def test_without_weights_from_the_reward_it_changes_exactly_nothing() -> None:
    agent = load_pretrained("foraging")
    genome = changed(agent.config, agent.genome[None], deafen)[0]
    spaces = agent.observation_space, agent.action_space
    deaf = LNDPAgent(*spaces, agent.config, genome=genome, encoding=agent.encoding)
    report = diagnose(deaf, FORAGING, lives=6)
    np.testing.assert_array_equal(report.curves.outputs, report.without_reward.outputs)
    assert value(report, "idle_reward") == 0.0
    assert (report.reward_gain.mean, report.reward_gain.interval) == (0.0, (0.0, 0.0))
    assert report.flagged == ("idle_reward",)


def test_the_reward_is_cut_as_the_switch_of_the_configuration_cuts_it() -> None:
    agent = load_pretrained("foraging")
    deaf = LNDPAgent(
        agent.observation_space,
        agent.action_space,
        replace(agent.config, reward_input=False),
        genome=agent.genome,
        encoding=agent.encoding,
    )
    scores = evaluate(deaf, FORAGING, lives=16).scores
    np.testing.assert_array_equal(foraging().without_reward.scores, scores)
    assert value(diagnose(deaf, FORAGING, lives=4), "idle_reward") == 0.0


@pytest.mark.parametrize("environment", [FORAGING, "CartPole-v1"])
def test_the_lives_are_those_that_are_scored(environment: str) -> None:
    agent = agent_of(environment=environment, scale=1.0)
    curves = curves_of(agent, environment)
    world = world_of(agent, environment)
    keys, tasks = fresh_lifetimes(world, 6, 0)
    parameters = genome_to_parameters(agent.config, agent.genome[None])
    lives = rollout(Evolved(make_lndp(agent.config, "auto"), parameters), world, keys, tasks)
    np.testing.assert_array_equal(curves.scores, lives.scores[0].numpy())
    np.testing.assert_array_equal(curves.steps, lives.steps[0].numpy())
    np.testing.assert_allclose(np.nanmean(curves.density[:, 1:], 1), lives.density[0].numpy(), rtol=1e-6)


def test_what_follows_the_end_of_a_life_is_not_a_number() -> None:
    curves = curves_of(agent_of(environment="CartPole-v1", scale=1.0), "CartPole-v1")
    assert len(set(curves.steps)) > 1
    assert curves.born.shape == (6, curves.steps.max())
    lived = np.arange(curves.steps.max()) < curves.steps[:, None]
    for curve in (
        curves.born,
        curves.lost,
        curves.density[:, 1:],
        curves.diversity[:, 1:],
        curves.outputs[..., 0],
    ):
        np.testing.assert_array_equal(np.isfinite(curve), lived)
    for mean in curves.means().values():
        assert np.isfinite(mean).all()


def test_edges_are_counted_as_the_watcher_of_one_life_counts_them() -> None:
    agent = agent_of(scale=1.5)
    world = world_of(agent, FORAGING)
    keys, tasks = fresh_lifetimes(world, 3, 0)
    program, parameters = LNDP(agent.config), genome_to_parameters(agent.config, agent.genome[None])
    curves = life_curves(Evolved(program, parameters), world, keys, tasks)
    num_allowed = int(roles(agent.config, keys.device).allowed.sum())
    batch = init_batch(Evolved(program, parameters), world, keys, tasks)
    histories = [History(num_allowed) for _ in range(3)]
    for history, adjacency in zip(histories, batch.network.state.adjacency[0], strict=True):
        history.begin(adjacency.numpy() > 0)
    for _ in range(world.num_steps):
        batch = unroll(world, batch, 1)
        for history, adjacency in zip(histories, batch.network.state.adjacency[0], strict=True):
            history.rewire(adjacency.numpy() > 0)
    assert sum(sum(history.born) + sum(history.lost) for history in histories) > 0
    for name in ("born", "lost"):
        counted = [getattr(history, name) for history in histories]
        np.testing.assert_array_equal((getattr(curves, name) * num_allowed).round(), counted)
    np.testing.assert_allclose(curves.density, [history.density for history in histories])


@settings(max_examples=5)
@given(st.integers(0, 2**31), st.floats(0.1, 3.0))
def test_density_is_the_balance_of_birth_and_loss(seed: int, scale: float) -> None:
    curves = curves_of(agent_of(scale=scale, seed=seed), lives=2)
    np.testing.assert_allclose(np.diff(curves.density), curves.born - curves.lost, atol=1e-12)
    assert curves.density.min() >= 0
    assert curves.density.max() <= 1


def test_lists_of_edges_give_the_curves_of_tables() -> None:
    dense, sparse = (agent_of(scale=0.7, seed=3, candidates=candidates) for candidates in (0, SMALL["nodes"]))
    expected, given_ = curves_of(dense, lives=2), curves_of(sparse, lives=2)
    assert expected.changes.sum() > 0
    for name in ("born", "lost", "density"):
        np.testing.assert_array_equal(getattr(given_, name), getattr(expected, name))
    np.testing.assert_allclose(given_.diversity, expected.diversity, atol=1e-4)


def test_large_brains_are_diagnosed_too() -> None:
    agent = agent_of(scale=0.7, nodes=20, candidates=4)
    report = diagnose(agent, "lndp/Foraging-v0", lives=1)
    np.testing.assert_allclose(
        np.diff(report.curves.density), report.curves.born - report.curves.lost, atol=1e-12
    )


def test_diversity_is_the_spread_within_roles() -> None:
    config = LNDPConfig(observation_size=2, action_size=1, nodes=5, node_features=2)
    states = torch.tensor([[1.0, 0.0], [3.0, 0.0], [10.0, 5.0], [10.0, 5.5], [-7.0, 1.0]])
    # Squares of deviations: 2 from the inputs, 0.125 from the hidden nodes; 2 degrees of freedom, 2 features.
    counts = LNDP(config).node_counts
    assert node_diversity(counts, states).item() == pytest.approx((3 * 2.125 / 2 / 2) ** 0.5)
    alike = torch.tensor([[1.0, 2.0], [1.0, 2.0], [3.0, 4.0], [3.0, 4.0], [5.0, 6.0]])
    assert node_diversity(counts, alike).item() == 0.0


def test_newborns_have_diversity_one() -> None:
    config = LNDPConfig(observation_size=5, action_size=3, nodes=16)
    policy = LNDP(config)
    states = policy.birth(torch.arange(2000)[None]).node_state
    assert node_diversity(policy.node_counts, states).square().mean().item() == pytest.approx(1.0, abs=0.01)


def test_three_nodes_have_no_diversity() -> None:
    config = LNDPConfig(observation_size=1, action_size=1, nodes=3)
    with pytest.raises(ValueError, match="nodes=3: one node of each role cannot differ; give more nodes"):
        node_diversity(LNDP(config).node_counts, torch.zeros(3, 8))


def hand_made(changes: list[list[float]], steps: list[int], outputs: Any = None) -> LifeCurves:
    table = np.array(changes)
    grown = np.concatenate([np.ones((len(table), 1)), table], 1)
    outputs = np.zeros((*table.shape, 2)) if outputs is None else np.array(outputs)
    nothing = np.zeros_like(table)
    return LifeCurves(grown, table, nothing, grown, outputs, np.array(steps), np.zeros(len(table)))


def test_late_is_the_second_half_of_each_life() -> None:
    nan = np.nan
    curves = hand_made([[8.0, 8.0, 1.0, 3.0], [8.0, 5.0, nan, nan], [4.0, nan, nan, nan]], [4, 2, 1])
    assert curves.late(curves.born) == pytest.approx((2.0 + 5.0 + 4.0) / 3)
    assert curves.late(curves.density) == curves.late(curves.born)  # the newborn, first of these, is left out
    three = hand_made([[6.0, 1.0, 2.0]], [3])
    assert three.late(three.changes) == 1.5


def test_the_critical_period_ends_with_the_step_that_completes_the_share() -> None:
    nan = np.nan
    curves = hand_made([[4.0, 2.0, 1.0, 0.0], [2.0, 1.0, nan, nan]], [4, 2])
    assert [curves.steps_to(share) for share in (0.1, 0.6, 0.61, 0.9, 0.91, 1.0)] == [1, 1, 2, 2, 3, 3]
    assert hand_made([[0.0, 0.0]], [2]).steps_to(0.9) == 0


def test_means_are_over_lives_that_go_on() -> None:
    curves = hand_made([[1.0, 2.0], [3.0, np.nan]], [2, 1])
    assert curves.means()["born"].tolist() == [2.0, 2.0]


def test_actions_differ_where_another_output_wins() -> None:
    mine = hand_made([[0.0] * 4], [4], [[[0.9, 0.1], [0.2, 0.3], [0.5, 0.5], [0.0, 1.0]]])
    others = hand_made([[0.0] * 3], [3], [[[0.2, 0.1], [0.3, 0.2], [0.5, 0.4]]])
    assert different_actions(mine, others, discrete=True) == pytest.approx(1 / 3)
    assert different_actions(others, mine, discrete=True) == pytest.approx(1 / 3)


def test_continuous_actions_differ_by_a_hundredth_of_their_range() -> None:
    mine = hand_made([[0.0] * 2] * 2, [2, 1], [[[0.5, 0.0], [0.5, 0.0]], [[0.1, 0.1], [np.nan, np.nan]]])
    others = hand_made([[0.0] * 2] * 2, [2, 2], [[[0.519, 0.0], [0.5, -0.021]], [[0.1, 0.1], [0.9, 0.9]]])
    assert (
        different_actions(mine, others, discrete=False) == 0.25
    )  # half of the first life, none of the other


def test_thresholds_decide_and_the_boundary_is_no_failure() -> None:
    report = foraging()
    rest = {name: getattr(Thresholds(), name) for name in ("collapsed_nodes", "empty_network")}
    strict = Thresholds(idle_reward=value(report, "idle_reward") + 1e-9, endless_rewiring=0.0, **rest)
    agent = load_pretrained("foraging")
    assert diagnose(agent, FORAGING, lives=16, thresholds=strict).flagged == ("idle_reward",)
    exact = replace(strict, idle_reward=value(report, "idle_reward"))
    assert diagnose(agent, FORAGING, lives=16, thresholds=exact).flagged == ()


def test_the_report_is_json_and_lines_with_advice_only_where_it_is_needed() -> None:
    data = json.loads(json.dumps(foraging().to_json(), allow_nan=False))
    assert [len(data["curves"][name]) for name in ("density", "born", "lost", "diversity")] == [
        101,
        100,
        100,
        101,
    ]
    assert data["reward_gain"] == pytest.approx(data["mean"] - data["mean_without_reward"])
    assert [diagnosis["is_flagged"] for diagnosis in data["diagnoses"]] == [False] * 4
    assert len(str(foraging()).splitlines()) == 6
    failing = diagnose(agent_of(), FORAGING, lives=2)
    lines = str(failing).splitlines()
    assert len(lines) == 8
    assert lines[0].startswith("collapsed nodes   FOUND  ")
    assert lines[1].strip() == failing.diagnoses[0].advice


def test_one_progress_is_told_over_both_rollouts() -> None:
    told: list[float] = []
    diagnose(agent_of(), FORAGING, lives=2, tell=told.append)
    half = [min(1.0, 16 * number / STEPS) / 2 for number in range(1, -(-STEPS // 16) + 1)]
    assert told == [*half, *(0.5 + share for share in half)]
    assert told[-1] == 1.0


@pytest.mark.parametrize(("lives", "most"), [(0, 10**6), (1025, 1024)])
def test_the_number_of_lives_has_a_range(lives: int, most: int) -> None:
    with pytest.raises(ValueError, match=f"lives={lives}: give 1 to {most}"):
        diagnose(agent_of(), FORAGING, lives=lives)
