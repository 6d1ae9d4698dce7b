"""Forged runs: whatever contradicts the search is a difference; what an honest training leaves is none."""

import csv
import io
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from lndp_agents import load_pretrained
from lndp_agents.evolution import description, presets
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.evolution import Evolution, hash_checkpoint
from lndp_agents.run.checkpoint import COUNTERS, TENSORS, read_checkpoint, write_checkpoint
from lndp_agents.run.run import Run
from lndp_agents.run.verification import verify
from lndp_agents.run.view import RunView

MakeRecipe = Callable[..., EvolutionConfig]
Evolve = Callable[..., Any]
LNDP = Path(sys.executable).with_name("lndp")
LAST = 10
"""Generations of the run; with checkpoints of 0, 2, 4, 6, 8, 9 and 10."""


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


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True)


def write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(lines))


def drop_rows(path: Path, *generations: int) -> None:
    write_lines(path, [line for number, line in enumerate(lines_of(path)) if number not in generations])


def add_row(path: Path, generation: int) -> None:
    """The last row once more, as that of another generation."""
    lines = lines_of(path)
    write_lines(path, [*lines, f"{generation},{lines[-1].partition(',')[2]}"])


def cell(path: Path, generation: int, column: str) -> str:
    rows = list(csv.reader(lines_of(path)))
    return rows[generation][rows[0].index(column)]


def edit_cell(path: Path, generation: int, column: str, value: object) -> None:
    rows = list(csv.reader(lines_of(path)))
    rows[generation][rows[0].index(column)] = str(value)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue())


def replace_agent(folder: Path, name: str, other: str) -> None:
    shutil.rmtree(folder / name)
    shutil.copytree(folder / other, folder / name)


def edit_config(path: Path, **changes: Any) -> None:
    data = json.loads(path.read_text())
    data["config"] |= changes
    path.write_text(json.dumps(data))


def change_genome(folder: Path, name: str) -> None:
    """The last bit of one number, and a hash that fits."""
    agent = load_pretrained(folder / name)
    genome = agent.genome
    genome[0] = torch.nextafter(genome[0], torch.tensor(9.0))
    spaces = agent.observation_space, agent.action_space
    type(agent)(*spaces, agent.config, genome=genome, encoding=agent.encoding).save_pretrained(folder / name)


AGENTS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "another best": (
        lambda folder: replace_agent(folder, "best", "last"),
        "best does not hold the mean with the highest held-out score up to generation 10",
    ),
    "another last": (
        lambda folder: replace_agent(folder, "last", "mean"),
        "last does not hold the fittest genome of generation 10",
    ),
    "another mean": (
        lambda folder: replace_agent(folder, "mean", "last"),
        "mean does not hold the mean of generation 10",
    ),
    "a last bit": (lambda folder: change_genome(folder, "best"), "best does not hold "),
    "another program": (
        lambda folder: edit_config(folder / "last" / "config.json", initial_density=0.25),
        "last does not hold ",
    ),
    "no best": (lambda folder: shutil.rmtree(folder / "best"), "best is no agent: "),
    "no model": (lambda folder: (folder / "mean" / "model.safetensors").unlink(), "mean is no agent: "),
}


@pytest.mark.parametrize("forgery", AGENTS)
def test_an_agent_that_the_search_did_not_find_is_told(folder: Path, forgery: str) -> None:
    do, told = AGENTS[forgery]
    do(folder)
    (difference,) = verify(folder, everything=True).differences
    assert difference.startswith(told)
    with Run.open(folder):
        pass
    assert verify(folder).differences == []  # resuming writes the agents of the checkpoint again


