"""What holds for every task: one result in NumPy and torch, for one row and many, compiled or not."""

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from gymnasium.spaces import Discrete
from lndp_envs import make_dynamics
from lndp_envs.dynamics import Dynamics, draw_task, select, where
from lndp_envs.foraging import Foraging
from lndp_envs.randomness import fold, uniform
from lndp_envs.registration import WORLDS

ROWS = 64
TASKS: dict[str, dict[str, Any]] = {env_id: {} for env_id in WORLDS} | {
    "lndp/ForagingReversal-v0": {"size": 7, "dense_reward": True, "observation": "one_hot", "reveal": True},
    "lndp/CartPoleLife-v0": {"episodes": 4, "episode_steps": 13},
    "lndp/Bandit-v0": {"arms": 3, "hazard": 0.2, "reveal": True},
    "lndp/PendulumGoalSwitch-v0": {"target": 1.5, "hazard": 0.2, "reveal": True},
    "lndp/CartPoleReversal-v0": {"episodes": 3, "episode_steps": 13, "reveal": True},
}


RECORDED = {
    "lndp/Foraging-v0": (1120, 4411),
    "lndp/ForagingReversal-v0": (1220, 4513),
    "lndp/ForagingSwitch-v0": (1030, 4399),
    "lndp/Bandit-v0": (1106, 2160),
    "lndp/PendulumGoalSwitch-v0": (-11572.82692, -798.2708128),
    "lndp/CartPoleReversal-v0": (2160, -31.34621601),
    "lndp/CartPoleLife-v0": (2160, 265.5189083),
    "lndp/AcrobotLife-v0": (-2160, 4151.494504),
    "lndp/PendulumLife-v0": (-14020.87458, -4123.285316),
    "CartPole-v1": (2160, -1723.053487),
    "Acrobot-v1": (-2160, 4152.940751),
    "Pendulum-v1": (-12863.221, 392.4693992),
}
"""Rewards and observations of the lives of `test_the_lives_of_an_id_never_change`, weighted sums."""


def keys(rows: int = ROWS) -> np.ndarray:
    return fold(np.arange(rows), 5)


def random_actions(dynamics: Dynamics[Any], steps: int, rows: int = ROWS) -> np.ndarray:
    generator = np.random.default_rng(3)
    space = dynamics.action_space
    if isinstance(space, Discrete):
        return generator.integers(0, space.n, (steps, rows))
    return generator.uniform(-2.5, 2.5, (steps, rows, *(space.shape or ()))).astype(np.float32)


def flat(state: Any) -> list[Any]:
    return [leaf for field in state for leaf in flat(field)] if isinstance(state, tuple) else [state]


@pytest.fixture(params=list(TASKS))
def dynamics(request: pytest.FixtureRequest) -> Dynamics[Any]:
    return make_dynamics(request.param, **TASKS[request.param])[0]


@pytest.mark.parametrize("env_id", [*WORLDS])
def test_the_lives_of_an_id_never_change(env_id: str) -> None:
    """Also their randomness: a change of it needs a new id, and no new record here."""
    dynamics, _ = make_dynamics(env_id)
    rows, space, weights = keys(8), dynamics.action_space, np.arange(1, 9)
    state, sums = dynamics.reset(rows), np.zeros(2)
    for step in range(60):
        noise = uniform(fold(rows, step), space.shape or ())
        if isinstance(space, Discrete):
            action = (noise * space.n).astype(np.int64)
        else:
            action = (space.low + (space.high - space.low) * noise).astype(np.float32)
        state, reward, _ = dynamics.step(state, action)
        sums += weights @ np.stack([reward, dynamics.observe(state).reshape(8, -1).sum(1)], 1)
    assert sums == pytest.approx(RECORDED[env_id], rel=1e-4, abs=1e-2)


