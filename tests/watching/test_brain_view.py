"""What the picture of a brain shows, read from its pixels."""

import numpy as np
import pytest
from lndp_envs import Labels

from lndp_agents.watching import style
from lndp_agents.watching.brain_view import MOST_EDGES, BrainView
from lndp_agents.watching.drawing import Area, Drawing, Frame
from lndp_agents.watching.wiring import FLASH_FRAMES, Brain, NodeCounts, darkened

COUNTS = NodeCounts(1, 2, 2)
PAGE = 470.0, 292.0
HIDDEN, OTHER = 1, 2


def make_view(counts: NodeCounts = COUNTS) -> BrainView:
    inputs = tuple(f"in {number}" for number in range(counts.inputs))
    outputs = tuple(f"out {number}" for number in range(counts.outputs))
    return BrainView(counts, Labels(inputs, outputs), Area(0, 0, *PAGE))


def brain(activation: float = 0.0, weight: float | None = None) -> Brain:
    """A brain whose nodes are all equally active, with at most the edge HIDDEN -> OTHER."""
    adjacency, weights = np.zeros((5, 5), bool), np.zeros((5, 5), np.float32)
    if weight is not None:
        adjacency[HIDDEN, OTHER], weights[HIDDEN, OTHER] = True, weight
    return Brain(adjacency, weights, np.full(5, activation, np.float32))


def draw(view: BrainView, moment: Brain, choice: int | None = None) -> Frame:
    canvas = Drawing(PAGE, 940, style.PAPER)
    view.draw(canvas, moment, choice)
    return canvas.frame()


