"""The native kernel: equal to the eager program at any size, safe, and clear where it cannot be had."""

import math
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lndp_agents.config import LNDPConfig
from lndp_agents.lndp import LNDP, LifeState, Parameters, genome_size, genome_to_parameters, native
from lndp_agents.lndp.rewiring import DECISION_THRESHOLD, pruning_logit, synaptogenesis_logit
from lndp_agents.lndp.state import Stimulus

needs_compiler = pytest.mark.skipif(native.compiler() is None, reason="there is no C++ compiler")

# Each is compiled once. Numbers of nodes below, at, above and between multiples of 8 and 16 lanes.
SIZES: list[dict[str, Any]] = [
    {"nodes": 5, "observation_size": 1, "action_size": 1, "graph_layers": 2, "edge_features": 1},
    {"nodes": 8, "node_features": 1, "attention_heads": 1, "decision_features": 1, "recurrent": True},
    {"nodes": 13, "node_features": 7, "edge_features": 5, "network_steps": 1, "bias": True},
    {"nodes": 16, "graph_transformer": False, "pruning": False, "network_steps": 4},
    {"nodes": 17, "observation_size": 3, "action_size": 4, "attention_heads": 2, "query_features": 5},
    {"nodes": 32, "graph_layers": 2, "value_features": 3, "recurrent": True, "bias": True},
    {"nodes": 40, "synaptogenesis": False, "decision_features": 11},
    {"nodes": 131, "node_features": 4},
]
SMALL: dict[str, Any] = {"observation_size": 2, "action_size": 2, "nodes": 13, "initial_density": 0.5}


def config_of(sizes: dict[str, Any], **switches: Any) -> LNDPConfig:
    return LNDPConfig(**({"observation_size": 2, "action_size": 2} | sizes | switches))


def random_lives(
    config: LNDPConfig, seed: int, num_genomes: int, num_lives: int
) -> tuple[Parameters, LifeState]:
    generator = torch.Generator().manual_seed(seed)
    # Degrees grow with the brain: smaller weights keep its softmax as smooth, and rounding as small.
    scale = 0.4 * min(1.0, 40 / config.nodes)
    genomes = scale * torch.randn(num_genomes, genome_size(config), generator=generator)
    keys = torch.randint(2**62, (num_genomes, num_lives), generator=generator)
    return genome_to_parameters(config, genomes), LNDP(config).birth(keys)


def random_stimulus(config: LNDPConfig, seed: int, num_genomes: int, num_lives: int) -> Stimulus:
    generator = torch.Generator().manual_seed(seed)
    observation = torch.randn(num_genomes, num_lives, config.observation_size, generator=generator)
    reward = torch.randn(num_genomes, num_lives, generator=generator)
    uniforms = torch.rand(2, num_genomes, num_lives, config.nodes, config.nodes, generator=generator)
    return Stimulus(observation, reward, (uniforms[0], uniforms[1]))


def tensors_are_equal(left: LifeState, right: LifeState) -> bool:
    return all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


def is_close_call(
    config: LNDPConfig, parameters: Parameters, before: LifeState, after: LifeState, luck: Any
) -> Tensor:
    """Where a decision of the eager program was so close to its threshold that rounding may turn it."""
    close = torch.zeros_like(after.adjacency, dtype=torch.bool)
    logits = []
    if config.pruning:
        logits.append((pruning_logit(parameters, after.edge_state), luck[0]))
    if config.synaptogenesis:
        logits.append((synaptogenesis_logit(parameters, after.node_state), luck[1]))
    for logit, uniform in logits:
        if config.stochastic:
            close |= (torch.sigmoid(logit) / 2 - uniform).abs() < 1e-4
        else:
            close |= (logit - math.log(DECISION_THRESHOLD / (1 - DECISION_THRESHOLD))).abs() < 1e-4
    return close


