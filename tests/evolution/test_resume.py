"""What a training says when its folder or its system is not what it was, and when it ends of itself."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import pytest
import torch
from gymnasium.spaces import Box, Discrete

from lndp_agents import cli
from lndp_agents.evolution import objective
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.fitness import WORST
from lndp_agents.run.origin import system_info
from lndp_agents.run.run import HOPELESS, Run
from lndp_agents.run.verification import verify

MakeRecipe = Callable[..., EvolutionConfig]
Evolve = Callable[..., Any]
LAST = 6


@pytest.fixture(scope="module")
def finished(make_recipe: MakeRecipe, evolve: Evolve, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 6 generations; copy it before changing it."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    evolve(make_recipe(generations=LAST), folder)
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """A copy of the run."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def keep_lines(path: Path, *numbers: int) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[number] for number in numbers))


def test_rows_that_are_missing_are_told_one_line_a_table(folder: Path) -> None:
    keep_lines(folder / "metrics.csv", 0, 1, 2, 4)
    keep_lines(folder / "hashes.csv", 0, 3, 4, 5, 6)
    with Run.open(folder) as run:
        assert run.notes == [
            "metrics.csv lacks generations 3, 5 to 6: they cannot be verified any more",
            "hashes.csv lacks generations 1 to 2: they cannot be verified any more",
        ]
    assert [line.partition(",")[0] for line in (folder / "metrics.csv").read_text().splitlines()[1:]] == [
        *("1", "2", "4")
    ]


def test_a_row_that_was_cut_is_missing(folder: Path) -> None:
    text = (folder / "metrics.csv").read_text()
    (folder / "metrics.csv").write_text(text[:-20])
    with Run.open(folder) as run:
        assert run.notes == ["metrics.csv lacks generation 6: they cannot be verified any more"]


def test_a_table_that_is_gone_is_told_by_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "hashes.csv").unlink()
    assert cli.main(["resume", str(folder)]) == 0
    told = "hashes.csv lacks generations 1 to 6: they cannot be verified any more"
    assert told in capsys.readouterr().err.splitlines()


def test_many_gaps_stay_one_short_line(tmp_path: Path, make_recipe: MakeRecipe, evolve: Evolve) -> None:
    evolve(make_recipe(generations=12, population=4, lives=1, held_out_lives=1), tmp_path / "run")
    keep_lines(tmp_path / "run" / "hashes.csv", 0, 2, 4, 6, 8, 10)
    with Run.open(tmp_path / "run") as run:
        assert run.notes[0].startswith("hashes.csv lacks generations 1, 3, 5 and others up to 12: ")


def test_generations_that_no_checkpoint_has_are_told_to_be_done_again(finished: Path, folder: Path) -> None:
    for number in (4, 5, 6):
        shutil.rmtree(folder / "checkpoints" / f"generation_{number:09d}")
    with Run.open(folder) as run:
        told = (
            "went up to generation 6, the newest sound checkpoint to 3: what came after it is computed again"
        )
        assert run.notes == [f"metrics.csv {told}", f"hashes.csv {told}"]
        list(run.generations())
    assert (folder / "hashes.csv").read_bytes() == (finished / "hashes.csv").read_bytes()


def test_the_generation_that_was_under_way_is_not_worth_a_word(folder: Path) -> None:
    shutil.rmtree(folder / "checkpoints" / "generation_000000006")
    with Run.open(folder) as run:
        assert (run.generation, run.notes) == (5, [])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"threads": 99}, "threads 99 then and {threads} now"),
        (
            {"platform": "Plan 9", "processor": "Z80"},
            "platform Plan 9 then and {platform} now, processor Z80",
        ),
        (
            {"packages": {"torch": "1.0", "lndp-agents": "0.0.1"}},
            "lndp-agents 0.0.1 then and {own} now, torch ",
        ),
        ({"packages": 3, "instructions": "MMX"}, "instructions MMX then and "),
    ],
)
def test_another_system_is_told_in_one_line(folder: Path, changes: dict[str, Any], told: str) -> None:
    info = system_info()
    (folder / "system.json").write_text(json.dumps(info | changes))
    with Run.open(folder) as run:
        (note,) = run.notes
    beginning = told.format(**info, own=info["packages"]["lndp-agents"])
    assert note.startswith(f"not the system that the run was begun on: {beginning[:60]}")
    assert note.endswith(": last bits can differ")


