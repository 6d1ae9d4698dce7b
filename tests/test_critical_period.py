"""The script of finding 4 writes what `diagnose` measures."""

import csv
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from lndp_agents import load_pretrained
from lndp_agents.studies.diagnostics import diagnose

SCRIPT = Path(__file__).parents[1] / "examples" / "paper" / "critical_period.py"
RESULTS = SCRIPT.parent / "results"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """The script as a user runs it, in this process: its exit code."""

    def script(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), *map(str, arguments)])
        monkeypatch.syspath_prepend(SCRIPT.parent)
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(SCRIPT), run_name="__main__")
        return int(str(end.value.code))

    yield script
    sys.modules.pop("living", None)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_tables_and_figure_hold_what_diagnose_measures(run: Callable[..., int], tmp_path: Path) -> None:
    assert run("foraging", "--lives", 4, "--seed", 5, "--out", tmp_path / "out") == 0
    report = diagnose(load_pretrained("foraging"), "lndp/Foraging-v0", lives=4, seed=5)
    curves = rows(tmp_path / "out" / "critical_period_foraging.csv")
    assert [int(row["step"]) for row in curves] == list(range(101))
    for name, mean in report.curves.means().items():
        written = [float(row[name]) for row in curves if row[name]]
        assert written == pytest.approx(mean.tolist(), abs=1e-5)
    row, *others = rows(tmp_path / "out" / "critical_period.csv")
    assert [other["number"] for other in others] == ["2", "3"]
    assert all(other["score"] != "" and other["environment"] == row["environment"] for other in others)
    assert int(row["critical_period"]) == report.critical_period
    assert (row["lives"], row["seed"], row["found"]) == ("4", "5", "none")
    assert f"| {row['critical_period']} of 100 |" in (tmp_path / "out" / "critical_period.md").read_text()
    with Image.open(tmp_path / "out" / "critical_period.png") as figure:
        assert figure.size > (1000, 200)


def test_an_unknown_agent_is_one_line(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("nobody", "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: no pretrained agent and no folder 'nobody'")
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_committed_results_are_of_128_lives_and_their_curves_add_up() -> None:
    for row in rows(RESULTS / "critical_period.csv"):
        assert row["lives"] == "128"
        curves = rows(RESULTS / f"critical_period_{row['agent']}.csv")
        dense = [step for step in curves if 0 < int(step["step"]) <= 100]
        for before, step in zip(curves, dense, strict=False):
            if step["lives"] == "128":  # as long as all go on
                grown = float(step["born"]) - float(step["lost"])
                assert float(step["density"]) - float(before["density"]) == pytest.approx(grown, abs=3e-5)
