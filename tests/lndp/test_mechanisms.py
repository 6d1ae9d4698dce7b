"""Each mechanism of the program against a hand-computed or exact result, and the exact program in float64."""

import math
from typing import Any

import pytest
import torch
from gymnasium.spaces import Box, Discrete
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.lndp import LNDP, LifeState, reference
from lndp_agents.lndp.cells import gated_update, linear, recurrent_bias
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.kernel_build import compiler
from lndp_agents.lndp.matrix import MatrixView
from lndp_agents.lndp.mechanisms import Step
from lndp_agents.lndp.mechanisms.attention import node_features
from lndp_agents.lndp.mechanisms.decision import decide
from lndp_agents.lndp.mechanisms.propagation import Propagation
from lndp_agents.lndp.mechanisms.spontaneous import ornstein_uhlenbeck_step, spontaneous_input
from lndp_agents.lndp.state import Stimulus, roles
from lndp_agents.spaces import ActionDecoding

CPU = torch.device("cpu")
SMALL: dict[str, Any] = {
    "observation_size": 2,
    "action_size": 3,
    "nodes": 11,
    "node_features": 5,
    "edge_features": 3,
    "network_steps": 2,
    "attention_heads": 2,
    "query_features": 7,
    "value_features": 3,
    "decision_features": 13,
    "initial_density": 0.5,
}
needs_compiler = pytest.mark.skipif(compiler() is None, reason="there is no C++ compiler")
backends = pytest.mark.parametrize("backend", ["eager", pytest.param("native", marks=needs_compiler)])


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def random_parameters(config: LNDPConfig, num_genomes: int = 1, seed: int = 0) -> dict[str, Tensor]:
    return genome_to_parameters(config, 0.7 * random(num_genomes, genome_size(config), seed=seed).float())


def keys(*shape: int) -> Tensor:
    return torch.arange(math.prod(shape)).reshape(shape)


def in_float64(state: LifeState) -> LifeState:
    return LifeState(*(tensor.double() for tensor in state[:5]), state.age, state.key)


def same(left: LifeState, right: LifeState) -> bool:
    return all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


def test_linear_maps_are_each_genome_s_own() -> None:
    x, weight, bias = random(2, 3, 5, 7), random(2, 11, 7), random(2, 11)
    for genome in range(2):
        own = torch.nn.functional.linear(x[genome], weight[genome], bias[genome])
        torch.testing.assert_close(linear(x, weight, bias)[genome], own, rtol=0, atol=1e-12)


def test_a_gated_update_is_a_gru_cell() -> None:
    cell = torch.nn.GRUCell(5, 7, dtype=torch.float64)
    with torch.no_grad():
        cell.bias_hh[:14] = 0
        x, state = random(13, 5), random(13, 7, seed=1)
        bias = recurrent_bias(cell.bias_hh[None, 14:])
        inputs, recurrent = x @ cell.weight_ih.T + cell.bias_ih, state @ cell.weight_hh.T + bias
        torch.testing.assert_close(
            gated_update(inputs, recurrent, state, -1), cell(x, state), rtol=0, atol=1e-12
        )
    overflow = torch.full((1, 21), math.inf)
    assert torch.equal(gated_update(overflow, -overflow, torch.ones(1, 7), -1), torch.zeros(1, 7))


def test_node_features_are_degrees_roles_trace_and_state() -> None:
    config = LNDPConfig(observation_size=1, action_size=1, nodes=4, node_features=2, network_steps=1)
    adjacency = torch.tensor([[0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]])
    state = (
        LNDP(config)
        .birth(keys(1, 1))
        ._replace(adjacency=adjacency.float()[None, None], trace=torch.arange(8.0).reshape(1, 1, 4, 2))
    )
    expected = [
        [0.2, 0.0, 0.10, 1, 0, 0, 1],
        [0.2, 0.1, 0.15, 0, 0, 2, 3],
        [0.1, 0.2, 0.15, 0, 0, 4, 5],
        [0.0, 0.2, 0.10, 0, 1, 6, 7],
    ]
    silence = Stimulus(torch.zeros(1, 1, 1), torch.zeros(1, 1))
    features = node_features(Step(config, {}, silence, state, MatrixView(config, state)))[0, 0]
    torch.testing.assert_close(features[:, :7], torch.tensor(expected))
    assert torch.equal(features[:, 7:], state.node_state[0, 0])


