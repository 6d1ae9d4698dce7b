"""Drawing foraging for a person, who sees what the forager does not: where the food is."""

import math
from typing import NamedTuple

from lndp_envs.arrays import Array
from lndp_envs.canvas import Canvas, Color, Point, mix
from lndp_envs.foraging import FOOD_REWARD, LEFT, RIGHT, Foraging
from lndp_envs.picture import (
    APPLE,
    BODY,
    CELL,
    GOLD,
    INK,
    MARGIN,
    PAPER,
    SOFT_INK,
    WALL,
    WHITE,
    WIDTH,
    begin_picture,
)
from lndp_envs.rendering import FrameRenderer
from lndp_envs.view import View

CORRIDOR_Y = 200.0

CHEEK: Color = (255, 150, 150)
LEAF: Color = (74, 168, 84)
STALK: Color = (121, 85, 61)


class Scene(NamedTuple):
    """The contents of a picture of foraging."""

    size: int
    position: int
    food: int
    """The cell of the food."""
    trial: int
    trial_step: int
    trial_steps: int
    reward: float
    total: float
    steps: int
    facing: int
    """1 to the right, -1 to the left, 0 to the viewer."""
    end: int | None
    """Where the last trial ended, if it has just ended."""
    is_fed: bool
    """Whether it ended on the food."""
    has_moved: bool
    """Whether the food then changed ends."""


def scene_of(task: Foraging, view: View) -> Scene:
    """Read what is to be drawn off a view of one lifetime."""
    state, before = view.state, view.before
    is_newborn = view.steps[0] == 0
    move = 0 if is_newborn else {RIGHT: 1, LEFT: -1}.get(int(view.action[0]), 0)
    has_ended = bool(state.trial_step[0] == 0) and not is_newborn
    position, reward = int(before.position[0]), float(view.reward[0])
    return Scene(
        size=task.size,
        position=int(state.position[0]),
        food=int(task.food_cell(state)[0]),
        trial=int(state.trial[0]),
        trial_step=int(state.trial_step[0]),
        trial_steps=task.trial_steps,
        reward=reward,
        total=float(view.total[0]),
        steps=int(view.steps[0]),
        facing=0 if has_ended else move,
        end=min(max(position + move, 0), task.size - 1) if has_ended else None,
        is_fed=has_ended and reward == FOOD_REWARD,
        has_moved=bool(state.food[0] != before.food[0]),
    )


def render_frame(task: Foraging, view: View) -> Array:
    """Draw one moment of a lifetime, off screen.

    Args:
        task: the corridor.
        view: of one lifetime (a batch of one).

    Returns:
        (360, 640, 3) uint8.

    Raises:
        gymnasium.error.DependencyNotInstalled: pygame is not there.
    """
    scene = scene_of(task, view)
    canvas = begin_picture({"TRIAL": scene.trial + 1, "STEP": scene.steps, "SCORE": scene.total})
    _draw_corridor(canvas, scene)
    _draw_timer(canvas, scene)
    return canvas.pixels()


def render_text(task: Foraging, view: View) -> str:
    """Write one moment of a lifetime as a line: the forager is ``o``, the food ``*``."""
    scene = scene_of(task, view)
    cells = ["."] * scene.size
    cells[scene.food] = "*"
    cells[scene.position] = "o"
    numbers = f"trial {scene.trial + 1}  step {scene.trial_step}/{scene.trial_steps}"
    return f"[{' '.join(cells)}]  {numbers}  reward {scene.reward:g}  score {scene.total:g}"


class ForagingRenderer(FrameRenderer):
    """Draws foraging in the modes ``human``, ``rgb_array`` and ``ansi``."""

    task: Foraging
    title = "Foraging"

    def draw(self, view: View) -> Array:
        """See :func:`render_frame`."""
        return render_frame(self.task, view)

    def write(self, view: View) -> str:
        """See :func:`render_text`."""
        return render_text(self.task, view)


