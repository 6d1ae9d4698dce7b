"""Large brains: the dense program where every pair is a candidate, an estimate of it where not."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.lndp import LNDP, AnyLifeState, LifeState, SparseLifeState, SparseLNDP, make_lndp
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.edge_list import ListView, candidates
from lndp_agents.lndp.matrix import MatrixView
from lndp_agents.lndp.mechanisms import Step
from lndp_agents.lndp.mechanisms.attention import messages
from lndp_agents.lndp.pairs import scatter_sum
from lndp_agents.lndp.state import Stimulus, is_allowed, roles

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
    "decision_features": 5,
    "initial_density": 0.4,
}
SWITCHES: list[dict[str, Any]] = [
    {},
    {"graph_transformer": False},
    {"graph_layers": 2},
    {"recurrent": True, "bias": True},
    {"stochastic": True},
    {"pruning": False},
    {"synaptogenesis": False, "initial_density": 0.9},
    {"pruning": False, "synaptogenesis": False},
    {"reward_input": False, "initial_density_std": 0.2},
    {"lifetime_updates": False, "development_steps": 2},
    {"development_steps": 3, "development_between_episodes": True, "stochastic": True},
    {"development_steps": 2, "spontaneous_activity": False, "initial_density": 0.0},
    {"innate_roles": True, "reward_scale": 0.1},
]
switches_of_a_program = pytest.mark.parametrize(
    "switches", SWITCHES, ids=lambda one: "-".join(one) or "default"
)


def keys(*shape: int) -> Tensor:
    return torch.arange(torch.Size(shape).numel()).reshape(shape)


def random_parameters(config: LNDPConfig, num_genomes: int, scale: float, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    genomes = torch.randn(num_genomes, genome_size(config), generator=generator, dtype=torch.float64)
    return genome_to_parameters(config, (genomes * scale).float())


def lively_parameters(config: LNDPConfig, num_genomes: int) -> dict[str, Tensor]:
    """Random ones whose brains keep growing and pruning edges."""
    parameters = random_parameters(config, num_genomes, 0.4)
    for name, bias in (("synaptogenesis", 0.4), ("pruning", -0.5)):
        if f"{name}.1.weight" in parameters:
            parameters[f"{name}.1.weight"] = 4 * parameters[f"{name}.1.weight"]
            parameters[f"{name}.1.bias"] = torch.full((num_genomes, 1), bias)
    return parameters


def stimuli(
    config: LNDPConfig, shape: tuple[int, int], steps: int
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Observation, reward, and where episodes begin."""
    generator = torch.Generator().manual_seed(1)
    for step in range(steps):
        observation = torch.randn(*shape, config.observation_size, generator=generator)
        reward = torch.randn(shape, generator=generator)
        yield observation, reward, (torch.arange(shape[1]) + step).expand(shape) % 7 == 0


def in_float64(state: Any) -> Any:
    return type(state)(*(tensor.double() if tensor.is_floating_point() else tensor for tensor in state))


def assert_same_lives(state: SparseLifeState, dense: LifeState, tolerance: float) -> None:
    for name, mine, theirs in zip(LifeState._fields, state.to_dense(), dense, strict=True):
        exact = name in ("adjacency", "age", "key")
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0 if exact else tolerance, msg=name)


def assert_sound(config: LNDPConfig, state: SparseLifeState) -> None:
    """Slots are in order, without doubles, filled only as far as needed, and hold only what may exist."""
    free = config.nodes**2
    is_free = state.pair == free
    assert ((state.pair.diff(dim=-1) > 0) | is_free[..., 1:]).all()
    assert state.pair.min() >= 0
    assert state.pair.max() <= free
    assert state.pair.shape[-1] == max(1, int((~is_free).sum(-1).max()))
    assert (is_allowed(config, *state.ends) | is_free).all()
    assert ((state.present == 0) | (state.present == 1)).all()
    assert state.present[is_free].abs().sum() == state.edge_state[is_free].abs().sum() == 0
    assert all(tensor.isfinite().all() for tensor in state)


