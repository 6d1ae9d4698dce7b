"""The panel: the world on the left, the living brain on the right, the course of the life below."""

from dataclasses import dataclass

from lndp_agents.config import LNDPConfig
from lndp_agents.watching import style
from lndp_agents.watching.brain_view import BrainView
from lndp_agents.watching.canvas import Area, Canvas, Frame
from lndp_agents.watching.charts import Charts
from lndp_agents.watching.history import History
from lndp_agents.watching.labels import labels_of
from lndp_agents.watching.wiring import Brain

PAGE = 720.0, 450.0
WORLD = Area(14, 40, 212, 292)
BRAIN = Area(236, 40, 470, 292)
CHARTS = Area(14, 341, 692, 104)


@dataclass(frozen=True)
class Moment:
    """What the panel shows at one moment."""

    picture: Frame
    """The environment's own frame."""
    brain: Brain
    choice: int | None = None
    """The output node that won."""
    action: str = ""
    """What was done, in words."""
    is_over: bool = False
    """Whether the life has ended, so that its score stands."""


class Panel:
    """Draws the moments of one life.

    Args:
        title: the environment's id.
        config: of the agent.
        length: most steps of the life, if that is known.
        width: of the frames, in pixels; they are 16 : 10.
    """

    def __init__(self, title: str, config: LNDPConfig, length: int | None, width: int) -> None:
        self._title = title
        self._length = length
        self._width = width
        self._brain_view = BrainView(config, labels_of(title, config), BRAIN)
        self._charts = Charts(CHARTS, length)

    def draw(self, moment: Moment, history: History) -> Frame:
        """The frame (height, width, 3) uint8 of a moment, and of the life that led to it."""
        canvas = Canvas(PAGE, self._width, style.PAPER)
        canvas.box(BRAIN, style.PAPER, style.FRAME, corner=6)
        self._brain_view.draw(canvas, moment.brain, moment.choice)
        self._draw_header(canvas, history, moment.is_over)
        self._draw_world(canvas, moment, history)
        self._charts.draw(canvas, history)
        return canvas.frame()

    def _draw_header(self, canvas: Canvas, history: History, is_over: bool) -> None:
        middle = WORLD.top / 2
        canvas.text((WORLD.left, middle), self._title, style.INK, 16)
        if is_over:
            label = Area(BRAIN.right - 116, middle - 12, 116, 24)
            canvas.box(label, style.INK, corner=12)
            canvas.text(label.center, f"score {history.score:.5g}", style.PAPER, 14, align=0.5)
        else:
            canvas.text((BRAIN.right, middle), f"return {history.total:.5g}", style.INK, 14, align=1.0)
        steps = f"step {history.step}" + (f" of {self._length}" if self._length else "")
        canvas.text((BRAIN.right - 130, middle), steps, style.SOFT_INK, 14, align=1.0)

    def _draw_world(self, canvas: Canvas, moment: Moment, history: History) -> None:
        corner: list[int] = moment.picture[0, 0].tolist()
        is_light = min(corner) > 200  # then the picture and its card become one
        canvas.box(
            WORLD, (corner[0], corner[1], corner[2]) if is_light else style.PAPER, style.FRAME, corner=6
        )
        facts = self._facts(moment, history)
        height = 18 * len(facts) + 8
        canvas.image(
            moment.picture, Area(WORLD.left + 6, WORLD.top + 6, WORLD.width - 12, WORLD.height - height - 12)
        )
        for row, (name, value) in enumerate(facts):
            y = WORLD.bottom - height + 9 + 18 * row
            canvas.text((WORLD.left + 12, y), name, style.SOFT_INK, 11)
            canvas.text((WORLD.right - 12, y), value, style.INK, 11, align=1.0)

    def _facts(self, moment: Moment, history: History) -> list[tuple[str, str]]:
        """Names and values of what happened in the last step."""
        reward = f"{history.rewards[-1]:.4g}" if history.step else ""
        facts = [("action", moment.action), ("reward", reward)]
        if history.has_trials:
            facts.append(("trials done", str(len(history.trial_ends))))
        if history.episode_ends:
            facts.append(("episodes done", str(len(history.episode_ends))))
        return facts