@pytest.mark.parametrize(("nodes", "inputs", "outputs"), [(3, 1, 1), (11, 2, 3), (16, 7, 5)])
def test_edges_run_from_inputs_over_hidden_nodes_to_outputs(nodes: int, inputs: int, outputs: int) -> None:
    config = LNDPConfig(observation_size=inputs, action_size=outputs, nodes=nodes)
    allowed = roles(config, CPU).allowed
    for i in range(nodes):
        for j in range(nodes):
            assert allowed[i, j] == reference.is_allowed(config, i, j)
    hidden = config.hidden_nodes
    assert allowed.sum() == inputs * hidden + hidden * (hidden - 1) + hidden * outputs


@pytest.mark.parametrize("is_recurrent", [False, True])
def test_activity_runs_along_the_weights(is_recurrent: bool) -> None:
    """A chain 0 -> 1 -> 2 of weights 1 and 2, driven by x = 0.5, with bias 0.1 everywhere."""
    config = LNDPConfig(
        observation_size=1, action_size=1, nodes=3, network_steps=2, bias=True, recurrent=is_recurrent
    )
    born = in_float64(LNDP(config).birth(keys(1, 1)))
    edges = torch.zeros_like(born.edge_state)
    edges[0, 0, 0, 0, 1], edges[0, 0, 0, 1, 2] = 1, 2
    node_state = torch.full_like(born.node_state, 0.1)
    start = torch.tensor([[[9.0, 0.3, 0.4]]], dtype=torch.float64)
    state = born._replace(edge_state=edges, node_state=node_state, activation=start)
    stimulus = Stimulus(torch.tensor([[[0.5]]], dtype=torch.float64), torch.zeros(1, 1))
    after = Propagation().step(Step(config, {}, stimulus, state, MatrixView(config, state))).state
    last, trace = after.activation, after.trace
    first = [0.1, 0.5 + 0.1, 2 * 0.3 + 0.1]
    second = [0.1, 0.5 + 0.1, 2 * math.tanh(first[1]) + 0.1]
    expected = [[0.5, 0.5, math.tanh(0.1)]]
    expected += [[start[0, 0, n].item(), math.tanh(first[n]), math.tanh(second[n])] for n in (1, 2)]
    torch.testing.assert_close(trace[0, 0], torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-12)
    assert torch.equal(last, trace[..., -1] if is_recurrent else torch.zeros_like(last))


def test_decisions_are_taken_above_0_6_or_sampled_with_half_the_chance() -> None:
    logits = torch.logit(torch.tensor([0.1, 0.59, 0.61, 0.9], dtype=torch.float64))
    assert decide(logits, None).tolist() == [False, False, True, True]
    assert decide(logits, torch.tensor([0.049, 0.296, 0.304, 0.44])).tolist() == [True, False, True, True]
    assert not decide(torch.tensor([math.nan]), None).any()


def test_spontaneous_activity_is_kept_in_its_valid_range() -> None:
    x, mean, noise = torch.tensor([[[2.0]]]), torch.tensor([[1.0]]), torch.tensor([[[0.25]]])

    def after(rate: float, dt: float) -> float:
        return ornstein_uhlenbeck_step(x, mean, torch.tensor([[rate]]), torch.tensor([[dt]]), noise).item()

    assert after(0.5, 0.5) == 2 + 0.5 * 0.5 * (1 - 2) + 0.25
    assert after(-3.0, 0.5) == 2.25
    assert after(0.5, 7.0) == after(0.5, 1.0) == 1.75
    assert after(1.0, -7.0) == after(1.0, 0.01) == pytest.approx(2.24)