@needs_compiler
@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: f"{sizes['nodes']} nodes")
@settings(max_examples=8)
@given(data=st.data())
def test_a_native_step_equals_an_eager_one(sizes: dict[str, Any], data: st.DataObject) -> None:
    config = config_of(
        sizes,
        initial_density=data.draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]), "density"),
        stochastic=data.draw(st.booleans(), "stochastic"),
        lifetime_updates=data.draw(st.sampled_from([True, True, True, False]), "lifetime_updates"),
    )
    seed, shape = (
        data.draw(st.integers(0, 2**31), "seed"),
        data.draw(st.sampled_from([(1, 1), (3, 2), (2, 5)])),
    )
    parameters, state = random_lives(config, seed, *shape)
    alive = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.8
    for step in range(3):
        observation, reward, luck = random_stimulus(config, seed + step, *shape)
        inputs = (parameters, state, observation, reward)
        eager, output = LNDP(config).step(*inputs, alive=alive, uniforms=luck)
        quick, quick_output = LNDP(config, "native").step(*inputs, alive=alive, uniforms=luck)
        close = is_close_call(config, parameters, state, eager, luck)
        assert torch.equal(eager.adjacency[~close], quick.adjacency[~close])
        assert close.float().mean() < 0.05
        for name in ("node_state", "edge_state", "trace", "activation"):
            torch.testing.assert_close(
                getattr(quick, name), getattr(eager, name), rtol=0, atol=1e-4, msg=name
            )
        torch.testing.assert_close(quick_output, output, rtol=0, atol=1e-4)
        assert torch.equal(quick.age, eager.age)
        for old, new in zip(state, quick, strict=True):
            assert torch.equal(old[~alive], new[~alive])
        state = eager


@needs_compiler
def test_neither_threads_nor_donation_change_a_bit() -> None:
    config = config_of(SIZES[4])
    program, shape = LNDP(config, "native"), (5, 7)
    parameters, born = random_lives(config, 0, *shape)
    alive = torch.arange(35).reshape(shape) % 3 > 0
    before, results = torch.get_num_threads(), []
    try:
        for threads, donate in ((1, False), (2, False), (3, True), (40, True)):
            torch.set_num_threads(threads)
            state = born.copy()
            for step in range(5):
                observation, reward, _ = random_stimulus(config, step, *shape)
                state, output = program.step(
                    parameters, state, observation, reward, alive=alive, donate=donate
                )
            results.append(state._replace(activation=output))
    finally:
        torch.set_num_threads(before)
    assert all(tensors_are_equal(results[0], other) for other in results[1:])
    assert not torch.equal(results[0].adjacency, born.adjacency)


@needs_compiler
def test_a_donated_state_lends_its_memory_and_any_other_is_left_alone() -> None:
    config = config_of(SIZES[4])
    program = LNDP(config, "native")
    parameters, born = random_lives(config, 0, 2, 3)
    observation, reward, _ = random_stimulus(config, 0, 2, 3)
    kept = born.copy()
    kept_step, _ = program.step(parameters, kept, observation, reward)
    assert tensors_are_equal(kept, born)
    donated = born.copy()
    donated_step, _ = program.step(parameters, donated, observation, reward, donate=True)
    assert tensors_are_equal(donated_step, kept_step)
    assert donated_step.edge_state.data_ptr() == donated.edge_state.data_ptr()


@needs_compiler
@pytest.mark.parametrize("donate", [False, True])
def test_any_layout_in_memory_will_do(donate: bool) -> None:
    """Views, transposed planes, genomes with gaps, and numbers of other types."""
    config = config_of(SIZES[4])
    program = LNDP(config, "native")
    parameters, born = random_lives(config, 0, 2, 3)
    observation, reward, _ = random_stimulus(config, 0, 2, 3)
    expected, _ = program.step(parameters, born, observation, reward)
    transposed = LifeState(
        *(tensor.transpose(0, -1).contiguous().transpose(0, -1) for tensor in born[:5]), born.age, born.key
    )
    scattered = {
        name: torch.stack([value, value], -1)[..., 0] if value.dim() > 2 else value.repeat(1, 1)
        for name, value in parameters.items()
    }
    assert not transposed.edge_state.is_contiguous()
    actual, _ = program.step(scattered, transposed, observation.double(), reward.double(), donate=donate)
    assert tensors_are_equal(actual, expected)
    pair = random_lives(config, 0, 2, 3)[1].lives(slice(1, 3))
    actual, _ = program.step(parameters, pair, observation[:, 1:], reward[:, 1:], donate=donate)
    assert tensors_are_equal(actual, expected.lives(slice(1, 3)))