@pytest.mark.parametrize(
    "density", [{"initial_density": 0.0}, {"initial_density": 1.0}, {"initial_density_std": 0.3}]
)
def test_births_are_those_of_the_dense_program_bit_for_bit(
    density: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lndp_agents.lndp.birth.NUMBERS_AT_ONCE", 150)  # 25 pairs of 6 lives at a time
    config = LNDPConfig(**(SMALL | density))
    born = make_lndp(replace(config, candidates=4)).birth(keys(2, 3))
    assert_sound(config, born)
    dense = LNDP(config).birth(keys(2, 3))
    assert_same_lives(born, dense, 0)
    assert torch.equal(born.num_edges, dense.num_edges)
    for mine, theirs in zip(SparseLifeState.from_dense(dense), born, strict=True):
        assert torch.equal(mine, theirs)


@switches_of_a_program
def test_with_every_pair_a_candidate_it_lives_the_life_of_the_dense_program(switches: dict[str, Any]) -> None:
    """In float64: lives are chaotic, so that rounding grows by orders of magnitude in 32 steps."""
    config = LNDPConfig(**(SMALL | switches | {"spontaneous_activity": False}))
    shape = (2, 3)
    parameters = {name: value.double() for name, value in lively_parameters(config, 2).items()}
    dense, program = LNDP(config), SparseLNDP(replace(config, candidates=config.nodes))
    theirs = dense.develop(parameters, in_float64(dense.birth(keys(*shape))))
    mine = program.develop(parameters, in_float64(program.birth(keys(*shape))))
    assert_same_lives(mine, theirs, 1e-12)
    for step, (observation, reward, start) in enumerate(stimuli(config, shape, 32)):
        inputs = observation.double(), reward.double(), start
        alive = torch.tensor([[True, step % 3 > 0, step < 20]]).expand(shape)
        theirs, expected = dense.step(parameters, theirs, *inputs, alive=alive)
        mine, output = program.step(parameters, mine, *inputs, alive=alive)
        assert_same_lives(mine, theirs, 1e-7)
        torch.testing.assert_close(output, expected, rtol=0, atol=1e-7)


@switches_of_a_program
@pytest.mark.parametrize("shape", [(1, 1), (3, 2)])
def test_with_every_pair_a_candidate_each_step_is_that_of_the_dense_program(
    switches: dict[str, Any], shape: tuple[int, int]
) -> None:
    """In float32, from the same lives anew in every step."""
    config = LNDPConfig(**(SMALL | switches))
    parameters = lively_parameters(config, shape[0])
    dense, program = LNDP(config), make_lndp(replace(config, candidates=config.nodes))
    state = program.birth(keys(*shape))
    changes = 0
    for observation, reward, start in stimuli(config, shape, 30):
        before = state
        theirs, _ = dense.step(parameters, state.to_dense(), observation, reward, start)
        state, _ = program.step(parameters, state, observation, reward, start)
        assert_same_lives(state, theirs, 1e-5)
        changes += int((state.adjacency != before.adjacency).sum())
    can_change = config.lifetime_updates and (config.pruning or config.synaptogenesis)
    assert (changes > 0) == can_change


def test_decisions_follow_given_numbers_as_in_the_dense_program() -> None:
    config = LNDPConfig(**(SMALL | {"stochastic": True}))
    parameters, luck = random_parameters(config, 2, 0.5), torch.rand(2, 2, 2, 11, 11)
    dense, program = LNDP(config), make_lndp(replace(config, candidates=11))
    born, inputs = program.birth(keys(2, 2)), (torch.ones(2, 2, 2), torch.ones(2, 2))
    for uniforms in (luck[0], luck[1]), (torch.zeros_like(luck[0]), torch.ones_like(luck[1])):
        expected, _ = dense.step(parameters, born.to_dense(), *inputs, uniforms=uniforms)
        assert_same_lives(program.step(parameters, born, *inputs, uniforms=uniforms)[0], expected, 1e-5)


@pytest.mark.parametrize("switches", [{}, {"stochastic": True, "initial_density_std": 0.3}])
def test_a_row_of_a_batch_is_the_life_alone_bit_for_bit(switches: dict[str, Any]) -> None:
    config = LNDPConfig(**(SMALL | switches), candidates=5)
    parameters, program = lively_parameters(config, 3), make_lndp(config)
    batch, alone = program.birth(keys(3, 4)), program.birth(keys(3, 4)[1:2, 2:3])
    mine = {name: value[1:2].clone() for name, value in parameters.items()}  # in another place in memory
    slots: set[tuple[int, int]] = set()
    for step, (observation, reward, _) in enumerate(stimuli(config, (3, 4), 30)):
        alive = torch.ones(3, 4, dtype=torch.bool)
        alive[1, 2] = step != 17
        batch, _ = program.step(parameters, batch, observation, reward, alive=alive)
        if step != 17:
            alone, _ = program.step(mine, alone, observation[1:2, 2:3], reward[1:2, 2:3])
        slots.add((batch.pair.shape[-1], alone.pair.shape[-1]))
        assert all(torch.equal(one, other) for one, other in zip(batch.life(1, 2), alone, strict=True))
    assert any(many > one for many, one in slots)


@settings(max_examples=40)
@given(
    nodes=st.integers(7, 24),
    share=st.floats(0, 1),
    density=st.floats(0, 1),
    scale=st.sampled_from([0.3, 1.0, 1e3, 1e30]),
    nonsense=st.sampled_from([0.0, float("nan"), float("inf"), -1e30]),
    seed=st.integers(0, 2**40),
)
def test_whatever_the_genome_and_the_world_large_brains_stay_sound(
    *, nodes: int, share: float, density: float, scale: float, nonsense: float, seed: int
) -> None:
    config = LNDPConfig(
        **(SMALL | {"nodes": nodes, "initial_density": density, "stochastic": seed % 2 == 1}),
        candidates=2 + round(share * (nodes - 2)),
    )
    parameters, program = random_parameters(config, 2, scale, seed % 1000), make_lndp(config)
    state = program.birth(keys(2, 2) + seed)
    for observation, reward, _ in stimuli(config, (2, 2), 4):
        before, pairs = state, ListView(config, state).attended
        assert pairs.sender.shape[-1] == state.pair.shape[-1] + nodes * config.candidates
        state, output = program.step(parameters, state, observation + nonsense, reward + nonsense)
        assert_sound(config, state)
        assert output.abs().max() <= 1
        looked_at = torch.zeros(2, 2, nodes, nodes).index_put(
            (keys(2, 2)[..., None] // 2, keys(2, 2)[..., None] % 2, pairs.sender, pairs.receiver),
            torch.ones(()),
        )
        assert not ((state.adjacency > before.adjacency) & (looked_at == 0)).any()
        again = SparseLifeState.from_dense(state.to_dense())
        assert_sound(config, again)
        assert_same_lives(again, state.to_dense(), 0)


@settings(max_examples=30)
@given(nodes=st.integers(6, 40), share=st.floats(0, 1), seed=st.integers(0, 2**40))
def test_a_sender_looks_at_itself_and_at_others_once_each(nodes: int, share: float, seed: int) -> None:
    config = LNDPConfig(
        observation_size=2, action_size=3, nodes=nodes, candidates=2 + round(share * (nodes - 2))
    )
    drawn = candidates(config, keys(2, 3) + seed, keys(2, 3))
    assert drawn.shape == (2, 3, nodes, config.candidates)
    assert torch.equal(drawn[..., 0], torch.arange(nodes).expand(2, 3, nodes))
    in_order = drawn.sort(-1).values
    assert (in_order.diff(dim=-1) > 0).all()
    assert in_order.min() >= 0
    assert in_order.max() < nodes


def test_all_others_are_equally_likely_candidates_in_every_life_and_step() -> None:
    config = LNDPConfig(observation_size=2, action_size=3, nodes=12, candidates=4)
    steps = 4000
    drawn = candidates(config, torch.full((1, steps), 7), torch.arange(steps)[None])[0]
    chosen = torch.nn.functional.one_hot(drawn, 12).sum(-2).double()
    share = chosen.mean(0)
    expected = torch.full((12, 12), 3 / 11, dtype=torch.float64).fill_diagonal_(1)
    assert (share - expected).abs().max() < 5 * (3 / 11 * 8 / 11 / steps) ** 0.5
    first, second = chosen[:, 0, 5], chosen[:, 1, 5]  # senders draw independently
    assert torch.corrcoef(torch.stack([first, second]))[0, 1].abs() < 5 / steps**0.5


def message_and_estimates(
    config: LNDPConfig, parameters: dict[str, Tensor], lives: int
) -> tuple[Tensor, Tensor]:
    """(N, Dh) what the dense program's nodes receive in one brain, and (L, N, Dh) what candidates give."""
    program = make_lndp(config)
    brain, _ = program.step(parameters, program.birth(keys(1, 1)), torch.ones(1, 1, 2), torch.ones(1, 1))
    many = brain.lives(torch.zeros(lives, dtype=torch.int64))._replace(key=keys(1, lives))
    x = torch.randn(1, 1, config.nodes, config.node_features, generator=torch.Generator().manual_seed(2))
    dense, silence = brain.to_dense(), Stimulus(torch.zeros(0), torch.zeros(0))
    exact = messages(Step(config, parameters, silence, dense, MatrixView(config, dense)), x)[0, 0]
    now = Step(config, parameters, silence, many, ListView(config, many))
    return exact, messages(now, x.expand(1, lives, -1, -1))[0]


def test_the_sampled_attention_is_a_consistent_estimate_of_the_full_one() -> None:
    """Its bias falls with the number of candidates, as its spread does."""
    errors: list[float] = []
    for num_candidates, bias in ((4, 0.12), (8, 0.06), (16, 0.03), (24, 1e-5)):
        config = LNDPConfig(**(SMALL | {"nodes": 24, "initial_density": 0.1}), candidates=num_candidates)
        exact, estimates = message_and_estimates(config, random_parameters(config, 1, 0.2, seed=4), 1500)
        spread = exact.std()
        error = (estimates.mean(0) - exact).abs().max() / spread
        assert error < bias
        errors.append(((estimates - exact).square().mean().sqrt() / spread).item())
    assert errors[0] > errors[1] > errors[2] > errors[3]
    assert errors[3] < 1e-5


def test_where_scores_are_equal_each_edge_has_its_exact_share_of_attention() -> None:
    """1 / N, whatever is drawn: a sender's drawn pairs stand for all that it has no edge to."""
    config = LNDPConfig(**(SMALL | {"nodes": 24, "initial_density": 0.2}), candidates=12)
    program, parameters = make_lndp(config), random_parameters(config, 1, 0.5)
    state, _ = program.step(parameters, program.birth(keys(1, 50)), torch.ones(1, 50, 2), torch.ones(1, 50))
    view = ListView(config, state)
    assert (
        view.log_count[..., : state.pair.shape[-1]] == torch.where(state.is_used > 0, 0, -torch.inf)
    ).all()
    count = scatter_sum(view.log_count.exp()[..., None], view.attended.sender, 24)
    torch.testing.assert_close(count, torch.full_like(count, 24), rtol=0, atol=1e-4)


def rigged(config: LNDPConfig, grow: float, prune: float) -> dict[str, Tensor]:
    """Parameters whose decisions are the same everywhere: log-odds of growing and of pruning."""
    parameters = random_parameters(config, 1, 0.5)
    for name, logit in (("synaptogenesis", grow), ("pruning", prune)):
        parameters[f"{name}.1.weight"] = torch.zeros_like(parameters[f"{name}.1.weight"])
        parameters[f"{name}.1.bias"] = torch.full_like(parameters[f"{name}.1.bias"], logit)
    return parameters


def test_growth_reaches_every_allowed_pair_in_time_and_slots_follow_the_edges() -> None:
    config = LNDPConfig(**(SMALL | {"initial_density": 0.0}), candidates=3)
    program, allowed = make_lndp(config), roles(config, torch.device("cpu")).allowed
    state = program.birth(keys(1, 2))
    assert state.pair.shape == (1, 2, 1)
    inputs = torch.ones(1, 2, 2), torch.zeros(1, 2)
    state, _ = program.step(rigged(config, 5, -5), state, *inputs)
    assert 0 < state.num_edges.min() <= state.num_edges.max() <= 2 * config.nodes
    assert state.edge_state.abs().sum() == 0  # a new edge starts from e = 0
    for _ in range(80):
        state, _ = program.step(rigged(config, 5, -5), state, *inputs)
    assert torch.equal(state.adjacency.bool(), allowed.expand(1, 2, 11, 11))
    state, _ = program.step(rigged(config, 5, 5), state, *inputs)
    assert state.num_edges.sum() == 0  # pruning wins, and a pruned edge conducts once more
    assert (state.weights[:, :, allowed] != 0).all()
    state, _ = program.step(rigged(config, -5, 5), state, *inputs)
    assert state.pair.shape == (1, 2, 1)
    assert state.weights.abs().sum() == 0


def test_each_configuration_has_its_program() -> None:
    config = LNDPConfig(**SMALL)
    many = replace(config, candidates=4)
    assert isinstance(make_lndp(config), LNDP)
    assert all(isinstance(make_lndp(many, backend), SparseLNDP) for backend in ("eager", "auto"))
    for backend in ("native", "quick"):
        with pytest.raises(ValueError, match=f"^backend '{backend}' with candidates=4: give 'eager'"):
            make_lndp(many, backend)
    with pytest.raises(ValueError, match=r"^candidates=0: give 2 to 11, or use LNDP"):
        SparseLNDP(config)
    with pytest.raises(ValueError, match=r"^candidates=4: LNDP considers every pair; use make_policy"):
        LNDP(many)


LIFE = """
import json, resource, sys, torch
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.lndp import make_lndp
nodes, steps, density = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
config = LNDPConfig(observation_size=5, action_size=3, nodes=nodes, candidates=32, initial_density=density)
genome = torch.randn(1, genome_size(config), generator=torch.Generator().manual_seed(0)) * 0.3
program, parameters = make_lndp(config), genome_to_parameters(config, genome)
with torch.inference_mode():
    state = program.birth(torch.tensor([[1]]))
    edges = [int(state.num_edges)]
    for step in range(steps):
        state, output = program.step(parameters, state, torch.full((1, 1, 5), step / steps), torch.ones(1, 1))
    edges.append(int(state.num_edges))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
sound = bool(output.isfinite().all())
print(json.dumps({"edges": edges, "age": int(state.age), "sound": sound, "peak": peak}))
"""


def life_of(nodes: int, steps: int, density: float) -> dict[str, Any]:
    """One life in a process of its own: edges at birth and death, age, and the most memory in bytes."""
    command = [sys.executable, "-c", LIFE, str(nodes), str(steps), str(density)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_a_brain_of_512_nodes_lives() -> None:
    config = LNDPConfig(observation_size=5, action_size=3, nodes=512, candidates=32, initial_density=0.04)
    program, parameters = make_lndp(config), random_parameters(config, 1, 0.3)
    state: AnyLifeState = program.birth(keys(1, 1))
    for observation, reward, _ in stimuli(config, (1, 1), 3):
        before = state.num_edges
        state, output = program.step(parameters, state, observation, reward)
        assert output.abs().max() <= 1
    assert isinstance(state, SparseLifeState)
    assert_sound(config, state)
    assert 1000 < before.item() < 100_000


@pytest.mark.slow
@pytest.mark.parametrize("density", [0.01, 1.0])
def test_2048_nodes_live_100_steps_in_less_than_8_gb(density: float) -> None:
    life = life_of(2048, 100 if density < 1 else 3, density)
    assert life["age"] == (100 if density < 1 else 3)
    assert life["sound"]
    assert life["edges"][0] > 40_000
    assert life["peak"] < 8e9


@pytest.mark.cuda
def test_large_brains_live_on_a_cuda_device() -> None:
    config = LNDPConfig(**SMALL, candidates=5)
    parameters, program = random_parameters(config, 2, 0.4), make_lndp(config)
    state = program.birth(keys(2, 3))
    there = program.birth(keys(2, 3).cuda())
    over_there = {name: value.cuda() for name, value in parameters.items()}
    for observation, reward, _ in stimuli(config, (2, 3), 4):
        state, _ = program.step(parameters, state, observation, reward)
        there, _ = program.step(over_there, there, observation.cuda(), reward.cuda())
    assert_same_lives(there.to("cpu"), state.to_dense(), 1e-4)