TABLES: dict[str, tuple[Callable[[Path], Any], list[str]]] = {
    "early rows dropped": (
        lambda folder: drop_rows(folder / "hashes.csv", *range(1, 7)),
        ["hashes.csv lacks generations 1 to 6"],
    ),
    "a row dropped in the middle of each": (
        lambda folder: (drop_rows(folder / "hashes.csv", 3), drop_rows(folder / "metrics.csv", 5, 7)),
        ["metrics.csv lacks generations 5, 7", "hashes.csv lacks generation 3"],
    ),
    "the last row dropped": (
        lambda folder: drop_rows(folder / "hashes.csv", LAST),
        ["hashes.csv lacks generation 10"],
    ),
    "surplus metrics": (
        lambda folder: (add_row(folder / "metrics.csv", 11), add_row(folder / "metrics.csv", 12)),
        ["metrics.csv goes on to generation 12, but the newest checkpoint is of 10"],
    ),
    "surplus hashes": (
        lambda folder: [add_row(folder / name, 12) for name in ("metrics.csv", "hashes.csv")],
        [
            "metrics.csv goes on to generation 12, but the newest checkpoint is of 10",
            "hashes.csv goes on to generation 12, but the newest checkpoint is of 10",
        ],
    ),
    "hashes without metrics": (
        lambda folder: add_row(folder / "hashes.csv", 11),
        ["metrics.csv lacks generation 11, which hashes.csv has"],
    ),
    "a row twice": (
        lambda folder: write_lines(
            folder / "metrics.csv",
            [line for line in lines_of(folder / "metrics.csv") for _ in range(1 + line.startswith("4,"))],
        ),
        ["metrics.csv holds other lines than one row of each generation, in their order"],
    ),
    "another order": (
        lambda folder: write_lines(
            folder / "hashes.csv",
            [lines_of(folder / "hashes.csv")[0], *lines_of(folder / "hashes.csv")[:0:-1]],
        ),
        ["hashes.csv holds other lines than one row of each generation, in their order"],
    ),
    "other columns": (
        lambda folder: edit_cell(folder / "metrics.csv", 0, "held_out", "optimum"),
        ["metrics.csv holds other lines than one row of each generation, in their order"],
    ),
    "half a row": (
        lambda folder: write_lines(
            folder / "metrics.csv", [*lines_of(folder / "metrics.csv"), "11,99999,490.0"]
        ),
        ["metrics.csv holds other lines than one row of each generation, in their order"],
    ),
    "a higher held-out score": (
        lambda folder: edit_cell(folder / "metrics.csv", 2, "held_out", 499.0),
        ["metrics.csv: the highest held-out score up to generation 10 is 499.0, but "],
    ),
    "other steps": (
        lambda folder: edit_cell(folder / "metrics.csv", 6, "steps", 1),
        ["metrics.csv, generation 6: steps 3840 was recorded as 1"],
    ),
}


@pytest.mark.parametrize("forgery", TABLES)
def test_tables_that_contradict_the_checkpoints_are_told(folder: Path, forgery: str) -> None:
    do, told = TABLES[forgery]
    do(folder)
    differences = verify(folder, everything=True).differences
    assert len(differences) == len(told), differences
    for difference, beginning in zip(differences, told, strict=True):
        assert difference.startswith(beginning)


FOUND = ("config.json", "metrics.csv", "hashes.csv", "checkpoints/*/*", "last/*", "best/*", "mean/*")
HARMLESS = ("timings.csv", "command.txt", "system.json", "events/*", ".lock")
"""Nothing is computed from them."""
FREE = ('"generations":', '"package_version":')
"""Lines that may say something else: the budget, and what an agent was saved with."""


@pytest.mark.parametrize("flips", [1, pytest.param(12, marks=pytest.mark.slow)])
def test_a_flipped_bit_in_any_file_is_found_or_does_not_matter(
    honest: Path, tmp_path: Path, flips: int
) -> None:
    short = Path(shutil.copytree(honest, tmp_path / "run"))
    known = {path for pattern in (*FOUND, *HARMLESS) for path in short.glob(pattern)}
    assert known == {path for path in short.rglob("*") if path.is_file()}
    draw = random.Random(flips)
    for pattern in (*FOUND, *HARMLESS):
        paths = sorted(short.glob(pattern))
        for path in draw.sample(paths, min(len(paths), 2 * flips)):
            content = path.read_bytes()
            for _ in range(flips if content else 0):
                place = draw.randrange(len(content))
                start = content.rfind(b"\n", 0, place) + 1
                if content[start:].lstrip().startswith(tuple(line.encode() for line in FREE)):
                    continue
                path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
                assert is_told(short) == (pattern in FOUND), (path, place)
            path.write_bytes(content)


def is_told(folder: Path) -> bool:
    try:
        return bool(verify(folder, everything=True).differences)
    except (ValueError, FileNotFoundError):
        return True


def test_a_forged_generation_anywhere_is_found_by_some_draw(folder: Path) -> None:
    edit_cell(folder / "metrics.csv", 7, "fitness_mean", 99.5)
    drawn: set[int] = set()
    for seed in range(20):
        verdict = verify(folder, seed=seed)
        drawn.add(verdict.generations[-1])
        told = [difference.partition(":")[0] for difference in verdict.differences]
        assert told == ["metrics.csv, generation 7"] * (7 in verdict.generations)
    assert {7, 8} & drawn  # on the way to generation 8 it is computed too