@needs_compiler
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("observation", torch.zeros(2, 3, 1)),
        ("reward", torch.zeros(3, 2)),
        ("alive", torch.ones(2, dtype=torch.bool)),
        ("uniforms", (torch.zeros(2, 3, 5, 5), torch.zeros(2, 3, 5, 5))),
        ("adjacency", torch.zeros(2, 3, 5, 5)),
        ("trace", torch.zeros(2, 3, 17, 1)),
        ("node_gru.bias", torch.zeros(1, 24)),
    ],
)
def test_a_wrong_shape_is_refused_by_name(name: str, wrong: Any) -> None:
    config = config_of(SIZES[4], stochastic=True)
    parameters, state = random_lives(config, 0, 2, 3)
    observation, reward, _ = random_stimulus(config, 0, 2, 3)
    given_as = {"parameters": parameters, "state": state, "observation": observation, "reward": reward}
    if name in parameters:
        given_as["parameters"] = {**parameters, name: wrong}
    elif name in LifeState._fields:
        given_as["state"] = state._replace(**{name: wrong})
    else:
        given_as[name] = wrong
    with pytest.raises(ValueError, match=rf"^{name} of shape .*: give \("):
        LNDP(config, "native").step(**given_as)


@needs_compiler
@settings(max_examples=20)
@given(scale=st.sampled_from([1e2, 1e6, 1e30, 3e38, math.inf, math.nan]), seed=st.integers(0, 2**31))
def test_whatever_the_genome_a_native_life_stays_finite(scale: float, seed: int) -> None:
    config = config_of(SIZES[5], initial_density=0.5)
    parameters, state = random_lives(config, seed, 2, 2)
    parameters = {name: value * scale for name, value in parameters.items()}
    for step in range(3):
        observation, reward, _ = random_stimulus(config, seed + step, 2, 2)
        state, output = LNDP(config, "native").step(parameters, state, observation * scale, reward * scale)
        assert all(tensor.isfinite().all() for tensor in state[:5])
        assert ((state.adjacency == 0) | (state.adjacency == 1)).all()
        assert max(state.node_state.abs().max(), state.edge_state.abs().max()) <= 1 + 1e-6
        assert output.abs().max() <= 1


@needs_compiler
def test_lives_in_other_precision_are_led_eagerly() -> None:
    config = config_of(SIZES[4])
    parameters, born = random_lives(config, 0, 1, 2)
    exact = {name: value.double() for name, value in parameters.items()}
    born = LifeState(*(tensor.double() for tensor in born[:5]), born.age, born.key)
    observation, reward, _ = random_stimulus(config, 0, 1, 2)
    left, _ = LNDP(config, "native").step(exact, born, observation, reward)
    right, _ = LNDP(config).step(exact, born, observation, reward)
    assert left.edge_state.dtype == torch.float64
    assert tensors_are_equal(left, right)


@needs_compiler
def test_the_kernel_leaves_the_arithmetic_of_the_process_alone() -> None:
    """Libraries linked with -ffast-math flush denormal numbers to zero, everywhere and for good."""
    config = config_of(SIZES[4])
    parameters, state = random_lives(config, 0, 1, 1)
    LNDP(config, "native").step(parameters, state, torch.ones(1, 1, 3), torch.ones(1, 1))
    assert (torch.tensor([1e-40]) * 0.5).item() > 0


@needs_compiler
def test_a_kernel_is_built_once_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LNDP_AGENTS_CACHE", str(tmp_path / "some" / "folder"))
    config = config_of(SIZES[0])
    native._kernel.cache_clear()
    LNDP(config, "native")
    [library] = (tmp_path / "some" / "folder").iterdir()
    built = library.stat().st_mtime_ns
    native._kernel.cache_clear()
    monkeypatch.setattr(native, "_build", lambda *_: pytest.fail("it was built already"))
    LNDP(config, "native")
    assert library.stat().st_mtime_ns == built


