"""Every agent of the zoo: its files say what its card says, and it lives as well as it is said to."""

import json
import math
from pathlib import Path

import pytest
from PIL import Image

from lndp_agents import cli, load_pretrained, zoo_names
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.studies.evaluation import evaluate
from lndp_agents.zoo import recipe_file, zoo_folder
from lndp_agents.zoo_results import ZooResults
from lndp_agents.zoo_verification import verify_entry

entries = pytest.mark.parametrize("name", zoo_names())


def test_the_zoo_is_not_empty() -> None:
    assert "foraging" in zoo_names()


@entries
def test_an_entry_is_sound_and_scores_about_what_it_says(name: str) -> None:
    verdict = verify_entry(name, lives=32)
    assert verdict.problems == []
    assert verdict.mean is not None
    assert verdict.allowed is not None
    assert verdict.allowed[0] <= verdict.mean <= verdict.allowed[1]


@pytest.mark.slow
@entries
def test_all_lives_score_again_what_an_entry_says(name: str) -> None:
    """Single lives may part on another processor: the mean must lie in the published interval."""
    results = json.loads((zoo_folder(name) / "results.json").read_text())
    score = results["score"]
    assert (score["lives"], score["seed"]) == (128, 7)
    again = evaluate(
        load_pretrained(name),
        results["environment"],
        results["environment_keywords"],
        lives=128,
        seed=7,
        episodes=results["episodes"],
    )
    low, high = score["interval"]
    assert low <= again.mean <= high


@entries
def test_a_recipe_is_that_of_the_results(name: str) -> None:
    results = json.loads((zoo_folder(name) / "results.json").read_text())
    recipe = json.loads(recipe_file(name).read_text())
    assert recipe == results["recipe"]
    assert EvolutionConfig.from_json(recipe).to_json() == recipe  # no field is left to a default


@entries
def test_train_repeats_a_recipe(name: str, tmp_path: Path) -> None:
    changed = {"generations": 1, "population": 4, "lives": 2, "held_out_lives": 2}
    options = [f"--{key.replace('_', '-')}={value}" for key, value in changed.items()]
    assert cli.main(["train", "--recipe", name, "--out", str(tmp_path / "run"), *options]) == 0
    run = json.loads((tmp_path / "run" / "config.json").read_text())["recipe"]
    assert run == json.loads((zoo_folder(name) / "results.json").read_text())["recipe"] | changed


@entries
def test_results_are_written_as_they_are_read(name: str, tmp_path: Path) -> None:
    results = ZooResults.read(zoo_folder(name))
    results.write(tmp_path)
    written, published = ((folder / "results.json").read_text() for folder in (tmp_path, zoo_folder(name)))
    assert json.loads(written) == json.loads(published)
    assert len(written) == len(published)
    assert ZooResults.read(tmp_path) == results
    assert math.isclose(sum(results.score.scores) / results.score.lives, results.score.mean)


@entries
def test_a_score_lies_inside_its_intervals(name: str) -> None:
    results = json.loads((zoo_folder(name) / "results.json").read_text())
    for part in (results["score"], results["score_of_many"]):
        assert part["interval"][0] <= part["mean"] <= part["interval"][1]
    assert f"{results['score']['mean']:.1f} (95 % interval" in (zoo_folder(name) / "README.md").read_text()


@entries
def test_an_agent_with_a_start_says_what_that_had_cost(name: str) -> None:
    results = json.loads((zoo_folder(name) / "results.json").read_text())
    assert (results["steps_before"] > 0) == ("start" in results["recipe"])
    card = (zoo_folder(name) / "README.md").read_text()
    assert ("start" not in results["recipe"]) or f"after {results['steps_before']:,} steps of" in card


@entries
def test_a_film_is_small_and_whole(name: str) -> None:
    path = zoo_folder(name) / "life.gif"
    assert path.stat().st_size < 300_000
    with Image.open(path) as film:
        assert film.n_frames > 20


@entries
def test_the_readme_says_what_the_results_say(name: str) -> None:
    results = json.loads((zoo_folder(name) / "results.json").read_text())
    mean, (low, high) = results["score"]["mean"], results["score"]["interval"]
    row = f"| `{name}` | `{results['environment']}` | {mean:.1f} ({low:.1f} to {high:.1f}) |"
    readme = Path(__file__).parents[1] / "README.md"
    assert row in readme.read_text(encoding="utf-8")
