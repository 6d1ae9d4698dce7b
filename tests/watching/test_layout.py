import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lndp_agents.watching.drawing import Area
from lndp_agents.watching.layout import CURVE_POINTS, layout, tapered
from lndp_agents.watching.wiring import NodeCounts

AREA = Area(236, 58, 470, 254)
sizes = st.tuples(st.integers(1, 40), st.integers(0, 100), st.integers(1, 40))


@given(sizes)
def test_nodes_lie_inside_and_apart(counts: tuple[int, int, int]):
    inputs, hidden, outputs = counts
    placed = layout(NodeCounts(*counts), AREA, 80)
    assert placed.positions.shape == (sum(counts), 2)
    assert (placed.is_hidden == [False] * inputs + [True] * hidden + [False] * outputs).all()
    assert (placed.positions - placed.radii[:, None] >= [AREA.left + 60, AREA.top]).all()
    assert (placed.positions + placed.radii[:, None] <= [AREA.right - 60, AREA.bottom]).all()
    distance = np.linalg.norm(placed.positions[:, None] - placed.positions, axis=-1)
    reach = placed.radii[:, None] + placed.radii
    assert (distance + np.eye(sum(counts)) * 1000 > reach).all()
    assert (placed.radii > 0).all()


def test_columns_are_left_and_right_in_order():
    placed = layout(NodeCounts(3, 5, 2), AREA, 80)
    x, y = placed.positions.T
    assert (x[:3] == 316).all()
    assert (x[8:] == 626).all()
    assert y[0] < y[1] == AREA.center[1] < y[2]
    assert (np.hypot(*(placed.positions[3:8] - AREA.center).T).std()) < 1e-9


def test_edges_run_from_rim_to_rim_and_both_ways_apart():
    placed = layout(NodeCounts(2, 8, 2), AREA, 80)
    senders, receivers = np.array([0, 3, 5, 4]), np.array([4, 11, 4, 5])
    curves = placed.curves(senders, receivers)
    assert curves.shape == (4, CURVE_POINTS, 2)
    start = np.linalg.norm(curves[:, 0] - placed.positions[senders], axis=-1)
    end = np.linalg.norm(curves[:, -1] - placed.positions[receivers], axis=-1)
    np.testing.assert_allclose(start, placed.radii[senders])
    np.testing.assert_allclose(end, placed.radii[receivers] + 1)
    middle = CURVE_POINTS // 2
    assert np.linalg.norm(curves[2, middle] - curves[3, middle]) > 3  # 5 -> 4 beside 4 -> 5
    assert curves[0, 0, 1] == placed.positions[0, 1]  # leaves the input horizontally
    assert curves[1, -1, 1] == placed.positions[11, 1]  # reaches the output horizontally


def test_an_outline_is_three_times_as_wide_where_it_starts():
    line = np.stack([np.linspace(0, 10, 6), np.zeros(6)], -1)[None]
    outline = tapered(line, np.array([3.0]))[0]
    assert outline.shape == (12, 2)
    np.testing.assert_allclose(outline[[0, 11]], [[0, 1.5], [0, -1.5]])
    np.testing.assert_allclose(outline[[5, 6]], [[10, 0.5], [10, -0.5]])