def test_the_noise_of_spontaneous_activity_has_the_covariance_of_its_factor() -> None:
    """Independent noise times the factor: each row of an identity gives a column of it."""
    zeros, factor = torch.zeros(1, 3), torch.tensor([[2.0, 3.0, 5.0, 7.0, 11.0, 13.0]])
    parameters = {"spontaneous.mean": zeros, "spontaneous.rate": zeros, "spontaneous.dt": zeros}
    parameters["spontaneous.cholesky"] = factor
    drawn = spontaneous_input(parameters, torch.zeros(1, 3, 3), torch.eye(3)[None])
    assert drawn[0].T.tolist() == [[2, 0, 0], [3, 5, 0], [7, 11, 13]]


def test_the_spontaneous_activity_of_a_life_is_the_same_in_any_batch() -> None:
    config = LNDPConfig(observation_size=9, action_size=1, nodes=12, development_steps=1)
    parameters, draw = random_parameters(config, 3), torch.Generator().manual_seed(0)
    x, noise = torch.randn(2, 3, 40, 9, generator=draw)
    batch = spontaneous_input(parameters, x, noise)
    for genome, life in ((0, 0), (1, 17), (2, 39)):
        own = {name: tensor[genome : genome + 1].clone() for name, tensor in parameters.items()}
        one = slice(genome, genome + 1), slice(life, life + 1)
        assert torch.equal(spontaneous_input(own, x[one], noise[one]), batch[one])


@pytest.mark.parametrize(("mean", "std"), [(0.0, 0.3), (0.5, 0.1), (0.3, 0.5), (1.0, 0.2), (0.9, 10.0)])
def test_densities_at_birth_have_the_moments_of_the_truncated_normal(mean: float, std: float) -> None:
    config = LNDPConfig(
        observation_size=1, action_size=1, nodes=40, initial_density=mean, initial_density_std=std
    )
    births = LNDP(config).birth(keys(1, 1500))
    densities = births.adjacency[0][:, roles(config, CPU).allowed].double().mean(-1)
    grid = torch.linspace(0, 1, 100_001, dtype=torch.float64)
    weight = torch.exp(-(((grid - mean) / std) ** 2) / 2)
    weight = weight / weight.sum()
    expected = (grid * weight).sum()
    chance = (grid * (1 - grid) * weight).sum() / roles(config, CPU).allowed.sum()
    spread = (((grid - expected) ** 2 * weight).sum() + chance).sqrt()
    torch.testing.assert_close(densities.mean(), expected, rtol=0, atol=4 * spread.item() / math.sqrt(1500))
    torch.testing.assert_close(densities.std(), spread, rtol=0.05, atol=0)


def test_what_a_birth_draws_is_independent() -> None:
    """Neither features nor lives are correlated."""
    config = LNDPConfig(observation_size=1, action_size=1, nodes=32, initial_density=1.0)
    births = LNDP(config).birth(keys(1, 200))
    hidden = births.edge_state[0, :, :, 1:-1, 1:-1].flatten(2)
    off_diagonal = ~torch.eye(30, dtype=torch.bool).flatten()
    features = hidden[:, :, off_diagonal].transpose(0, 1).flatten(1)
    assert (torch.corrcoef(features) - torch.eye(4)).abs().max() < 0.01
    lives = hidden[:, :, off_diagonal].flatten(1)
    assert (torch.corrcoef(lives) - torch.eye(200)).abs().max() < 0.1
    assert features.std().item() == pytest.approx(1 / math.sqrt(3), abs=0.003)


