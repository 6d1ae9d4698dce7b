"""The registered environments as Gymnasium and stable-baselines3 see them."""

import importlib
import inspect
import pickle
import subprocess
import sys
import warnings
from typing import Any

import gymnasium
import lndp_envs
import numpy as np
import pytest
import torch
from gymnasium.envs.registration import EnvSpec, load_env_creator
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env, data_equivalence
from lndp_envs.env import DynamicsEnv
from lndp_envs.foraging import LEFT, RIGHT, STAY, Foraging
from lndp_envs.registration import WORLDS
from stable_baselines3.common.env_checker import check_env as sb3_check_env

IDS = [env_id for env_id in WORLDS if env_id.startswith("lndp/")]
FORAGING_KWARGS: list[dict[str, Any]] = [
    {},
    {"size": 3},
    {"size": 9},
    {"trial_steps": 4},
    {"switch_probability": 0.25},
    {"dense_reward": True},
    {"observation": "one_hot"},
    {"reveal": True},
]
LIFE_KWARGS: list[dict[str, Any]] = [{}, {"episodes": 1}, {"episodes": 5}, {"episode_steps": 7}]
OWN_KWARGS: dict[str, list[dict[str, Any]]] = {
    "lndp/Bandit-v0": [
        {},
        {"arms": 5},
        {"good_probability": 1},
        {"bad_probability": 0.0},
        {"hazard": 0.5},
        {"reveal": True},
    ],
    "lndp/PendulumGoalSwitch-v0": [{}, {"target": 1.5}, {"hazard": 0.5}, {"reveal": True}],
    "lndp/CartPoleReversal-v0": [{}, {"episodes": 2}, {"episode_steps": 7}, {"reveal": True}],
}
VARIANTS = [
    (env_id, kwargs)
    for env_id in IDS
    for kwargs in OWN_KWARGS.get(env_id, FORAGING_KWARGS if "Foraging" in env_id else LIFE_KWARGS)
]
# Gymnasium's own CartPole-v1 and Pendulum-v1 have these spaces, and are warned of; lives keep them to be
# equal.
INHERITED = {
    "lndp/CartPoleLife-v0": r".*A Box observation space (minimum|maximum) value is -?infinity",
    "lndp/CartPoleReversal-v0": r".*A Box observation space (minimum|maximum) value is -?infinity",
    "lndp/PendulumLife-v0": r".*recommend.* symmetric and normalized",
    "lndp/PendulumGoalSwitch-v0": r".*recommend.* symmetric and normalized",
}


