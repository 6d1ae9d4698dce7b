"""The script that compares in all worlds, tiny."""

from pathlib import Path
from typing import Any

import pytest
from small_comparison import read_csv, script

from lndp_agents.compare import Comparison
from lndp_agents.compare.entrants import check_entrants


@pytest.fixture(scope="module")
def compare() -> Any:
    return script("compare")


def test_a_summary_has_the_numbers_of_all_worlds(compare: Any, tmp_path: Path) -> None:
    options = ["--worlds", "Foraging", "Bandit", "--policies", "scripted,random", "--lives", "6"]
    compare.main([*options, "--out", str(tmp_path)])
    rows = read_csv(tmp_path / "summary.csv")
    assert [(row["world"], row["policy"]) for row in rows] == [
        (world, policy) for world in ("Foraging", "Bandit") for policy in ("scripted", "random")
    ]
    for row in rows:
        (own,) = [
            other
            for other in read_csv(tmp_path / row["world"] / "comparison.csv")
            if other["policy"] == row["policy"]
        ]
        assert own.items() <= row.items()
    table = [line for line in (tmp_path / "summary.md").read_text().splitlines() if line.startswith("|")]
    assert table[0] == "| policy | Foraging | Bandit |"
    cells = [f"{float(row['iqm']):.1f} ({float(row['low']):.1f} to" for row in rows]
    assert cells[0] in table[2]
    assert cells[2] in table[2]
    assert cells[1] in table[3]
    assert cells[3] in table[3]


def test_all_its_policies_can_play(compare: Any) -> None:
    for name, policies in compare.WORLDS.items():
        fixed = {"environment": f"lndp/{name}-v0", "budget_steps": 1}
        check_entrants(Comparison(policies=policies, **fixed))
        with pytest.raises(ValueError, match="agent's encoding does not fit"):
            check_entrants(Comparison(policies=(*policies, "zoo:pendulum"), **fixed))