def test_a_checkpoint_whose_best_was_replaced_differs_from_those_after_it(folder: Path) -> None:
    """Sealed, and with the fitting hash in hashes.csv."""
    description = RunView(folder).description
    evolution = Evolution(description)
    expected = evolution.tensors(evolution.init())
    path = folder / "checkpoints" / "generation_000000009"
    counters, tensors = read_checkpoint(path, description.identity, expected)
    newest = load_file(folder / "checkpoints" / "generation_000000010" / TENSORS)
    tensors["best"] = tensors["last"].clone()
    assert not torch.equal(tensors["best"], newest["best"])
    shutil.rmtree(path)
    write_checkpoint(folder / "checkpoints", counters, tensors)
    edit_cell(folder / "hashes.csv", 9, "search", hash_checkpoint(counters, tensors))
    (difference,) = verify(folder, 1).differences
    assert difference.startswith("the checkpoints since generation ")
    assert difference.endswith(" hold different best means")


def test_a_search_that_was_forged_with_all_that_follows_from_it_is_found_where_it_is_computed(
    folder: Path,
) -> None:
    """The newest generation with its row, checkpoint, hash and agent: only a draw of it can tell."""
    description = RunView(folder).description
    evolution = Evolution(description)
    expected = evolution.tensors(evolution.init())
    path = folder / "checkpoints" / f"generation_{LAST:09d}"
    counters, tensors = read_checkpoint(path, description.identity, expected)
    tensors["last"] = tensors["best"].clone()
    shutil.rmtree(path)
    write_checkpoint(folder / "checkpoints", counters, tensors)
    edit_cell(folder / "hashes.csv", LAST, "search", hash_checkpoint(counters, tensors))
    replace_agent(folder, "last", "best")
    assert verify(folder, LAST - 1).differences == []
    (difference,) = verify(folder, LAST).differences
    assert difference.startswith(f"hashes.csv, generation {LAST}: search ")


def test_what_a_killed_training_leaves_is_no_difference(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path
) -> None:
    """Killed before the checkpoint of a generation, or before its agents."""
    evolve(make_recipe(generations=3), tmp_path / "run")
    shutil.copytree(tmp_path / "run", tmp_path / "before")
    with Run.open(tmp_path / "run", 4) as run:
        list(run.generations())
    for name in ("last", "best", "mean"):
        shutil.rmtree(tmp_path / "run" / name)
        shutil.copytree(tmp_path / "before" / name, tmp_path / "run" / name)
    assert verify(tmp_path / "run", everything=True).differences == []
    shutil.rmtree(tmp_path / "run" / "checkpoints" / "generation_000000004")
    assert verify(tmp_path / "run", 4).differences == []
    drop_rows(tmp_path / "run" / "hashes.csv", 4)
    assert verify(tmp_path / "run", everything=True).differences == []


@pytest.mark.parametrize("is_better", [True, False])
def test_after_the_last_look_best_is_the_newest_mean_only_if_it_is_better(
    make_recipe: MakeRecipe, evolve: Evolve, with_held_out: Any, tmp_path: Path, is_better: bool
) -> None:
    known: list[Tensor] = []

    def score(genome: Tensor) -> float:
        """Each mean higher than those before it, or lower."""
        if not any(torch.equal(genome, other) for other in known):
            known.append(genome)
        rank = next(number for number, other in enumerate(known) if torch.equal(genome, other))
        return float(rank if is_better else -rank)

    with_held_out(score)
    folder = tmp_path / "run"
    evolve(make_recipe(generations=3), folder)
    best, mean = (load_pretrained(folder / name).genome for name in ("best", "mean"))
    assert torch.equal(best, mean) == is_better
    assert verify(folder).differences == []
    replace_agent(folder, "best", "mean")
    assert verify(folder).differences == (
        [] if is_better else ["best holds the mean of generation 3, with -1.0 no better than 0.0"]
    )


def test_the_score_of_the_end_is_computed_again(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path
) -> None:
    """It is in the last row where the schedule has none, and no hash depends on it."""
    folder = tmp_path / "run"
    evolve(make_recipe(generations=3), folder)
    score = cell(folder / "metrics.csv", 3, "held_out")
    assert verify(folder, everything=True).differences == []
    edit_cell(folder / "metrics.csv", 3, "held_out", 499.0)
    told = [f"metrics.csv, generation 3: held_out {score} was recorded as 499.0"]
    assert verify(folder, 1).differences == told
    edit_cell(folder / "metrics.csv", 3, "held_out", "")  # as older versions left it
    assert verify(folder, everything=True).differences == []
    edit_cell(folder / "metrics.csv", 3, "held_out", score)
    edit_cell(folder / "metrics.csv", 1, "held_out", score)
    assert verify(folder, everything=True).differences  # that was no end


