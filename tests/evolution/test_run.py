"""Runs: what lies in the folder, exact continuation, and what happens when something is in the way."""

import csv
import errno
import json
import math
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from lndp_agents import LNDPAgent
from lndp_agents.evolution import objective
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.records import Generation
from lndp_agents.run import events
from lndp_agents.run.metrics import COLUMNS
from lndp_agents.run.run import Run
from lndp_agents.run.view import RunView
from lndp_agents.run.writer import RunWriter
from lndp_agents.search import Evaluation

MakeRecipe = Callable[..., EvolutionConfig]
Evolve = Callable[..., list[Generation]]
FILES = (
    "metrics.csv",
    "hashes.csv",
    "last/model.safetensors",
    "best/model.safetensors",
    "mean/model.safetensors",
)
MOUNTAIN_CAR = {
    "environment": "MountainCar-v0",
    "encoding": "scaled",
    "program": {"nodes": 16},
    "population": 4,
    "lives": 1,
    "held_out_lives": 2,
    "generations": 2,
    "evaluate_every": 1,
}


@pytest.fixture(scope="module")
def finished(make_recipe: MakeRecipe, evolve: Evolve, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 4 generations that nothing disturbed; copy it before changing it."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    evolve(make_recipe(), folder)
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def contents(folder: Path) -> dict[str, bytes]:
    """All that must not differ between two runs of one recipe: numbers, agents and the newest checkpoint."""
    newest = sorted((folder / "checkpoints").iterdir())[-1]
    files = [folder / name for name in FILES] + sorted(newest.iterdir())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def go_on(folder: Path, generations: int | None = None) -> Run:
    with Run.open(folder, generations) as run:
        for _ in run.generations():
            pass
    return run


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def checkpoint(folder: Path) -> Path:
    return sorted((folder / "checkpoints").iterdir())[-1]


def test_a_run_folder_has_all_that_is_promised(finished: Path) -> None:
    names = {path.name for path in finished.iterdir()}
    agents = {"last", "best", "mean"}
    assert names == agents | {
        *("config.json", "system.json", "command.txt", "metrics.csv", "hashes.csv", "timings.csv"),
        *("checkpoints", "events", ".lock"),
    }
    assert all(LNDPAgent.from_pretrained(finished / name).num_parameters > 0 for name in agents)
    assert json.loads((finished / "system.json").read_text())["packages"].keys() >= {"torch", "evotorch"}
    assert [row["generation"] for row in rows(finished)] == ["1", "2", "3", "4"]
    assert [row["steps"] for row in rows(finished)] == ["640", "1280", "1920", "2560"]
    assert [bool(row["held_out"]) for row in rows(finished)] == [False, True, False, True]
    assert len((finished / "timings.csv").read_text().splitlines()) == 4


def test_the_same_seed_gives_the_same_bytes(
    finished: Path, make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path
) -> None:
    evolve(make_recipe(), tmp_path / "again")
    evolve(make_recipe(seed=1), tmp_path / "other")
    assert contents(tmp_path / "again") == contents(finished)
    other = contents(tmp_path / "other")
    assert all(other[name] != content for name, content in contents(finished).items() if name in FILES)


@pytest.mark.parametrize("changes", [{"separable": False}, {"searcher": "PGPE"}, MOUNTAIN_CAR])
def test_a_run_in_pieces_is_the_run_in_one(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path, changes: dict[str, Any]
) -> None:
    recipe = make_recipe(**changes)
    evolve(recipe, tmp_path / "whole")
    half = recipe.generations // 2
    evolve(recipe, tmp_path / "stopped", half)
    assert go_on(tmp_path / "stopped").generation == recipe.generations
    assert contents(tmp_path / "stopped") == contents(tmp_path / "whole")


@pytest.mark.parametrize("half", [1, 2, 3])
def test_a_longer_budget_gives_the_run_that_had_it_from_the_beginning(
    finished: Path, make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path, half: int
) -> None:
    evolve(make_recipe(generations=half), tmp_path / "run")
    go_on(tmp_path / "run", 4)
    assert contents(tmp_path / "run") == contents(finished)
    assert Run.open(tmp_path / "run").config.generations == 4


def test_a_budget_that_is_spent_and_raised_gives_the_run_that_never_had_one(
    finished: Path, make_recipe: MakeRecipe, tmp_path: Path
) -> None:
    """The evaluation where the first budget ended is no part of the search."""
    with Run.create(make_recipe(), tmp_path / "run") as run:
        assert [record.generation for record in run.generations(budget_steps=1000)] == [1]
        assert [row["held_out"] for row in rows(tmp_path / "run")] == [str(run.best_score)]
        assert [record.generation for record in run.generations()] == [2, 3, 4]
    assert contents(tmp_path / "run") == contents(finished)


def test_opening_a_finished_run_changes_nothing(folder: Path) -> None:
    before = contents(folder)
    run = go_on(folder)
    assert (run.generation, run.steps, run.notes) == (4, 2560, [])
    assert contents(folder) == before


def test_a_budget_below_what_is_done_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"generations=3: .* has 4 already, give more"):
        Run.open(folder, 3)
    assert Run.open(folder).config.generations == 4