def break_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = folder / "c++"
    script.write_text("#!/bin/sh\necho 'native.cpp:1: error:\nno such\nmachine' >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setenv("CXX", str(script))
    monkeypatch.setenv("LNDP_AGENTS_CACHE", str(folder / "kernels"))


def occupy_cache_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "kernels").touch()
    monkeypatch.setenv("LNDP_AGENTS_CACHE", str(folder / "kernels"))


def corrupt_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LNDP_AGENTS_CACHE", str(folder))
    monkeypatch.setattr(native, "_build", lambda _, library: library.write_text("no library"))


def lose_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("LNDP_AGENTS_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", home)


def lose_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (lose_compiler, r"no C\+\+ compiler found: install .* or set CXX"),
        pytest.param(break_compiler, "could not build .* error: no such machine$", marks=needs_compiler),
        pytest.param(
            occupy_cache_folder, "kept in .*kernels .*: set LNDP_AGENTS_CACHE", marks=needs_compiler
        ),
        pytest.param(corrupt_library, r"\.so.*delete that file", marks=needs_compiler),
        pytest.param(lose_home, "home directory.*: set LNDP_AGENTS_CACHE", marks=needs_compiler),
    ],
)
def test_without_a_kernel_native_fails_clearly_and_auto_warns_once_and_is_eager(
    trouble: Callable[[Path, pytest.MonkeyPatch], None],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = config_of({"nodes": 11})  # built nowhere else
    trouble(tmp_path, monkeypatch)
    native._kernel.cache_clear()
    with pytest.raises(OSError, match=message) as caught:
        LNDP(config, "native")
    assert "\n" not in str(caught.value)
    with pytest.warns(RuntimeWarning, match="running eagerly.*: .*") as warned:
        program = LNDP(config, "auto")
    assert len(warned) == 1
    parameters, state = random_lives(config, 0, 1, 2)
    observation, reward, _ = random_stimulus(config, 0, 1, 2)
    inputs = (parameters, state, observation, reward)
    assert tensors_are_equal(program.step(*inputs)[0], LNDP(config).step(*inputs)[0])


@pytest.mark.parametrize(("name", "limit"), [("nodes", 512), ("edge_features", 64), ("network_steps", 64)])
def test_what_is_too_large_for_the_kernel_stays_eager(name: str, limit: int) -> None:
    config = config_of(SMALL | {name: limit + 1})
    with pytest.raises(ValueError, match=rf"{name}={limit + 1}: .* at most {limit}"):
        LNDP(config, "native")
    parameters, state = random_lives(config, 0, 1, 1)
    observation, reward, _ = random_stimulus(config, 0, 1, 1)
    inputs = (parameters, state, observation, reward)
    assert tensors_are_equal(LNDP(config, "auto").step(*inputs)[0], LNDP(config).step(*inputs)[0])


@needs_compiler
@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: f"nodes={sizes['nodes']}")
def test_edges_are_counted(sizes: dict[str, Any]) -> None:
    config = config_of(sizes, initial_density=0.4)
    _, state = random_lives(config, 3, 5, 30)
    assert torch.equal(LNDP(config, "native").num_edges(state), state.adjacency.sum((-2, -1)))
    assert LNDP(config, "native").num_edges(state.lives(slice(3, 5))).shape == (5, 2)


@needs_compiler
def test_nothing_that_is_sensed_makes_a_brain_lose_its_mind() -> None:
    config = config_of(SMALL)
    parameters, state = random_lives(config, 4, 2, 3)
    x = torch.tensor([math.nan, math.inf]).expand(2, 3, 2)
    r = torch.full((2, 3), -math.inf)
    native_state, eager_state = (
        LNDP(config, backend).step(parameters, state, x, r)[0] for backend in ("native", "eager")
    )
    for mine, reference in zip(native_state, eager_state, strict=True):
        assert mine.isfinite().all()
        torch.testing.assert_close(mine, reference, rtol=1e-5, atol=1e-5)


