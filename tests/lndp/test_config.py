"""Configurations: validated, immutable, and the same after a way through JSON."""

import json
import math
import os
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from lndp_agents import LNDPConfig
from lndp_agents import config as config_module
from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.lndp import make_lndp
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
    "reward_scale": st.floats(0, 1e6),
    "initial_density": st.floats(0, 1),
    "initial_density_std": st.floats(0, 10),
}
SWITCHES = [field.name for field in fields(LNDPConfig) if field.type is bool]
configurations = st.fixed_dictionaries(
    {}, optional=INTEGERS | NUMBERS | {name: st.booleans() for name in SWITCHES}
).map(lambda values: LNDPConfig(**SIZES, **values))


def test_every_field_is_covered_here() -> None:
    covered = {*SIZES, *INTEGERS, *NUMBERS, *SWITCHES, "mechanisms"}  # the last one in test_plug_ins
    assert {field.name for field in fields(LNDPConfig)} == covered


def test_the_defaults_are_those_of_the_published_code() -> None:
    config = LNDPConfig(**SIZES)
    assert (config.nodes, config.node_features, config.edge_features, config.network_steps) == (32, 8, 4, 3)
    assert (config.attention_heads, config.query_features, config.value_features) == (3, 4, 8)
    assert (config.decision_features, config.graph_layers, config.development_steps) == (16, 1, 0)
    assert (config.initial_density, config.initial_density_std) == (0.1, 0.0)
    assert config.reward_scale == 1.0
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


def bytes_of(**fields: Any) -> int:
    """As the docstring of `step_bytes` has it, of a dense brain of the published sizes but for these."""
    f = {
        "nodes": 32,
        "edges": 4,
        "heads": 3,
        "hidden": 16,
        "queries": 4,
        "values": 8,
        "features": 8,
        "trace": 4,
    }
    f |= fields
    widest = max(10 * f["edges"], 4 * f["heads"], 2 * f["hidden"] + f["edges"], 16)
    attention = f["heads"] * (2 * f["queries"] + 3 * f["values"])
    node = attention + 18 * f["features"] + 3 * f["trace"]
    numbers = f["nodes"] ** 2 * (5 + f["edges"] + widest) + f["nodes"] * node + f["features"] * attention
    return 4 * numbers


@pytest.mark.parametrize(
    ("field", "short", "others"),
    [
        ("nodes", "nodes", {}),
        ("edge_features", "edges", {"nodes": 600}),
        ("attention_heads", "heads", {"nodes": 1024}),
        ("decision_features", "hidden", {"nodes": 1024}),
        ("query_features", "queries", {"attention_heads": 1024, "nodes": 128}),
        ("value_features", "values", {"attention_heads": 1024, "nodes": 128}),
    ],
)
def test_a_brain_is_as_large_as_a_step_of_it_fits_into_a_gigabyte(
    field: str, short: str, others: dict[str, int]
) -> None:
    own = {{"attention_heads": "heads"}.get(name, name): value for name, value in others.items()}
    largest = max(size for size in range(1, 4097) if bytes_of(**{**own, short: size}) <= 2**30)
    config = LNDPConfig(**SIZES, **{**others, field: largest})
    assert config.step_bytes == bytes_of(**{**own, short: largest}) <= 2**30
    with pytest.raises(
        ValueError, match=r"^nodes=\d+: a step of one lifetime takes 1\.0 GiB, at most 1 is allow"
    ):
        LNDPConfig(**SIZES, **{**others, field: largest + 1})


def test_large_brains_of_the_published_sizes() -> None:
    assert LNDPConfig(**SIZES, nodes=2048).step_bytes < 0.8 * 2**30
    with pytest.raises(
        ValueError, match=r"^nodes=4096: a step of one lifetime takes 3\.1 GiB, .*or candidates$"
    ):
        LNDPConfig(**SIZES, nodes=4096)
    sparse = LNDPConfig(**SIZES, nodes=4096, candidates=32, initial_density=0.01)
    pairs = 4096 * 32 + int(0.01 * 4096**2)
    assert sparse.step_bytes == 4 * (pairs * (28 + 4 + 72) + 4096 * (96 + 144 + 12) + 8 * 96)
    with pytest.raises(ValueError, match="4096"):
        replace(sparse, initial_density=1.0)
    with pytest.raises(ValueError, match="4096"):
        replace(sparse, initial_density_std=1.0)  # the densest of a thousand newborns has all edges
    with pytest.raises(ValueError, match="4096"):
        replace(sparse, candidates=4096)


