"""The native kernel: equal to the eager program at any size, on any processor, and safe.

What it refuses is in test_kernel_layout, how it is built and kept in test_kernel_build.
"""

import json
import math
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import (
    SMALL,
    config_of,
    eager_step_that_native_equals,
    live_twenty_steps,
    needs_compiler,
    random_lives,
    random_stimulus,
    tensors_are_equal,
)
from torch import Tensor

from lndp_agents.lndp import LNDP, LifeState, Parameters, kernel_build

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
        stimulus = random_stimulus(config, seed + step, *shape)
        state = eager_step_that_native_equals(config, parameters, state, stimulus, alive)


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
        return program.step(parameters, state, stimulus.inputs, stimulus.reward)[0].trace

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
    with pytest.raises(ValueError, match=r"node_in.weight on meta: the networks are on the CPU"):
        program.step(elsewhere, state, observation, reward)
    with pytest.raises(ValueError, match=r"observation on meta: the networks are on the CPU"):
        program.step(parameters, state, observation.to("meta"), reward)
    with pytest.raises(ValueError, match=r"adjacency of shape \(1, 2, 13, 5\): give \(1, 2, 13, 13\)"):
        program.num_edges(state._replace(adjacency=state.adjacency[..., :5]))
    twice = state._replace(adjacency=state.adjacency.double())
    assert torch.equal(program.num_edges(twice), program.num_edges(state))


@needs_compiler
def test_any_number_of_threads_gives_the_same_numbers_also_to_several_callers_at_once() -> None:
    alone = live_twenty_steps(1)
    assert tensors_are_equal(live_twenty_steps(4), alone)
    with ThreadPoolExecutor(3) as callers:
        for state in callers.map(live_twenty_steps, [3, 2, 4]):
            assert tensors_are_equal(state, alone)


@needs_compiler
def test_one_program_serves_several_threads_with_genomes_of_their_own() -> None:
    config = config_of(SMALL)
    program = LNDP(config, "native")

    def live(seed: int) -> LifeState:
        parameters, state = random_lives(config, seed, 3, 4)
        for step in range(30):
            observation, reward, _ = random_stimulus(config, step, 3, 4)
            state, _ = program.step(parameters, state, observation, reward)
        return state

    alone = [live(seed) for seed in range(4)]
    assert not tensors_are_equal(alone[0], alone[1])
    with ThreadPoolExecutor(4) as callers:
        assert all(map(tensors_are_equal, callers.map(live, range(4)), alone))


FORKING = """
import os, sys, threading
sys.path.insert(0, sys.argv[1])
from kernels import config_of, live_twenty_steps, random_lives, random_stimulus, tensors_are_equal
from lndp_agents.lndp import LNDP

before = live_twenty_steps(4)  # now there are helpers, and a child has none of them

def stay_in_the_kernel():
    config = config_of({"nodes": 40})
    program, (parameters, state) = LNDP(config, "native"), random_lives(config, 1, 16, 64)
    stimulus = random_stimulus(config, 2, 16, 64)
    while not done.is_set():
        program.step(parameters, state, stimulus.inputs, stimulus.reward, donate=True)
        entered.set()

def fork():
    child = os.fork()
    if child == 0:
        os._exit(0 if tensors_are_equal(live_twenty_steps(4), before) else 1)
    return os.waitpid(child, 0)[1]

statuses = [fork()]
done, entered = threading.Event(), threading.Event()
busy = threading.Thread(target=stay_in_the_kernel)
busy.start()
entered.wait()
statuses += [fork() for _ in range(3)]
done.set()
sys.exit(any(statuses))
"""


@needs_compiler
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_gets_the_same_numbers_whether_threads_slept_or_worked() -> None:
    command = [sys.executable, "-c", FORKING, str(Path(__file__).parent)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    assert subprocess.run(command, check=False, timeout=120, env=environment).returncode == 0


def older_processors() -> list[str]:
    """Vectors are packed in three ways: with AVX-512, with AVX2 and with neither."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return []
    has_avx2 = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
    return ["x86-64", "haswell"] if has_avx2 else ["x86-64"]


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("processor", older_processors())
@pytest.mark.parametrize("sizes", SIZES[2:5], ids=lambda sizes: f"{sizes['nodes']} nodes")
def test_older_processors_get_the_same_numbers(
    processor: str, sizes: dict[str, Any], fresh_kernels: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = [f"-march={processor}" if flag == "-march=native" else flag for flag in kernel_build.FLAGS]
    monkeypatch.setattr(kernel_build, "FLAGS", flags)
    config = config_of(sizes, initial_density=0.3)
    parameters, state = random_lives(config, 0, 2, 3)
    for step in range(3):
        stimulus = random_stimulus(config, step, 2, 3)
        state = eager_step_that_native_equals(config, parameters, state, stimulus)


SANITIZED = """
import json, sys
sys.path.insert(0, sys.argv[1])
import torch
from kernels import config_of, eager_step_that_native_equals, random_lives, random_stimulus
from lndp_agents.lndp import LNDP, kernel_build

sanitizers = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
kernel_build.FLAGS = (*kernel_build.FLAGS, *sanitizers)
torch.set_num_threads(2)
config = config_of(json.loads(sys.argv[2]), initial_density=0.3)
parameters, state = random_lives(config, 0, 2, 2)
for step in range(3):
    stimulus = random_stimulus(config, step, 2, 2)
    state = eager_step_that_native_equals(config, parameters, state, stimulus)
LNDP(config, "native").num_edges(state)
"""


def sanitizer_libraries() -> list[str]:
    """What must be loaded before a program whose libraries are sanitized, where the compiler has it."""
    found: list[str] = []
    for name in ("libasan.so", "libubsan.so", "libstdc++.so.6"):
        command = [str(kernel_build.compiler()), f"-print-file-name={name}"]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(result.stdout.strip())
    return found if all(map(os.path.isabs, found)) else []


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize(
    "sizes",
    [
        {"nodes": 3, "observation_size": 1, "action_size": 1},
        {"nodes": 17, "recurrent": True, "bias": True},
        {"nodes": 31, "stochastic": True, "edge_features": 3},
        {"nodes": 33, "graph_transformer": False, "decision_features": 5},
        {"nodes": 512, "node_features": 5},
    ],
    ids=lambda sizes: f"{sizes['nodes']} nodes",
)
def test_the_kernel_stays_within_its_memory_and_within_the_language(
    sizes: dict[str, Any], tmp_path: Path
) -> None:
    if not (libraries := sanitizer_libraries()):
        pytest.skip("this compiler has no address sanitizer")
    environment = os.environ | {
        "LD_PRELOAD": " ".join(libraries),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python and torch leave memory to the end of the process
        "LNDP_AGENTS_CACHE": str(tmp_path),
    }
    command = [sys.executable, "-c", SANITIZED, str(Path(__file__).parent), json.dumps(sizes)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (result.returncode, result.stderr) == (0, "")
    [library] = tmp_path.iterdir()
    assert b"__asan_report" in library.read_bytes()
    assert b"__ubsan_handle" in library.read_bytes()
