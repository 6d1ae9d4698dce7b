"""The native kernel refuses what it does not implement, and reads by name what it implements."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, ClassVar

import pytest
import torch
from kernels import (
    SMALL,
    config_of,
    eager_step_that_native_equals,
    needs_compiler,
    random_lives,
    random_stimulus,
    tensors_are_equal,
)
from torch import Tensor

from lndp_agents.lndp import LNDP, kernel_layout, make_lndp, native, parameter_shapes
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.kernel_build import load_kernel
from lndp_agents.lndp.mechanisms import decision
from lndp_agents.lndp.state import brain_shapes

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True, kw_only=True)
class WithMechanism(LNDPConfig):
    """A mechanism that came later, which is off at 0."""

    extensions: ClassVar[Mapping[str, Any]] = MappingProxyType({**LNDPConfig.extensions, "homeostasis": 0.0})
    homeostasis: float = 0.5


@dataclass(frozen=True, kw_only=True)
class WithoutNeutralValue(LNDPConfig):
    """Nobody said at which value this changes nothing."""

    plateau: bool = False


@dataclass(frozen=True, kw_only=True)
class WithAnotherKindOfSwitch(LNDPConfig):
    """A switch that the kernel knows, with more values than it knows."""

    recurrent: Any = "leaky"


@dataclass(frozen=True, kw_only=True)
class WithAnotherKindOfDecision(LNDPConfig):
    """An argument that the kernel knows, with more values than it knows."""

    stochastic: Any = "annealed"


def with_parameter_inserted(shapes: Shapes) -> Shapes:
    items = list(shapes.items())
    return dict([*items[:3], ("attention.temperature", (3,)), *items[3:]])


def with_parameter_missing(shapes: Shapes) -> Shapes:
    return {name: shape for name, shape in shapes.items() if name != "edge_gru.bias"}


def with_another_shape(shapes: Shapes) -> Shapes:
    return shapes | {"pruning.1.bias": (2,)}


UNKNOWN: list[tuple[type[LNDPConfig] | Callable[[Shapes], Shapes], str]] = [
    (WithMechanism, r"^homeostasis=0.5: "),
    (WithoutNeutralValue, r"^plateau=False: "),
    (WithAnotherKindOfSwitch, r"^recurrent='leaky': "),
    (WithAnotherKindOfDecision, r"^stochastic='annealed': "),
    (with_parameter_inserted, r"^parameter 'attention.temperature': "),
    (with_parameter_missing, r"^a step without parameter 'edge_gru.bias': "),
    (with_another_shape, r"^parameter 'pruning.1.bias' of shape \(2,\) instead of \(1,\): "),
]


@pytest.mark.parametrize(("kind", "message"), UNKNOWN, ids=lambda value: getattr(value, "__name__", ""))
def test_what_the_kernel_does_not_implement_is_refused_by_name_and_lived_eagerly(
    kind: type[LNDPConfig] | Callable[[Shapes], Shapes], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "load_kernel", lambda _: pytest.fail("nothing is to be built"))
    if isinstance(kind, type):
        config = kind(**SMALL)
    else:
        config = LNDPConfig(**SMALL)
        monkeypatch.setattr(kernel_layout, "parameter_shapes", lambda _: kind(parameter_shapes(config)))
    with pytest.raises(
        ValueError, match=message + "the native kernel does not implement it.*use backend 'eager'"
    ):
        make_lndp(config, "native")
    with pytest.warns(RuntimeWarning, match="running eagerly.*: " + message[1:]) as warned:
        program = make_lndp(config, "auto")
    assert len(warned) == 1
    parameters, state = random_lives(LNDPConfig(**SMALL), 0, 1, 2)
    inputs = (parameters, state, *random_stimulus(config, 0, 1, 2)[:2])
    assert tensors_are_equal(program.step(*inputs)[0], LNDP(config).step(*inputs)[0])


def test_a_part_of_the_state_that_the_kernel_does_not_know_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = config_of(SMALL)
    for part, message in (
        ({"eligibility": (13, 13)}, "part of the state 'eligibility': "),
        ({"trace": (13, 9)}, r"part of the state 'trace' of shape \(13, 9\) instead of \(13, 4\): "),
    ):
        monkeypatch.setattr(
            kernel_layout, "brain_shapes", lambda config, part=part: brain_shapes(config) | part
        )
        with pytest.raises(ValueError, match=f"^{message}"):
            LNDP(config, "native")


@pytest.mark.parametrize(("name", "limit"), [("nodes", 512), ("edge_features", 64), ("network_steps", 64)])
def test_what_is_too_large_for_the_kernel_is_lived_eagerly_after_one_warning(name: str, limit: int) -> None:
    config = config_of(SMALL | {name: limit + 1})
    message = rf"{name}={limit + 1}: .* at most {limit}"
    with pytest.raises(ValueError, match=message):
        LNDP(config, "native")
    with pytest.warns(RuntimeWarning, match=message) as warned:
        program = LNDP(config, "auto")
    assert len(warned) == 1
    parameters, state = random_lives(config, 0, 1, 1)
    inputs = (parameters, state, *random_stimulus(config, 0, 1, 1)[:2])
    assert tensors_are_equal(program.step(*inputs)[0], LNDP(config).step(*inputs)[0])


@needs_compiler
def test_a_later_mechanism_that_is_off_leaves_the_kernel_on() -> None:
    config = WithMechanism(**SMALL, homeostasis=0.0)
    parameters, state = random_lives(config, 0, 2, 3)
    after = eager_step_that_native_equals(config, parameters, state, random_stimulus(config, 0, 2, 3))
    assert not tensors_are_equal(after, state)


def test_every_field_is_declared_once_and_exists() -> None:
    sizes = {*kernel_layout.MAXIMA} - {"input_nodes"}  # which follows from two fields
    declared = [
        *sizes,
        *kernel_layout.SWITCHES,
        *kernel_layout.ARGUMENTS,
        *kernel_layout.HANDLED_ELSEWHERE,
        "candidates",
        "mechanisms",
    ]
    assert sorted(declared) == sorted(field.name for field in fields(LNDPConfig))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"graph_transformer": False, "pruning": False},
        {"synaptogenesis": False, "development_steps": 3},
        {"node_features": 3, "edge_features": 5, "network_steps": 7, "attention_heads": 2},
        {"query_features": 9, "value_features": 2, "decision_features": 6},
    ],
)
def test_the_kernel_implements_all_parameters_of_the_program(changes: dict[str, Any]) -> None:
    config = config_of(SMALL | changes)
    given = {
        name: shape for name, shape in parameter_shapes(config).items() if not name.startswith("spontaneous")
    }
    assert kernel_layout.implemented_parameters(config) == given
    assert kernel_layout.implemented_state(config) == brain_shapes(config)


@needs_compiler
def test_parameters_in_another_order_give_the_same_lives() -> None:
    config = config_of(SMALL)
    parameters, state = random_lives(config, 0, 2, 3)
    parameters = dict(reversed(parameters.items()))
    assert next(iter(parameters)) == "pruning.1.bias"
    stimulus = random_stimulus(config, 0, 2, 3)
    eager_step_that_native_equals(config, parameters, state, stimulus)
    left, _ = LNDP(config, "native").step(parameters, state, stimulus.inputs, stimulus.reward)
    right, _ = LNDP(config_of(SMALL), "native").step(parameters, state, stimulus.inputs, stimulus.reward)
    assert tensors_are_equal(left, right)


@needs_compiler
def test_the_order_of_the_kernel_is_the_declared_one(monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_of(SMALL)
    parameters, state = random_lives(config, 0, 2, 3)
    observation, reward, _ = random_stimulus(config, 0, 2, 3)
    expected, _ = LNDP(config, "native").step(parameters, state, observation, reward)
    backwards = dict(reversed(kernel_layout.implemented_parameters(config).items()))
    for module in (kernel_layout, native):
        monkeypatch.setattr(module, "implemented_parameters", lambda _: backwards)
    assert "enum Parameter { Pruning1Bias, Pruning1Weight, " in kernel_layout.kernel_header(config)
    actual, _ = LNDP(config, "native").step(parameters, state, observation, reward)
    assert tensors_are_equal(actual, expected)


@needs_compiler
def test_thresholds_are_those_of_the_eager_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def rewire(stochastic: bool, backend: str) -> Tensor:
        config = config_of(SMALL, stochastic=stochastic)
        parameters, state = random_lives(config, 0, 4, 3)
        observation, reward, luck = random_stimulus(config, 0, 4, 3)
        after, _ = LNDP(config, backend).step(parameters, state, observation, reward, uniforms=luck)
        return after.adjacency

    before = [rewire(stochastic, "native") for stochastic in (False, True)]
    for module in (decision, kernel_layout):
        monkeypatch.setattr(module, "DECISION_LOGIT", -0.2)
        monkeypatch.setattr(module, "STOCHASTIC_SCALE", 0.9)
    for stochastic in (False, True):
        quick = rewire(stochastic, "native")
        assert torch.equal(quick, rewire(stochastic, "eager"))
        assert not torch.equal(quick, before[stochastic])


@needs_compiler
def test_a_switch_that_the_header_lacks_is_not_off() -> None:
    header = kernel_layout.kernel_header(config_of(SMALL))
    assert "#define PRUNING 1\n" in header
    with pytest.raises(OSError, match=r"could not build the native kernel.*: .*PRUNING.? is not defined"):
        load_kernel(header.replace("#define PRUNING 1\n", ""))