def test_best_is_the_mean_with_the_best_score_on_held_out_lives(
    make_recipe: MakeRecipe, with_held_out: Any, tmp_path: Path
) -> None:
    scores = iter([3.0, 9.0, 8.5, 9.0])  # the first of equals is the best
    asked: list[Tensor] = []

    def score(genome: Tensor) -> float:
        asked.append(genome)
        return next(scores)

    with_held_out(score)
    run = Run.create(make_recipe(evaluate_every=1, generations=4), tmp_path / "run")
    held_out = [record.held_out for record in run.generations()]
    assert held_out == [3.0, 9.0, 8.5, 9.0]
    assert run.best_score == 9.0
    assert torch.equal(run.best.genome, asked[1])
    assert torch.equal(LNDPAgent.from_pretrained(tmp_path / "run" / "best").genome, asked[1])
    assert torch.equal(LNDPAgent.from_pretrained(tmp_path / "run" / "mean").genome, asked[3])
    run.close()
    again = Run.open(tmp_path / "run")
    assert (again.best_score, torch.equal(again.best.genome, asked[1])) == (9.0, True)


def test_the_mean_is_scored_at_the_end_even_off_the_schedule(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path
) -> None:
    recipe = make_recipe(evaluate_every=100, generations=2)
    assert all(record.held_out is None for record in evolve(recipe, tmp_path / "run"))
    run = go_on(tmp_path / "run")
    assert 0 <= run.best_score <= 500
    mean = LNDPAgent.from_pretrained(tmp_path / "run" / "mean").genome
    assert torch.equal(run.best.genome, mean)
    assert [row["held_out"] for row in rows(tmp_path / "run")] == ["", str(run.best_score)]


def test_a_run_that_is_opened_has_no_score_of_the_end_of_its_old_budget(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path
) -> None:
    evolve(make_recipe(generations=3), tmp_path / "run")
    before = contents(tmp_path / "run")
    with Run.open(tmp_path / "run") as run:
        assert rows(tmp_path / "run")[-1]["held_out"] == ""
        assert run.best_score == float(rows(tmp_path / "run")[1]["held_out"])
        assert list(run.generations()) == []
    assert contents(tmp_path / "run") == before


def test_last_is_the_fittest_of_the_newest_generation(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Tensor] = []

    def first_number(self: objective.WorldObjective, genomes: Tensor, generation: int | None) -> Evaluation:
        if generation is not None:
            seen.append(genomes.clone())
        return Evaluation.of_fitness(genomes[:, 0].double())

    monkeypatch.setattr(objective.WorldObjective, "__call__", first_number)
    evolve(make_recipe(), tmp_path / "run")
    fittest = seen[-1][seen[-1][:, 0].argmax()]
    assert torch.equal(LNDPAgent.from_pretrained(tmp_path / "run" / "last").genome, fittest)


