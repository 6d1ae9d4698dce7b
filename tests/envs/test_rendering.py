"""Pictures, windows and lines of text."""

import subprocess
import sys
from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np
import pygame
import pytest
from gymnasium.utils.env_checker import data_equivalence
from lndp_envs.foraging import LEFT, RIGHT, STAY, Foraging
from lndp_envs.foraging_render import render_frame, render_text
from lndp_envs.view import View, advance, begin

SHAPES = {
    "lndp/Foraging-v0": (360, 640, 3),
    "lndp/ForagingReversal-v0": (360, 640, 3),
    "lndp/ForagingSwitch-v0": (360, 640, 3),
    "lndp/CartPoleLife-v0": (400, 600, 3),
    "lndp/AcrobotLife-v0": (500, 500, 3),
    "lndp/PendulumLife-v0": (500, 500, 3),
    "lndp/Bandit-v0": (360, 640, 3),
    "lndp/PendulumGoalSwitch-v0": (500, 500, 3),
    "lndp/CartPoleReversal-v0": (400, 600, 3),
}


def view(task: Foraging, side: int, actions: list[int]) -> View:
    moment = begin(task, np.array([0]), np.array([side]))
    for action in actions:
        moment, _ = advance(task, moment, np.array([action]))
    return moment


@pytest.mark.parametrize("env_id", SHAPES)
def test_pictures_change_with_the_state_and_only_with_it(env_id: str) -> None:
    env = gymnasium.make(env_id, render_mode="rgb_array")
    env.reset(seed=3)
    frames = [np.asarray(env.render())]
    for _ in range(3):
        for _ in range(3):  # a cart takes its time
            env.step(env.action_space.sample() * 0)
        frames.append(np.asarray(env.render()))
        assert np.array_equal(env.render(), frames[-1])
    assert {(frame.shape, frame.dtype) for frame in frames} == {(SHAPES[env_id], np.dtype(np.uint8))}
    for before, after in pairwise(frames):
        assert (before != after).any()
    assert frames[0] is not env.render()
    env.close()
    env.close()


@pytest.mark.parametrize("env_id", SHAPES)
def test_drawing_changes_nothing(env_id: str) -> None:
    lives = []
    for mode in (None, "rgb_array"):
        env = gymnasium.make(env_id, render_mode=mode)
        env.action_space.seed(0)
        lives.append([env.reset(seed=1)])
        for _ in range(20):
            if mode:
                env.render()
            lives[-1].append(env.step(env.action_space.sample()))
    assert data_equivalence(*lives, exact=True)


def test_the_food_is_drawn_where_it_is() -> None:
    task = Foraging()
    right, left = render_frame(task, view(task, 0, [])), render_frame(task, view(task, 1, []))
    red = [(frame[..., 0] > 200) & (frame[..., 1] < 90) & (frame[..., 2] < 90) for frame in (right, left)]
    assert np.flatnonzero(red[0].any(0)).min() > 500
    assert np.flatnonzero(red[1].any(0)).max() < 140


def test_the_forager_is_drawn_where_it_is() -> None:
    task = Foraging()
    centers = []
    for actions in ([LEFT, LEFT], [LEFT], [], [RIGHT], [RIGHT, RIGHT]):
        frame = render_frame(task, view(task, int(RIGHT in actions), actions)).astype(int)[150:250]
        is_body = (frame[..., 2] > 200) & (frame[..., 0] < 120) & (frame[..., 1] < 140)
        centers.append(np.flatnonzero(is_body.any(0)).mean())
    assert np.diff(centers) == pytest.approx([112.0] * 4, abs=2.0)


def test_a_meal_is_celebrated_for_one_frame() -> None:
    task = Foraging()

    def golden(actions: list[int]) -> int:
        frame = render_frame(task, view(task, 0, actions)).astype(int)
        return int(((frame[..., 0] > 220) & (frame[..., 2] < 170) & (frame[..., 1] > 170)).sum())

    assert golden([RIGHT, RIGHT]) > 20 * golden([RIGHT])
    assert golden([RIGHT, RIGHT, STAY]) < golden([RIGHT, RIGHT]) / 20


def test_a_trial_without_food_shows_the_way_back() -> None:
    task = Foraging(trial_steps=2)
    assert (
        render_frame(task, view(task, 0, [LEFT, LEFT])) != render_frame(task, view(task, 0, [STAY, STAY]))
    ).any()


@pytest.mark.parametrize("kwargs", [{"size": 3}, {"size": 21}, {"trial_steps": 60}, {"dense_reward": True}])
def test_every_corridor_can_be_drawn(kwargs: dict[str, Any]) -> None:
    task = Foraging(**{"trial_steps": 10} | kwargs)
    for actions in ([], [RIGHT] * task.start, [LEFT] * task.start):
        assert render_frame(task, view(task, 0, actions)).shape == (360, 640, 3)


