"""The finder of names: built in, MODULE:NAME, and what installed packages announce."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from lndp_agents.blame import WorldError
from lndp_agents.commands.trust import check_module
from lndp_agents.plugins import did_you_mean, find, foreign_module

BUILT_IN = {"CMAES": 1, "SNES": 2}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder with a module, and an installed package that announces another."""
    (tmp_path / "lndp_test_mine.py").write_text("class Search: pass\nNUMBER = 3\n")
    (tmp_path / "lndp_test_broken.py").write_text("\n\n1 / 0\n")
    installed = tmp_path / "site"
    (installed / "lndp_test-1.0.dist-info").mkdir(parents=True)
    (installed / "lndp_test-1.0.dist-info" / "METADATA").write_text("Name: lndp-test\nVersion: 1.0\n")
    (installed / "lndp_test-1.0.dist-info" / "entry_points.txt").write_text(
        "[lndp_agents.plugins]\nsearcher.hill = lndp_test_installed:Hill\n"
    )
    (installed / "lndp_test_installed.py").write_text("class Hill: pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(installed), *sys.path])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("lndp_test_")]:
        del sys.modules[name]


def test_a_name_is_built_in_or_of_a_module_or_announced(here: Path) -> None:
    assert find("searcher", "SNES", BUILT_IN) == 2
    assert find("searcher", "lndp_test_mine:NUMBER", BUILT_IN) == 3
    assert find("searcher", str(here / "lndp_test_mine.py") + ":NUMBER", BUILT_IN) == 3
    assert find("searcher", "hill", BUILT_IN).__name__ == "Hill"
    assert find("searcher", "lndp_test_installed:Hill", BUILT_IN).__name__ == "Hill"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("CMEAS", "searcher='CMEAS': give one of CMAES, SNES, hill, or MODULE:NAME; did you mean 'CMAES'?"),
        (3, "searcher=3: give one of CMAES, SNES, hill, or MODULE:NAME"),
        ("lndp_test_mine:Serach", "lndp_test_mine has no 'Serach'; did you mean 'Search'?"),
        ("lndp_test_no:Search", "searcher 'lndp_test_no:Search': module 'lndp_test_no' is neither in "),
        ("no.py:Search", "searcher 'no.py:Search': no file 'no.py'; give the path of one"),
    ],
)
def test_a_wrong_name_is_refused_with_those_that_there_are(here: Path, name: object, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        find("searcher", name, BUILT_IN)


def test_an_error_of_the_module_names_its_file_and_line(here: Path) -> None:
    with pytest.raises(
        WorldError, match=r"searcher 'lndp_test_broken:X' raised ZeroDivisionError: .* line 3"
    ):
        find("searcher", "lndp_test_broken:X", BUILT_IN)


def test_only_what_is_announced_needs_no_trust(here: Path) -> None:
    options = Namespace(trust=False)
    assert foreign_module("lndp_test_installed:Hill") == foreign_module("hill") == ""
    assert foreign_module("lndp_test_mine:Search") == "lndp_test_mine"
    check_module("lndp_test_installed:Hill", "run", options, "searcher")
    with pytest.raises(
        ValueError, match="run names the searcher lndp_test_mine:Search, for which the module"
    ):
        check_module("lndp_test_mine:Search", "run", options, "searcher")
    check_module("lndp_test_mine:Search", "run", Namespace(trust=True), "searcher")
    assert not [name for name in sys.modules if name.startswith("lndp_test_")]


def test_a_guess_is_made_only_where_one_is_near() -> None:
    assert did_you_mean("place", ["places", "scaled"]) == "; did you mean 'places'?"
    assert did_you_mean("x", ["places"]) == did_you_mean(None, ["places"]) == ""
