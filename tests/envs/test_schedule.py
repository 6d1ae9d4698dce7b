"""Schedules, and the wrappers that change rewards and actions by them."""

import functools
import json
import pickle
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.spaces import Box, Discrete, MultiBinary
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit
from lndp_envs import (
    ActionSchedule,
    Lifetime,
    RewardSchedule,
    SenseReward,
    at,
    hazard,
    make_dynamics,
    reversal,
)
from lndp_envs.randomness import fold
from lndp_envs.schedule import check_schedule, is_change
from stable_baselines3.common.env_checker import check_env as sb3_check_env

LIVES = 20_000


class Echo(gymnasium.Env[Any, Any]):
    """Pays the action, or the first number of it; its info has the next number of its own stream."""

    observation_space = Box(0.0, 1.0, (1,), np.float32)

    def __init__(self, action_space: Any = None) -> None:
        self.action_space = action_space or Discrete(4)
        self.actions: list[Any] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {"options": options}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action)
        self.actions.append(action)
        paid = float(np.ravel(action)[0])
        return np.zeros(1, np.float32), paid, False, False, {"luck": self.np_random.random()}


def changes(schedule: dict[str, Any], steps: int) -> list[int]:
    key = np.array([0])
    return [step for step in range(1, steps + 1) if is_change(schedule, key, step)]


def test_when_the_rules_change() -> None:
    assert changes(reversal(every=3), 10) == [3, 6, 9]
    assert changes(reversal(every=1), 3) == [1, 2, 3]
    assert changes(at([7, 2, 2]), 10) == [2, 7]
    assert changes(hazard(p=0.0), 50) == []
    assert changes(hazard(p=1.0), 3) == [1, 2, 3]


def test_schedules_are_json() -> None:
    assert reversal(every=np.int64(3)) == {"kind": "reversal", "every": 3}
    assert hazard(p=1) == {"kind": "hazard", "p": 1.0}
    assert at((5, 2)) == {"kind": "at", "steps": [2, 5]}
    for schedule in (reversal(3), hazard(0.5), at([1])):
        assert check_schedule(json.loads(json.dumps(schedule))) == schedule


def test_a_hazard_strikes_with_its_probability_and_independently() -> None:
    keys = fold(np.arange(4000), 0)
    struck = np.array(
        [[is_change(hazard(0.1), keys[row : row + 1], step) for step in range(1, 11)] for row in range(4000)]
    )
    assert abs(struck.mean() - 0.1) < 5 * np.sqrt(0.09 / struck.size)
    unbroken = 0.9**10
    assert abs((~struck).all(1).mean() - unbroken) < 5 * np.sqrt(unbroken * (1 - unbroken) / 4000)
    assert np.abs(np.corrcoef(struck.T) - np.eye(10)).max() < 5 / np.sqrt(4000)


@pytest.mark.parametrize(
    "schedule",
    [
        {},
        None,
        "reversal",
        {"kind": "reversal"},
        {"kind": "reversal", "p": 0.5},
        {"kind": "reversal", "every": 0},
        {"kind": "reversal", "every": 2.0},
        {"kind": "reversal", "every": True},
        {"kind": "hazard", "p": 1.5},
        {"kind": "hazard", "p": "0.5"},
        {"kind": "hazard", "p": float("nan")},
        {"kind": "at", "steps": []},
        {"kind": "at", "steps": [0]},
        {"kind": "at", "steps": "12"},
        {"kind": "at", "steps": 3},
        {"kind": "at", "steps": [1], "every": 2},
        {"kind": "never", "every": 2},
        {"kind": [], "every": 2},
    ],
    ids=repr,
)
def test_other_schedules_are_refused(schedule: Any) -> None:
    with pytest.raises(ValueError, match=r"must be|a probability is a number"):
        RewardSchedule(Echo(), schedule)


def rewards(env: gymnasium.Env[Any, Any], actions: list[Any], seed: int | None = 0) -> list[float]:
    env.reset(seed=seed)
    return [float(env.step(action)[1]) for action in actions]


