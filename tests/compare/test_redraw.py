"""Figures that are drawn again from their tables."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "redraw_comparisons.py"


@pytest.fixture(scope="module")
def redraw() -> Any:
    spec = importlib.util.spec_from_file_location("redraw_comparisons", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_figures_are_a_function_of_the_tables(redraw: Any, folder: Path) -> None:
    names = ("learning_curves.png", "within_life.png")
    drawn = [(folder / name).read_bytes() for name in names]
    for name in names:
        (folder / name).unlink()
    redraw.main([str(folder)])
    assert [(folder / name).read_bytes() for name in names] == drawn


def test_injuries_are_drawn_where_there_are_some(redraw: Any, folder: Path) -> None:
    rows = "".join(
        f"linear,{kind},{time},{time / 100}\n" for kind in ("intact", "frozen") for time in (5, 15)
    )
    (folder / "injury_curves.csv").write_text(f"policy,injury,time,reward\n{rows}")
    redraw.main([str(folder)])
    assert (folder / "injuries.png").read_bytes().startswith(b"\x89PNG")