MEASURED = """
import json, sys
import torch
from lndp_agents import LNDPConfig
from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.lndp import make_lndp

def memory(name):  # in bytes, of this process
    lines = open("/proc/self/status").read().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))

def peak_of_a_life(config):
    program = make_lndp(config)
    genome = 0.3 * torch.randn(1, genome_size(config), generator=torch.Generator().manual_seed(0))
    parameters, before = genome_to_parameters(config, genome), memory("VmRSS")
    open("/proc/self/clear_refs", "w").write("5")  # the peak is now what is in use
    state = program.birth(torch.tensor([[1]]))
    program.step(parameters, state, torch.zeros(1, 1, config.observation_size), torch.zeros(1, 1))
    return memory("VmHWM") - before

torch.set_num_threads(1)
for sizes in ({}, {"candidates": 4}):  # libraries that come with the first step
    peak_of_a_life(LNDPConfig(observation_size=2, action_size=3, nodes=8, **sizes))
print(json.dumps([peak_of_a_life(LNDPConfig.from_json(text)) for text in sys.argv[1:]]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory of a process")
def test_a_step_takes_the_memory_that_is_counted() -> None:
    dense: list[dict[str, Any]] = [
        *({"edge_features": 12}, {"attention_heads": 32}, {"decision_features": 64}),
        {"attention_heads": 256, "value_features": 256, "nodes": 64},
    ]
    sparse: list[dict[str, Any]] = [
        *({"decision_features": 96}, {"query_features": 64}, {"value_features": 96}),
        {"edge_features": 32, "candidates": 8, "initial_density": 0.5},
    ]
    configs = [LNDPConfig(**SIZES, **({"nodes": 300} | sizes)) for sizes in dense]
    some = {"nodes": 300, "candidates": 100, "initial_density": 0.2}
    configs += [LNDPConfig(**SIZES, **(some | sizes)) for sizes in sparse]
    command = [sys.executable, "-c", MEASURED, *(json.dumps(config.to_json()) for config in configs)]
    # Memory that is given back is given back to the system at once.
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    for config, measured in zip(configs, json.loads(run.stdout), strict=True):
        assert 0.5 < measured / config.step_bytes < 1.05, config


def test_candidates_are_those_of_a_node() -> None:
    for candidates in (1, 33):
        with pytest.raises(ValueError, match=f"^candidates={candidates}: give 2 to nodes=32, or 0 for every"):
            LNDPConfig(**SIZES, candidates=candidates)
    assert LNDPConfig(**SIZES, candidates=32).candidates == 32


def test_with_candidates_memory_follows_them_and_the_edges_at_birth() -> None:
    wide: dict[str, Any] = {**SIZES, "nodes": 4096, "decision_features": 256, "initial_density": 0.01}
    assert LNDPConfig(**wide, candidates=16).nodes == 4096
    refused = (
        r"^nodes=4096: a step of one lifetime takes \d+\.\d GiB, at most 1 is allowed; give fewer nodes, "
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
        ({**SIZES, "nodse": 3}, "unknown configuration field 'nodse': known are action_size, "),
        ({**SIZES, "nodes": "x" * 10_000}, r"^nodes='xxx.{,60}: give an integer"),
    ],
)
def test_foreign_json_is_refused_in_one_line(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        LNDPConfig.from_json(data)
    assert "\n" not in str(error.value)


def test_fields_of_older_files_that_mean_nothing_any_more_are_not_read() -> None:
    older = {**SIZES, "action_scale": 2.0}
    assert LNDPConfig.from_json(older) == LNDPConfig.from_json(json.dumps(older)) == LNDPConfig(**SIZES)
    assert config_module.LNDPConfig is LNDPConfig


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
        assert config.step_bytes <= 2**30


@given(keywords(SMALL), st.integers(0, 2**62))
def test_every_configuration_lives(values: dict[str, Any], key: int) -> None:
    config = LNDPConfig(**values)
    genomes = torch.randn(2, genome_size(config), generator=torch.Generator().manual_seed(key))
    program, parameters = make_lndp(config), genome_to_parameters(config, genomes)
    state = program.develop(parameters, program.birth(torch.tensor([[key, 1, 2], [3, 4, key]])))
    for step in range(3):
        observation = torch.full((2, 3, config.observation_size), 10.0**step)
        start = torch.full((2, 3), step == 2)
        state, output = program.step(parameters, state, observation, torch.ones(2, 3), start)
        assert output.shape == (2, 3, config.action_size)
        assert output.abs().max() <= 1  # so none is NaN
    assert all(part.isfinite().all() for part in state)
    developments = 1 + config.development_between_episodes
    assert torch.all(state.age == 3 + developments * config.development_steps)