def test_the_reward_changes_its_sign_after_every_second_step() -> None:
    env = RewardSchedule(Echo(), reversal(every=2))
    assert rewards(env, [1, 2, 3, 1, 2, 3]) == [1.0, 2.0, -3.0, -1.0, 2.0, 3.0]
    assert rewards(env, [1, 1, 1]) == [1.0, 1.0, -1.0]  # and each episode begins anew


def test_the_phases_of_a_reward_are_affine_and_come_round() -> None:
    env = RewardSchedule(Echo(), at([1, 2, 4]), phases=[[2, 0], [1, -1], [0, 0.5]])
    assert rewards(env, [3] * 6) == [6.0, 2.0, 0.5, 0.5, 6.0, 6.0]


def test_discrete_actions_are_reversed_or_permuted() -> None:
    env = ActionSchedule(Echo(), at([4]))
    assert rewards(env, [0, 1, 2, 3] * 2) == [0.0, 1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 0.0]
    env = ActionSchedule(Echo(Discrete(3, start=5)), reversal(1), phases=[[1, 2, 0], [0, 1, 2]])
    assert rewards(env, [5, 5, 7, 7]) == [6.0, 5.0, 5.0, 7.0]


def test_boxes_of_actions_are_mirrored() -> None:
    core = Echo(Box(np.array([-1, 0], np.float32), np.array([3, 1], np.float32)))
    env = ActionSchedule(core, at([1]))
    action = np.array([2.5, 0.25], np.float32)
    assert rewards(env, [action, action]) == [2.5, -0.5]
    assert core.actions[1].tolist() == [-0.5, 0.75]
    assert action.tolist() == [2.5, 0.25]
    unbounded = ActionSchedule(Echo(Box(-np.inf, np.inf, (1,), np.float32)), at([1]))
    assert rewards(unbounded, [np.array([7.0], np.float32)] * 2) == [7.0, -7.0]


@pytest.mark.parametrize("action", [2, np.int64(2), np.array(2), np.array([2])], ids=repr)
def test_integers_of_all_kinds_are_actions(action: Any) -> None:
    env = ActionSchedule(Echo(), at([1]))
    assert rewards(env, [action, action]) == [2.0, 1.0]


@pytest.mark.parametrize("action", [4, -1, 1.5, None, [0, 1]], ids=repr)
def test_other_actions_are_refused(action: Any) -> None:
    env = ActionSchedule(Echo(), at([1]))
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"action is .* must be an integer in \[0, 3\]"):
        env.step(action)


@pytest.mark.parametrize("phases", [[], [[1]], [[1, 2, 3]], [[1, "two"]], 3, [[1, np.inf]], [[1, 0], [1]]])
def test_other_payments_are_refused(phases: Any) -> None:
    with pytest.raises(ValueError, match=r"phases is .* \[factor, offset\]"):
        RewardSchedule(Echo(), at([1]), phases)


@pytest.mark.parametrize("phases", [[], [[0, 1]], [[0, 1, 2, 2]], [[1, 2, 3, 4]], "0123", [[0, 1, 2, 2.5]]])
def test_other_permutations_are_refused(phases: Any) -> None:
    with pytest.raises(ValueError, match=r"phases is .* permutation of 0 to 3"):
        ActionSchedule(Echo(), at([1]), phases)


def test_what_cannot_be_mirrored_is_refused() -> None:
    for space in (MultiBinary(3), Box(0.0, np.inf, (2,), np.float32)):
        with pytest.raises(ValueError, match="only Discrete and Box"):
            ActionSchedule(Echo(space), at([1]))
    with pytest.raises(ValueError, match="only mirrored"):
        ActionSchedule(Echo(Box(-1.0, 1.0, (1,), np.float32)), at([1]), [[0]])


