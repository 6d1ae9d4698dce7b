"""The scripts of the paper's findings, tiny: what they write is what their lives say."""

import csv
import importlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from lndp_agents import LNDPAgent, load_pretrained, zoo_names
from lndp_agents.run.run import Run
from lndp_agents.run.verification import verify
from lndp_agents.run.view import RunView
from lndp_agents.studies import statistics
from lndp_agents.studies.evaluation import evaluate
from lndp_agents.studies.statistics import bootstrap_interval, interquartile_mean

FOLDER = Path(__file__).parent.parent / "examples" / "paper"
OWN = ("paper", "tables", "living", "structural_plasticity", "spontaneous_activity", "adaptation", "transfer")
REVERSAL = "lndp/ForagingReversal-v0"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Imports a script as Python does that runs it; intervals are of few resamples."""
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setattr(statistics, "RESAMPLES", 200)
    threads = torch.get_num_threads()
    yield importlib.import_module
    torch.set_num_threads(threads)
    for name in (*OWN, "multi_task"):
        sys.modules.pop(name, None)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def table(path: Path) -> list[list[str]]:
    """The cells of a Markdown table, its names first."""
    lines = [line for line in path.read_text().splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [rows[0], *rows[2:]]


def test_runs_become_a_table_are_used_again_and_go_on(
    scripts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module, paper = scripts("structural_plasticity"), scripts("paper")
    common = [
        "--quick",
        "--task",
        "foraging",
        "--out",
        str(tmp_path / "results"),
        "--runs",
        str(tmp_path / "runs"),
    ]
    module.main(common)
    path = tmp_path / "results" / "structural_plasticity_foraging.csv"
    assert_table_is_of_lives(path)
    for name in ("curves", "scores"):
        with Image.open(path.with_name(f"structural_plasticity_foraging_{name}.png")) as figure:
            assert min(figure.size) > 150
    monkeypatch.setattr(module, "draw_curves", lambda *_: None)
    monkeypatch.setattr(module, "draw_scores", lambda *_: None)
    table_before, runs = path.read_bytes(), tmp_path / "runs" / "quick" / "structural_plasticity" / "foraging"
    module.main(common)
    assert path.read_bytes() == table_before  # the minutes too: no generation was done again
    metrics = [folder / "metrics.csv" for folder in sorted(runs.iterdir())]
    before = [file.read_text() for file in metrics]
    module.main([*common, "--generations", "3"])
    for file, old in zip(metrics, before, strict=True):
        first, second, third = csv.DictReader(file.read_text().splitlines())
        held_out = second.pop("held_out")  # the score of an end, which is no part of the run that goes on
        assert (held_out, third["generation"]) == ("", "3")
        rows_before = list(csv.DictReader(old.splitlines()))
        assert rows_before[1].pop("held_out") != ""
        assert [first, second] == rows_before
    capsys.readouterr()
    assert paper.run_script(lambda: module.main([*common, "--program", "nodes=12"])) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "holds a run of another recipe: remove it, or give other --runs" in message


def assert_table_is_of_lives(path: Path) -> None:
    rows, (names, *cells) = read_csv(path), table(path.with_suffix(".md"))
    labels = [(row["plasticity"], row["density"], row["seed"]) for row in rows]
    assert labels == [("on", "0", "1"), ("off", "1", "1")]
    for row, cell in zip(rows, cells, strict=True):
        lives = np.array([[float(score) for score in row["mean, each life"].split()]])
        low, high = bootstrap_interval(lives)
        shown = f"{interquartile_mean(lives.mean(1)):.1f} ({low:.1f} to {high:.1f})"
        assert cell[names.index("mean")] == shown


def test_lives_step_by_step_are_those_that_are_scored(scripts: Any) -> None:
    living, agent = scripts("living"), load_pretrained("foraging")
    rewards = living.rewards_of_lives(agent, REVERSAL, 6, seed=7)
    assert rewards.shape == (6, 100)
    np.testing.assert_array_equal(rewards.sum(1), evaluate(agent, REVERSAL, lives=6, seed=7).scores)


def test_frozen_from_the_first_step_is_frozen_from_birth(scripts: Any) -> None:
    living, agent = scripts("living"), load_pretrained("foraging-reversal")
    early = living.trials_of_lives(agent, REVERSAL, 6, 7, frozen_from=0)[1]
    birth = living.trials_of_lives(living.switched(agent, lifetime_updates=False), REVERSAL, 6, 7)[1]
    assert early.tolist() == birth.tolist()
    late = living.trials_of_lives(agent, REVERSAL, 6, 7, frozen_from=50)[1]
    whole = living.trials_of_lives(agent, REVERSAL, 6, 7)[1]
    assert late[:, :50].tolist() == whole[:, :50].tolist()
    assert late[:, 50:].tolist() != whole[:, 50:].tolist()


def test_switches_leave_out_the_parameters_of_what_is_off(scripts: Any) -> None:
    agent = load_pretrained("foraging")
    pruneless = scripts("living").switched(agent, pruning=False)
    assert pruneless.num_parameters < agent.num_parameters
    assert all(torch.equal(tensor, agent.parameters[name]) for name, tensor in pruneless.parameters.items())


def test_trials_are_aligned_with_changes_of_the_food(scripts: Any) -> None:
    """One life of 10-step trials, the food on the other side from trial 6 on, and once more in trial 8."""
    adaptation = scripts("adaptation")
    food = np.array([[0, 0, 0, 0, 0, 0, 1, 1, 0, 0] + [0] * 90])
    start = np.array([[10 * trial for trial in range(10)] + [0] * 90])
    trials = adaptation.Trials(reward=food, steps=food, food=food, start=start)

    def around(offset: int) -> list[int]:
        life, trial = adaptation.around_change(trials, offset)
        assert life.tolist() == [0] * len(trial)
        return trial.tolist()

    assert around(0) == [6, 8]
    assert around(1) == [7, 9]
    assert around(2) == []  # two after trial 6 is another change; after trial 8 the life is over
    assert around(-1) == [5, 7]
    assert around(-2) == []  # trial 4 is in the first half; trial 6 is a change itself
    assert adaptation.since_birth(trials, 5)[1].tolist() == [5]
    assert adaptation.since_birth(trials, 6)[1].tolist() == []


def test_curves_of_several_agents_are_interquartile_means_over_them(scripts: Any) -> None:
    """Three agents of constant but different steps; one of two lives has two changes, the other none."""
    adaptation, food = scripts("adaptation"), np.zeros((2, 100))
    food[0, 6:8] = 1
    start = np.tile([10.0 * trial for trial in range(10)] + [0.0] * 90, (2, 1))
    agents = [
        adaptation.Trials(reward=food, steps=np.full((2, 100), steps), food=food, start=start)
        for steps in (2.0, 4.0, 9.0)
    ]
    rows = {(row["alignment"], row["trial"]): row for row in adaptation.curves("intact", agents)}
    change = rows["change", 0]
    assert (change["lives"], change["trials"]) == (1, 6)
    assert change["steps"] == round(float(interquartile_mean([2.0, 4.0, 9.0])), 3)
    assert change["reward"] == 0.5  # food is on side 1 after the first change, on side 0 after the second
    assert rows["birth", 6]["lives"] == 1
    assert rows["change", 2]["steps"] == ""  # no trial comes two after a change without another one


def test_agents_of_other_seeds_have_the_program_of_the_zoos(scripts: Any) -> None:
    living = scripts("living")
    cohorts = {name: living.cohort(name) for name in zoo_names()}
    assert sum(len(own) - 1 for own in cohorts.values()) == len(list(living.AGENTS.glob("*_s*")))
    for own in cohorts.values():
        assert all(agent.config == own[0].config for agent in own)
        assert len({agent.genome.numpy().tobytes() for agent in own}) == len(own)


def test_a_cohort_is_the_zoos_agent_and_those_of_its_other_seeds(
    scripts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    living, agent = scripts("living"), load_pretrained("foraging")
    monkeypatch.setattr(living, "AGENTS", tmp_path)
    for name, scale in (("foraging_s2", 2.0), ("foraging_s3", 3.0), ("foraging-switch_s2", 4.0)):
        genome = scale * agent.genome
        spaces = agent.observation_space, agent.action_space
        other = LNDPAgent(*spaces, agent.config, genome=genome, encoding=agent.encoding)
        other.save_pretrained(tmp_path / name)
    found = living.cohort("foraging")
    assert [torch.equal(own.genome, number * agent.genome) for number, own in enumerate(found, 1)] == [
        True
    ] * 3
    assert len(living.cohort(str(tmp_path / "foraging_s2"))) == 1


def test_adaptation_shows_the_same_lives_in_all_conditions(scripts: Any, tmp_path: Path) -> None:
    scripts("adaptation").main(["--quick", "--agent", "foraging", "--out", str(tmp_path)])
    agents = scripts("living").cohort("foraging")
    scores = np.stack([evaluate(agent, REVERSAL, lives=16, seed=7).scores for agent in agents])
    cells = {row[0]: row[1:3] for row in table(tmp_path / "adaptation_foraging.md")[1:]}
    mean, (low, high) = interquartile_mean(scores.mean(1)), bootstrap_interval(scores)
    each = ", ".join(f"{own:.0f}" for own in scores.mean(1))
    assert cells["intact"] == [f"{mean:.1f} ({low:.1f} to {high:.1f})", each]
    assert len(cells) == 6
    newborn = [
        row["reward"]
        for row in read_csv(tmp_path / "adaptation_foraging.csv")
        if row["alignment"] == "birth"
        and row["trial"] == "0"
        and row["condition"] in ("intact", "frozen from the middle")
    ]
    assert newborn[0] == newborn[1]
    with Image.open(tmp_path / "adaptation_foraging.png") as figure:
        assert min(figure.size) > 500


def test_a_genome_at_home_scores_as_ever(scripts: Any, tmp_path: Path) -> None:
    scripts("transfer").main(["--quick", "--out", str(tmp_path)])
    rows = {(row["genome"], row["environment"]): row for row in read_csv(tmp_path / "transfer.csv")}
    for name, home in (("foraging", "lndp/Foraging-v0"), ("bandit", "lndp/Bandit-v0")):
        row, agents = rows[name, home], scripts("living").cohort(name)
        means = [evaluate(agent, home, lives=4, seed=7).mean for agent in agents]
        mean = float(interquartile_mean(means))
        assert row["of each genome"] == " ".join(f"{own:.1f}" for own in means)
        assert float(row["score"]) == pytest.approx(mean, abs=0.005)
        share = (mean - float(row["random actions"])) / (
            float(row["best known"]) - float(row["random actions"])
        )
        assert float(row["scaled"]) == pytest.approx(share, abs=0.001)
    assert len(rows) == 2 * len({name for name, _ in rows})
    assert (tmp_path / "transfer.png").stat().st_size > 10_000


def test_a_genome_is_reborn_with_other_senses_but_not_with_other_spontaneous_activity(scripts: Any) -> None:
    transfer, home = scripts("transfer"), load_pretrained("foraging")
    away = transfer.reborn(home, "lndp/CartPoleLife-v0")
    assert torch.equal(away.genome, home.genome)
    assert (away.config.observation_size, away.config.action_size) == (4, 2)
    assert away.config.hidden_nodes == home.config.hidden_nodes
    dreamer = LNDPAgent(
        home.observation_space,
        home.action_space,
        type(home.config)(observation_size=5, action_size=3, nodes=16, development_steps=2),
        encoding=home.encoding,
    )
    assert transfer.reborn(dreamer, "lndp/CartPoleLife-v0") is None
    assert transfer.reborn(dreamer, "lndp/ForagingSwitch-v0") is not None


def test_one_genome_for_two_worlds_goes_on_exactly(
    scripts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, paper = scripts("multi_task"), scripts("paper")
    worlds = {"lndp/Foraging-v0": 60.0, "lndp/Bandit-v0": 100.0}
    monkeypatch.setattr(module, "BEST_KNOWN", {"lndp/Foraging-v0": 490.0, "lndp/Bandit-v0": 170.7})
    sizes = {"population": 4, "lives": 2, "evaluate_every": 2, "held_out_lives": 2}
    quick = replace(module.both_worlds(worlds, 2), **sizes)

    def evolve(name: str, generations: int) -> RunView:
        recipe = replace(quick, generations=generations)
        paper.evolve_one(paper.Result(paper.Condition({}, recipe), tmp_path / name, recipe))
        return RunView(tmp_path / name)

    with Run.create(quick, tmp_path / "new") as run:
        assert torch.equal(run.best.genome, load_pretrained(module.START).genome)
    whole = evolve("whole", 2)
    assert [len(column) for column in whole.worlds.values()] == [2] * 5
    first_rows = (whole.folder / "worlds.csv").read_text().splitlines(keepends=True)[:2]
    assert (evolve("parts", 1).folder / "worlds.csv").read_text() == "".join(first_rows)
    parts = evolve("parts", 2)
    for table in ("metrics.csv", "worlds.csv", "hashes.csv"):
        assert (parts.folder / table).read_text() == (whole.folder / table).read_text()
    agents = [view.agent("best", world) for view in (whole, parts) for world in worlds]
    assert all(torch.equal(agent.genome, agents[0].genome) for agent in agents)
    assert [agent.config.nodes for agent in agents] == [16] * 4
    assert [agent.action_space.n for agent in agents] == [3, 2, 3, 2]
    assert verify(whole.folder, everything=True).differences == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("structural_plasticity", ["--workers", "2"]),
        ("spontaneous_activity", ["--workers", "2"]),
        ("multi_task", []),
        ("adaptation", []),
        ("transfer", []),
    ],
)
def test_a_script_runs_as_its_users_run_it(script: str, arguments: list[str], tmp_path: Path) -> None:
    command = [sys.executable, str(FOLDER / f"{script}.py"), "--quick", "--out", "results", *arguments]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    written = sorted(path.suffix for path in (tmp_path / "results").iterdir())
    assert set(written) == {".csv", ".md", ".png"}
    assert "wrote results" in result.stderr
