from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import FlattenObservation, RecordEpisodeStatistics, TimeLimit
from lndp_envs import Lifetime, SenseReward
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy


class Counting(gymnasium.Env[Any, Any]):
    """Pays 1, 2, 3, ... in every episode; the observation is (episode, step); action 1 ends the episode."""

    observation_space = Box(0.0, 1000.0, (2,), np.float32)
    action_space = Discrete(2)

    def __init__(self) -> None:
        self.episode, self.count = -1, 0
        self.resets: list[tuple[int | None, dict[str, Any] | None]] = []

    def _sense(self) -> np.ndarray:
        return np.array([self.episode, self.count], dtype=np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.resets.append((seed, options))
        self.episode, self.count = self.episode + 1, 0
        return self._sense(), {"count": 0}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.count += 1
        return self._sense(), float(self.count), action == 1, False, {"count": self.count}


def test_a_life_of_three_episodes() -> None:
    life = Lifetime(TimeLimit(Counting(), 3))
    observation, info = life.reset(seed=4)
    assert observation.tolist() == [0, 0]
    assert info == {"count": 0, "inner_episode": 0, "episode_start": True}

    observation, reward, terminated, truncated, info = life.step(0)
    assert (observation.tolist(), reward, terminated, truncated) == ([0, 1], 1.0, False, False)
    assert info == {"count": 1, "inner_episode": 0, "episode_start": False}

    observation, reward, terminated, truncated, info = life.step(1)  # the first episode terminates
    assert (observation.tolist(), reward, terminated, truncated) == ([1, 0], 2.0, False, False)
    assert info.pop("final_observation").tolist() == [0, 2]
    assert info == {
        "count": 0,
        "inner_episode": 1,
        "episode_start": True,
        "inner_terminated": True,
        "inner_truncated": False,
        "final_info": {"count": 2},
    }

    rewards = [life.step(0)[1] for _ in range(2)]
    observation, reward, terminated, truncated, info = life.step(0)  # the second is truncated
    assert [*rewards, reward] == [1.0, 2.0, 3.0]
    assert (observation.tolist(), terminated, truncated) == ([2, 0], False, False)
    assert (info["inner_terminated"], info["inner_truncated"], info["inner_episode"]) == (False, True, 2)

    life.step(0)
    life.step(0)
    observation, reward, terminated, truncated, info = life.step(0)  # the third, truncated, ends the life
    assert (observation.tolist(), reward, terminated, truncated) == ([2, 3], 3.0, True, False)
    assert info == {
        "count": 3,
        "inner_episode": 2,
        "episode_start": False,
        "inner_terminated": False,
        "inner_truncated": True,
    }
    _, info = life.reset()
    assert info["inner_episode"] == 0


def test_the_seed_is_for_the_life_and_the_options_for_all_its_episodes() -> None:
    core = Counting()
    life = Lifetime(core, episodes=2)
    life.reset(seed=9, options={"task": 1})
    life.step(1)
    life.step(1)
    life.reset()
    life.step(1)
    assert core.resets == [(9, {"task": 1}), (None, {"task": 1}), (None, None), (None, None)]


def test_a_life_of_foraging_keeps_its_task() -> None:
    life = Lifetime(gymnasium.make("lndp/Foraging-v0", max_episode_steps=5, reveal=True))
    _, info = life.reset(seed=0, options={"task": 1})
    sides = [info["food"]]
    for _ in range(15):
        *_, terminated, _, info = life.step(2)
        sides.append(info["food"])
    assert sides == [1] * 16
    assert terminated


@pytest.mark.parametrize("episodes", [0, -1])
def test_a_life_has_an_episode(episodes: int) -> None:
    with pytest.raises(ValueError, match=f"episodes is {episodes}"):
        Lifetime(Counting(), episodes)


def sensed(observation: dict[str, Any]) -> tuple[list[float], float, float]:
    return (
        observation["observation"].tolist(),
        observation["reward"].item(),
        observation["episode_start"].item(),
    )


def test_the_last_reward_is_sensed() -> None:
    env = SenseReward(Counting())
    observation, _ = env.reset(seed=0)
    assert sensed(observation) == ([0, 0], 0.0, 1.0)
    for count in (1, 2, 3):
        observation, reward, *_ = env.step(0)
        assert reward == count
        assert sensed(observation) == ([0, count], count, 0.0)
    assert sensed(env.reset()[0]) == ([1, 0], 0.0, 1.0)


def test_no_reward_is_sensed_across_an_inner_start() -> None:
    env = SenseReward(Lifetime(Counting(), episodes=2))
    env.reset(seed=0)
    env.step(0)
    observation, reward, *_ = env.step(1)
    assert reward == 2.0
    assert sensed(observation) == ([1, 0], 0.0, 1.0)
    observation, reward, *_ = env.step(0)
    assert sensed(observation) == ([1, 1], 1.0, 0.0)
    observation, reward, terminated, *_ = env.step(1)
    assert terminated
    assert sensed(observation) == ([1, 2], 2.0, 0.0)


def test_a_trial_is_not_an_episode_so_that_food_is_felt() -> None:
    env = SenseReward(gymnasium.make("lndp/Foraging-v0"))
    env.reset(seed=0, options={"task": 0})
    env.step(0)
    observation, reward, _, _, info = env.step(0)
    assert info["trial_start"]
    assert reward == 10.0
    assert sensed(observation) == ([2.0], 10.0, 0.0)


def test_batched_lives_say_their_inner_starts_too() -> None:
    env = SenseReward(gymnasium.make("lndp/PendulumLife-v0", episode_steps=3))
    starts = [env.reset(seed=0)[0]["episode_start"].item()]
    rewards = [0.0]
    for _ in range(9):
        observation, reward, *_ = env.step(np.array([0.0]))
        starts.append(observation["episode_start"].item())
        rewards.append(observation["reward"].item())
        assert reward < 0
    assert starts == [1, 0, 0, 1, 0, 0, 1, 0, 0, 0]
    assert [reward == 0 for reward in rewards] == [start == 1 for start in starts]


MAKERS: dict[str, Callable[[], gymnasium.Env[Any, Any]]] = {
    "lifetime": lambda: Lifetime(gymnasium.make("Acrobot-v1", max_episode_steps=9)),
    "reward": lambda: SenseReward(gymnasium.make("lndp/ForagingSwitch-v0")),
    "both": lambda: SenseReward(
        Lifetime(gymnasium.make("lndp/Foraging-v0", max_episode_steps=9), episodes=2)
    ),
}


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
@pytest.mark.filterwarnings(
    r"ignore:.*A Box observation space (minimum|maximum) value is -?infinity"
)  # the reward
@pytest.mark.parametrize("name", MAKERS)
def test_the_checkers_have_nothing_to_say(name: str) -> None:
    check_env(MAKERS[name](), skip_render_check=True)
    sb3_check_env(MAKERS[name]())


@pytest.mark.parametrize("name", MAKERS)
def test_a_wrapped_environment_can_be_made_again_from_its_spec(name: str) -> None:
    env = MAKERS[name]()
    assert env.spec is not None
    again = gymnasium.make(env.spec)
    assert again.observation_space == env.observation_space
    env.reset(seed=3)
    again.reset(seed=3)
    for _ in range(30):
        action = env.action_space.sample()
        one, other = env.step(action), again.step(action)
        assert one[1:4] == other[1:4]


def test_gymnasium_s_wrappers_take_a_life() -> None:
    env = RecordEpisodeStatistics(FlattenObservation(SenseReward(gymnasium.make("lndp/CartPoleLife-v0"))))
    observation, _ = env.reset(seed=0)
    assert observation.shape == (6,)
    terminated, steps, info = False, 0, {}
    while not terminated:
        observation, _, terminated, _, info = env.step(1)
        steps += 1
    assert info["episode"]["l"] == steps
    assert info["episode"]["r"] == steps


def test_stable_baselines3_learns_and_evaluates_lives() -> None:
    def wrap(env: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
        return SenseReward(env)

    envs = make_vec_env(
        "lndp/CartPoleLife-v0", n_envs=2, seed=0, wrapper_class=wrap, env_kwargs={"episodes": 2}
    )
    model = PPO("MultiInputPolicy", envs, n_steps=64, batch_size=32, n_epochs=1, seed=0, device="cpu")
    model.learn(256)
    rewards, lengths = evaluate_policy(model, envs, n_eval_episodes=4, return_episode_rewards=True)
    assert rewards == lengths
    assert all(16 <= length <= 1000 for length in lengths)