def test_a_change_is_hidden_unless_it_is_notified() -> None:
    env = RewardSchedule(Echo(), at([2]))
    assert env.reset(seed=0)[1] == {"options": None}
    assert set(env.step(1)[4]) == {"luck"}
    env = ActionSchedule(RewardSchedule(Echo(), at([2]), notify=True), at([1]), notify=True)
    _, info = env.reset(seed=0, options={"task": 3})
    assert info == {
        "options": {"task": 3},
        "reward_phase": 0,
        "reward_changed": False,
        "action_phase": 0,
        "action_changed": False,
    }
    infos = [env.step(1)[4] for _ in range(3)]
    assert [info["action_phase"] for info in infos] == [1, 1, 1]
    assert [info["action_changed"] for info in infos] == [True, False, False]
    assert [info["reward_phase"] for info in infos] == [0, 1, 1]
    assert [info["reward_changed"] for info in infos] == [False, True, False]


def phases(env: gymnasium.Env[Any, Any], steps: int, name: str = "reward_phase") -> list[int]:
    return [env.step(1)[4][name] for _ in range(steps)]


def test_chance_follows_from_the_seed_of_the_reset() -> None:
    env = RewardSchedule(Echo(), hazard(0.3), notify=True)
    lives = []
    for seed in (3, None, 3, None, 4):
        env.reset(seed=seed)
        lives.append(phases(env, 60))
    assert lives[0] == lives[2] != lives[1] == lives[3]
    assert lives[4] not in lives[:4]


def test_schedules_leave_the_stream_of_the_environment_alone() -> None:
    plain, scheduled = Echo(), RewardSchedule(Echo(), hazard(0.5))
    for seed in (7, None):
        plain.reset(seed=seed)
        scheduled.reset(seed=seed)
        for _ in range(5):
            assert plain.step(1)[4]["luck"] == scheduled.step(1)[4]["luck"]


def test_nested_schedules_strike_at_different_steps() -> None:
    inner = RewardSchedule(Echo(), hazard(0.5), notify=True)
    env = ActionSchedule(TimeLimit(inner, 10_000), hazard(0.5), notify=True)
    env.reset(seed=0)
    infos = [env.step(1)[4] for _ in range(2000)]
    struck = np.array([[info["action_changed"], info["reward_changed"]] for info in infos])
    assert abs(np.corrcoef(struck.T)[0, 1]) < 5 / np.sqrt(2000)


def test_the_world_and_its_schedule_strike_at_different_steps() -> None:
    env = RewardSchedule(gymnasium.make("lndp/Bandit-v0", hazard=0.5, reveal=True), hazard(0.5), notify=True)
    pairs = []
    for seed in range(400):
        _, before = env.reset(seed=seed)
        *_, after = env.step(0)
        pairs.append([before["good"] != after["good"], after["reward_changed"]])
    assert abs(np.corrcoef(np.array(pairs).T)[0, 1]) < 5 / np.sqrt(400)


def test_swapped_pushes_are_the_reversal_of_cart_poles() -> None:
    dynamics, _ = make_dynamics("lndp/CartPoleReversal-v0", episodes=3, episode_steps=6)
    state = dynamics.reset(np.array([5]), np.array([1]))
    life = gymnasium.make("lndp/CartPoleLife-v0", episodes=3, episode_steps=6)
    env = ActionSchedule(life, at([12]))
    env.reset(seed=0)
    core: Any = env.unwrapped
    core._view = core._view._replace(state=state)
    for action in np.random.default_rng(0).integers(0, 2, 18):
        state, reward, is_over = dynamics.step(state, np.array([action]))
        observation, paid, terminated, _, _ = env.step(action)
        assert np.array_equal(observation, dynamics.observe(state)[0])
        assert (paid, terminated) == (reward[0], is_over[0])
    assert terminated


