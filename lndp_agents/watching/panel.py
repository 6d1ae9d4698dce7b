"""The panel: the environment on the left, the network on the right, the course of the lifetime below."""

from lndp_envs import Labels

from lndp_agents.watching import style
from lndp_agents.watching.brain_view import BrainView
from lndp_agents.watching.charts import Charts
from lndp_agents.watching.drawing import Area, Drawing, Frame
from lndp_agents.watching.history import History
from lndp_agents.watching.wiring import Booleans, Moment, NodeCounts

PAGE = 720.0, 450.0
WORLD = Area(14, 40, 212, 292)
BRAIN = Area(236, 40, 470, 292)
FACTS_ALONE = Area(14, 40, 142, 292)
BRAIN_ALONE = Area(166, 40, 540, 292)
"""Area of the network where no environment is drawn beside it."""
CHARTS = Area(14, 341, 692, 104)


class Panel:
    """Draws the moments of one lifetime.

    Args:
        title: the environment's id.
        counts: how many nodes of each role the network has.
        labels: names of its inputs and outputs.
        newborn: (N, N) edges at birth, so that the first to come and go are seen.
        length: most steps of the film, if that is known.
        width: of the frames, in pixels; they are 16 : 10.
        has_picture: whether moments come with a picture.
    """

    def __init__(
        self,
        title: str,
        counts: NodeCounts,
        labels: Labels,
        newborn: Booleans,
        *,
        length: int | None,
        width: int,
        has_picture: bool,
    ) -> None:
        self._title = title
        self._length = length
        self._width = width
        self._world, self._brain = (WORLD, BRAIN) if has_picture else (FACTS_ALONE, BRAIN_ALONE)
        self._brain_view = BrainView(counts, labels, self._brain)
        self._brain_view.begin(newborn)
        self._charts = Charts(CHARTS, length)

    def draw(self, moment: Moment, history: History) -> Frame:
        """Return the frame (height, width, 3) uint8 of a moment, and of the lifetime that led to it."""
        canvas = Drawing(PAGE, self._width, style.PAPER)
        canvas.box(self._brain, style.PAPER, style.FRAME, corner=6)
        self._brain_view.draw(canvas, moment.brain, moment.choice)
        self._draw_header(canvas, moment, history)
        self._draw_world(canvas, moment, history)
        self._charts.draw(canvas, history)
        return canvas.frame()

    def _draw_header(self, canvas: Drawing, moment: Moment, history: History) -> None:
        middle, right = WORLD.top / 2, CHARTS.right
        title_width = canvas.text((WORLD.left, middle), self._title, style.INK, 16)
        if moment.is_over:
            label = Area(right - 116, middle - 12, 116, 24)
            canvas.box(label, style.INK, corner=12)
            canvas.text(label.center, f"score {history.score:.5g}", style.PAPER, 14, align=0.5)
        else:
            canvas.text((right, middle), f"return {history.total:.5g}", style.INK, 14, align=1.0)
        steps = f"step {history.step}" + (f" of {self._length}" if self._length else "")
        steps_width = canvas.text((right - 130, middle), steps, style.SOFT_INK, 14, align=1.0)
        place = (WORLD.left + title_width + right - 130 - steps_width) / 2, middle
        canvas.text(place, moment.injury, style.INK, 11, align=0.5)

    def _draw_world(self, canvas: Drawing, moment: Moment, history: History) -> None:
        """Draw the picture, and the facts of the moment below."""
        world, facts = self._world, self._facts(moment, history)
        height = 18 * len(facts) + 8
        background = style.PAPER
        if moment.picture is not None:
            red, green, blue = moment.picture[0, 0].tolist()
            if min(red, green, blue) > 200:  # then the picture and its card become one
                background = red, green, blue
        canvas.box(world, background, style.FRAME, corner=6)
        if moment.picture is not None:
            area = Area(world.left + 6, world.top + 6, world.width - 12, world.height - height - 12)
            canvas.image(moment.picture, area)
        for row, (name, value) in enumerate(facts):
            y = world.bottom - height + 9 + 18 * row
            canvas.text((world.left + 12, y), name, style.SOFT_INK, 11)
            canvas.text((world.right - 12, y), value, style.INK, 11, align=1.0)

    def _facts(self, moment: Moment, history: History) -> list[tuple[str, str]]:
        """Return names and values: of the last reward, the action, and finished trials and episodes."""
        reward = f"{history.rewards[-1]:.4g}" if history.step else ""
        facts = [("last reward", reward), ("chooses", moment.action)]
        if history.has_trials:
            facts.append(("trials done", str(len(history.trial_ends))))
        if history.episode_ends:
            facts.append(("episodes done", str(len(history.episode_ends))))
        return facts
