"""The batch against stable-baselines3's loop over single environments, and under its own tools."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, cast

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.wrappers import TimeLimit
from lndp_envs import SenseReward, make_dynamics
from lndp_envs.env import DynamicsEnv
from lndp_envs.registration import WORLDS
from lndp_envs.vector_env import DynamicsVectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import (
    DummyVecEnv,
    VecCheckNan,
    VecEnv,
    VecFrameStack,
    VecMonitor,
    VecNormalize,
)

from lndp_agents.baselines.vec_env import BatchedVecEnv, make_vec_env

SHORT: dict[str, dict[str, Any]] = {
    "lndp/Foraging-v0": {"max_episode_steps": 17, "reveal": True},
    "lndp/ForagingReversal-v0": {"max_episode_steps": 30, "dense_reward": True, "observation": "one_hot"},
    "lndp/ForagingSwitch-v0": {"max_episode_steps": 1},
    "lndp/CartPoleLife-v0": {"episodes": 2},
    "lndp/AcrobotLife-v0": {"episodes": 2, "episode_steps": 11},
    "lndp/PendulumLife-v0": {"episodes": 3, "episode_steps": 5},
    "lndp/Bandit-v0": {"max_episode_steps": 23, "arms": 3, "reveal": True},
    "lndp/PendulumGoalSwitch-v0": {"max_episode_steps": 19, "hazard": 0.2, "reveal": True},
    "lndp/CartPoleReversal-v0": {"episodes": 3, "reveal": True},
}
NUM_ENVS = 3


def batch_of(env_id: str, **keywords: Any) -> BatchedVecEnv:
    envs: Any = gymnasium.make_vec(env_id, NUM_ENVS, autoreset_mode="SameStep", **keywords)
    return BatchedVecEnv(envs)


def loop_of(env_id: str, **keywords: Any) -> DummyVecEnv:
    return DummyVecEnv([lambda: SenseReward(gymnasium.make(env_id, **keywords))] * NUM_ENVS)


def both(env_id: str) -> tuple[VecEnv, VecEnv]:
    return loop_of(env_id, **SHORT[env_id]), batch_of(env_id, **SHORT[env_id])


def assert_equal(loop: Any, batch: Any) -> None:
    if isinstance(loop, OrderedDict):  # the loop's observations: as a dict the same
        loop = dict(loop)
    assert data_equivalence(loop, batch, exact=True), f"\n{loop}\n{batch}"


def assert_same_lives(loop: VecEnv, batch: VecEnv, num_steps: int = 60) -> int:
    """Compare them step by step under the same random actions; how many lives ended."""
    assert loop.observation_space == batch.observation_space
    assert loop.action_space == batch.action_space
    for envs in (loop, batch):
        envs.seed(5)
    assert_equal(loop.reset(), batch.reset())
    assert_equal(loop.reset_infos, batch.reset_infos)
    loop.action_space.seed(0)
    num_ends = 0
    for _ in range(num_steps):
        actions = np.array([loop.action_space.sample() for _ in range(NUM_ENVS)])
        theirs, ours = loop.step(actions), batch.step(actions)
        for one, other in zip(theirs, ours, strict=True):
            assert_equal(one, other)
        assert_equal(loop.reset_infos, batch.reset_infos)
        num_ends += int(theirs[2].sum())
    return num_ends


def test_the_table_has_every_world() -> None:
    assert set(SHORT) == {name for name in WORLDS if name.startswith("lndp/")}


@pytest.mark.parametrize("env_id", SHORT)
def test_every_step_equals_the_loop(env_id: str) -> None:
    assert assert_same_lives(*both(env_id), num_steps=80) >= 3


@pytest.mark.parametrize("env_id", SHORT)
def test_a_world_as_it_is_registered_equals_the_loop(env_id: str) -> None:
    batch = make_vec_env(env_id, {}, NUM_ENVS, 5)
    assert isinstance(batch, BatchedVecEnv)
    assert_same_lives(loop_of(env_id), batch, num_steps=210)


def test_gymnasium_s_worlds_that_we_have_in_batches_equal_the_loop() -> None:
    dynamics, steps = make_dynamics("CartPole-v1")

    def single() -> gymnasium.Env[Any, Any]:
        return SenseReward(TimeLimit(DynamicsEnv(dynamics), steps or 0))

    batch = make_vec_env("CartPole-v1", {}, NUM_ENVS, 5)
    assert assert_same_lives(DummyVecEnv([single] * NUM_ENVS), batch) >= 3


def test_a_life_that_terminates_in_the_last_step_of_its_limit_was_not_truncated() -> None:
    dynamics, _ = make_dynamics("CartPole-v1")
    pole, right = DynamicsEnv(dynamics), 1
    pole.reset(seed=0)
    fall = next(step for step in range(1, 100) if pole.step(right)[2])
    for limit, is_truncated in ((fall - 1, True), (fall, False), (fall + 1, False)):
        vector = DynamicsVectorEnv(dynamics, 1, max_episode_steps=limit, autoreset_mode="SameStep")
        batch = BatchedVecEnv(vector)
        loop = DummyVecEnv([lambda limit=limit: SenseReward(TimeLimit(DynamicsEnv(dynamics), limit))])
        for envs in (batch, loop):
            envs.seed(0)
            envs.reset()
            for _ in range(min(limit, fall)):
                _, _, dones, infos = envs.step(np.array([right]))
            assert (dones.tolist(), infos[0]["TimeLimit.truncated"]) == ([True], is_truncated)


@pytest.mark.parametrize("wrap", [VecMonitor, lambda envs: VecFrameStack(envs, 4), VecNormalize, VecCheckNan])
@pytest.mark.parametrize("env_id", ["lndp/Foraging-v0", "lndp/CartPoleLife-v0", "lndp/PendulumLife-v0"])
def test_wrappers_of_stable_baselines3_give_the_same(env_id: str, wrap: Callable[[VecEnv], VecEnv]) -> None:
    wrapped = [wrap(envs) for envs in both(env_id)]
    clock = iter(range(10**9))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stable_baselines3.common.vec_env.vec_monitor.time.time", lambda: next(clock) * 0.0)
        for envs in wrapped:
            if isinstance(envs, VecMonitor):
                envs.t_start = 0.0
        assert assert_same_lives(wrapped[0], wrapped[1]) >= 3


def test_monitors_count_lives_and_their_rewards() -> None:
    class Right:
        def predict(self, observation: Any, *_: Any, **__: Any) -> tuple[NDArray[Any], None]:
            return np.zeros(len(observation["reward"]), np.int64), None

    envs = VecMonitor(make_vec_env("lndp/Foraging-v0", {}, 4, 0))
    envs.set_options([{"task": task} for task in (0, 1, 1, 0)])
    returns, lengths = evaluate_policy(Right(), envs, n_eval_episodes=4, return_episode_rewards=True)
    assert returns == [500.0, 0.0, 0.0, 500.0]  # always right: 50 meals, or none
    assert lengths == [100] * 4


def test_seeds_and_options_hold_for_one_reset() -> None:
    loop, batch = both("lndp/Foraging-v0")
    for options in ({"task": 1}, [{"task": task} for task in (0, 1, 0)], {}, None):
        for envs in (loop, batch):
            envs.seed(3)
            envs.set_options(options)
        for _ in range(2):
            assert_equal(loop.reset(), batch.reset())
            assert_equal(loop.reset_infos, batch.reset_infos)


def test_options_for_some_are_refused() -> None:
    batch = batch_of("lndp/Foraging-v0")
    batch.set_options([{"task": 1}, {}, {}])
    with pytest.raises(ValueError, match="give a 'task' to every environment"):
        batch.reset()


def test_what_is_returned_stays_as_it_is() -> None:
    one, other = (batch_of("lndp/CartPoleLife-v0", episodes=1, episode_steps=2) for _ in range(2))
    for batch in (one, other):
        batch.seed(1)
    assert_equal(one.reset(), other.reset())
    for _ in range(6):
        ours, theirs = (cast("Any", batch).step(np.ones(NUM_ENVS, np.int64)) for batch in (one, other))
        assert_equal(ours, theirs)
        for observation in (ours[0], *(info.get("terminal_observation", {}) for info in ours[3])):
            for part in observation.values():
                part[...] = 7


def test_attributes_that_the_environments_share() -> None:
    loop, batch = both("lndp/Foraging-v0")
    for name in ("observation_space", "action_space", "render_mode", "metadata"):
        if name != "metadata":
            assert loop.get_attr(name) == batch.get_attr(name)
        assert len(batch.get_attr(name, indices=[0, 2])) == 2
    assert [spec.id for spec in batch.get_attr("spec", indices=1)] == ["lndp/Foraging-v0"]
    for name in ("render_mode", "nonsense"):
        assert loop.has_attr(name) == batch.has_attr(name)
    for wrapper in (SenseReward, gymnasium.Wrapper, Monitor):
        assert loop.env_is_wrapped(wrapper) == batch.env_is_wrapped(wrapper)
    with pytest.raises(NotImplementedError, match=r"'reset' cannot be called .* use DummyVecEnv"):
        batch.env_method("reset")
    with pytest.raises(NotImplementedError, match=r"'x' cannot be set .* use DummyVecEnv"):
        batch.set_attr("x", 1)


def test_frames_equal_those_of_the_loop() -> None:
    loop, batch = (make("lndp/Foraging-v0", render_mode="rgb_array") for make in (loop_of, batch_of))
    for envs in (loop, batch):
        envs.seed(0)
        envs.reset()
        envs.step(np.array([0, 1, 2]))
    assert_equal(loop.render(), batch.render())
    batch.close()
    loop.close()


def test_other_environments_are_looped() -> None:
    envs = make_vec_env("MountainCar-v0", {}, 2, 7)
    assert isinstance(envs, DummyVecEnv)
    assert envs.env_is_wrapped(SenseReward) == [True, True]
    car = gymnasium.make("MountainCar-v0")
    expected = np.array([car.reset(seed=seed)[0] for seed in (7, 8)])
    observations: Any = envs.reset()
    np.testing.assert_array_equal(observations["observation"], expected)
    assert observations["episode_start"].tolist() == [[1.0], [1.0]]


def test_episodes_make_one_life_in_the_batch_and_in_the_loop() -> None:
    batch = make_vec_env("Pendulum-v1", {}, 1, 0, episodes=2)
    loop = make_vec_env("MountainCar-v0", {}, 1, 0, episodes=2)
    for envs, action in ((batch, np.zeros((1, 1), np.float32)), (loop, np.zeros(1, np.int64))):
        envs.reset()
        starts, ends = [], []
        for _ in range(401):
            observation, _, dones, _ = cast("Any", envs).step(action)
            starts.append(float(observation["episode_start"][0, 0]))
            ends.append(bool(dones[0]))
        assert np.flatnonzero(starts).tolist() == [199, 399]
        assert np.flatnonzero(ends).tolist() == [399]


def test_other_autoreset_modes_are_refused() -> None:
    envs: Any = gymnasium.make_vec("lndp/Foraging-v0", 2)
    with pytest.raises(ValueError, match=r'autoreset_mode is NextStep: .* autoreset_mode="SameStep"'):
        BatchedVecEnv(envs)


@pytest.mark.parametrize(
    ("environment", "keywords", "message"),
    [("lndp/Nothing-v0", {}, "lndp envs"), ("lndp/Foraging-v0", {"arms": 3}, "keywords .* do not fit")],
)
def test_what_is_no_environment_is_refused(environment: str, keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_vec_env(environment, keywords, 2, 0)
