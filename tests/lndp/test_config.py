"""Configurations: validated, immutable, and the same after a way through JSON."""

import json
import math
from dataclasses import FrozenInstanceError, fields
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from lndp_agents import LNDPConfig
from lndp_agents.lndp import genome_size, genome_to_parameters, make_program
from lndp_agents.validation import shorten

SIZES = {"observation_size": 2, "action_size": 3}
INTEGERS = {
    "nodes": st.integers(6, 256),
    "node_features": st.integers(1, 64),
    "edge_features": st.integers(1, 64),
    "network_steps": st.integers(1, 64),
    "development_steps": st.integers(0, 10_000),
    "graph_layers": st.integers(1, 8),
    "attention_heads": st.integers(1, 8),
    "query_features": st.integers(1, 8),
    "value_features": st.integers(1, 8),
    "decision_features": st.integers(1, 64),
    "candidates": st.sampled_from([0, 2, 6]),
}
NUMBERS = {
    "action_scale": st.floats(0, 1e6),
    "reward_scale": st.floats(0, 1e6),
    "initial_density": st.floats(0, 1),
    "initial_density_std": st.floats(0, 10),
}
SWITCHES = [field.name for field in fields(LNDPConfig) if field.type is bool]
configurations = st.fixed_dictionaries(
    {}, optional=INTEGERS | NUMBERS | {name: st.booleans() for name in SWITCHES}
).map(lambda values: LNDPConfig(**SIZES, **values))


def test_every_field_is_covered_here() -> None:
    assert {field.name for field in fields(LNDPConfig)} == {*SIZES, *INTEGERS, *NUMBERS, *SWITCHES}


def test_the_defaults_are_those_of_the_published_code() -> None:
    config = LNDPConfig(**SIZES)
    assert (config.nodes, config.node_features, config.edge_features, config.network_steps) == (32, 8, 4, 3)
    assert (config.attention_heads, config.query_features, config.value_features) == (3, 4, 8)
    assert (config.decision_features, config.graph_layers, config.development_steps) == (16, 1, 0)
    assert (config.initial_density, config.initial_density_std) == (0.1, 0.0)
    assert config.action_scale == config.reward_scale == 1.0
    switched_on = {name for name in SWITCHES if getattr(config, name)}
    assert switched_on == {
        "discrete_actions",
        "pruning",
        "synaptogenesis",
        "lifetime_updates",
        "graph_transformer",
        "spontaneous_activity",
        "reward_input",
    }


def test_derived_sizes() -> None:
    config = LNDPConfig(observation_size=4, action_size=2, nodes=11, network_steps=5, development_steps=7)
    assert (config.hidden_nodes, config.trace_size, config.develops_from_activity) == (5, 6, True)
    assert not LNDPConfig(**SIZES).develops_from_activity
    assert not LNDPConfig(**SIZES, development_steps=7, spontaneous_activity=False).develops_from_activity


@given(configurations)
def test_json_round_trip(config: LNDPConfig) -> None:
    text = json.dumps(config.to_json(), allow_nan=False)
    assert LNDPConfig.from_json(text) == config
    assert LNDPConfig.from_json(json.loads(text)) == config
    assert hash(LNDPConfig.from_json(text)) == hash(config)


def test_it_does_not_change() -> None:
    config = LNDPConfig(**SIZES)
    with pytest.raises(FrozenInstanceError):
        config.nodes = 3  # type: ignore[misc]
    values = config.to_json()
    values["nodes"] = 3
    assert config.nodes == 32


