"""Lives as frames, in real environments."""

import importlib
import sys
from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np
import pytest
from lndp_envs import Lifetime, SenseReward

from lndp_agents import LNDPAgent
from lndp_agents.spaces import config_for
from lndp_agents.watching import frames_of_life, style
from lndp_agents.watching.labels import labels_of
from lndp_agents.watching.life import Life, length_of_life


def test_frames_are_pixels_of_the_size_asked_for(agent: LNDPAgent, env: Any):
    frames = list(frames_of_life(agent, env, 3, max_steps=4, width=400))
    assert len(frames) == 5
    assert all(frame.shape == (250, 400, 3) and frame.dtype == np.uint8 for frame in frames)
    assert all((one != two).any() for one, two in pairwise(frames))


def test_the_same_seed_gives_the_same_frames_wrapped_or_not(agent: LNDPAgent, env: Any):
    plain, sensing, other = (
        list(frames_of_life(agent, world, seed, max_steps=6, width=320))
        for world, seed in ((env, 1), (SenseReward(env), 1), (env, 2))
    )
    assert all((one == two).all() for one, two in zip(plain, sensing, strict=True))
    assert any((one != two).any() for one, two in zip(plain, other, strict=True))


def test_a_life_is_the_one_that_a_user_would_lead(agent: LNDPAgent, env: Any):
    life = Life(agent, SenseReward(env), 5)
    while not life.is_over:
        life.step()
    world = SenseReward(env)
    observation, _ = world.reset(seed=5)
    agent.birth(5)
    rewards: list[float] = []
    for _ in range(100):
        observation, reward, _, _, _ = world.step(agent.act(observation))
        rewards.append(float(reward))
    assert life.history.rewards == rewards
    assert life.history.score == sum(rewards)
    assert (life.brain.adjacency == (agent.state.adjacency[0, 0].numpy() == 1)).all()


def test_trials_end_where_the_food_is_or_time_is_up(agent: LNDPAgent, env: Any):
    life = Life(agent, SenseReward(env), 5)
    while not life.is_over:
        life.step()
    trials = life.history.trials[:-1]
    assert trials
    for trial in trials:
        fed = trial.total == 10
        assert fed == (life.history.rewards[trial.end - 1] == 10)
        assert fed or trial.end - trial.start == 10


def test_a_whole_life_ends_with_its_score(agent: LNDPAgent, env: Any):
    frames = list(frames_of_life(agent, env, 0, every=40, width=720))
    assert len(frames) == 4  # steps 0, 40, 80 and the last, 100
    badge = tuple(frames[-1][20, 600].tolist())
    assert badge == style.INK
    assert all(tuple(frame[20, 600].tolist()) == style.PAPER for frame in frames[:-1])


def test_episodes_of_a_life(agent: LNDPAgent):
    env = SenseReward(Lifetime(gymnasium.make("CartPole-v1", render_mode="rgb_array"), 3))
    spaces = env.observation_space, env.action_space
    life = Life(LNDPAgent(*spaces, config_for(*spaces, nodes=9)), env, 2)
    while not life.is_over:
        life.step()
    assert len(life.history.episodes) == 3
    assert all(episode.total == episode.end - episode.start for episode in life.history.episodes)
    assert life.history.score == life.history.step / 3
    assert not life.history.has_trials


def test_continuous_actions_are_shown_as_numbers():
    env = SenseReward(gymnasium.make("Pendulum-v1", render_mode="rgb_array"))
    spaces = env.observation_space, env.action_space
    life = Life(LNDPAgent(*spaces, config_for(*spaces, nodes=9)), env, 0)
    assert life.action == ""
    life.step()
    assert life.choice is None
    assert -2 <= float(life.action) <= 2
    assert life.picture().shape == (500, 500, 3)


@pytest.mark.parametrize(
    ("name", "episodes", "steps"),
    [
        ("lndp/Foraging-v0", 1, 100),
        ("CartPole-v1", 1, 500),
        ("CartPole-v1", 3, 1500),
        ("lndp/PendulumLife-v0", 1, 600),
    ],
)
def test_the_length_of_a_life(name: str, episodes: int, steps: int):
    env = gymnasium.make(name)
    assert length_of_life(Lifetime(env, episodes) if episodes > 1 else env) == steps


def test_names_of_inputs_and_outputs():
    config = config_for(gymnasium.spaces.Box(0, 1, (5,)), gymnasium.spaces.Discrete(3))
    assert labels_of("lndp/Foraging-v0", config).inputs == ("cell 0", "cell 1", "cell 2", "cell 3", "cell 4")
    assert labels_of("lndp/Foraging-v0", config).outputs == ("right", "left", "stay")
    assert labels_of("Unknown-v0", config) == (("0", "1", "2", "3", "4"), ("0", "1", "2"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"max_steps": 0}, "max_steps=0"), ({"every": 0}, "every=0"), ({"width": 10}, "width=10")],
)
def test_numbers_out_of_range(agent: LNDPAgent, env: Any, arguments: dict[str, int], message: str):
    with pytest.raises(ValueError, match=message):
        frames_of_life(agent, env, **arguments)


def test_an_environment_without_pixels_is_refused_at_once(agent: LNDPAgent):
    with pytest.raises(ValueError, match='make the environment with render_mode="rgb_array"'):
        frames_of_life(agent, gymnasium.make("lndp/Foraging-v0", render_mode="ansi"))


def test_missing_pygame_is_one_clear_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pygame", None)
    monkeypatch.delitem(sys.modules, "lndp_agents.watching.backend", raising=False)
    with pytest.raises(ImportError, match=r"needs pygame-ce, which is not installed: pip install pygame-ce$"):
        importlib.import_module("lndp_agents.watching.backend")
