import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lndp_agents.plotting import plot_evolution, read_metrics
from lndp_agents.plotting.evolution import evolution_figure
from lndp_agents.plotting.figures import spread

NAN = math.nan
METRICS = {
    "generation": [1.0, 2.0, 3.0],
    "steps": [100.0, 200.0, 300.0],
    "score_best": [5.0, NAN, 9.0],
    "score_mean": [1.0, 2.0, 3.0],
    "held_out": [NAN, 4.0, NAN],
}


def test_the_lines_are_the_metrics():
    axes = evolution_figure(METRICS, {"optimum": 10.0, "random": 0.5}, "Evolution").axes[0]
    lines = [list(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in axes.lines]
    assert lines[:2] == [[(0, 10), (1, 10)], [(0, 0.5), (1, 0.5)]]
    assert lines[2:] == [[(1, 5), (3, 9)], [(1, 1), (2, 2), (3, 3)], [(2, 4)]]
    texts = {text.get_text() for text in axes.texts}
    assert texts == {
        "optimum",
        "random",
        "population, best: 9",
        "population, mean: 3",
        "mean, held-out lifetimes: 4",
    }
    assert axes.get_xlabel() == "generation (300 environment steps)"


def test_a_png_is_written(tmp_path: Path):
    plot_evolution(METRICS, tmp_path / "evolution.png", reference_lines={"one side": 2.5})
    with Image.open(tmp_path / "evolution.png") as image:
        assert image.format == "PNG"
        assert image.size == (1280, 720)
    assert len(list(tmp_path.iterdir())) == 1


def test_metrics_are_read_from_the_run_folder(tmp_path: Path):
    path = tmp_path / "metrics.csv"
    path.write_text("generation,held_out,score_best\n1,,3.5\n2,4,nan\n")
    metrics = read_metrics(path)
    assert list(metrics) == ["generation", "held_out", "score_best"]
    assert metrics["generation"] == [1, 2]
    assert math.isnan(metrics["held_out"][0])
    assert metrics["held_out"][1] == 4
    assert metrics["score_best"][0] == 3.5


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "is empty"), ("a,b\n1,x\n", "line 2: could not convert"), ("a,b\n1,2\n1\n", "line 3: zip")],
)
def test_other_files_are_refused(tmp_path: Path, text: str, message: str):
    (tmp_path / "metrics.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_metrics(tmp_path / "metrics.csv")


@pytest.mark.parametrize("missing", ["held_out", "steps"])
def test_missing_columns_are_named(missing: str):
    with pytest.raises(ValueError, match=f"without any '{missing}'"):
        evolution_figure(
            {name: column for name, column in METRICS.items() if name != missing}, {}, "Evolution"
        )


def test_nothing_is_imported_before_it_is_needed(tmp_path: Path):
    code = (
        "import sys, lndp_agents.watching; from lndp_agents.plotting import plot_evolution\n"
        "assert not {'pygame', 'matplotlib'} & set(sys.modules)\n"
        f"plot_evolution({METRICS}, {str(tmp_path / 'p.png')!r})\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    ).replace("nan", "float('nan')")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert (tmp_path / "p.png").stat().st_size > 0


def test_missing_matplotlib_is_one_clear_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'need matplotlib: pip install "lndp-agents\[train\]"$'):
        plot_evolution(METRICS, "p.png")


@given(st.lists(st.floats(-1, 2), max_size=8))
def test_labels_are_spread_apart_in_order(values: list[float]):
    moved = spread(values, 0.1)
    order = sorted(range(len(values)), key=lambda index: (values[index], moved[index]))
    gaps = [moved[two] - moved[one] for one, two in pairwise(order)]
    assert all(gap > 0.1 - 1e-9 for gap in gaps)
    assert sum(moved) == pytest.approx(sum(values), abs=1e-9)


def test_labels_that_are_far_apart_stay():
    assert spread([0.9, 0.1, 0.5], 0.1) == [0.9, 0.1, 0.5]
    assert spread([0.5, 0.5], 0.1) == pytest.approx([0.45, 0.55])