def _draw_corridor(canvas: Canvas, scene: Scene) -> None:
    """The cells, and who and what is in them."""
    pitch = min((WIDTH - 2 * MARGIN) / scene.size, 112.0)
    left = (WIDTH - pitch * scene.size) / 2
    centers = [(left + pitch * (cell + 0.5), CORRIDOR_Y) for cell in range(scene.size)]
    rim = 0.07 * pitch
    corner = (left - rim, CORRIDOR_Y - pitch / 2 - rim)
    canvas.box(corner, (pitch * scene.size + 2 * rim, pitch + 2 * rim), WALL, 0.26 * pitch)
    colors = [CELL] * scene.size
    colors[scene.size // 2] = WHITE
    if scene.is_fed and scene.end is not None:
        colors[scene.end] = mix(CELL, GOLD, 0.5)
    for (x, y), color in zip(centers, colors, strict=True):
        canvas.box((x - 0.46 * pitch, y - 0.46 * pitch), (0.92 * pitch, 0.92 * pitch), color, 0.2 * pitch)
    if scene.end is not None:
        _draw_end(canvas, centers[scene.end], centers[scene.size // 2], pitch, scene.is_fed)
    _draw_food(canvas, centers[scene.food], 0.23 * pitch, colors[scene.food])
    if scene.has_moved:
        x, y = centers[scene.food]
        canvas.text("moved!", (x, y - 0.72 * pitch), 0.19 * pitch, APPLE)
    canvas.paste(_forager(0.3 * pitch, scene.facing, scene.is_fed), centers[scene.position])


def _draw_end(canvas: Canvas, end: Point, middle: Point, pitch: float, is_fed: bool) -> None:
    """The way back to the middle, and what was won."""
    color = mix(PAPER, GOLD, 0.8) if is_fed else WALL
    for step in range(3 if is_fed else 1, 12):  # the number is in the way of the first dots
        share = step / 12
        x = end[0] + (middle[0] - end[0]) * share
        y = end[1] - 0.62 * pitch - 0.38 * pitch * 4 * share * (1 - share)
        canvas.disc((x, y), (0.018 + 0.022 * share) * pitch, color)
    if is_fed:
        for ray in range(12):
            angle = 2 * math.pi * ray / 12
            inner, outer = (
                (end[0] + length * pitch * math.cos(angle), end[1] + length * pitch * math.sin(angle))
                for length in (0.33, 0.4)
            )
            canvas.line(inner, outer, 0.035 * pitch, mix(GOLD, WHITE, 0.1))
        canvas.text(f"+{FOOD_REWARD:g}", (end[0], end[1] - 0.76 * pitch), 0.36 * pitch, mix(GOLD, INK, 0.12))


def _draw_food(canvas: Canvas, center: Point, radius: float, ground: Color) -> None:
    """An apple on the color of its cell."""
    x, y = center
    canvas.oval((x, y + 1.25 * radius), (1.6 * radius, 0.3 * radius), mix(ground, INK, 0.12))
    canvas.line((x, y - 0.6 * radius), (x + 0.15 * radius, y - 1.15 * radius), 0.18 * radius, STALK)
    leaf = [(x + 0.12 * radius, y - 0.85 * radius), (x + 0.45 * radius, y - 1.3 * radius)]
    leaf += [(x + 0.95 * radius, y - 1.25 * radius), (x + 0.6 * radius, y - 0.82 * radius)]
    canvas.shape(leaf, LEAF)
    for side in (-1, 1):
        canvas.disc((x + side * 0.36 * radius, y), 0.72 * radius, APPLE)
        canvas.disc((x + side * 0.26 * radius, y + 0.3 * radius), 0.72 * radius, APPLE)
    canvas.oval((x - 0.5 * radius, y - 0.22 * radius), (0.28 * radius, 0.42 * radius), mix(APPLE, WHITE, 0.6))


def _forager(radius: float, facing: int, is_happy: bool) -> Canvas:
    """A round creature that looks where it went; its canvas is four radii wide."""
    canvas = Canvas(4 * radius, 4 * radius)
    x = y = 2 * radius
    canvas.oval((x, y + 1.05 * radius), (1.7 * radius, 0.3 * radius), mix(CELL, INK, 0.14))
    for side in (-1, 1):
        canvas.oval(
            (x + side * 0.42 * radius, y + 0.95 * radius), (0.55 * radius, 0.28 * radius), mix(BODY, INK, 0.5)
        )
    canvas.line(
        (x, y - 0.9 * radius),
        (x - facing * 0.25 * radius, y - 1.35 * radius),
        0.1 * radius,
        mix(BODY, INK, 0.3),
    )
    canvas.disc((x - facing * 0.25 * radius, y - 1.38 * radius), 0.15 * radius, GOLD)
    canvas.disc((x, y), radius, BODY)
    canvas.oval((x - 0.3 * radius, y - 0.55 * radius), (0.8 * radius, 0.45 * radius), mix(BODY, WHITE, 0.18))
    x += facing * 0.2 * radius
    for side in (-1, 1):
        eye = (x + side * 0.36 * radius, y - 0.12 * radius)
        canvas.disc(eye, 0.27 * radius, WHITE)
        canvas.disc((eye[0] + facing * 0.1 * radius, eye[1] + 0.03 * radius), 0.15 * radius, INK)
        canvas.disc((eye[0] + (facing * 0.1 - 0.05) * radius, eye[1] - 0.04 * radius), 0.05 * radius, WHITE)
        canvas.oval(
            (x + side * 0.6 * radius, y + 0.26 * radius),
            (0.3 * radius, 0.18 * radius),
            mix(BODY, CHEEK, 0.75),
        )
    if is_happy:
        canvas.bowl((x, y + 0.26 * radius), 0.3 * radius, mix(APPLE, INK, 0.5))
    else:
        canvas.bowl((x, y + 0.24 * radius), 0.2 * radius, INK, 0.07 * radius)
    return canvas


def _draw_timer(canvas: Canvas, scene: Scene) -> None:
    """One pip for each step of the trial, filled when it is over, and what the person should know."""
    y, pitch = 296.0, min(22.0, (WIDTH - 2 * MARGIN) / scene.trial_steps)
    left = WIDTH / 2 - pitch * (scene.trial_steps - 1) / 2
    for step in range(scene.trial_steps):
        is_over = step < scene.trial_step
        canvas.disc((left + pitch * step, y), 0.28 * pitch, BODY if is_over else WALL)
    canvas.text("steps of this trial", (WIDTH / 2, y + 22), 17, SOFT_INK)
    canvas.text("the forager cannot see the food", (WIDTH / 2, y + 42), 17, SOFT_INK)