@settings(max_examples=12)
@given(
    switches=st.fixed_dictionaries(
        {
            "graph_layers": st.sampled_from([1, 2]),
            **{name: st.booleans() for name in ("bias", "recurrent", "stochastic", "graph_transformer")},
            **{
                name: st.booleans()
                for name in ("pruning", "synaptogenesis", "lifetime_updates", "reward_input")
            },
        }
    ),
    seed=st.integers(0, 1000),
)
def test_in_float64_the_program_is_the_literal_one(switches: dict[str, Any], seed: int) -> None:
    """Every switch in any combination, and no room for rounding."""
    config = LNDPConfig(**(SMALL | {"nodes": 7} | switches))
    parameters = {name: value.double() for name, value in random_parameters(config, 2, seed).items()}
    program = LNDP(config)
    state = in_float64(program.birth(keys(2, 3) + seed))
    for step in range(2):
        observation, reward = random(2, 3, 2, seed=step), random(2, 3, seed=step)
        luck = torch.sigmoid(random(2, 2, 3, 7, 7, seed=step))
        own = {name: tensor[1, 2] for name, tensor in state._asdict().items()}
        brain = reference.step(
            config,
            {name: value[1] for name, value in parameters.items()},
            own | {"edge_state": own["edge_state"].permute(1, 2, 0)},
            (
                observation[1, 2],
                reward[1, 2].item() if config.reward_input else 0.0,
                (luck[0, 1, 2], luck[1, 1, 2]) if config.stochastic else None,
            ),
        )
        state, _ = program.step(parameters, state, observation, reward, uniforms=(luck[0], luck[1]))
        assert torch.equal(state.adjacency[1, 2], brain["adjacency"])
        for name in ("node_state", "trace", "activation"):
            torch.testing.assert_close(getattr(state, name)[1, 2], brain[name], rtol=0, atol=1e-12)
        torch.testing.assert_close(
            state.edge_state[1, 2].permute(1, 2, 0), brain["edge_state"], rtol=0, atol=1e-12
        )


@settings(max_examples=20)
@given(
    scale=st.sampled_from([1e2, 1e6, 1e30, 3e38, math.inf, math.nan]),
    switches=st.sampled_from(
        [{}, {"graph_layers": 2, "recurrent": True}, {"bias": True, "stochastic": True}]
    ),
    seed=st.integers(0, 2**31),
)
def test_whatever_the_genome_and_the_world_an_eager_life_stays_finite(
    scale: float, switches: dict[str, Any], seed: int
) -> None:
    config = LNDPConfig(**(SMALL | switches))
    parameters = {name: value * scale for name, value in random_parameters(config, 2, seed).items()}
    program = LNDP(config)
    state = program.birth(keys(2, 2) + seed)
    for step in range(3):
        observation, reward = random(2, 2, 2, seed=step) * scale, random(2, 2, seed=step) * scale
        state, output = program.step(parameters, state, observation, reward)
        assert all(tensor.isfinite().all() for tensor in state[:5])
        assert ((state.adjacency == 0) | (state.adjacency == 1)).all()
        assert max(state.node_state.abs().max(), state.edge_state.abs().max()) <= 1 + 1e-6
        assert output.abs().max() <= 1


@backends
def test_what_is_not_a_number_counts_as_nothing(backend: str) -> None:
    config = LNDPConfig(**SMALL)
    program, parameters = LNDP(config, backend), random_parameters(config)
    state = program.birth(keys(1, 2))
    observation, reward = torch.tensor([[[math.nan, 1.0], [0.5, math.nan]]]), torch.tensor([[math.nan, 1.0]])
    nonsense, _ = program.step(parameters, state, observation, reward)
    nothing, _ = program.step(parameters, state, observation.nan_to_num(), reward.nan_to_num())
    assert same(nonsense, nothing)
    assert nothing.trace.isfinite().all()


@backends
def test_the_reward_reaches_the_synapses_only_where_it_is_an_input(backend: str) -> None:
    for is_input in (True, False):
        config = LNDPConfig(**(SMALL | {"reward_input": is_input}))
        program, parameters = LNDP(config, backend), random_parameters(config)
        state, observation = program.birth(keys(1, 1)), torch.ones(1, 1, 2)
        poor, _ = program.step(parameters, state, observation, torch.zeros(1, 1))
        rich, _ = program.step(parameters, state, observation, torch.ones(1, 1))
        assert torch.equal(poor.node_state, rich.node_state)
        assert torch.equal(poor.edge_state, rich.edge_state) is not is_input


@backends
def test_a_scaled_reward_is_a_smaller_one(backend: str) -> None:
    scaled, plain = (LNDP(LNDPConfig(**(SMALL | {"reward_scale": scale})), backend) for scale in (0.25, 1.0))
    parameters = random_parameters(plain.config)
    state, observation = plain.birth(keys(1, 1)), torch.ones(1, 1, 2)
    one, _ = scaled.step(parameters, state, observation, torch.full((1, 1), 8.0))
    other, _ = plain.step(parameters, state, observation, torch.full((1, 1), 2.0))
    assert same(one, other)