def test_lines_of_text() -> None:
    task = Foraging()
    assert render_text(task, view(task, 1, [])) == "[* . o . .]  trial 1  step 0/10  reward 0  score 0"
    assert render_text(task, view(task, 0, [RIGHT])) == "[. . . o *]  trial 1  step 1/10  reward 0  score 0"
    assert (
        render_text(task, view(task, 0, [RIGHT] * 2))
        == "[. . o . *]  trial 2  step 0/10  reward 10  score 10"
    )
    env = gymnasium.make("lndp/Foraging-v0", render_mode="ansi")
    env.reset(seed=0, options={"task": 1})
    env.step(LEFT)
    assert env.render() == "[* o . . .]  trial 1  step 1/10  reward 0  score 0"


@pytest.mark.parametrize("env_id", SHAPES)
def test_a_window_opens_and_closes(env_id: str) -> None:
    env = gymnasium.make(env_id, render_mode="human")
    env.reset(seed=0)
    surface = pygame.display.get_surface()
    assert surface is not None
    assert surface.get_size() == SHAPES[env_id][1::-1]
    assert env.render() is None
    env.step(env.action_space.sample())
    env.close()
    assert pygame.display.get_surface() is None if pygame.display.get_init() else True
    env.close()


@pytest.mark.parametrize("env_id", ["lndp/Foraging-v0", "lndp/CartPoleLife-v0"])
def test_a_person_may_close_the_window(env_id: str) -> None:
    env = gymnasium.make(env_id, render_mode="human")
    core: Any = env.unwrapped
    env.reset(seed=0)
    assert not core.is_window_closed
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    env.step(0)
    assert core.is_window_closed
    assert not pygame.display.get_init()
    for _ in range(3):  # the life goes on unseen
        assert env.step(0)[4] is not None
    assert env.reset(seed=0)
    assert not pygame.display.get_init()
    env.close()


def test_the_queue_of_events_is_emptied() -> None:
    env = gymnasium.make("lndp/Foraging-v0", render_mode="human")
    env.reset(seed=0)
    for _ in range(5):
        pygame.event.post(pygame.event.Event(pygame.USEREVENT))
    env.step(0)
    assert not pygame.event.peek(pygame.USEREVENT)
    env.close()


def test_foraging_survives_that_gymnasium_quits_pygame() -> None:
    foraging = gymnasium.make("lndp/Foraging-v0", render_mode="rgb_array")
    pole = gymnasium.make("lndp/CartPoleLife-v0", render_mode="rgb_array")
    foraging.reset(seed=0)
    pole.reset(seed=0)
    before, _ = foraging.render(), pole.render()
    pole.close()
    assert np.array_equal(before, foraging.render())
    assert pole.render() is not None  # and it can be drawn again
    pole.close()


def test_vectors_draw_what_the_single_environments_draw() -> None:
    envs = gymnasium.make_vec("lndp/CartPoleLife-v0", 2, render_mode="rgb_array")
    loop = gymnasium.make_vec("lndp/CartPoleLife-v0", 2, vectorization_mode="sync", render_mode="rgb_array")
    for pair in (envs, loop):
        pair.reset(seed=0)
        for _ in range(12):
            pair.step(np.array([0, 1]))
    ours, theirs = envs.render(), loop.render()
    assert ours is not None
    assert theirs is not None
    assert len(ours) == 2
    assert np.array_equal(ours, theirs)
    envs.close()
    loop.close()
    lines = gymnasium.make_vec("lndp/Foraging-v0", 2, render_mode="ansi")
    lines.reset(seed=0, options={"task": np.array([0, 1])})
    assert lines.render() == tuple(
        f"[{cells}]  trial 1  step 0/10  reward 0  score 0" for cells in (". . o . *", "* . o . .")
    )


def test_without_a_render_mode_nothing_is_drawn() -> None:
    env = gymnasium.make("lndp/Foraging-v0").unwrapped
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="without a render_mode"):
        assert env.render() is None
    envs = gymnasium.make_vec("lndp/Foraging-v0", 2)
    envs.reset(seed=0)
    assert envs.render() is None


@pytest.mark.parametrize("mode", ["human", "svg"])
def test_vectors_have_no_window(mode: str) -> None:
    with pytest.raises(ValueError, match=mode):
        gymnasium.make_vec("lndp/Foraging-v0", 2, render_mode=mode)


def test_pygame_is_imported_by_the_first_picture() -> None:
    program = (
        "import sys, gymnasium, lndp_envs\n"
        "env = gymnasium.make('lndp/Foraging-v0', render_mode='rgb_array')\n"
        "env.reset(seed=0); env.step(0); before = 'pygame' in sys.modules\n"
        "env.render(); print(before, 'pygame' in sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip().splitlines()[-1] == "False True"


def test_a_missing_pygame_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygame", None)
    env = gymnasium.make("lndp/Foraging-v0", render_mode="rgb_array")
    env.reset(seed=0)
    with pytest.raises(gymnasium.error.DependencyNotInstalled, match=r"pip install"):
        env.render()
