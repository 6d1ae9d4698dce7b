"""The program against a literal one, and what must hold in every life."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lndp_agents.genome import genome_size, genome_to_parameters, parameters_to_genome
from lndp_agents.lndp import LNDP, LifeState, kernel_build, reference
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.state import roles

PRIMES = {
    "observation_size": 2,
    "action_size": 3,
    "nodes": 11,
    "node_features": 5,
    "edge_features": 3,
    "network_steps": 4,
    "attention_heads": 2,
    "query_features": 7,
    "value_features": 3,
    "decision_features": 5,
    "initial_density": 0.5,
}
SWITCHES = [
    {},
    {"graph_transformer": False},
    {"graph_layers": 2},
    {"bias": True},
    {"recurrent": True, "bias": True},
    {"stochastic": True},
    {"pruning": False},
    {"synaptogenesis": False},
    {"pruning": False, "synaptogenesis": False},
    {"reward_input": False},
    {"lifetime_updates": False},
]
needs_compiler = pytest.mark.skipif(kernel_build.compiler() is None, reason="there is no C++ compiler")
backends = pytest.mark.parametrize("backend", ["eager", pytest.param("native", marks=needs_compiler)])


def random_parameters(
    config: LNDPConfig, num_genomes: int, scale: float = 0.7, seed: int = 0
) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    genomes = torch.randn(num_genomes, genome_size(config), generator=generator) * scale
    return genome_to_parameters(config, genomes)


def stimuli(config: LNDPConfig, shape: tuple[int, int], steps: int) -> Iterator[tuple[Tensor, Tensor, Any]]:
    """Observation, reward, and uniform numbers for stochastic decisions."""
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        observation = torch.randn(*shape, config.observation_size, generator=generator)
        reward = torch.randn(shape, generator=generator)
        uniforms = torch.rand(2, *shape, config.nodes, config.nodes, generator=generator)
        yield observation, reward, (uniforms[0], uniforms[1]) if config.stochastic else None


def brain_of(state: LifeState, genome: int, life: int) -> reference.Brain:
    parts = state._asdict()
    brain = {name: parts[name][genome, life].double() for name in LifeState._fields[:5]}
    return brain | {"edge_state": brain["edge_state"].permute(1, 2, 0)}


@backends
@pytest.mark.parametrize("switches", SWITCHES, ids=lambda switches: "-".join(switches) or "default")
def test_the_program_equals_a_literal_one(switches: dict[str, Any], backend: str) -> None:
    config = LNDPConfig(**(PRIMES | switches))
    parameters = random_parameters(
        config, 2, 0.4
    )  # larger ones make float32 and float64 part within a few steps
    program = LNDP(config, backend)
    state = program.birth(torch.arange(6).reshape(2, 3))
    brain = brain_of(state, 1, 2)
    mine = {name: value[1].double() for name, value in parameters.items()}
    for observation, reward, uniforms in stimuli(config, (2, 3), 4):
        own = None if uniforms is None else (uniforms[0][1, 2], uniforms[1][1, 2])
        brain = reference.step(config, mine, brain, (observation[1, 2].double(), reward[1, 2].item(), own))
        state, output = program.step(parameters, state, observation, reward, uniforms=uniforms)
        torch.testing.assert_close(output[1, 2].double(), brain["trace"][-3:, -1], rtol=0, atol=1e-4)
        for name, value in brain_of(state, 1, 2).items():
            torch.testing.assert_close(value, brain[name], rtol=0, atol=1e-4, msg=name)


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda switches: "-".join(switches) or "default")
def test_genome_and_parameters_are_two_forms_of_one_thing(switches: dict[str, Any]) -> None:
    config = LNDPConfig(**(PRIMES | switches | {"development_steps": 2}))
    genomes = torch.arange(2.0 * genome_size(config)).reshape(2, -1)
    assert torch.equal(parameters_to_genome(config, genome_to_parameters(config, genomes)), genomes)
    with pytest.raises(ValueError, match=str(genome_size(config))):
        genome_to_parameters(config, genomes[:, 1:])


def test_the_paper_s_foraging_genome_has_1918_numbers() -> None:
    assert genome_size(LNDPConfig(observation_size=1, action_size=3)) == 1918
    assert genome_size(LNDPConfig(observation_size=40, action_size=9, nodes=64)) == 1918


@settings(max_examples=25)
@given(
    nodes=st.integers(7, 24),
    density=st.floats(0, 1),
    scale=st.sampled_from([0.1, 1.0, 1e3, 1e30]),
    nonsense=st.sampled_from([0.0, float("nan"), float("inf"), -1e30]),
    seed=st.integers(0, 2**62),
)
def test_whatever_the_genome_and_the_world_brains_stay_brains(
    nodes: int, density: float, scale: float, nonsense: float, seed: int
) -> None:
    config = LNDPConfig(observation_size=2, action_size=3, nodes=nodes, initial_density=density)
    parameters = random_parameters(config, 2, scale, seed % 1000)
    allowed = roles(config, torch.device("cpu")).allowed
    program = LNDP(config)
    state = program.birth(torch.tensor([[seed], [seed + 1]]))
    for observation, reward, _ in stimuli(config, (2, 1), 3):
        before = state
        state, output = program.step(parameters, state, observation + nonsense, reward + nonsense)
        assert ((state.adjacency == 0) | (state.adjacency == 1)).all()
        assert not (state.adjacency.bool() & ~allowed).any()
        assert (state.edge_state[(before.adjacency == 0)[:, :, None].expand_as(state.edge_state)] == 0).all()
        assert (output.abs() <= 1).all()


@backends
def test_lives_that_are_over_keep_their_state_and_the_caller_keeps_his(backend: str) -> None:
    config = LNDPConfig(**PRIMES)
    parameters, program = random_parameters(config, 2), LNDP(config, backend)
    state = program.birth(torch.arange(4).reshape(2, 2))
    copy = LifeState(*(tensor.clone() for tensor in state))
    alive = torch.tensor([[True, False], [False, True]])
    observation, reward, _ = next(stimuli(config, (2, 2), 1))
    after, _ = program.step(parameters, state, observation, reward, alive=alive)
    everyone, _ = program.step(parameters, state, observation, reward)
    for given_state, kept, new, full in zip(state, copy, after, everyone, strict=True):
        assert torch.equal(given_state, kept)
        assert torch.equal(new[alive], full[alive])
        assert torch.equal(new[~alive], kept[~alive])
    assert not torch.equal(after.node_state[0, 0], state.node_state[0, 0])


@needs_compiler
def test_a_row_of_a_native_batch_equals_the_life_alone_bit_for_bit() -> None:
    config = LNDPConfig(observation_size=3, action_size=2, nodes=19, initial_density=0.4)
    parameters, program = random_parameters(config, 3), LNDP(config, "native")
    keys = torch.arange(12).reshape(3, 4)
    state, alone = program.birth(keys), program.birth(keys[1:2, 2:3])
    mine = {name: value[1:2] for name, value in parameters.items()}
    for observation, reward, _ in stimuli(config, (3, 4), 20):
        state, _ = program.step(parameters, state, observation, reward, donate=True)
        alone, _ = program.step(mine, alone, observation[1:2, 2:3], reward[1:2, 2:3])
    for batch, single in zip(state, alone, strict=True):
        assert torch.equal(batch[1, 2], single[0, 0])


def test_births_follow_from_their_keys_alone() -> None:
    config = LNDPConfig(observation_size=2, action_size=2, nodes=20, initial_density=0.3)
    program = LNDP(config)
    many = program.birth(torch.arange(400).reshape(1, 400))
    for one, all_of_them in zip(program.birth(torch.tensor([[17]])), many, strict=True):
        assert torch.equal(one[0, 0], all_of_them[0, 17])
    allowed = roles(config, torch.device("cpu")).allowed
    shares = many.adjacency[..., allowed].mean((0, 1))
    assert abs(shares.mean().item() - 0.3) < 0.005
    assert many.node_state.abs().max() <= 1
    assert abs(many.node_state.mean().item()) < 0.01
    assert (many.edge_state[(many.adjacency == 0)[:, :, None].expand_as(many.edge_state)] == 0).all()
    assert many.trace.abs().sum() == many.activation.abs().sum() == 0


@pytest.mark.parametrize(("density", "std"), [(0.0, 0.0), (1.0, 0.0), (0.5, 0.1), (0.0, 0.2)])
def test_the_density_at_birth_is_a_truncated_normal_of_each_life(density: float, std: float) -> None:
    config = LNDPConfig(
        observation_size=1, action_size=1, nodes=40, initial_density=density, initial_density_std=std
    )
    state = LNDP(config).birth(torch.arange(500).reshape(1, 500))
    allowed = roles(config, torch.device("cpu")).allowed
    densities = state.adjacency[0][:, allowed].mean(-1)
    if std == 0:
        assert (densities == density).all()
    elif density == 0.5:
        assert abs(densities.mean().item() - 0.5) < 0.02
        assert abs(densities.std().item() - 0.1) < 0.02
    else:  # half a normal: mean std * sqrt(2 / pi)
        assert abs(densities.mean().item() - 0.2 * 0.798) < 0.02


def test_innate_roles_are_born_the_same_in_every_life_and_size() -> None:
    small = LNDPConfig(observation_size=3, action_size=2, nodes=11, innate_roles=True)
    large = replace(small, observation_size=5, action_size=4, nodes=17)
    keys = torch.arange(6).reshape(2, 3)
    states, others = (LNDP(config).birth(keys).node_state for config in (small, large))
    drawn = LNDP(replace(small, innate_roles=False)).birth(keys).node_state
    assert torch.equal(states[:, :, 3:9], drawn[:, :, 3:9])  # the hidden nodes are those of the life
    assert torch.equal(states[:, :, :3], states[:1, :1, :3].expand(2, 3, -1, -1))
    assert torch.equal(states[:, :, :3], others[:, :, :3][:2, :3])
    assert torch.equal(states[:, :, 9:], others[:, :, 13:15])
    roles_of_one = torch.cat([states[0, 0, :3], states[0, 0, 9:]])
    assert len({tuple(row.tolist()) for row in roles_of_one}) == 5
    assert roles_of_one.abs().max() <= 1
    assert not torch.equal(drawn[0, 0, :3], drawn[0, 1, :3])


def rigged(config: LNDPConfig, grow: float, prune: float) -> dict[str, Tensor]:
    """Parameters whose decisions are the same everywhere: log-odds of growing and of pruning."""
    parameters = random_parameters(config, 1)
    for name, logit in (("synaptogenesis", grow), ("pruning", prune)):
        parameters[f"{name}.1.weight"] = torch.zeros_like(parameters[f"{name}.1.weight"])
        parameters[f"{name}.1.bias"] = torch.full_like(parameters[f"{name}.1.bias"], logit)
    return parameters


@backends
def test_pruning_wins_and_a_pruned_edge_conducts_once_more(backend: str) -> None:
    config = LNDPConfig(**(PRIMES | {"initial_density": 1.0}))
    program, allowed = LNDP(config, backend), roles(LNDPConfig(**PRIMES), torch.device("cpu")).allowed
    observation, reward = torch.ones(1, 1, 2), torch.zeros(1, 1)
    state, _ = program.step(
        rigged(config, 5, 5), program.birth(torch.zeros(1, 1, dtype=torch.int64)), observation, reward
    )
    assert state.adjacency.sum() == 0
    assert (state.weights[0, 0][allowed] != 0).all()
    state, _ = program.step(rigged(config, -5, 5), state, observation, reward)
    assert state.weights.abs().sum() == 0
    state, _ = program.step(rigged(config, 5, -5), state, observation, reward)
    assert torch.equal(state.adjacency[0, 0].bool(), allowed)
    assert state.weights.abs().sum() == 0  # a new edge starts from e = 0
    state, _ = program.step(rigged(config, -5, -5), state, observation, reward)
    assert (state.weights[0, 0][allowed] != 0).all()


def test_thresholds_are_at_0_6_and_at_half_the_chance() -> None:
    config = LNDPConfig(**(PRIMES | {"initial_density": 0.0}))
    birth = LNDP(config).birth(torch.zeros(1, 1, dtype=torch.int64))
    observation, reward = torch.ones(1, 1, 2), torch.zeros(1, 1)
    for chance, density in ((0.59, 0), (0.61, 1)):
        grown, _ = LNDP(config).step(
            rigged(config, torch.logit(torch.tensor(chance)).item(), -5), birth, observation, reward
        )
        assert grown.adjacency.max() == density
    sampling = LNDP(LNDPConfig(**(PRIMES | {"initial_density": 0.0, "stochastic": True})))
    births = sampling.birth(torch.arange(300).reshape(1, 300))
    certain = rigged(config, 30, -30)
    grown, _ = sampling.step(certain, births, torch.ones(1, 300, 2), torch.zeros(1, 300))
    allowed = roles(config, torch.device("cpu")).allowed
    assert abs(grown.adjacency[0][:, allowed].mean().item() - 0.5) < 0.02


def test_development_samples_decisions_too_and_ends_at_rest() -> None:
    config = LNDPConfig(
        **(PRIMES | {"initial_density": 0.0, "stochastic": True, "recurrent": True, "development_steps": 1})
    )
    program = LNDP(config)
    certain = rigged(config, 30, -30)
    state = program.develop(certain, program.birth(torch.arange(300).reshape(1, 300)))
    allowed = roles(config, torch.device("cpu")).allowed
    assert abs(state.adjacency[0][:, allowed].mean().item() - 0.5) < 0.02
    assert state.activation.abs().sum() == 0
    assert (state.age == 1).all()
    still = LNDP(LNDPConfig(**PRIMES))
    born = still.birth(torch.zeros(1, 1, dtype=torch.int64))
    assert still.develop(random_parameters(still.config, 1), born) is born


@backends
def test_a_frozen_brain_acts_with_the_edges_that_development_left(backend: str) -> None:
    config = LNDPConfig(**(PRIMES | {"lifetime_updates": False, "development_steps": 3}))
    program, parameters = LNDP(config, backend), random_parameters(config, 1)
    state = program.develop(parameters, program.birth(torch.zeros(1, 1, dtype=torch.int64)))
    assert (state.edge_state[(state.adjacency == 0)[:, :, None].expand_as(state.edge_state)] == 0).all()
    for observation, reward, _ in stimuli(config, (1, 1), 3):
        after, _ = program.step(parameters, state, observation, reward)
        for name in ("adjacency", "node_state", "edge_state"):
            assert torch.equal(getattr(after, name), getattr(state, name))
        assert not torch.equal(after.trace, state.trace)
        state = after


@backends
def test_an_episode_begins_at_rest_without_reward(backend: str) -> None:
    config = LNDPConfig(**(PRIMES | {"recurrent": True}))
    program, parameters = LNDP(config, backend), random_parameters(config, 1)
    state = program.birth(torch.zeros(1, 1, dtype=torch.int64))
    for observation, reward, _ in stimuli(config, (1, 1), 3):
        state, _ = program.step(parameters, state, observation, reward)
    assert state.activation.abs().sum() > 0
    yes, no = torch.ones(1, 1, dtype=torch.bool), torch.zeros(1, 1, dtype=torch.bool)
    observation, reward = torch.ones(1, 1, 2), torch.full((1, 1), 3.0)
    started, _ = program.step(parameters, state, observation, reward, yes)
    rested = state._replace(activation=torch.zeros_like(state.activation))
    expected, _ = program.step(parameters, rested, observation, torch.zeros(1, 1))
    went_on, _ = program.step(parameters, state, observation, reward, no)
    stepped, _ = program.step(parameters, state, observation, reward)
    for left, right in (*zip(started, expected, strict=True), *zip(went_on, stepped, strict=True)):
        assert torch.equal(left, right)
    assert not torch.equal(started.edge_state, went_on.edge_state)


def test_development_is_repeated_between_episodes_only_where_configured() -> None:
    yes = torch.ones(1, 1, dtype=torch.bool)
    for repeats in (False, True):
        config = LNDPConfig(**(PRIMES | {"development_steps": 2, "development_between_episodes": repeats}))
        program, parameters = LNDP(config), random_parameters(config, 1)
        state = program.develop(parameters, program.birth(torch.zeros(1, 1, dtype=torch.int64)))
        ages = []
        for _ in range(2):
            state, _ = program.step(parameters, state, torch.ones(1, 1, 2), torch.zeros(1, 1), yes)
            ages.append(state.age.item())
        assert ages == ([3, 6] if repeats else [3, 4])


def test_without_a_compiler_there_is_one_warning_and_the_eager_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_build, "compiler", lambda: None)
    monkeypatch.setattr(kernel_build, "cache_folder", lambda: pytest.fail("nothing is to be built"))
    config = LNDPConfig(observation_size=2, action_size=2, nodes=23)
    with pytest.warns(RuntimeWarning, match=r"running eagerly.*compiler"):
        program = LNDP(config, "auto")
    with pytest.raises(OSError, match="compiler"):
        LNDP(config, "native")
    parameters, birth = random_parameters(config, 1), program.birth(torch.zeros(1, 1, dtype=torch.int64))
    observation, reward, _ = next(stimuli(config, (1, 1), 1))
    for left, right in zip(
        program.step(parameters, birth, observation, reward)[0],
        LNDP(config).step(parameters, birth, observation, reward)[0],
        strict=True,
    ):
        assert torch.equal(left, right)
    with pytest.raises(ValueError, match=r"quick.*auto"):
        LNDP(config, "quick")


@pytest.mark.cuda
def test_the_eager_program_lives_on_a_cuda_device() -> None:
    config = LNDPConfig(**PRIMES)
    parameters, program = random_parameters(config, 2), LNDP(config)
    state = program.birth(torch.arange(6).reshape(2, 3))
    there = state.to("cuda")
    over_there = {name: value.cuda() for name, value in parameters.items()}
    for observation, reward, _ in stimuli(config, (2, 3), 4):
        state, _ = program.step(parameters, state, observation, reward)
        there, _ = program.step(over_there, there, observation.cuda(), reward.cuda())
    for left, right in zip(state, there, strict=True):
        torch.testing.assert_close(left, right.cpu(), rtol=0, atol=1e-4)
