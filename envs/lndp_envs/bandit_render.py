"""Drawing the bandit for a person, who sees what the player does not: which arm is good."""

from lndp_envs.arrays import Array
from lndp_envs.bandit import Bandit
from lndp_envs.canvas import Canvas, mix
from lndp_envs.picture import (
    APPLE,
    BODY,
    CELL,
    GOLD,
    INK,
    MARGIN,
    SOFT_INK,
    WALL,
    WIDTH,
    begin_picture,
)
from lndp_envs.rendering import FrameRenderer
from lndp_envs.view import View

MACHINE_Y = 205.0


class BanditRenderer(FrameRenderer):
    """Draws the bandit in the modes ``human``, ``rgb_array`` and ``ansi``."""

    task: Bandit
    title = "Bandit"

    def draw(self, view: View) -> Array:
        """The arms as machines: the pulled one is blue and shows its coin, the good one has a golden rim."""
        canvas = begin_picture(
            {"PULL": int(view.steps[0]), "REWARD": float(view.reward[0]), "SCORE": float(view.total[0])}
        )
        pitch = min((WIDTH - 2 * MARGIN) / self.task.arms, 150.0)
        left = (WIDTH - pitch * (self.task.arms - 1)) / 2
        for arm in range(self.task.arms):
            self._draw_arm(canvas, view, arm, (left + pitch * arm, MACHINE_Y), 0.8 * pitch)
        if view.state.good[0] != view.before.good[0]:
            canvas.text("moved!", (left + pitch * int(view.state.good[0]), MACHINE_Y - 90), 22, APPLE)
        canvas.text("the player cannot see which is good", (WIDTH / 2, 338), 17, SOFT_INK)
        return canvas.pixels()

    def write(self, view: View) -> str:
        """The arms are dots, the good one ``*``, the pulled one in brackets."""
        signs = ["*" if arm == view.state.good[0] else "." for arm in range(self.task.arms)]
        arms = [f"({sign})" if arm == _pulled(view) else f" {sign} " for arm, sign in enumerate(signs)]
        return f"[{''.join(arms)}]  pull {view.steps[0]}  reward {view.reward[0]:g}  score {view.total[0]:g}"

    def _draw_arm(
        self, canvas: Canvas, view: View, arm: int, center: tuple[float, float], width: float
    ) -> None:
        x, y = center
        is_pulled = arm == _pulled(view)
        rim = GOLD if arm == view.state.good[0] else WALL
        lever = y + 18 if is_pulled else y - 52
        canvas.line((x + width / 2, y), (x + 0.62 * width, lever), 0.06 * width, SOFT_INK)
        canvas.disc((x + 0.62 * width, lever), 0.08 * width, APPLE)
        for inset, color in ((0.0, rim), (7.0, mix(CELL, BODY, 0.45) if is_pulled else CELL)):
            corner = (x - width / 2 + inset, y - 70 + inset)
            canvas.box(corner, (width - 2 * inset, 140 - 2 * inset), color, 16)
        canvas.text(str(arm), (x, y - 30), 40, INK)
        if is_pulled:
            paid = view.reward[0] > 0
            canvas.disc((x, y + 32), 0.17 * min(width, 120), GOLD if paid else WALL)
            canvas.text(f"{view.reward[0]:g}", (x, y + 32), 22, INK)


def _pulled(view: View) -> int:
    """The last arm; -1 at birth."""
    return int(view.action[0]) if view.steps[0] > 0 else -1
