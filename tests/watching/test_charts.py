"""The strip of charts, read from its pixels."""

import numpy as np
import pytest

from lndp_agents.watching import style
from lndp_agents.watching.charts import Charts
from lndp_agents.watching.drawing import Area, Drawing, Frame
from lndp_agents.watching.history import History

PAGE = 700.0, 110.0


def life(rewards: list[float], trial_ends: list[int] | None = None) -> History:
    """A life whose brain has 4 of 8 possible edges, all of which are replaced in every step."""
    history = History(num_allowed=8, has_trials=trial_ends is not None)
    even = np.arange(9).reshape(3, 3) < 4
    history.begin(even)
    for step, reward in enumerate(rewards):
        history.rewire(even if step % 2 else ~even & (np.arange(9).reshape(3, 3) < 8))
        history.earn(reward)
    history.trial_ends += trial_ends or []
    return history


def draw(history: History, length: int | None = 100) -> Frame:
    canvas = Drawing(PAGE, 1400, style.PAPER)
    Charts(Area(0, 0, *PAGE), length).draw(canvas, history)
    return canvas.frame()


def columns(frame: Frame, color: style.Color, tolerance: int = 3) -> list[int]:
    """x of all pixels of a colour between the titles and the values."""
    near = (np.abs(frame[:, 190:1270].astype(int) - color).max(-1) <= tolerance).any(0)
    return (np.flatnonzero(near) + 190).tolist()


def test_a_trial_is_a_block_as_wide_as_it_was_long():
    xs = columns(draw(life([0.0] * 19 + [10.0] + [0.0] * 5, trial_ends=[10, 20])), style.GAIN)
    step = (700 - 98 - 56) * 2 / 100
    assert xs[0] == pytest.approx(2 * 98 + 10 * step, abs=3)
    assert xs[-1] == pytest.approx(2 * 98 + 20 * step, abs=3)


def test_births_and_losses_are_drawn_at_their_step():
    frame = draw(life([0.0] * 50))
    for color in (style.BORN, style.LOST):
        xs = columns(frame, color)
        assert xs[0] == pytest.approx(196, abs=3)
        assert xs[-1] == pytest.approx(196 + 546, abs=4)


def test_the_axis_grows_to_the_length_of_the_life():
    right = [columns(draw(life([1.0] * steps), 160), style.ACCENT)[-1] for steps in (50, 100, 160)]
    assert right == pytest.approx([196 + 546, 196 + 1092 - 18, 196 + 1092 - 18], abs=8)


def test_an_injury_is_marked_at_its_step():
    history = life([0.0] * 50)
    intact = columns(draw(history), style.INK)
    history.injured_at = 30
    xs = columns(draw(history), style.INK)
    assert not intact
    assert np.mean(xs) == pytest.approx(196 + 1092 * 30 / 100, abs=2)
    assert max(xs) - min(xs) < 20


def test_the_brain_of_a_step_is_drawn_before_its_reward():
    history = life([0.0] * 50)
    history.rewire(np.zeros((3, 3), bool))
    assert columns(draw(history), style.LOST)[-1] == pytest.approx(196 + 1092 * 51 / 100, abs=4)


@pytest.mark.parametrize("rewards", [[], [-1.0] * 5, [float("nan")] * 3, [float("inf"), 1.0], [0.0] * 3])
def test_any_reward_can_be_drawn(rewards: list[float]):
    frame = draw(life(rewards), length=None)
    assert (frame != style.PAPER).any()