def test_a_record_tells_what_the_evaluations_hold(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def known(self: objective.WorldObjective, genomes: Tensor, generation: int | None) -> Tensor:
        rank = torch.arange(float(len(genomes)))  # of fitness; scores go the other way
        return torch.stack([rank, 100 - 10 * rank, rank / 10, torch.full_like(rank, 3.0)], 1)

    monkeypatch.setattr(objective.WorldObjective, "rollouts", known)
    first, second = evolve(make_recipe(generations=2), tmp_path / "run")
    assert (first.fitness_best, first.fitness_mean) == (7, 3.5)
    assert first.fitness_std == pytest.approx(math.sqrt(5.25))  # of these eight, no sample of more
    assert (first.score_best, first.score_mean, first.nan_count) == (100, 65, 0)
    assert first.density == pytest.approx(0.35)
    assert (first.steps, second.steps) == (24, 48)


def test_lives_are_computed_with_plain_tensors(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds: set[type] = set()
    plain = objective.rollout

    def watched(learner: Any, *arguments: Any, **options: Any) -> Any:
        kinds.update(type(tensor) for tensor in learner.parameters.values())
        return plain(learner, *arguments, **options)

    monkeypatch.setattr(objective, "rollout", watched)
    evolve(make_recipe(), tmp_path / "run", 1)
    assert kinds == {Tensor}  # EvoTorch's own read-only ones take more time than the lives


def test_fitness_that_is_not_a_number_is_counted_and_never_wins(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = objective.fitness

    def poisoned(*arguments: Any) -> Tensor:
        values = plain(*arguments)
        if len(values) > 1:  # else it is the mean, on held-out rollouts
            values[[0, 3]] = objective.WORST
        return values

    monkeypatch.setattr(objective, "fitness", poisoned)
    records = evolve(make_recipe(), tmp_path / "run")
    assert [record.nan_count for record in records] == [2] * 4
    assert all(abs(record.fitness_mean) <= 500 and record.fitness_std <= 500 for record in records)
    assert [row["nan_count"] for row in rows(tmp_path / "run")] == ["2"] * 4


def test_a_generation_without_any_number_is_still_told(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        objective, "fitness", lambda lives, *rest: torch.full_like(lives.scores[:, 0], objective.WORST)
    )
    (record,) = evolve(make_recipe(generations=1), tmp_path / "run")
    assert record.nan_count == 8
    assert math.isnan(record.fitness_best)
    assert math.isnan(record.fitness_std)
    assert "fitness_best" not in read_events(tmp_path / "run")


def test_a_search_that_diverges_stops_and_keeps_the_last_good_state(
    make_recipe: MakeRecipe, tmp_path: Path
) -> None:
    run = Run.create(make_recipe(), tmp_path / "run")
    generations = run.generations()
    next(generations)
    state = vars(run)["_state"]
    vars(run)["_state"] = state._replace(search={**state.search, "sigma": torch.tensor(torch.inf)})
    with pytest.raises(FloatingPointError, match=r"diverged in generation 2 .*smaller sigma"):
        next(generations)
    run.close()
    assert Run.open(tmp_path / "run").generation == 1


def test_a_run_starts_in_a_free_folder_of_its_own(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "test-ShortForaging-v0_1").mkdir(parents=True)
    assert [Run.create(make_recipe()).folder for _ in range(2)] == [
        Path("runs/test-ShortForaging-v0_2"),
        Path("runs/test-ShortForaging-v0_3"),
    ]


def test_a_beginning_is_discarded_only_if_all_of_it_is_the_runs_own(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path / "new", None):
        with Run.create(make_recipe(), folder) as run:
            assert run.folder.is_dir()
            run.discard_beginning()
            assert not run.folder.exists()
    (tmp_path / "mine").mkdir()
    with Run.create(make_recipe(), tmp_path / "mine") as run:
        run.discard_beginning()
        assert (tmp_path / "mine" / "config.json").exists()
    with Run.create(make_recipe(), tmp_path / "notes") as run:
        (tmp_path / "notes" / "notes.txt").touch()
        run.discard_beginning()
        assert (tmp_path / "notes" / "config.json").exists()
    with Run.create(make_recipe(), tmp_path / "begun") as run:
        next(iter(run.generations()))
        run.discard_beginning()
    assert Run.open(tmp_path / "begun").generation == 1


def test_a_folder_with_anything_in_it_is_not_overwritten(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(FileExistsError, match="is not empty: name another folder"):
        Run.create(make_recipe(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_a_run_left_that_was_killed_at_its_beginning_is_no_obstacle(
    make_recipe: MakeRecipe, tmp_path: Path
) -> None:
    with Run.create(make_recipe(), tmp_path / "run") as run:
        expected = run.best.genome
        list(run.generations())
    (tmp_path / "run" / "config.json").unlink()  # generations were done: that is no beginning
    with pytest.raises(FileExistsError, match="is not empty"):
        Run.create(make_recipe(), tmp_path / "run")
    Run.create(make_recipe(seed=9), tmp_path / "begun").close()
    (tmp_path / "begun" / "config.json").unlink()
    with Run.create(make_recipe(), tmp_path / "begun") as run:
        assert torch.equal(run.best.genome, expected)
        list(run.generations())
    metrics = [(tmp_path / name / "metrics.csv").read_bytes() for name in ("run", "begun")]
    assert metrics[0] == metrics[1]


def test_a_damaged_newest_checkpoint_costs_one_generation_and_is_told(finished: Path, folder: Path) -> None:
    tensors = checkpoint(folder) / "search.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-7])
    run = Run.open(folder)
    assert run.generation == 3
    assert run.notes == [
        "skipped checkpoint generation_000000004: search.safetensors does not match its hash"
    ]
    assert [row["generation"] for row in rows(folder)] == ["1", "2", "3"]
    for _ in run.generations():
        pass
    assert contents(folder) == contents(finished)


def test_checkpoints_of_another_recipe_are_refused(
    folder: Path, make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path
) -> None:
    evolve(make_recipe(sigma=0.25), tmp_path / "other")
    shutil.rmtree(folder / "checkpoints")
    shutil.copytree(tmp_path / "other" / "checkpoints", folder / "checkpoints")
    with pytest.raises(FileNotFoundError, match=r"no checkpoint .* can be resumed; skipped .* of run"):
        Run.open(folder)


@pytest.mark.parametrize("tail", ["5,100,1.0\n", "5,100", "garbage\n", "\n"])
def test_rows_that_no_checkpoint_knows_are_dropped(finished: Path, folder: Path, tail: str) -> None:
    with (folder / "metrics.csv").open("a") as file:
        file.write(tail)
    Run.open(folder)
    assert (folder / "metrics.csv").read_bytes() == (finished / "metrics.csv").read_bytes()


@pytest.mark.parametrize("place", [(os, "fsync"), (Path, "replace")])
def test_a_full_disk_stops_the_run_and_costs_nothing_that_was_done(
    finished: Path, make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Any
) -> None:
    def refuse(*args: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    run = Run.create(make_recipe(), tmp_path / "run")
    generations = run.generations()
    next(generations), next(generations)
    with monkeypatch.context() as patch:
        patch.setattr(*place, refuse)
        with pytest.raises(OSError, match="No space left"):
            next(generations)
    run.close()
    assert go_on(tmp_path / "run").notes == []
    assert contents(tmp_path / "run") == contents(finished)


def test_names_are_on_disk_before_what_follows_from_them(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder is synced after a name in it was made: a checkpoint in itself, then in its folder."""
    synced: list[int] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            synced.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    folder = tmp_path / "run"
    kept = folder / "checkpoints"

    def inodes(*paths: Path) -> list[int]:
        return [path.stat().st_ino for path in paths]

    with Run.create(make_recipe(generations=2), folder) as run:
        assert synced == inodes(kept / "generation_000000000", kept, folder, tmp_path)
        for record in run.generations():
            assert synced[-2:] == inodes(kept / f"generation_{record.generation:09d}", kept)
        assert len(synced) == 4 + 2 * 2


def test_a_kill_between_row_and_checkpoint_costs_that_generation_only(
    finished: Path, make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*args: Any) -> None:
        raise Killed

    run = Run.create(make_recipe(), tmp_path / "run")
    generations = run.generations()
    next(generations)
    with monkeypatch.context() as patch:
        patch.setattr(RunWriter, "write_checkpoint", die)
        with pytest.raises(Killed):
            next(generations)
    run.close()
    assert [row["generation"] for row in rows(tmp_path / "run")] == ["1", "2"]
    again = go_on(tmp_path / "run")
    assert again.generation == 4
    assert contents(tmp_path / "run") == contents(finished)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "does not describe a run: Expecting"),
        ("[" * 100_000, "does not describe a run: .*nested too deeply"),
        ("{}", "of something else, such as an agent"),
        ('{"recipe": {}, "format_version": 99}', "format_version is 99, lndp-agents .* reads 1"),
        ('{"recipe": {}, "format_version": 1}', "lacks the key 'encoding'"),
        (" " * 2**23, "config.json: 8388608 bytes, expected 0 to 4194304"),
    ],
)
def test_a_foreign_description_is_refused_in_one_line(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ValueError, match=message) as caught:
        Run.open(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("part", "key", "value", "message"),
    [
        ("recipe", "population", 10**12, "population=1000000000000: give an integer"),
        ("program", "nodes", 10**9, "nodes=1000000000: give an integer"),
        ("program", "nodes", 12, "no checkpoint .* can be resumed"),
        ("program", "action_size", 2, "action_size=2"),
        ("encoding", "kind", "smell", "encoding .*smell"),
    ],
)
def test_a_changed_description_is_refused(
    folder: Path, part: str, key: str, value: Any, message: str
) -> None:
    data = json.loads((folder / "config.json").read_text())
    data[part][key] = value
    (folder / "config.json").write_text(json.dumps(data))
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        Run.open(folder)


def test_a_folder_without_a_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no run, it has no config\.json"):
        Run.open(tmp_path)


def test_a_checkpoint_of_the_full_covariance_holds_no_factor_of_it(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path
) -> None:
    evolve(make_recipe(separable=False, generations=1), tmp_path / "run")
    tensors = load_file(checkpoint(tmp_path / "run") / "search.safetensors")
    size = len(tensors["best"])
    assert {name: tuple(value.shape) for name, value in tensors.items()} == {
        "best": (size,),
        "last": (size,),
        "search.C": (size, size),
        "search.m": (size,),
        "search.p_c": (size,),
        "search.p_sigma": (size,),
        "search.sigma": (),
    }


def read_events(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "events"), purge_orphaned_data=True)
    events.Reload()
    return {
        name: [(event.step, event.value) for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
    }


def test_tensorboard_shows_what_the_table_does(finished: Path) -> None:
    events = read_events(finished)
    assert set(events) == set(COLUMNS[1:])
    for name, points in events.items():
        expected = [(int(row["generation"]), float(row[name])) for row in rows(finished) if row[name]]
        assert [step for step, _ in points] == [step for step, _ in expected]
        assert [value for _, value in points] == pytest.approx([value for _, value in expected], rel=1e-6)


def test_a_resumed_run_purges_later_events(folder: Path) -> None:
    shutil.rmtree(checkpoint(folder))
    go_on(folder)
    assert [step for step, _ in read_events(folder)["sigma"]] == [1, 2, 3, 4]


def test_without_tensorboard_a_run_has_no_events_and_says_so_once(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "find_spec", lambda name: None)
    run = Run.create(make_recipe(generations=2), tmp_path / "run")
    assert len(list(run.generations())) == 2
    assert run.notes == ['no TensorBoard events: pip install "lndp-agents[train]"']
    assert not (tmp_path / "run" / "events").exists()


@pytest.mark.parametrize("searcher", ["CMAES", "PGPE"])
def test_a_run_starts_around_another_agent(make_recipe: MakeRecipe, tmp_path: Path, searcher: str) -> None:
    first = Run.create(make_recipe(generations=1, evaluate_every=1), tmp_path / "first")
    list(first.generations())
    start = str(tmp_path / "first" / "best")
    recipe = make_recipe(start=start, searcher=searcher, sigma=1e-6, generations=1, seed=5)
    with Run.create(recipe, tmp_path / "second") as run:
        assert torch.equal(run.best.genome, first.best.genome)
        list(run.generations())
        torch.testing.assert_close(run.best.genome, first.best.genome, rtol=0, atol=1e-4)
    assert RunView(tmp_path / "second").description.recipe.start == start
    assert "start" not in json.loads((tmp_path / "first" / "config.json").read_bytes())["recipe"]


def test_an_agent_of_another_program_is_no_start(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"start='foraging': its genome has other parameters \(1918 numbers\)"
    ):
        Run.create(make_recipe(start="foraging"), tmp_path / "run")
    assert not (tmp_path / "run").exists()
