"""The vector environment against Gymnasium's loop over single environments."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, VectorEnv
from lndp_envs import make_dynamics
from lndp_envs.vector_env import DynamicsVectorEnv

SHORT: dict[str, dict[str, Any]] = {
    "lndp/Foraging-v0": {"max_episode_steps": 17, "reveal": True},
    "lndp/ForagingReversal-v0": {"dense_reward": True, "observation": "one_hot"},
    "lndp/ForagingSwitch-v0": {"max_episode_steps": 1},
    "lndp/CartPoleLife-v0": {"episodes": 2},
    "lndp/AcrobotLife-v0": {"episodes": 2, "episode_steps": 11, "max_episode_steps": 22},
    "lndp/PendulumLife-v0": {"episodes": 3, "episode_steps": 5},
    "lndp/Bandit-v0": {"max_episode_steps": 23, "arms": 3, "reveal": True},
    "lndp/PendulumGoalSwitch-v0": {"max_episode_steps": 19, "hazard": 0.2, "reveal": True},
    "lndp/CartPoleReversal-v0": {"episodes": 3, "reveal": True},
}
MODES = list(AutoresetMode)


def both(env_id: str, mode: AutoresetMode, num_envs: int = 3) -> list[VectorEnv[Any, Any, Any]]:
    """Gymnasium's loop, and our batch."""
    loop = gymnasium.make_vec(
        env_id, num_envs, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}, **SHORT[env_id]
    )
    return [loop, gymnasium.make_vec(env_id, num_envs, autoreset_mode=mode, **SHORT[env_id])]


def assert_equal(loop: Any, batch: Any) -> None:
    assert data_equivalence(loop, batch, exact=True), f"\n{loop}\n{batch}"


@pytest.mark.parametrize("env_id", SHORT)
@pytest.mark.parametrize("mode", MODES)
def test_every_step_equals_the_loop(env_id: str, mode: AutoresetMode) -> None:
    loop, batch = both(env_id, mode)
    assert isinstance(batch, DynamicsVectorEnv)
    assert batch.metadata["autoreset_mode"] is mode
    for space in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
        assert getattr(loop, space) == getattr(batch, space)
    assert_equal(loop.reset(seed=5), batch.reset(seed=5))
    loop.action_space.seed(0)
    num_ends = 0
    for _ in range(60):
        actions = loop.action_space.sample()
        loop_step, batch_step = loop.step(actions), batch.step(actions)
        for theirs, ours in zip(loop_step, batch_step, strict=True):
            assert_equal(theirs, ours)
        assert [value.dtype for value in loop_step[:4]] == [value.dtype for value in batch_step[:4]]
        is_over = loop_step[2] | loop_step[3]
        num_ends += is_over.sum()
        if mode is AutoresetMode.DISABLED and is_over.any():
            options = [{"reset_mask": is_over.copy()} for _ in range(2)]
            assert_equal(loop.reset(options=options[0]), batch.reset(options=options[1]))
    assert num_ends > 0 or env_id == "lndp/ForagingReversal-v0"


@pytest.mark.parametrize("mode", MODES)
def test_resets_in_the_middle_equal_the_loop(mode: AutoresetMode) -> None:
    loop, batch = both("lndp/CartPoleLife-v0", mode)
    seeds: list[Any] = [7, [3, 1, 4], None, [3, None, 9]]
    tasks: list[Any] = [None, {}, {"task": 0}, None]
    for seed, options in zip(seeds, tasks, strict=True):
        assert_equal(loop.reset(seed=seed, options=options), batch.reset(seed=seed, options=options))
        for _ in range(4):
            assert_equal(loop.step(np.array([1, 0, 1])), batch.step(np.array([1, 0, 1])))


def test_a_seeded_mask_reseeds_only_its_rows() -> None:
    loop, batch = both("lndp/Foraging-v0", AutoresetMode.DISABLED)
    assert_equal(loop.reset(seed=0), batch.reset(seed=0))
    mask = np.array([True, False, True])
    step = np.array([0, 1, 2])
    assert_equal(loop.step(step), batch.step(step))
    options = [{"reset_mask": mask, "task": 1} for _ in range(2)]
    assert_equal(loop.reset(seed=4, options=options[0]), batch.reset(seed=4, options=options[1]))
    assert_equal(loop.step(step), batch.step(step))
    assert_equal(loop.reset(), batch.reset())


@pytest.mark.parametrize("env_id", ["lndp/ForagingSwitch-v0", "lndp/AcrobotLife-v0"])
def test_all_ways_to_make_vectors_give_the_same_rollouts(env_id: str) -> None:
    kwargs = SHORT[env_id] | ({"max_episode_steps": 30} if "Foraging" in env_id else {})
    rollouts = []
    for mode in (None, "vector_entry_point", "sync", "async"):
        vector_kwargs = {"context": "spawn"} if mode == "async" else {}
        envs = gymnasium.make_vec(env_id, 2, vectorization_mode=mode, vector_kwargs=vector_kwargs, **kwargs)
        envs.action_space.seed(1)
        rollouts.append([envs.reset(seed=2)] + [envs.step(envs.action_space.sample()) for _ in range(70)])
        envs.close()
    for rollout in rollouts[1:]:
        assert_equal(rollouts[0], rollout)


