"""Verification: an honest run passes, and whatever was changed is named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from lndp_agents import cli
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.objective import WorldObjective
from lndp_agents.run.checkpoint import COUNTERS, TENSORS
from lndp_agents.run.folder import lock_folder
from lndp_agents.run.run import Run
from lndp_agents.run.verification import verify

MakeRecipe = Callable[..., EvolutionConfig]
Evolve = Callable[..., Any]
LAST = 11
"""Generations of the run; with checkpoints of 0, 2, 4, 6, 8, 10 and 11."""


@pytest.fixture(scope="module")
def honest(make_recipe: MakeRecipe, evolve: Evolve, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody touched; copy it before changing it."""
    folder = tmp_path_factory.mktemp("runs") / "honest"
    evolve(make_recipe(generations=LAST), folder)
    return folder


@pytest.fixture
def folder(honest: Path, tmp_path: Path) -> Path:
    """A copy of the run."""
    return Path(shutil.copytree(honest, tmp_path / "run"))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def edit_row(path: Path, generation: int, column: int, value: str) -> None:
    lines = path.read_text().splitlines()
    cells = lines[generation].split(",")
    cells[column] = value
    lines[generation] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")


def edit_json(path: Path, change: Callable[[Any], None]) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def seal(checkpoint: Path) -> None:
    """Give a checkpoint hashes that fit its files."""
    import hashlib

    hashes = {
        name: hashlib.sha256((checkpoint / name).read_bytes()).hexdigest() for name in (TENSORS, COUNTERS)
    }
    (checkpoint / "manifest.json").write_text(json.dumps(hashes))