@pytest.mark.parametrize("name", [*SIZES, *INTEGERS])
@pytest.mark.parametrize("value", [-1, 10**9, 2.0, True, "3", None, math.nan, [3]])
def test_integers_are_checked(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{name}=.*: give an integer from [01] to \d+$"):
        LNDPConfig(**(SIZES | {name: value}))


@pytest.mark.parametrize("name", [*SIZES, *sorted(INTEGERS.keys() - {"candidates", "development_steps"})])
def test_sizes_are_at_least_one(name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}=0: give an integer from 1"):
        LNDPConfig(**(SIZES | {name: 0}))


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, 1e30, 10**400, True, "0.5", None])
def test_numbers_are_checked(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{name}=.*: give a number from 0 to"):
        LNDPConfig(**SIZES, **{name: value})


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_switches_are_true_or_false(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name}={value!r}: give true or false$"):
        LNDPConfig(**SIZES, **{name: value})


def test_a_hidden_node_is_needed() -> None:
    with pytest.raises(
        ValueError, match="nodes=5: 2 inputs and 3 outputs leave no hidden node; give at least 6"
    ):
        LNDPConfig(**SIZES, nodes=5)
    assert LNDPConfig(**SIZES, nodes=6).hidden_nodes == 1


@pytest.mark.parametrize("name", ["edge_features", "attention_heads", "decision_features"])
def test_a_brain_too_large_for_any_memory_is_refused(name: str) -> None:
    assert LNDPConfig(**SIZES, nodes=4096).nodes == 4096
    with pytest.raises(ValueError, match=r"nodes=4096: \d+ numbers for each of 16777216 pairs of nodes"):
        LNDPConfig(**SIZES, nodes=4096, **{name: 17})


@pytest.mark.parametrize("name", ["query_features", "value_features"])
@pytest.mark.parametrize("other", ["nodes", "node_features"])
def test_attention_too_wide_for_any_memory_is_refused(name: str, other: str) -> None:
    sizes = SIZES | {name: 1024, other: 512}
    assert LNDPConfig(**sizes, attention_heads=512).attention_heads == 512
    with pytest.raises(ValueError, match=r"attention_heads=513: queries and values of 525312 numbers"):
        LNDPConfig(**sizes, attention_heads=513)


def test_candidates_are_those_of_a_node() -> None:
    for candidates in (1, 33):
        with pytest.raises(ValueError, match=f"^candidates={candidates}: give 2 to nodes=32, or 0 for every"):
            LNDPConfig(**SIZES, candidates=candidates)
    assert LNDPConfig(**SIZES, candidates=32).candidates == 32


def test_with_candidates_memory_follows_them_and_the_edges_at_birth() -> None:
    wide: dict[str, Any] = {**SIZES, "nodes": 4096, "decision_features": 1024, "initial_density": 0.01}
    assert LNDPConfig(**wide, candidates=16).nodes == 4096
    refused = (
        r"nodes=4096: 1024 numbers for each of \d+ pairs .* give fewer nodes, features, heads or candidates"
    )
    for change in ({"candidates": 64}, {"candidates": 16, "initial_density_std": 0.1}):
        with pytest.raises(ValueError, match=refused):
            LNDPConfig(**(wide | change))


def test_a_dense_configuration_is_saved_as_before_there_were_candidates() -> None:
    assert "candidates" not in LNDPConfig(**SIZES).to_json()
    assert LNDPConfig(**SIZES, candidates=5).to_json()["candidates"] == 5


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("[1, 2]", r"configuration \[1, 2\]: give a JSON object"),
        ("not json", "Expecting value"),
        ("[" * 100_000, "nested too deeply"),
        ('{"observation_size": 1, "action_size": 1, "action_size": 2}', "key 'action_size' is there twice"),
        ('{"observation_size": 1, "action_size": 1, "initial_density": NaN}', "NaN is no number of JSON"),
        ({"observation_size": 2}, "configuration field 'action_size' is missing"),
        ({**SIZES, "nodse": 3}, "unknown configuration field 'nodse': known are action_scale, action_size, "),
        ({**SIZES, "nodes": "x" * 10_000}, r"^nodes='xxx.{,60}: give an integer"),
    ],
)
def test_foreign_json_is_refused_in_one_line(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        LNDPConfig.from_json(data)
    assert "\n" not in str(error.value)


JUNK = st.sampled_from(
    [-1, 0, 1025, 4097, 10**9, 10**30, 1e30, -0.5, 5e-324, math.nan, math.inf, "3", None, [3], 2.0]
)
LARGE = st.sampled_from([1, 2, 1000, 1024, 4096])
SMALL = (
    {name: st.integers(1, 3) for name in [*SIZES, *INTEGERS]}
    | {
        "nodes": st.integers(7, 9),
        "development_steps": st.integers(0, 3),
        "candidates": st.sampled_from([0, 2, 7]),
    }
    | NUMBERS
    | {name: st.booleans() for name in SWITCHES}
)


def keywords(fields_drawn: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Values of the two fields that have no default, and of some of the others."""
    others = {name: values for name, values in fields_drawn.items() if name not in SIZES}
    return st.fixed_dictionaries({name: fields_drawn[name] for name in SIZES}, optional=others)


@settings(max_examples=300)
@given(
    keywords(SMALL | {name: SMALL[name] | LARGE for name in [*SIZES, *INTEGERS]}),
    st.dictionaries(st.sampled_from(sorted(SMALL)), JUNK, max_size=2),
)
def test_a_field_that_does_not_fit_is_named(values: dict[str, Any], junk: dict[str, Any]) -> None:
    """Before anything is allocated; and what is accepted takes a gigabyte at most."""
    values |= junk
    try:
        config = LNDPConfig(**values)
    except ValueError as error:
        name, _, rest = str(error).partition("=")
        assert name in SMALL
        assert rest.startswith(f"{shorten(values.get(name, getattr(LNDPConfig, name, None)))}: ")
        assert "give " in rest
        assert rest.isprintable()
        assert len(rest) < 300
    else:
        assert config.to_json().items() >= {
            (name, value) for name, value in values.items() if value != LNDPConfig.extensions.get(name)
        }
        width = config.attention_heads * max(config.query_features, config.value_features)
        assert max(config.nodes, config.node_features) * width <= 2**28


@given(keywords(SMALL), st.integers(0, 2**62))
def test_every_configuration_lives(values: dict[str, Any], key: int) -> None:
    config = LNDPConfig(**values)
    genomes = torch.randn(2, genome_size(config), generator=torch.Generator().manual_seed(key))
    program, parameters = make_program(config), genome_to_parameters(config, genomes)
    state = program.develop(parameters, program.birth(torch.tensor([[key, 1, 2], [3, 4, key]])))
    for step in range(3):
        observation = torch.full((2, 3, config.observation_size), 10.0**step)
        start = torch.full((2, 3), step == 2)
        state, output = program.experience(parameters, state, observation, torch.ones(2, 3), start)
        assert output.shape == (2, 3, config.action_size)
        assert output.abs().max() <= 1  # so none is NaN
    assert all(part.isfinite().all() for part in state)
    developments = 1 + config.development_between_episodes
    assert torch.all(state.age == 3 + developments * config.development_steps)