def pixel(frame: Frame, point: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> tuple[int, ...]:
    x, y = np.rint(2 * point).astype(int)
    return tuple(frame[y, x].tolist())


def middle_of_edge(view: BrainView) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    curve = view.layout.curves(np.array([HIDDEN]), np.array([OTHER]))[0]
    return curve[len(curve) // 2]


def pieces_of_edge(view: BrainView, frame: Frame) -> list[np.ndarray]:
    """The darkest pixels in the middles of the dashes of the edge HIDDEN -> OTHER, and of the gaps."""
    curve = view.layout.curves(np.array([HIDDEN]), np.array([OTHER]))[0]
    middles = np.rint(curve[:-1] + curve[1:]).astype(int)  # of two pixels a point
    squares = [frame[y - 1 : y + 2, x - 1 : x + 2].reshape(9, 3) for x, y in middles]
    colors = np.array([square[square.astype(int).sum(1).argmin()] for square in squares])
    return [colors[2:-2:2], colors[3:-2:2]]


@pytest.mark.parametrize(
    ("activation", "color"),
    [
        (0.0, style.NEUTRAL),
        (1.0, style.POSITIVE),
        (-1.0, style.NEGATIVE),
        (0.5, style.mix(style.NEUTRAL, style.POSITIVE, 0.5)),
        (7.0, style.POSITIVE),
        (float("nan"), style.NEUTRAL),
    ],
)
def test_nodes_have_the_colour_of_their_activation(activation: float, color: style.Color):
    view = make_view()
    frame = draw(view, brain(activation))
    for position in view.layout.positions:
        assert pixel(frame, position) == color


def test_edges_have_the_colour_of_their_sign_and_pale_with_their_weight():
    excited, inhibited, weak = (
        pixel(draw(view := make_view(), brain(weight=weight)), middle_of_edge(view))
        for weight in (1.0, -1.0, 0.2)
    )
    np.testing.assert_allclose(excited, style.POSITIVE, atol=12)
    np.testing.assert_allclose(inhibited, style.NEGATIVE, atol=12)
    assert excited[2] < weak[2] < style.PAPER[2]


def test_a_born_edge_flashes_dark_and_then_calms_down():
    view = make_view()
    before = draw(view, brain())
    colors = [pixel(draw(view, brain(weight=1.0)), middle_of_edge(view)) for _ in range(FLASH_FRAMES + 1)]
    assert pixel(before, middle_of_edge(view)) == style.PAPER
    np.testing.assert_allclose(colors[0], style.BORN, atol=12)
    np.testing.assert_allclose(colors[-1], style.POSITIVE, atol=12)


def test_a_lost_edge_is_dashed_and_then_gone():
    view = make_view()
    empty = draw(make_view(), brain())
    draw(view, brain(weight=1.0))
    frames = [draw(view, brain()) for _ in range(FLASH_FRAMES + 1)]
    dashes, gaps = pieces_of_edge(view, frames[0])
    np.testing.assert_allclose(dashes, [style.LOST] * len(dashes), atol=25)
    assert (gaps == style.PAPER).all()
    assert (frames[-1] == empty).all()
    assert all((frame != empty).any() for frame in frames[:-1])


def test_an_injured_edge_is_dashed_in_ink_until_its_weight_is_back():
    view, moment = make_view(), brain(weight=1.0)
    whole = draw(view, moment)
    zeroed = moment._replace(weights=np.zeros_like(moment.weights))
    dark = draw(view, zeroed._replace(dark=darkened(zeroed, np.abs(moment.weights))))
    dashes, gaps = pieces_of_edge(view, dark)
    np.testing.assert_allclose(dashes, [style.INK] * len(dashes), atol=40)
    assert (gaps == style.PAPER).all()
    assert darkened(zeroed._replace(weights=0.4 * moment.weights), np.abs(moment.weights)).sum() == 1
    back = moment._replace(weights=0.6 * moment.weights)
    again = draw(view, back._replace(dark=darkened(back, np.abs(moment.weights))))
    for frame in (whole, again):
        np.testing.assert_allclose(
            pixel(frame, middle_of_edge(view)), style.mix(style.PAPER, style.POSITIVE, 0.8), atol=60
        )


def test_the_legend_tells_of_injuries_where_there_are_some():
    intact, injured = brain(weight=1.0), brain(weight=1.0)._replace(dark=np.zeros((5, 5), bool))
    legends = [draw(make_view(), moment)[-40:] for moment in (intact, injured)]
    assert (legends[0] != legends[1]).any()


def test_without_labels_there_is_nothing_but_the_network():
    view = BrainView(COUNTS, None, Area(0, 0, *PAGE))
    frame = draw(view, brain(weight=1.0))
    xs = np.flatnonzero((frame != style.PAPER).any((0, 2))) / 2
    reach = view.layout.positions[:, 0] + np.array([[-1], [1]]) * view.layout.radii
    assert (xs.min(), xs.max()) == pytest.approx((reach.min(), reach.max()), abs=1)


def test_drawn_weights_ignore_small_changes_only():
    view = make_view()
    frames = [draw(view, brain(weight=weight)) for weight in (0.5, 0.55, 0.45, 0.7)]
    assert (frames[0] == frames[1]).all()
    assert (frames[0] == frames[2]).all()
    assert (frames[0] != frames[3]).any()


def test_the_chosen_output_has_a_ring():
    view = make_view()
    plain, chosen = draw(view, brain()), draw(view, brain(), choice=1)
    ring = view.layout.positions[4] - [0, view.layout.radii[4] + 2.5]
    assert pixel(plain, ring) == style.PAPER
    np.testing.assert_allclose(pixel(chosen, ring), style.INK, atol=30)


def test_a_crowded_brain_shows_its_strongest_edges_and_says_so():
    view = make_view(NodeCounts(30, 80, 20))
    weights = np.linspace(-1, 1, 130 * 130).reshape(130, 130).astype(np.float32)
    crowded = Brain(np.ones((130, 130), bool), weights, np.zeros(130, np.float32))
    canvas = Drawing(PAGE, 470, style.PAPER)
    view.draw(canvas, crowded)
    drawn = view.edges_to_draw(crowded.adjacency)
    strength = np.abs(weights[drawn[:, 0], drawn[:, 1]])
    assert len(drawn) == MOST_EDGES
    assert (np.diff(strength) >= 0).all()
    np.testing.assert_allclose(strength[0], np.sort(np.abs(weights).ravel())[-MOST_EDGES])


def test_labels_are_left_out_where_they_would_overlap():
    few, many = (make_view(NodeCounts(count, 4, 2)) for count in (20, 60))
    frames = []
    for view, count in ((few, 26), (many, 66)):
        canvas = Drawing(PAGE, 940, style.PAPER)
        view.draw(
            canvas,
            Brain(
                np.zeros((count, count), bool),
                np.zeros((count, count), np.float32),
                np.zeros(count, np.float32),
            ),
        )
        frames.append(canvas.frame()[60:500, :130])
    assert (frames[0] != style.PAPER).any()
    assert (frames[1] == style.PAPER).all()