def test_lives_and_senses() -> None:
    life = Lifetime(TimeLimit(Echo(), 2), episodes=3)
    env = SenseReward(RewardSchedule(life, at([3])))
    env.reset(seed=0)
    sensed = [env.step(1) for _ in range(6)]
    assert [step[1] for step in sensed] == [1.0, 1.0, 1.0, -1.0, -1.0, -1.0]
    assert [step[0]["reward"].item() for step in sensed] == [1.0, 0.0, 1.0, 0.0, -1.0, -1.0]
    assert [step[2] for step in sensed] == [False] * 5 + [True]
    # Inside of the life each inner episode counts its own steps.
    inner = Lifetime(TimeLimit(RewardSchedule(Echo(), at([1])), 2), episodes=2)
    assert rewards(inner, [1] * 4) == [1.0, -1.0, 1.0, -1.0]


def test_gymnasium_s_statistics_see_the_changed_reward() -> None:
    env = RecordEpisodeStatistics(RewardSchedule(TimeLimit(Echo(), 5), reversal(2)))
    env.reset(seed=0)
    assert [env.step(3)[4] for _ in range(5)][-1]["episode"]["r"] == 3 + 3 - 3 - 3 + 3


MAKERS: dict[str, Any] = {
    "reward": lambda: RewardSchedule(gymnasium.make("lndp/Foraging-v0"), hazard(0.2), notify=True),
    "payments": lambda: RewardSchedule(gymnasium.make("Acrobot-v1"), at((3, 9)), phases=((1, 0), (2, 1))),
    "action": lambda: ActionSchedule(gymnasium.make("Acrobot-v1"), reversal(5), [[0, 1, 2], [2, 0, 1]]),
    "box": lambda: ActionSchedule(gymnasium.make("MountainCarContinuous-v0"), hazard(0.2), notify=True),
    "both": lambda: SenseReward(
        ActionSchedule(RewardSchedule(gymnasium.make("lndp/Foraging-v0"), hazard(0.2)), hazard(0.2))
    ),
}


def rollout(env: gymnasium.Env[Any, Any], steps: int = 40) -> list[Any]:
    env.action_space.seed(1)
    return [env.reset(seed=2)] + [env.step(env.action_space.sample()) for _ in range(steps)]


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
@pytest.mark.filterwarnings(r"ignore:.*A Box observation space (minimum|maximum) value is -?infinity")
@pytest.mark.parametrize("name", MAKERS)
def test_the_checkers_have_nothing_to_say(name: str) -> None:
    check_env(MAKERS[name](), skip_render_check=True)
    sb3_check_env(MAKERS[name]())


@pytest.mark.parametrize("name", MAKERS)
def test_a_schedule_survives_json(name: str) -> None:
    env = MAKERS[name]()
    again = EnvSpec.from_json(env.spec.to_json())
    assert again == env.spec
    assert data_equivalence(rollout(env), rollout(gymnasium.make(again)), exact=True)


def test_a_schedule_can_be_copied_in_the_middle_of_a_life() -> None:
    env = MAKERS["both"]()
    rollout(env, 17)
    copy = pickle.loads(pickle.dumps(env))
    for _ in range(20):
        assert data_equivalence(env.step(1), copy.step(1), exact=True)


def test_vectors_of_gymnasium_take_schedules() -> None:
    wrap = functools.partial(RewardSchedule, schedule=hazard(0.2), notify=True)
    envs = gymnasium.make_vec(
        "lndp/Foraging-v0", 3, vectorization_mode="sync", wrappers=[wrap], max_episode_steps=15
    )
    single = wrap(gymnasium.make("lndp/Foraging-v0", max_episode_steps=15))
    envs.reset(seed=4)
    single.reset(seed=5)
    for _ in range(15):
        _, many, _, _, infos = envs.step(np.array([0, 1, 2]))
        _, one, _, truncated, info = single.step(1)
        assert many[1] == one
        assert infos["reward_phase"][1] == info["reward_phase"]
    assert truncated
    *_, infos = envs.step(np.array([0, 1, 2]))  # the next life begins in phase 0
    assert infos["reward_phase"].tolist() == [0, 0, 0]
