"""The page of the picture: two lives side by side, each a world and a brain, above their mean rewards."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from patients import Moment, Patient

from lndp_agents.plotting import palette
from lndp_agents.watching import Area, BrainView, Drawing, Frame, style

PAGE = 420.0, 322.0
COLUMN, GAP, MARGIN = 196.0, 12.0, 8.0
CORRIDOR = slice(72, 272), slice(20, 620)
"""Rows and columns of the environment's picture that are shown."""
CHART = Area(22, 252, 316, 54)
HIGHEST = 5.0
"""Reward of a step of who eats in every second one, the best there is."""
NOTE_STEPS, HUNGER_STEPS = 6, 7
"""How long it is said that food was found again; after how many steps without food that is said."""
LINE_COLORS = style.mix(palette.rgb(palette.LINES[2]), style.INK, 0.25), style.INK


@dataclass(frozen=True)
class Side:
    """What one half of the page is about."""

    name: str
    """Of the curve."""
    title: str
    patient: Patient
    curve: NDArray[np.float64]
    """(steps,) reward of a step in many lives; NaN where it is not drawn."""
    kept: float
    """The share of the reward that injured lives have at their end, of that of intact ones."""


class Page:
    """Draws moments of two lives.

    Args:
        sides: left and right.
        at: the step before which both are injured.
        share: of the weights that are lost.
        lives: of which the curves are means.
        width: of the frames in pixels.
    """

    def __init__(self, sides: Sequence[Side], *, at: int, share: float, lives: int, width: int) -> None:
        self._sides = sides
        self._at = at
        self._share = share
        self._lives = lives
        self._width = width
        self._lefts = [MARGIN, MARGIN + COLUMN + GAP]
        self._views = [
            BrainView(side.patient.counts, None, Area(left, 118, COLUMN, 94))
            for side, left in zip(sides, self._lefts, strict=True)
        ]

    def draw(self, moments: Sequence[Moment]) -> Frame:
        """The frame (height, width, 3) of moments of the same step, one of each life."""
        canvas = Drawing(PAGE, self._width, style.PAPER)
        for number, moment in enumerate(moments):
            self._draw_side(canvas, number, moment)
        step = len(moments[0].rewards)
        self._draw_banner(canvas, step)
        self._draw_chart(canvas, step)
        return canvas.frame()

    def _draw_side(self, canvas: Drawing, number: int, moment: Moment) -> None:
        side, left, color = self._sides[number], self._lefts[number], LINE_COLORS[number]
        canvas.text((left + COLUMN / 2, 13), side.title, color, 14.5, align=0.5)
        assert moment.picture is not None
        assert moment.brain is not None
        canvas.image(moment.picture[CORRIDOR], Area(left, 24, COLUMN, 65))
        canvas.text((left + 4, 100), note(moment), style.INK, 12)
        eaten = sum(reward > 0 for reward in moment.rewards)
        canvas.text((left + COLUMN - 4, 100), f"food {eaten}", style.INK, 12, align=1.0)
        self._views[number].draw(canvas, moment.brain, moment.choice)

    def _draw_banner(self, canvas: Drawing, step: int) -> None:
        """What an onlooker should know now; loudly what has happened to both, and what came of it."""
        text, is_loud = "Food is hidden at one end, and sometimes moves.", False
        if step == len(self._sides[0].curve):
            first, second = self._sides
            kept = f"{first.name} keeps {first.kept:.0%} of its reward, {second.name} {second.kept:.0%}."
            text, is_loud = f"{self._lives} lives: {kept}", True
        elif step >= self._at:
            text = f"{share_in_words(self._share)} of all weights is zeroed (dashed)."
            is_loud = step < self._at + NOTE_STEPS
        area = Area(MARGIN + 40, 214, PAGE[0] - 2 * MARGIN - 80, 20)
        canvas.box(area, style.INK if is_loud else style.PAPER, corner=10)
        canvas.text(area.center, text, style.PAPER if is_loud else style.SOFT_INK, 12, align=0.5)

    def _draw_chart(self, canvas: Drawing, step: int) -> None:
        steps = len(self._sides[0].curve)
        caption = f"reward of a step, mean of {self._lives} lives"
        canvas.text((CHART.left, CHART.top - 8), caption, style.SOFT_INK, 10.5)
        for level in (0, HIGHEST):
            y = CHART.bottom - CHART.height * level / HIGHEST
            canvas.line([(CHART.left, y), (CHART.right, y)], style.GRID)
            canvas.text((CHART.left - 5, y), f"{level:g}", style.SOFT_INK, 10.5, align=1.0)
        for tick in (0, self._at, steps):
            x, text = CHART.left + CHART.width * tick / steps, f"{'' if tick else 'step '}{tick}"
            canvas.text((x, CHART.bottom + 9), text, style.SOFT_INK, 10.5, align=0.5)
        if step >= self._at:
            x = CHART.left + CHART.width * self._at / steps
            ys = np.linspace(CHART.top, CHART.bottom, 12).tolist()
            canvas.dashes([(x, y) for y in ys], style.INK, 1.2)
        for number in range(len(self._sides)):
            self._draw_curve(canvas, number, step)

    def _draw_curve(self, canvas: Drawing, number: int, step: int) -> None:
        """The first solid, the second dashed, both with their names at the end."""
        side, color, steps = self._sides[number], LINE_COLORS[number], len(self._sides[number].curve)
        points = [
            (CHART.left + CHART.width * age / steps, CHART.bottom - CHART.height * reward / HIGHEST)
            for age, reward in enumerate(side.curve[:step].tolist(), 1)
            if np.isfinite(reward)
        ]
        if len(points) < 2:
            return
        (canvas.dashes if number else canvas.line)(points, color, 2.4)
        x, y = points[-1]
        canvas.circle((x, y), 3.4, color, color)
        own, other = (one.curve[step - 1] for one in (side, self._sides[1 - number]))
        up = 1 if own > other or (own == other and number == 0) else -1
        y -= up * 6 * max(0.0, 1 - abs(own - other))  # names of curves that meet lie above and below
        canvas.text((x + 8, y), f"{side.name} {own:.1f}", color, 12.5)


def note(moment: Moment) -> str:
    """What an onlooker should know of a life now."""
    rewards, food = moment.rewards, moment.food
    fed = [step for step, reward in enumerate(rewards, 1) if reward > 0]
    moved = [step for step in range(1, len(food)) if food[step] != food[step - 1]]
    hunger = len(rewards) - (fed[-1] if fed else 0)
    if not fed:
        return "it cannot see the food"
    if moved and moved[-1] > fed[-1] - 1 and hunger < HUNGER_STEPS:
        return "the food has moved"
    if hunger >= HUNGER_STEPS:
        return f"no food for {hunger} steps"
    again = next((step for step in fed if moved and step > moved[-1]), 0)
    return "found it again" if again and len(rewards) < again + NOTE_STEPS else ""


def share_in_words(share: float) -> str:
    """A third, or a percentage."""
    return "A third" if round(share, 2) == 0.33 else f"{share:.0%}"


def trailing_means(rewards: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """(T,): means of rewards (L, T) over lives and the last so many steps; NaN where there are less."""
    sums = np.concatenate([[0.0], rewards.mean(0).cumsum()])
    means = np.full(rewards.shape[1], np.nan)
    means[steps - 1 :] = (sums[steps:] - sums[:-steps]) / steps
    return means
