"""Mechanisms from outside: parameters, order, state of their own, matrix and list, refusals."""

import math
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from lndp_agents import LNDPAgent
from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.lndp import (
    LNDP,
    LifeState,
    Mechanism,
    SparseLifeState,
    SparseLNDP,
    Step,
    make_lndp,
    parameter_shapes,
)
from lndp_agents.lndp.assembly import mechanisms_of
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.state import roles
from lndp_agents.spaces import config_for

EXAMPLES = Path(__file__).parents[2] / "examples" / "plugins"
WIRE, FATIGUE = (f"{EXAMPLES / 'mechanism.py'}:{name}" for name in ("WireCost", "Fatigue"))
SMALL: dict[str, Any] = {"observation_size": 2, "action_size": 2, "nodes": 12, "initial_density": 0.5}
STEPS = ["attention", "node_cell", "synapse_cell", "growth", "pruning", "propagation"]


class Tally(Mechanism):
    """Each node counts the steps, from its lifetime's key on; a node field with a value at birth."""

    name = "tally"
    after = "propagation"

    def node_fields(self, config: LNDPConfig) -> dict[str, int]:
        return {"tally": 1}

    def birth(self, config: LNDPConfig, key: Tensor) -> dict[str, Tensor]:
        return {"tally": key[..., None, None].float().repeat(1, 1, config.nodes, 1)}

    def step(self, now: Step[Any]) -> Step[Any]:
        return now.with_state(tally=now.state.tally + 1)


class Second(Tally):
    name = "second"

    def node_fields(self, config: LNDPConfig) -> dict[str, int]:
        return {}

    birth = Mechanism.birth


class Lost(Tally):
    name, after = "lost", "sleep"


class Broken(Tally):
    def step(self, now: Step[Any]) -> Step[Any]:
        raise KeyError("no such gene")