def test_numpy_and_torch_agree(dynamics: Dynamics[Any]) -> None:
    state, tensors = dynamics.reset(keys()), dynamics.reset(torch.from_numpy(keys()))
    for action in random_actions(dynamics, 60):
        # From the same state, because pendulums are chaotic and sines differ in the last bit.
        tensors = select_all(tensors, state)
        state, reward, terminated = dynamics.step(state, action)
        tensors, tensor_reward, tensor_terminated = dynamics.step(tensors, torch.from_numpy(action))
        for array, tensor in zip(flat(state), flat(tensors), strict=True):
            assert str(tensor.dtype) == f"torch.{array.dtype}"
            np.testing.assert_allclose(tensor.numpy(), array, rtol=0, atol=1e-11)
        np.testing.assert_allclose(tensor_reward.numpy(), reward, rtol=0, atol=1e-11)
        assert np.array_equal(tensor_terminated.numpy(), terminated)
        np.testing.assert_allclose(
            dynamics.observe(tensors).numpy(), dynamics.observe(state), rtol=0, atol=1e-5
        )
        assert np.array_equal(dynamics.episode_start(tensors).numpy(), dynamics.episode_start(state))
        infos, tensor_infos = dynamics.info(state), dynamics.info(tensors)
        assert infos.keys() == tensor_infos.keys()
        for name, values in infos.items():
            assert np.array_equal(tensor_infos[name].numpy(), values)


def select_all(tensors: Any, state: Any) -> Any:
    """The state as tensors of the type of ``tensors``."""
    if isinstance(tensors, tuple):
        return type(tensors)(*(select_all(*pair) for pair in zip(tensors, state, strict=True)))
    return torch.from_numpy(state.copy())


def test_types_and_shapes(dynamics: Dynamics[Any]) -> None:
    for birth_keys in (keys(), torch.from_numpy(keys())):
        state = dynamics.reset(birth_keys)
        action = random_actions(dynamics, 1)[0]
        state, reward, terminated = dynamics.step(
            state, action if isinstance(birth_keys, np.ndarray) else torch.from_numpy(action)
        )
        assert str(reward.dtype).removeprefix("torch.") == "float64"
        assert str(terminated.dtype).removeprefix("torch.") == "bool"
        assert str(dynamics.observe(state).dtype).removeprefix("torch.") == "float32"
        assert tuple(dynamics.observe(state).shape) == (ROWS, *(dynamics.observation_space.shape or ()))
        assert {tuple(leaf.shape) for leaf in flat(state)} == {(ROWS,)}
        assert tuple(reward.shape) == tuple(terminated.shape) == (ROWS,)
        assert str(dynamics.episode_start(state).dtype).removeprefix("torch.") == "bool"


def test_a_life_does_not_depend_on_its_batch(dynamics: Dynamics[Any]) -> None:
    actions = random_actions(dynamics, 40)
    batch = dynamics.reset(keys())
    rows = {row: dynamics.reset(keys()[row : row + 1]) for row in (0, 17, ROWS - 1)}
    for action in actions:
        batch, reward, terminated = dynamics.step(batch, action)
        for row, state in rows.items():
            rows[row], row_reward, row_terminated = dynamics.step(state, action[row : row + 1])
            assert row_terminated[0] == terminated[row]
            assert row_reward[0] == pytest.approx(reward[row], abs=1e-12)
            for one, many in zip(flat(rows[row]), flat(select(batch, slice(row, row + 1))), strict=True):
                np.testing.assert_allclose(one, many, rtol=1e-9, atol=1e-9)


def test_steps_change_no_state_in_place(dynamics: Dynamics[Any]) -> None:
    state = dynamics.reset(keys())
    before = [leaf.copy() for leaf in flat(state)]
    dynamics.step(state, random_actions(dynamics, 1)[0])
    dynamics.observe(state)[...] = 7
    for value in dynamics.info(state).values():
        value[...] = 7
    assert all(np.array_equal(*pair) for pair in zip(before, flat(state), strict=True))


def test_observations_and_their_spaces(dynamics: Dynamics[Any]) -> None:
    state = dynamics.reset(keys())
    for action in random_actions(dynamics, 30):
        assert all(dynamics.observation_space.contains(row) for row in dynamics.observe(state))
        fresh = dynamics.reset(fold(keys(), 1))
        state, _, terminated = dynamics.step(state, action)
        state = where(terminated, fresh, state)


def test_tasks_are_dealt_evenly_and_can_be_chosen(dynamics: Dynamics[Any]) -> None:
    count = dynamics.num_tasks
    chosen = np.arange(ROWS) % count
    first, again = (
        dynamics.reset(keys(), chosen),
        dynamics.reset(torch.from_numpy(keys()), torch.from_numpy(chosen)),
    )
    for array, tensor in zip(flat(first), flat(again), strict=True):
        np.testing.assert_allclose(tensor.numpy(), array, rtol=0, atol=1e-15)