@pytest.mark.parametrize(("env_id", "kwargs"), VARIANTS)
def test_the_checkers_have_nothing_to_say(env_id: str, kwargs: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        if env_id in INHERITED:
            warnings.filterwarnings("ignore", INHERITED[env_id])
        check_env(gymnasium.make(env_id, **kwargs).unwrapped, skip_render_check=True)
        sb3_check_env(gymnasium.make(env_id, **kwargs))


@pytest.mark.parametrize("env_id", IDS)
def test_the_checker_draws_in_every_mode(env_id: str) -> None:
    with warnings.catch_warnings():
        if env_id in INHERITED:
            warnings.filterwarnings("ignore", INHERITED[env_id])
        check_env(gymnasium.make(env_id).unwrapped)


@pytest.mark.parametrize(("env_id", "kwargs"), VARIANTS)
def test_the_spec_survives_json(env_id: str, kwargs: dict[str, Any]) -> None:
    spec = gymnasium.make(env_id, **kwargs).spec
    assert spec is not None
    again = EnvSpec.from_json(spec.to_json())
    assert again == spec
    assert data_equivalence(rollout(gymnasium.make(spec)), rollout(gymnasium.make(again)), exact=True)


def rollout(env: gymnasium.Env[Any, Any], steps: int = 40, seed: int = 3) -> list[Any]:
    env.action_space.seed(seed)
    results: list[Any] = [env.reset(seed=seed)]
    for _ in range(steps):
        results.append(env.step(env.action_space.sample()))
        if results[-1][2] or results[-1][3]:
            results.append(env.reset())
    return results


@pytest.mark.parametrize(("env_id", "kwargs"), VARIANTS)
def test_a_seed_repeats_a_life(env_id: str, kwargs: dict[str, Any]) -> None:
    lives = [rollout(gymnasium.make(env_id, **kwargs), seed=seed) for seed in (3, 3, 4)]
    assert data_equivalence(lives[0], lives[1], exact=True)
    assert not data_equivalence(lives[0], lives[2], exact=True)


@pytest.mark.parametrize("env_id", IDS)
def test_an_environment_can_be_copied_in_the_middle_of_a_life(env_id: str) -> None:
    env = gymnasium.make(env_id)
    env.reset(seed=1)
    env.step(env.action_space.sample())
    copy = pickle.loads(pickle.dumps(env))
    action = env.action_space.sample()
    assert data_equivalence(env.step(action), copy.step(action), exact=True)


@pytest.mark.parametrize("env_id", [env_id for env_id in IDS if "Foraging" in env_id])
def test_a_life_of_foraging_is_truncated_after_a_hundred_steps(env_id: str) -> None:
    env = gymnasium.make(env_id)
    env.reset(seed=0)
    ends = [env.step(STAY)[2:4] for _ in range(100)]
    assert ends == [(False, False)] * 99 + [(False, True)]


def test_a_life_of_cart_poles_terminates_with_its_last_episode() -> None:
    env = gymnasium.make("lndp/CartPoleLife-v0")
    _, info = env.reset(seed=0)
    assert info == {"inner_episode": 0, "episode_start": True}
    total, starts, terminated = 0.0, 0, False
    while not terminated:
        _, reward, terminated, truncated, info = env.step(1)
        assert not truncated
        total += float(reward)
        starts += info["episode_start"]
    assert starts == 2
    assert info["inner_episode"] == 2
    assert 24 <= total <= 33


def test_info_is_made_of_python_values() -> None:
    _, info = gymnasium.make("lndp/Foraging-v0", reveal=True).reset(seed=0)
    assert {name: type(value) for name, value in info.items()} == {
        "trial": int,
        "trial_start": bool,
        "food": int,
    }


@pytest.mark.parametrize("task", [0, 1])
def test_the_task_can_be_fixed(task: int) -> None:
    env = gymnasium.make("lndp/Foraging-v0", reveal=True)
    for seed in range(5):
        _, info = env.reset(seed=seed, options={"task": task})
        assert info["food"] == task
    sides = {env.reset(options={})[1]["food"] for _ in range(30)}
    assert sides == {0, 1}


@pytest.mark.parametrize("task", [2, -1, 0.5, "right", [0, 1], True])
def test_bad_tasks_are_refused(task: Any) -> None:
    with pytest.raises(ValueError, match=r"task is .* must be an integer in \[0, 1\]"):
        gymnasium.make("lndp/Foraging-v0").reset(options={"task": task})


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\['side'\].*'task'"):
        gymnasium.make("lndp/Foraging-v0").reset(options={"side": 0})


RIGHTS = [
    0,
    np.int64(0),
    np.uint8(0),
    np.array(0),
    np.array([0]),
    np.array([0], dtype=np.int32),
    torch.tensor(0),
    [0],
]


@pytest.mark.parametrize("action", RIGHTS, ids=repr)
def test_integers_of_all_kinds_are_actions(action: Any) -> None:
    env = DynamicsEnv(lndp_envs.make_dynamics("lndp/Foraging-v0")[0])
    env.reset(seed=0)
    assert env.step(action)[0].tolist() == [3.0]


BAD = [
    3,
    -1,
    1.0,
    np.float64(1),
    np.array([0, 1]),
    np.array([[0]]),
    "right",
    None,
    True,
    np.nan,
    2**70,
    [0.0],
]


@pytest.mark.parametrize("action", BAD, ids=repr)
def test_anything_else_is_refused(action: Any) -> None:
    env = DynamicsEnv(lndp_envs.make_dynamics("lndp/Foraging-v0")[0])
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"action is .* must be an integer in \[0, 2\]"):
        env.step(action)


@pytest.mark.parametrize(
    "action", [0.5, [0.5], np.array(0.5), np.array([0.5], dtype=np.float32), torch.tensor([0.5])]
)
def test_torques_of_all_kinds_are_actions(action: Any) -> None:
    env = gymnasium.make("lndp/PendulumLife-v0").unwrapped
    expected = gymnasium.make("lndp/PendulumLife-v0").unwrapped
    env.reset(seed=0)
    expected.reset(seed=0)
    ours, theirs = env.step(action), expected.step(np.array([0.5]))
    np.testing.assert_allclose(ours[0], theirs[0], atol=1e-6)


def test_a_torque_beyond_the_limit_is_cut_as_gymnasium_does() -> None:
    results = []
    for torque in (2.0, 9.0):
        env = gymnasium.make("lndp/PendulumLife-v0")
        env.reset(seed=0)
        results.append(env.step(np.array([torque])))
    assert data_equivalence(*results, exact=True)


@pytest.mark.parametrize(
    "action", [np.array([np.nan]), np.array([0.0, 0.0]), np.inf, "left", None, [[0.0]], True]
)
def test_bad_torques_are_refused(action: Any) -> None:
    env = gymnasium.make("lndp/PendulumLife-v0").unwrapped
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"action is .* must be finite numbers of shape \(1,\)"):
        env.step(action)


def test_an_environment_must_be_reset_first() -> None:
    env = DynamicsEnv(lndp_envs.make_dynamics("lndp/Foraging-v0")[0])
    for use in (lambda: env.step(0), env.render):
        with pytest.raises(ResetNeeded, match=r"reset\(\)"):
            use()


@pytest.mark.parametrize(("kwargs", "message"), [({"size": 4}, "size is 4"), ({"render_mode": "svg"}, "svg")])
def test_bad_keywords_are_refused(kwargs: dict[str, Any], message: str) -> None:
    creator = load_env_creator(str(gymnasium.spec("lndp/Foraging-v0").entry_point))
    with pytest.raises(ValueError, match=message):
        creator(**kwargs)