def lively(config: LNDPConfig, num_genomes: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    genomes = torch.randn(num_genomes, genome_size(config), generator=generator, dtype=torch.float64)
    parameters = genome_to_parameters(config, genomes * 0.4)
    for name, bias in (("synaptogenesis", 0.9), ("pruning", -0.5)):
        if f"{name}.1.weight" not in parameters:
            continue
        parameters[f"{name}.1.weight"] = 4 * parameters[f"{name}.1.weight"]
        parameters[f"{name}.1.bias"] = torch.full((num_genomes, 1), bias, dtype=torch.float64)
    return parameters


def in_float64(state: Any) -> Any:
    return type(state)(*(tensor.double() if tensor.is_floating_point() else tensor for tensor in state))


def test_parameters_of_a_mechanism_follow_those_of_the_paper() -> None:
    plain, config = LNDPConfig(**SMALL), LNDPConfig(**SMALL, mechanisms=(WIRE, FATIGUE))
    own = {"fatigue.rate": (1,), "wire_cost.coefficient": (1,)}  # in the order of the steps
    assert list(parameter_shapes(config).items()) == [*parameter_shapes(plain).items(), *own.items()]
    developing = LNDPConfig(**SMALL, mechanisms=(WIRE,), development_steps=2)
    assert list(parameter_shapes(developing))[-2:] == ["spontaneous.cholesky", "wire_cost.coefficient"]


def test_a_mechanism_replaces_the_step_of_its_name_or_comes_after_another() -> None:
    config = LNDPConfig(**SMALL, mechanisms=(WIRE, FATIGUE, Tally, Second))
    assert [step.name for step in mechanisms_of(config)] == [
        *STEPS[:3],
        "fatigue",
        *STEPS[3:],
        "tally",
        "second",
    ]
    assert type(mechanisms_of(config)[4]).__name__ == "WireCost"
    assert config.mechanisms[2] == f"{__name__}:Tally"
    assert [step.name for step in mechanisms_of(LNDPConfig(**SMALL))] == STEPS


def test_mechanisms_are_kept_in_the_json_only_where_there_are_any() -> None:
    assert "mechanisms" not in LNDPConfig(**SMALL).to_json()
    config = LNDPConfig(**SMALL, mechanisms=[WIRE])  # type: ignore[arg-type]
    assert config.to_json()["mechanisms"] == (WIRE,)
    assert LNDPConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize("mechanisms", ["a:B", [""], [7], ["a:B", "a:B"], None])
def test_what_is_no_list_of_names_is_refused(mechanisms: Any) -> None:
    with pytest.raises(ValueError, match=r"^mechanisms=.*: give a list of names MODULE:NAME, each once$"):
        LNDPConfig(**SMALL, mechanisms=mechanisms)


def test_what_is_no_mechanism_or_has_no_place_is_refused_by_name() -> None:
    for name, message in (
        (f"{EXAMPLES / 'mechanism.py'}:Mapping", "it is no subclass of lndp_agents.lndp.Mechanism"),
        (f"{EXAMPLES / 'mechanism.py'}:WireCosts", "did you mean 'WireCost'"),
        (f"{__name__}:Lost", "mechanism 'lost' comes after 'sleep': give one of attention, node_cell"),
        ("no_such_module_here:Rule", "neither in .* nor installed"),
    ):
        with pytest.raises(ValueError, match=message):
            LNDP(LNDPConfig(**SMALL, mechanisms=(name,)))


def test_with_no_price_growth_costs_nothing_and_at_a_price_only_neighbors_grow() -> None:
    """Log-odds 1 - 2 d are above those of 0.6 within a ring distance of 0.29: nodes that are 1/6 apart."""
    config, plain = LNDPConfig(**SMALL, mechanisms=(WIRE,), pruning=False), LNDPConfig(**SMALL, pruning=False)
    parameters = {name: value.float() for name, value in lively(plain, 1).items()}
    parameters["synaptogenesis.1.weight"] = torch.zeros(1, 1, 16)
    parameters["synaptogenesis.1.bias"] = torch.ones(1, 1)
    for candidates in (0, 12):
        program = make_lndp(replace(config, candidates=candidates))
        born = program.birth(torch.arange(3)[None])
        inputs = born, torch.ones(1, 3, 2), torch.ones(1, 3)
        for price, reach in ((0.0, 6), (2.0, 1), (1.0, 3), (100.0, 0)):
            coefficient = math.log(math.expm1(price)) if price else -200.0
            after, _ = program.step(
                parameters | {"wire_cost.coefficient": torch.full((1, 1), coefficient)}, *inputs
            )
            node = torch.arange(12)
            apart = (node[:, None] - node).abs()
            near = torch.minimum(apart, 12 - apart) <= reach
            grown = (roles(config, torch.device("cpu")).allowed & near) | (born.adjacency > 0)
            assert torch.equal(after.adjacency > 0, grown)


@pytest.mark.parametrize("switches", [{}, {"stochastic": True}, {"pruning": False}])
def test_matrix_and_list_live_the_same_lifetimes_with_state_of_nodes_and_of_edges(
    switches: dict[str, Any],
) -> None:
    config = LNDPConfig(**SMALL | switches, bias=True, mechanisms=(FATIGUE, WIRE, Tally))
    dense, listed = LNDP(config), SparseLNDP(LNDPConfig(**config.to_json() | {"candidates": config.nodes}))
    parameters = {**lively(LNDPConfig(**SMALL), 2)}
    own = torch.tensor([[0.1], [-1.0]], dtype=torch.float64)
    parameters |= {"wire_cost.coefficient": own, "fatigue.rate": own}
    keys = torch.arange(6).reshape(2, 3)
    theirs, mine = in_float64(dense.birth(keys)), in_float64(listed.birth(keys))
    assert isinstance(theirs, LifeState)
    assert theirs._fields[-2:] == mine._fields[-2:] == ("tally", "fatigue")
    generator, changes, most = torch.Generator().manual_seed(1), 0, 0.0
    for _ in range(25):
        inputs = (
            torch.randn(2, 3, 2, generator=generator).double(),
            torch.randn(2, 3, generator=generator).double(),
        )
        before = theirs
        theirs, _ = dense.step(parameters, theirs, *inputs)
        mine, _ = listed.step(parameters, mine, *inputs)
        most = max(most, theirs[-1].max().item())
        changes += int((theirs.adjacency != before.adjacency).sum())
        assert_same(mine.to_dense(), theirs)
        assert_same(SparseLifeState.from_dense(theirs).to_dense(), theirs)
    assert changes > 20
    state: Any = theirs
    assert torch.equal(state.tally[..., 0], (keys + 25.0)[..., None].double().expand(-1, -1, 12))
    assert most > 0.1
    assert not state.fatigue[:, :, 0][(state.adjacency == 0) & (before.adjacency == 0)].any()


def assert_same(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    for name, left, right in zip(one._fields, one, other, strict=True):
        torch.testing.assert_close(left, right, rtol=0, atol=1e-9, msg=name)


def test_a_frozen_network_goes_without_plastic_mechanisms() -> None:
    config = LNDPConfig(**SMALL, mechanisms=(Tally,), lifetime_updates=False)
    program: Any = LNDP(config)
    state, _ = program.step(
        lively(config, 1), program.birth(torch.tensor([[5]])), torch.ones(1, 1, 2), torch.ones(1, 1)
    )
    assert (state.tally == 5).all()


def test_the_kernel_refuses_a_mechanism_and_auto_is_eager_with_one_warning() -> None:
    config = LNDPConfig(**SMALL, mechanisms=(WIRE,))
    with pytest.raises(ValueError, match=r"mechanisms=.*WireCost.*: the native kernel does not implement it"):
        make_lndp(config, "native")
    with pytest.warns(RuntimeWarning, match=r"running eagerly.*WireCost") as warned:
        make_lndp(config, "auto")
    assert len(warned) == 1


def test_an_error_in_a_mechanism_names_its_file_and_line() -> None:
    program = LNDP(LNDPConfig(**SMALL, mechanisms=(Broken,)))
    state = program.birth(torch.zeros(1, 1, dtype=torch.int64))
    parameters = genome_to_parameters(program.config, torch.zeros(1, genome_size(program.config)))
    line = Broken.step.__code__.co_firstlineno + 1
    with pytest.raises(
        ValueError, match=rf"mechanism '.*:Broken' raised KeyError.*test_plug_ins.py, line {line} "
    ):
        program.step(parameters, state, torch.ones(1, 1, 2), torch.ones(1, 1))


@pytest.mark.parametrize("candidates", [0, 5])
def test_an_agent_saves_loads_and_forks_with_its_mechanisms(candidates: int, tmp_path: Path) -> None:
    import gymnasium
    from lndp_envs import SenseReward

    env = SenseReward(gymnasium.make("lndp/Foraging-v0"))
    spaces = env.observation_space, env.action_space
    config = config_for(
        *spaces, nodes=24, mechanisms=(FATIGUE, WIRE), candidates=candidates, bias=True, pruning=False
    )
    agent, observation = LNDPAgent(*spaces, config, backend="eager"), env.reset(seed=0)[0]
    agent.save_pretrained(tmp_path)
    other = LNDPAgent.from_pretrained(tmp_path, backend="eager")
    assert other.config == config
    agent.birth(3)
    for _ in range(5):
        agent.act(observation)
    other.state = agent.state
    agent.act(observation)
    other.act(observation)
    assert_same(agent.state, other.state)
    assert agent.state.fatigue.any()
    batch = {name: value[None].repeat(3, 0) for name, value in observation.items()}
    _, arrays = agent.predict(batch)
    _, arrays = agent.predict(batch, arrays)
    assert len(arrays) == len(agent.state._fields)
    sys.modules.pop("mechanism")
    with pytest.raises(ValueError, match=r"names the mechanism .*mechanism.py:Fatigue.*add --trust"):
        LNDPAgent.from_pretrained(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert LNDPAgent.from_pretrained(tmp_path, backend="eager", trust=True).config == config