def test_a_step_compiles_into_one_graph(dynamics: Dynamics[Any]) -> None:
    torch.compiler.reset()
    compiled = torch.compile(dynamics.step, fullgraph=True, backend="eager")
    state = dynamics.reset(torch.from_numpy(keys()))
    for action in map(torch.from_numpy, random_actions(dynamics, 3)):
        expected, actual = dynamics.step(state, action), compiled(state, action)
        for one, other in zip(flat(expected), flat(actual), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0)
        state = expected[0]


def test_nothing_of_a_step_waits_for_the_device(dynamics: Dynamics[Any]) -> None:
    # On the device "meta" there are no numbers, so that any look at one fails.
    state = dynamics.reset(torch.zeros(ROWS, dtype=torch.int64, device="meta"))
    action = torch.from_numpy(random_actions(dynamics, 1)[0]).to("meta")
    state, reward, _ = dynamics.step(state, action)
    dynamics.info(state)
    assert {leaf.device.type for leaf in [*flat(state), reward, dynamics.observe(state)]} == {"meta"}


@pytest.mark.cuda
def test_a_gpu_lives_the_same_lives(dynamics: Dynamics[Any]) -> None:
    state, other = dynamics.reset(torch.from_numpy(keys())), dynamics.reset(torch.from_numpy(keys()).cuda())
    for action in map(torch.from_numpy, random_actions(dynamics, 20)):
        state, reward, terminated = dynamics.step(state, action)
        other, other_reward, other_terminated = dynamics.step(other, action.cuda())
        for one, two in zip([*flat(state), reward], [*flat(other), other_reward], strict=True):
            torch.testing.assert_close(one, two.cpu(), rtol=1e-6, atol=1e-6)
        assert torch.equal(terminated, other_terminated.cpu())


class Pair(NamedTuple):
    single: Any
    table: Any


class Nested(NamedTuple):
    pair: Pair
    count: Any


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_where_chooses_rows_of_nested_states(make: Any) -> None:
    first = Nested(Pair(make([1, 2]), make([[1, 2], [3, 4]])), make([1.5, 2.5]))
    second = Nested(Pair(make([5, 6]), make([[5, 6], [7, 8]])), make([5.5, 6.5]))
    chosen = where(make([True, False]), first, second)
    assert isinstance(chosen, Nested)
    assert isinstance(chosen.pair, Pair)
    assert chosen.pair.single.tolist() == [1, 6]
    assert chosen.pair.table.tolist() == [[1, 2], [7, 8]]
    assert chosen.count.tolist() == [1.5, 6.5]
    assert select(chosen, slice(1, 2)).pair.table.tolist() == [[7, 8]]


@pytest.mark.parametrize("num_tasks", [1, 2, 3, 7])
def test_every_task_is_equally_likely(num_tasks: int) -> None:
    tasks = draw_task(keys(70_000), num_tasks)
    counts = np.bincount(tasks, minlength=num_tasks)
    assert len(counts) == num_tasks
    assert np.abs(counts - 70_000 / num_tasks).max() < 5 * np.sqrt(70_000 / num_tasks)


def test_make_dynamics_overrides_and_limits() -> None:
    task, steps = make_dynamics("lndp/ForagingSwitch-v0", size=9)
    assert (task, steps) == (Foraging(size=9, switch_probability=0.5), 100)
    assert make_dynamics("lndp/CartPoleLife-v0")[1] == 1500
    assert make_dynamics("lndp/PendulumLife-v0", episodes=2, episode_steps=9)[1] == 18
    assert [make_dynamics(f"{name}-v1")[1] for name in ("CartPole", "Acrobot", "Pendulum")] == [500, 500, 200]


def test_make_dynamics_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match=r"'Foragin-v0'.*lndp/Foraging-v0.*CartPole-v1"):
        make_dynamics("Foragin-v0")
    with pytest.raises(TypeError, match="sizes"):
        make_dynamics("lndp/Foraging-v0", sizes=3)
    with pytest.raises(ValueError, match="episodes is 0"):
        make_dynamics("lndp/AcrobotLife-v0", episodes=0)