def test_by_default_any_generation_is_computed_from_the_nearest_checkpoint_before(
    honest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    call = WorldObjective.__call__

    def counted(self: WorldObjective, genomes: Any, generation: int | None) -> Any:
        if generation is not None:
            begun.append(generation)
        return call(self, genomes, generation)

    monkeypatch.setattr(WorldObjective, "__call__", counted)
    chosen: set[int] = set()
    for seed in range(40):
        begun.clear()
        said: list[str] = []
        verdict = verify(honest, seed=seed, say=said.append)
        assert verdict.differences == []
        assert verdict.num_checkpoints == 7
        first, last = verdict.generations[0], verdict.generations[-1]
        assert (first, last - first) in {(first, 0), (last - 1, 1)}
        assert begun == [*range(first - 1, last)]
        which = f"generation {last}" if first == last else f"generations {first} to {last}"
        assert said == [f"computing {which} again ({len(verdict.generations)} in all)"]
        chosen.add(last)
    assert chosen == set(range(1, LAST + 1))


@pytest.mark.parametrize(("generation", "first"), [(1, 1), (4, 3), (6, 5), (LAST, LAST)])
def test_any_generation_can_be_asked_for(honest: Path, generation: int, first: int) -> None:
    verdict = verify(honest, generation)
    assert (verdict.generations, verdict.differences) == (range(first, generation + 1), [])
    which = f"generation {first}" if first == generation else f"generations {first} to {generation}"
    assert str(verdict) == (
        f"{honest}: {which} computed again with the same metrics and hashes; "
        "7 checkpoints and 3 agents hold what was recorded"
    )


def test_everything_is_computed_from_the_beginning_and_nothing_is_written(folder: Path) -> None:
    before = files(folder)
    verdict = verify(folder, everything=True)
    assert (verdict.generations, verdict.differences) == (range(1, LAST + 1), [])
    assert "generations 1 to 11 computed again" in str(verdict)
    assert files(folder) == before


def test_without_checkpoints_the_agents_cannot_be_compared(folder: Path) -> None:
    shutil.rmtree(folder / "checkpoints")
    assert verify(folder, 2).differences[-1] == "no checkpoint is left"


def test_a_training_that_goes_on_is_no_obstacle(folder: Path) -> None:
    with lock_folder(folder):
        assert verify(folder, 1).differences == []


@pytest.mark.parametrize("searcher", ["SNES", "PGPE"])
def test_runs_of_other_searchers_are_verified(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path, searcher: str
) -> None:
    evolve(make_recipe(searcher=searcher), tmp_path / "run")
    assert verify(tmp_path / "run", everything=True).differences == []
    assert verify(tmp_path / "run", 3).differences == []


def test_a_changed_row_is_told_with_both_numbers(folder: Path) -> None:
    honest_value = (folder / "metrics.csv").read_text().splitlines()[5].split(",")[2]
    edit_row(folder / "metrics.csv", 5, 2, "499.5")
    (difference,) = verify(folder, 5).differences
    assert difference == f"metrics.csv, generation 5: fitness_best {honest_value} was recorded as 499.5"
    assert verify(folder, 4).differences == []
    assert verify(folder, everything=True).differences == [difference]


@pytest.mark.parametrize(("column", "name"), [(1, "population"), (2, "fitness")])
def test_a_changed_hash_is_told(folder: Path, column: int, name: str) -> None:
    edit_row(folder / "hashes.csv", 3, column, "0123456789abcdef")
    (difference,) = verify(folder, 3).differences
    assert difference.startswith(f"hashes.csv, generation 3: {name} ")
    assert difference.endswith(" was recorded as 0123456789abcdef")


def test_a_row_that_is_gone_is_told(folder: Path) -> None:
    lines = (folder / "metrics.csv").read_text().splitlines(keepends=True)
    (folder / "metrics.csv").write_text("".join(lines[:4] + lines[5:]))
    for options in ({}, {"generation": 8}, {"everything": True}):
        assert verify(folder, **options).differences == ["metrics.csv lacks generation 4"]


@pytest.mark.parametrize("generation", [0, 4, LAST])
def test_a_changed_tensor_with_a_fitting_manifest_is_found_at_once(folder: Path, generation: int) -> None:
    checkpoint = folder / "checkpoints" / f"generation_{generation:09d}"
    tensors = load_file(checkpoint / TENSORS)
    tensors["search.m"][0] = torch.nextafter(tensors["search.m"][0], torch.tensor(1.0))
    save_file(tensors, checkpoint / TENSORS)
    seal(checkpoint)
    verdict = verify(folder)
    assert verdict.differences == [f"{checkpoint.name} does not hold the search that was recorded"]
    assert len(verdict.generations) == 0


@pytest.mark.parametrize(("name", "value"), [("steps", 7), ("best_score", 499.0)])
def test_a_changed_counter_with_a_fitting_manifest_is_found(folder: Path, name: str, value: Any) -> None:
    checkpoint = folder / "checkpoints" / "generation_000000006"
    edit_json(checkpoint / COUNTERS, lambda data: data.update({name: value}))
    seal(checkpoint)
    assert verify(folder).differences == [f"{checkpoint.name} does not hold the search that was recorded"]


def test_a_damaged_checkpoint_is_told(folder: Path) -> None:
    checkpoint = folder / "checkpoints" / "generation_000000004"
    (checkpoint / TENSORS).write_bytes((checkpoint / TENSORS).read_bytes()[:-1])
    assert verify(folder).differences == [f"{checkpoint.name}: {TENSORS} does not match its hash"]


def test_a_changed_seed_is_found(folder: Path) -> None:
    edit_json(folder / "config.json", lambda data: data["recipe"].update(seed=1))
    differences = verify(folder).differences
    assert differences[0].startswith("generation_000000011: it is generation 11 of run ")
    assert len(differences) == 7


def test_another_budget_is_no_difference(folder: Path) -> None:
    edit_json(folder / "config.json", lambda data: data["recipe"].update(generations=99))
    assert verify(folder).differences == []


def test_another_system_is_mentioned_only_where_something_differs(folder: Path) -> None:
    edit_row(folder / "hashes.csv", 3, 2, "0123456789abcdef")
    assert "not the system" not in str(verify(folder, 3))
    edit_json(folder / "system.json", lambda data: data.update(threads=64))
    told = f" (not the system that the run was begun on: threads 64 then and {torch.get_num_threads()} now)"
    assert str(verify(folder, 3)).endswith(told)
    assert "not the system" not in str(verify(folder, 5))


def test_a_run_that_lost_its_hashes_differs_also_after_a_resume(folder: Path) -> None:
    (folder / "hashes.csv").unlink()
    assert verify(folder).differences == ["hashes.csv lacks generations 1 to 11"]
    with Run.open(folder, LAST + 2) as run:
        assert run.notes == ["hashes.csv lacks generations 1 to 11: they cannot be verified any more"]
        assert len(list(run.generations())) == 2
    assert verify(folder, LAST + 1).differences == ["hashes.csv lacks generations 1 to 11"]


def test_a_run_that_has_done_nothing_has_nothing_to_verify(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    Run.create(make_recipe(), tmp_path).close()
    with pytest.raises(ValueError, match="has done no generation yet: `lndp resume` it"):
        verify(tmp_path)


def test_the_command_gives_one_line_and_a_code(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", str(folder), "--generation", "3"]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{verify(folder, 3)}\n"
    assert captured.err == "computing generation 3 again (1 in all)\n"
    edit_row(folder / "metrics.csv", 3, 1, "1")
    assert cli.main(["verify", str(folder), "--generation", "3"]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith(
        f"{folder} differs: metrics.csv, generation 3: steps 1920 was recorded as 1"
    )
    assert captured.out.count("\n") == 1


@pytest.mark.parametrize("generation", [-1, 0, LAST + 1])
def test_a_generation_that_is_not_recorded_is_bad_input(
    honest: Path, generation: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["verify", str(honest), "--generation", str(generation)]) == 2
    expected = f"lndp: error: generation={generation}: {honest} has hashes of 1 to {LAST}\n"
    assert capsys.readouterr().err == expected


def test_what_is_no_run_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", str(tmp_path)]) == 2
    assert "holds no run" in capsys.readouterr().err