def test_a_run_around_a_folder_that_has_gone_is_verified_by_the_installed_command(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path
) -> None:
    recipe = make_recipe(environment="lndp/Foraging-v0", generations=1, held_out_lives=1, lives=1)
    evolve(recipe, tmp_path / "first")
    evolve(replace(recipe, start=str(tmp_path / "first" / "best"), seed=3), tmp_path / "second")
    shutil.rmtree(tmp_path / "first")
    command = [LNDP, "verify", "second", "--all"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "computing generation 1 again (1 in all)\n"), done.stdout
    assert done.stdout == (
        "second: generation 1 computed again with the same metrics and hashes; "
        "2 checkpoints and 3 agents hold what was recorded\n"
    )
    shutil.rmtree(tmp_path / "second" / "best")
    with Run.open(tmp_path / "second", 2) as run:
        list(run.generations())
    assert verify(tmp_path / "second", everything=True).differences == []


@pytest.mark.parametrize("start", ["foraging", "foraging-switch/start"])
def test_a_run_around_an_agent_of_the_zoo_is_verified(
    make_recipe: MakeRecipe, tmp_path: Path, start: str
) -> None:
    with Run.create(published(make_recipe, start), tmp_path / "run") as run:
        list(run.generations())
    assert verify(tmp_path / "run", everything=True).differences == []
    assert verify(tmp_path / "run", 2).differences == []


def published(make_recipe: MakeRecipe, start: str) -> EvolutionConfig:
    sizes = {"nodes": 16, "innate_roles": True, "initial_density": 0.5}
    return make_recipe(start=start, program=sizes, generations=2, population=4, lives=1, held_out_lives=1)


def test_a_run_around_another_genome_than_it_says_differs(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(name: str, agent: Any, policy: Any) -> Tensor:
        return load_pretrained("foraging-switch").genome

    monkeypatch.setattr(presets, "start_genome", other)
    with Run.create(published(make_recipe, "foraging"), tmp_path / "run") as run:
        list(run.generations())
    told = ["generation_000000000 holds another genome than that of start='foraging'"]
    assert verify(tmp_path / "run").differences == told


def test_the_genome_is_the_one_that_the_description_has_the_hash_of(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evolve(make_recipe(generations=1), tmp_path / "first")
    recipe = make_recipe(generations=2, start=str(tmp_path / "first" / "best"))
    with monkeypatch.context() as patch:
        patch.setattr(description, "genome_sha256", lambda genome: 64 * "0")
        evolve(recipe, tmp_path / "run")
    (difference,) = verify(tmp_path / "run").differences
    assert difference.startswith("generation_000000000 holds another genome than that of start='")


def test_without_its_first_checkpoint_a_run_around_a_genome_cannot_be_verified(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path
) -> None:
    evolve(make_recipe(generations=1), tmp_path / "first")
    evolve(make_recipe(generations=2, start=str(tmp_path / "first" / "best")), tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints" / "generation_000000000")
    (difference,) = verify(tmp_path / "run", 2).differences
    assert difference.startswith("the checkpoint of generation 0 is gone, and with it the genome of start='")


def test_a_checkpoint_of_another_start_is_none_of_the_run(
    make_recipe: MakeRecipe, evolve: Evolve, tmp_path: Path
) -> None:
    """The hash of the genome is part of the identity that checkpoints carry."""
    evolve(make_recipe(generations=1), tmp_path / "first")
    evolve(make_recipe(generations=1, start=str(tmp_path / "first" / "best")), tmp_path / "run")
    counters = json.loads((tmp_path / "run" / "checkpoints" / "generation_000000001" / COUNTERS).read_text())
    data = json.loads((tmp_path / "run" / "config.json").read_text())
    assert RunView(tmp_path / "run").description.identity == counters["run"]
    data["start_sha256"] = 64 * "0"
    (tmp_path / "run" / "config.json").write_text(json.dumps(data))
    assert RunView(tmp_path / "run").description.identity != counters["run"]
    data["start_sha256"] = 7
    (tmp_path / "run" / "config.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match="start_sha256=7 is no string"):
        _ = RunView(tmp_path / "run").description