@pytest.mark.parametrize("env_id", SHORT)
def test_a_row_lives_the_life_of_the_single_environment(env_id: str) -> None:
    envs = gymnasium.make_vec(env_id, 5, **SHORT[env_id])
    envs.reset(seed=20)
    env = gymnasium.make(env_id, **SHORT[env_id])
    env.reset(seed=23)
    envs.action_space.seed(0)
    is_over = False
    while not is_over:
        actions = envs.action_space.sample()
        many, one = envs.step(actions), env.step(actions[3])
        assert np.array_equal(many[0][3], one[0])
        assert [value[3] for value in many[1:4]] == list(one[1:4])
        is_over = one[2] or one[3]


def test_a_task_for_each_row() -> None:
    envs = gymnasium.make_vec("lndp/Foraging-v0", 4, reveal=True)
    _, info = envs.reset(seed=0, options={"task": np.array([0, 1, 1, 0])})
    assert info["food"].tolist() == [0, 1, 1, 0]
    _, info = envs.reset(options={"task": 1})
    assert info["food"].tolist() == [1, 1, 1, 1]
    with pytest.raises(ValueError, match="task is"):
        envs.reset(options={"task": np.array([0, 1])})


def test_what_was_returned_stays_as_it_is() -> None:
    envs = gymnasium.make_vec("lndp/Foraging-v0", 2, max_episode_steps=2, autoreset_mode="SameStep")
    envs.reset(seed=0)
    results = [envs.step(np.array([0, 1])) for _ in range(4)]
    copies = [[np.copy(value) for value in result[:4]] for result in results]
    for result in results:
        for value in result[:4]:
            value[...] = 1
    again = gymnasium.make_vec("lndp/Foraging-v0", 2, max_episode_steps=2, autoreset_mode="SameStep")
    again.reset(seed=0)
    for copy in copies:
        assert_equal(tuple(copy), again.step(np.array([0, 1]))[:4])


@pytest.mark.parametrize(
    "actions",
    [
        np.array([0, 3]),
        np.array([0]),
        np.array([0.0, 1.0]),
        0,
        [0, -1],
        np.array([[0, 1]]),
        ["right", "left"],
    ],
    ids=repr,
)
def test_bad_actions_are_refused(actions: Any) -> None:
    envs = gymnasium.make_vec("lndp/Foraging-v0", 2)
    envs.reset(seed=0)
    with pytest.raises(ValueError, match=r"action is .* must be 2 integers in \[0, 2\]"):
        envs.step(actions)


@pytest.mark.parametrize("actions", [np.zeros(2), np.full((2, 1), np.nan), np.zeros((3, 1))], ids=repr)
def test_bad_torques_are_refused(actions: Any) -> None:
    envs = gymnasium.make_vec("lndp/PendulumLife-v0", 2)
    envs.reset(seed=0)
    with pytest.raises(ValueError, match=r"must be finite numbers of shape \(2, 1\)"):
        envs.step(actions)


@pytest.mark.parametrize(
    "mask", [np.zeros(2, dtype=np.bool_), np.ones(3, dtype=np.bool_), np.ones(2), None, "all"], ids=repr
)
def test_bad_masks_are_refused(mask: Any) -> None:
    envs = gymnasium.make_vec("lndp/Foraging-v0", 2)
    envs.reset(seed=0)
    with pytest.raises(ValueError, match="reset_mask is"):
        envs.reset(options={"reset_mask": mask})


def test_bad_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="3 seeds, but 2 environments"):
        gymnasium.make_vec("lndp/Foraging-v0", 2).reset(seed=[1, 2, 3])


@pytest.mark.parametrize("kwargs", [{"num_envs": 0}, {"max_episode_steps": 0}, {"autoreset_mode": "Never"}])
def test_bad_arguments_are_refused(kwargs: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"0|Never"):
        DynamicsVectorEnv(make_dynamics("lndp/Foraging-v0")[0], **kwargs)


def test_lives_must_begin_before_they_are_lived() -> None:
    envs = gymnasium.make_vec(
        "lndp/Foraging-v0", 2, max_episode_steps=1, autoreset_mode=AutoresetMode.DISABLED
    )
    with pytest.raises(ResetNeeded, match=r"reset\(\)"):
        envs.step(np.array([0, 0]))
    with pytest.raises(ResetNeeded, match=r"reset\(\)"):
        envs.reset(options={"reset_mask": np.array([True, False])})
    envs.reset(seed=0)
    envs.step(np.array([0, 0]))
    envs.reset(options={"reset_mask": np.array([True, False])})
    with pytest.raises(ResetNeeded, match=r"\[1\]"):
        envs.step(np.array([0, 0]))


def test_gymnasium_s_vector_wrappers_take_it() -> None:
    envs = gymnasium.make_vec("lndp/CartPoleLife-v0", 3, episodes=2)
    wrapped: Any = gymnasium.wrappers.vector.NormalizeObservation(
        gymnasium.wrappers.vector.RecordEpisodeStatistics(envs)
    )
    wrapped.reset(seed=0)
    lengths = []
    for _ in range(40):
        _, _, terminated, _, info = wrapped.step(np.ones(3, dtype=np.int64))
        if terminated.any():
            lengths += info["episode"]["l"][terminated].tolist()
    assert lengths
    assert all(16 <= length <= 22 for length in lengths)
