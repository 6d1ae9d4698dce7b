"""Lives as frames, in real environments, and in one whose picture says what the agent sees."""

import importlib
import sys
from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from lndp_envs import Labels, Lifetime, SenseReward

from lndp_agents import LNDPAgent
from lndp_agents.interventions import Lesion
from lndp_agents.rollout.given_env import lifetime_steps
from lndp_agents.spaces import config_for
from lndp_agents.watching import frames_of_life, panel, style
from lndp_agents.watching.brain_view import BrainView
from lndp_agents.watching.labels import labels_of
from lndp_agents.watching.life import Life
from lndp_agents.watching.wiring import NodeCounts


class Countdown(gymnasium.Env[Any, Any]):
    """Shows what is left of 6 steps: 1 in the beginning, in the observation and as a grey picture."""

    metadata: Any = {"render_modes": ["rgb_array"]}  # noqa: RUF012 (so is it in gymnasium.Env)
    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, render_mode: str | None = "rgb_array") -> None:
        self.render_mode = render_mode
        self.left = 6
        self.drawn: list[int] = []
        self.done: list[Any] = []

    def _seen(self) -> Any:
        return np.array([self.left / 6], np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.left = 6
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.left -= 1
        self.done.append(action)
        return self._seen(), 1.0, self.left == 0, False, {}

    def render(self) -> Any:
        self.drawn.append(self.left)
        return np.full((20, 20, 3), 20 * self.left, np.uint8)


def agent_for(env: Any) -> LNDPAgent:
    spaces = env.observation_space, env.action_space
    return LNDPAgent(*spaces, config_for(*spaces, nodes=9, initial_density=0.5))


def test_world_and_brain_are_of_the_same_moment():
    env = Countdown()
    agent = agent_for(env)
    frames = list(frames_of_life(agent, env, 0, width=720))
    assert env.drawn == [6, 5, 4, 3, 2, 1, 0]
    counts = NodeCounts(*agent.program.node_counts)
    view = BrainView(counts, labels_of("Countdown", counts), panel.BRAIN)
    x, y = np.rint(view.layout.positions[0]).astype(int)
    world_x, world_y = map(round, panel.WORLD.center)
    for left, frame in zip(range(6, 0, -1), frames[:-1], strict=True):
        assert frame[world_y - 20, world_x].tolist() == [20 * left] * 3
        seen = agent.encoding.encode(torch.tensor([[left / 6]])).item()
        assert tuple(frame[y, x].tolist()) == style.signed_color(seen)


def test_the_choice_that_is_shown_is_what_happens_next():
    env = Countdown()
    choices = [moment.choice for moment in Life(agent_for(env), SenseReward(env), 5).moments()]
    assert choices == [*env.done, None]
    assert None not in env.done


def test_the_first_edges_that_come_are_seen(agent: LNDPAgent, env: Any):
    agent = agent_for(env)  # half of its edges are there at birth
    frame = next(frames_of_life(agent, env, 1, width=720))
    near = (np.abs(frame[40:320, 236:706].astype(int) - style.BORN).max(-1) <= 40).sum()
    life = Life(agent, SenseReward(env), 1)
    next(life.moments())
    assert sum(life.history.born) > 0
    assert near > 30


def test_an_injury_has_a_frame_and_a_life_of_its_own(agent: LNDPAgent, env: Any):
    lesion = Lesion(at=3, zero=1.0)
    frames = list(frames_of_life(agent, env, 3, max_steps=6, width=360, lesion=lesion))
    intact = list(frames_of_life(agent, env, 3, max_steps=6, width=360))
    assert len(frames) == len(intact) + 1
    assert all((one == two).all() for one, two in zip(frames[:3], intact[:3], strict=True))
    life = Life(agent, SenseReward(env), 3, lesion)
    moments = list(life.moments(6))
    assert [bool(moment.injury) for moment in moments] == [False] * 3 + [True] * 5
    before, injured = moments[2].brain, moments[3]
    assert before.dark is None
    assert injured.injury == "100 % of the weights zeroed at step 3"
    assert injured.choice is None
    assert injured.brain.dark is not None
    assert injured.brain.dark.sum() == (before.weights * before.adjacency != 0).sum() > 0
    world = SenseReward(env)
    observation, _ = world.reset(seed=3)
    agent.birth(3)
    rewards: list[float] = []
    for step in range(6):
        if step == 3:
            agent.lesion(lesion)
        observation, reward, _, _, _ = world.step(agent.act(observation))
        rewards.append(float(reward))
    assert life.history.rewards == rewards
    exists = agent.state.adjacency[0, 0].numpy() == 1
    assert (moments[-1].brain.adjacency == exists).all()
    assert (moments[-1].brain.weights == agent.state.weights[0, 0].numpy() * exists).all()


def test_an_injury_after_the_last_step_is_refused(agent: LNDPAgent, env: Any):
    with pytest.raises(ValueError, match=r"at=100: 100 steps are drawn; give 0 to 99, or draw more"):
        frames_of_life(agent, env, lesion=Lesion(at=100, freeze=True))
    with pytest.raises(ValueError, match=r"at=9: 5 steps are drawn; give 0 to 4, or draw more"):
        frames_of_life(agent, env, max_steps=5, lesion=Lesion(at=9, freeze=True))


def test_the_brain_alone_needs_no_picture():
    env = Countdown(render_mode=None)
    frames = list(frames_of_life(agent_for(env), env, 0, width=360, brain_only=True))
    assert len(frames) == 7
    assert not env.drawn
    with pytest.raises(ValueError, match="brain alone"):
        frames_of_life(agent_for(env), env, 0)


def test_a_world_that_cannot_be_drawn_has_a_remedy():
    env = Countdown()
    env.render = lambda: (_ for _ in ()).throw(gymnasium.error.DependencyNotInstalled("no box2d"))
    with pytest.raises(ValueError, match=r"^Countdown cannot be drawn \(no box2d\): draw the brain alone .*"):
        next(frames_of_life(agent_for(env), env, 0))


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
    *_, end = life.moments()
    assert end.is_over
    world = SenseReward(env)
    observation, _ = world.reset(seed=5)
    agent.birth(5)
    rewards: list[float] = []
    for _ in range(100):
        observation, reward, _, _, _ = world.step(agent.act(observation))
        rewards.append(float(reward))
    assert life.history.rewards == rewards
    assert life.history.score == sum(rewards)
    assert (end.brain.adjacency == (agent.state.adjacency[0, 0].numpy() == 1)).all()


def test_trials_end_where_the_food_is_or_time_is_up(agent: LNDPAgent, env: Any):
    life = Life(agent, SenseReward(env), 5)
    *_, end = life.moments()
    assert end.is_over
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
    cut_short = list(frames_of_life(agent, env, 0, every=40, width=720, max_steps=80))
    assert tuple(cut_short[-1][20, 600].tolist()) == style.PAPER  # no score yet


def test_episodes_of_a_life(agent: LNDPAgent):
    env = SenseReward(Lifetime(gymnasium.make("CartPole-v1", render_mode="rgb_array"), 3))
    spaces = env.observation_space, env.action_space
    life = Life(LNDPAgent(*spaces, config_for(*spaces, nodes=9)), env, 2)
    *_, end = life.moments()
    assert end.is_over
    assert len(life.history.episodes) == 3
    assert all(episode.total == episode.end - episode.start for episode in life.history.episodes)
    assert life.history.score == life.history.step / 3
    assert not life.history.has_trials


def test_continuous_actions_are_shown_as_numbers():
    env = SenseReward(gymnasium.make("Pendulum-v1", render_mode="rgb_array"))
    spaces = env.observation_space, env.action_space
    moment, end = Life(LNDPAgent(*spaces, config_for(*spaces, nodes=9)), env, 0).moments(1)
    assert moment.choice is None
    assert -2 <= float(moment.action) <= 2
    assert moment.picture is not None
    assert moment.picture.shape == (500, 500, 3)
    assert end.action == ""


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
    assert lifetime_steps(Lifetime(env, episodes) if episodes > 1 else env) == steps


def test_names_of_inputs_and_outputs():
    counts = NodeCounts(5, 8, 3)
    assert labels_of("lndp/Foraging-v0", counts).inputs == ("cell 0", "cell 1", "cell 2", "cell 3", "cell 4")
    assert labels_of("lndp/Foraging-v0", counts).outputs == ("right", "left", "stay")
    more = labels_of("lndp/Foraging-v0", NodeCounts(7, 6, 3), ("reward", "start")).inputs
    assert more == ("cell 0", "cell 1", "cell 2", "cell 3", "cell 4", "reward", "start")
    assert labels_of("Unknown-v0", counts) == Labels(("0", "1", "2", "3", "4"), ("0", "1", "2"))


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