@backends
def test_sampled_decisions_follow_from_the_life_s_key_and_age_alone(backend: str) -> None:
    config = LNDPConfig(**(SMALL | {"stochastic": True}))
    program, parameters = LNDP(config, backend), random_parameters(config)
    many, one = program.birth(keys(1, 5)), program.birth(keys(1, 5)[:, 3:4])
    for _ in range(3):
        many, _ = program.step(parameters, many, torch.ones(1, 5, 2), torch.zeros(1, 5))
        one, _ = program.step(parameters, one, torch.ones(1, 1, 2), torch.zeros(1, 1))
        torch.testing.assert_close(many.adjacency[:, 3:4], one.adjacency, rtol=0, atol=0)
    elder = many._replace(age=many.age + 1)
    left, _ = program.step(parameters, many, torch.ones(1, 5, 2), torch.zeros(1, 5))
    right, _ = program.step(parameters, elder, torch.ones(1, 5, 2), torch.zeros(1, 5))
    assert not torch.equal(left.adjacency, right.adjacency)


@backends
def test_a_life_that_is_over_does_not_even_begin_an_episode(backend: str) -> None:
    config = LNDPConfig(
        **(SMALL | {"recurrent": True, "development_steps": 2, "development_between_episodes": True})
    )
    program, parameters = LNDP(config, backend), random_parameters(config)
    state = program.develop(parameters, program.birth(keys(1, 3)))
    state, _ = program.step(parameters, state, torch.ones(1, 3, 2), torch.ones(1, 3))
    start, alive = torch.tensor([[True, True, False]]), torch.tensor([[True, False, True]])
    before = state.copy()
    after, _ = program.step(parameters, state, torch.ones(1, 3, 2), torch.ones(1, 3), start, alive=alive)
    assert same(state, before)
    assert same(after.lives(slice(1, 2)), before.lives(slice(1, 2)))
    assert after.age.tolist() == [[6, 3, 4]]


@backends
def test_only_the_chosen_lives_develop_each_time_with_fresh_activity(backend: str) -> None:
    config = LNDPConfig(**(SMALL | {"development_steps": 3}))
    program, parameters = LNDP(config, backend), random_parameters(config, 2)
    born = program.birth(keys(2, 2))
    chosen = torch.tensor([[True, False], [False, True]])
    some, everyone = program.develop(parameters, born, chosen), program.develop(parameters, born)
    for old, new, full in zip(born, some, everyone, strict=True):
        assert torch.equal(new[~chosen], old[~chosen])
        assert torch.equal(new[chosen], full[chosen])
    again = program.develop(parameters, everyone)
    assert (again.age == 6).all()
    driven, driven_again = everyone.trace[:, :, :2, 0], again.trace[:, :, :2, 0]
    assert (driven != driven_again).all()


@backends
def test_without_spontaneous_activity_the_inputs_are_silent(backend: str) -> None:
    config = LNDPConfig(**(SMALL | {"development_steps": 3, "spontaneous_activity": False}))
    program, parameters = LNDP(config, backend), random_parameters(config)
    assert not any(name.startswith("spontaneous") for name in parameters)
    state = program.birth(keys(1, 2))
    developed = program.develop(parameters, state)
    for _ in range(3):
        state, _ = program.step(parameters, state, torch.zeros(1, 2, 2), torch.zeros(1, 2))
    assert same(developed, state)


def test_the_last_nodes_choose_the_action() -> None:
    output = torch.tensor([[0.5, -0.5, 0.5], [-1.0, 0.25, 0.0]])
    assert ActionDecoding.of(Discrete(3)).decode(output).tolist() == [0, 1]  # the first of equals
    assert torch.equal(ActionDecoding.of(Box(-2, 2, (3,))).decode(output), output * 2)
    discrete = LNDP(LNDPConfig(**SMALL))
    parameters = random_parameters(discrete.config)
    state, output = discrete.step(
        parameters, discrete.birth(keys(1, 1)), torch.ones(1, 1, 2), torch.ones(1, 1)
    )
    assert torch.equal(output, state.trace[:, :, 8:, -1])