@pytest.mark.parametrize("content", [None, "[", "3", "[1]"])
def test_a_system_that_is_not_known_is_told(folder: Path, content: str | None) -> None:
    (folder / "system.json").unlink() if content is None else (folder / "system.json").write_text(content)
    with Run.open(folder) as run:
        assert run.notes == [
            "system.json does not say on what system the run was begun: last bits can differ"
        ]


def moved(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def replaced(folder: Path) -> None:
    moved(folder)
    shutil.copytree(folder.with_name("elsewhere"), folder)


def unlocked(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("elsewhere"))
    (folder / ".lock").unlink()


@pytest.mark.parametrize("do", [moved, replaced, unlocked, shutil.rmtree])
def test_a_folder_that_is_moved_or_removed_ends_the_training(
    finished: Path, folder: Path, do: Callable[[Path], Any]
) -> None:
    with Run.open(folder, LAST + 3) as run:
        generations = run.generations()
        next(generations)
        do(folder)
        left = sorted(folder.rglob("*"))
        with pytest.raises(
            FileNotFoundError, match=f"{folder} was moved or removed while it was in use: `lndp"
        ):
            next(generations)
        with pytest.raises(FileNotFoundError, match="was moved or removed"):
            run.save_agents()
    assert sorted(folder.rglob("*")) == left
    if do is not shutil.rmtree:
        with Run.open(folder.with_name("elsewhere")) as run:
            assert run.generation == LAST + 1
            list(run.generations())
        assert verify(folder.with_name("elsewhere"), everything=True).differences == []


def test_a_folder_that_is_moved_while_a_generation_is_lived_gets_nothing_of_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout = objective.rollout

    def moving(*arguments: Any, **options: Any) -> Any:
        if folder.exists():
            moved(folder)
        return rollout(*arguments, **options)

    with Run.open(folder, LAST + 1) as run:
        monkeypatch.setattr(objective, "rollout", moving)
        with pytest.raises(FileNotFoundError, match="was moved or removed"):
            list(run.generations())
    assert not folder.exists()
    with Run.open(folder.with_name("elsewhere")) as run:
        assert (run.generation, run.notes) == (LAST, [])


class Broken(gymnasium.Env[Any, Any]):
    """Its rewards are not numbers."""

    observation_space = Box(-1.0, 1.0, (1,))
    action_space = Discrete(2)

    def reset(self, **_: Any) -> Any:
        return self.observation_space.low, {}

    def step(self, action: Any) -> Any:
        return self.observation_space.low, math.nan, False, False, {}


@pytest.mark.filterwarnings("ignore:Broken-v0 gave a reward that is no finite number")
def test_a_world_without_a_number_as_reward_ends_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gymnasium.register("Broken-v0", Broken, max_episode_steps=3, disable_env_checker=True)
    folder = tmp_path / "run"
    options = ["--population", "4", "--lives", "1", "--held-out-lives", "1", "--evaluate-every", "1"]
    for command, done in (
        (["train", "Broken-v0", *options, "--generations", "9", "--out", str(folder)], HOPELESS),
        (["resume", str(folder)], 2 * HOPELESS),
    ):
        assert cli.main(command) == 2
        assert capsys.readouterr().err.splitlines()[-1] == (
            f"lndp: error: in {HOPELESS} generations in a row of {folder} no fitness was a number: see that "
            "the rewards of Broken-v0 are finite, or begin another run with a smaller sigma"
        )
        with Run.open(folder) as run:
            assert run.generation == done
    assert verify(folder, everything=True).differences == []
    del gymnasium.registry["Broken-v0"]


def test_a_generation_with_a_number_begins_the_count_anew(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitness, number = objective.fitness, 0

    def sometimes(*arguments: Any) -> Any:
        nonlocal number
        values = fitness(*arguments)
        if len(values) == 1:  # the mean, on held-out rollouts
            return values
        number += 1
        if number % HOPELESS:  # all but one genome in every third generation
            return torch.full_like(values, WORST)
        return torch.where(torch.arange(len(values)) > 0, WORST, values)

    monkeypatch.setattr(objective, "fitness", sometimes)
    with Run.create(make_recipe(generations=7), tmp_path / "run") as run:
        assert [record.nan_count for record in run.generations()] == [8, 8, 7, 8, 8, 7, 8]