@pytest.mark.parametrize("env_id", IDS)
def test_unknown_keywords_are_refused(env_id: str) -> None:
    with pytest.raises(TypeError, match="sizes"):
        gymnasium.make(env_id, sizes=3)


def test_the_corridor_is_walked() -> None:
    env = gymnasium.make("lndp/Foraging-v0")
    observation, info = env.reset(seed=0, options={"task": 1})
    assert observation.tolist() == [2.0]
    assert info == {"trial": 0, "trial_start": True}
    observation, reward, _, _, info = env.step(LEFT)
    assert (observation.tolist(), reward, info) == ([1.0], 0.0, {"trial": 0, "trial_start": False})
    observation, reward, _, _, info = env.step(LEFT)
    assert (observation.tolist(), reward, info) == ([2.0], 10.0, {"trial": 1, "trial_start": True})
    assert type(reward) is float
    assert env.step(RIGHT)[0].tolist() == [3.0]


def test_registering_again_changes_nothing_and_warns_of_nothing() -> None:
    ids = [*IDS, "CartPole-v1"]
    specs = {env_id: gymnasium.registry[env_id] for env_id in ids}
    importlib.reload(lndp_envs.worlds)
    importlib.reload(lndp_envs)
    assert {env_id: gymnasium.registry[env_id] for env_id in ids} == specs


def test_every_world_is_registered_with_both_entry_points() -> None:
    assert sorted(env_id for env_id in gymnasium.registry if env_id.startswith("lndp/")) == sorted(IDS)
    for env_id in IDS:
        spec = gymnasium.spec(env_id)
        assert spec.entry_point is not None
        assert spec.vector_entry_point is not None
        assert spec.nondeterministic is False


def test_every_docstring_has_the_sections_of_gymnasium() -> None:
    sections = [
        "Description",
        "Action",
        "Observation",
        "Rewards",
        "Starting",
        "Episode",
        "Arguments",
        "Version",
    ]
    for env_id in IDS:
        text = gymnasium.make(env_id).unwrapped.__doc__ or ""
        assert [section for section in sections if f"## {section}" not in text] == []


def test_the_table_of_foraging_is_exact() -> None:
    from lndp_envs.foraging import Foraging
    from lndp_envs.foraging_optimum import always_right, optimal_return, policy_return, random_walk, sweep

    rows = [line.split("|") for line in (Foraging.__doc__ or "").splitlines() if "`lndp/Foraging" in line]
    assert len(rows) == 3
    for row in rows:
        task = Foraging(switch_probability=float(row[2]))
        exact = [policy_return(task, policy) for policy in (sweep(task), always_right, random_walk)]
        assert [float(cell) for cell in row[3:7]] == pytest.approx([optimal_return(task), *exact], abs=0.005)


def test_importing_and_living_load_neither_torch_nor_pygame() -> None:
    program = (
        "import sys, gymnasium, lndp_envs\n"
        "for env_id in [i for i in gymnasium.registry if i.startswith('lndp/')]:\n"
        "    env = gymnasium.make(env_id, render_mode='rgb_array')\n"
        "    env.reset(seed=0); env.step(env.action_space.sample()); env.close()\n"
        "print([name for name in ('torch', 'pygame', 'lndp_agents') if name in sys.modules])\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("env_id", IDS)
def test_the_keywords_are_those_of_the_dynamics(env_id: str) -> None:
    """And so a person, and whoever inspects the maker, sees them with the defaults of the id."""
    spec, world = gymnasium.spec(env_id), WORLDS[env_id]
    single, vector = (
        inspect.signature(load_env_creator(str(entry)))
        for entry in (spec.entry_point, spec.vector_entry_point)
    )
    own = list(inspect.signature(world.make_dynamics).parameters)
    assert list(single.parameters) == [*own, "render_mode"]
    rest = ["max_episode_steps", "autoreset_mode", "render_mode"]
    assert list(vector.parameters) == ["num_envs", *own, *rest]
    for name, value in world.kwargs.items():
        assert single.parameters[name].default == vector.parameters[name].default == value


def test_a_wrong_keyword_is_told_with_the_right_ones() -> None:
    for make in (gymnasium.make, gymnasium.make_vec, lndp_envs.make_dynamics):
        with pytest.raises(TypeError, match=r"no keyword 'sise' .*'size'.*known are size, trial"):
            make("lndp/Foraging-v0", sise=3)


def test_a_function_with_any_keywords_makes_dynamics() -> None:
    def make_foraging(**keywords: Any) -> Foraging:
        return Foraging(**keywords)

    env_id = "tests/AnyKeywords-v0"
    lndp_envs.register(
        env_id, make_foraging, max_episode_steps=9, kwargs={"size": 7, "observation": "one_hot"}
    )
    try:
        assert gymnasium.make(env_id).observation_space.shape == (7,)
        assert gymnasium.make(env_id, size=9).observation_space.shape == (9,)
        assert gymnasium.make_vec(env_id, 2, size=5).single_observation_space.shape == (5,)
        assert lndp_envs.make_dynamics(env_id, size=3)[0].observation_space.shape == (3,)
    finally:
        del gymnasium.registry[env_id], WORLDS[env_id]