@needs_compiler
def test_parameters_that_change_between_steps_are_read_anew() -> None:
    config = config_of(SMALL)
    program = LNDP(config, "native")
    parameters, state = random_lives(config, 5, 2, 3)
    other, _ = random_lives(config, 6, 2, 3)
    stimulus = random_stimulus(config, 7, 2, 3)

    def activity(parameters: Parameters) -> Tensor:
        return program.step(parameters, state, stimulus.observation, stimulus.reward)[0].trace

    first, second = activity(parameters), activity(other)
    assert not torch.equal(first, second)
    assert torch.equal(activity({name: tensor.clone() for name, tensor in parameters.items()}), first)
    for name, tensor in parameters.items():
        tensor.copy_(other[name])  # in place: the same memory, other numbers
    assert torch.equal(activity(parameters), second)
    turned = {
        name: tensor.mT.contiguous().mT if tensor.dim() == 3 else tensor for name, tensor in other.items()
    }
    assert torch.equal(activity(turned), second)
    for tensor in turned.values():
        tensor.zero_()
    assert torch.equal(activity(turned), activity({name: torch.zeros_like(t) for name, t in other.items()}))


@needs_compiler
def test_what_is_elsewhere_or_misshapen_is_refused_before_its_memory_is_read() -> None:
    config = config_of(SMALL)
    program = LNDP(config, "native")
    parameters, state = random_lives(config, 0, 1, 2)
    observation, reward, _ = random_stimulus(config, 0, 1, 2)
    elsewhere = {name: tensor.to("meta") for name, tensor in parameters.items()}
    with pytest.raises(ValueError, match=r"node_in.weight on meta: the brains are on the CPU"):
        program.step(elsewhere, state, observation, reward)
    with pytest.raises(ValueError, match=r"observation on meta: the brains are on the CPU"):
        program.step(parameters, state, observation.to("meta"), reward)
    with pytest.raises(ValueError, match=r"adjacency of shape \(1, 2, 13, 5\): give \(1, 2, 13, 13\)"):
        program.num_edges(state._replace(adjacency=state.adjacency[..., :5]))
    twice = state._replace(adjacency=state.adjacency.double())
    assert torch.equal(program.num_edges(twice), program.num_edges(state))


def live_twenty_steps(num_threads: int) -> LifeState:
    """Of so few lives that torch uses one thread: forked after it used more, a child may hang in torch."""
    config = config_of(SMALL)
    program = LNDP(config, "native")
    parameters, state = random_lives(config, 8, 6, 4)
    stimulus = random_stimulus(config, 9, 6, 4)
    before = torch.get_num_threads()
    torch.set_num_threads(num_threads)
    try:
        for _ in range(20):
            state, _ = program.step(parameters, state, stimulus.observation, stimulus.reward)
    finally:
        torch.set_num_threads(before)
    return state


@needs_compiler
def test_any_number_of_threads_gives_the_same_numbers_also_to_several_callers_at_once() -> None:
    alone = live_twenty_steps(1)
    assert tensors_are_equal(live_twenty_steps(4), alone)
    with ThreadPoolExecutor(3) as callers:
        for state in callers.map(live_twenty_steps, [3, 2, 4]):
            assert tensors_are_equal(state, alone)


FORKING = """
import os, sys
sys.path.insert(0, sys.argv[1])
from test_native import live_twenty_steps, tensors_are_equal
before = live_twenty_steps(4)  # now there are helpers, and a child has none of them
child = os.fork()
if child == 0:
    os._exit(0 if tensors_are_equal(live_twenty_steps(4), before) else 1)
sys.exit(os.waitpid(child, 0)[1])
"""


@needs_compiler
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_gets_the_same_numbers() -> None:
    command = [sys.executable, "-c", FORKING, str(Path(__file__).parent)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    assert subprocess.run(command, check=False, timeout=120, env=environment).returncode == 0
