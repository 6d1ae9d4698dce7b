"""Every agent of the zoo: its files say what its card says, and it lives as well as it is said to."""

import json

import pytest
from PIL import Image

from lndp_agents import load_pretrained, zoo_names
from lndp_agents.evaluation import evaluate
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.zoo import zoo_folder

entries = pytest.mark.parametrize("name", zoo_names())


def test_the_zoo_is_not_empty() -> None:
    assert "foraging" in zoo_names()


@entries
def test_an_entry_scores_again_what_it_says(name: str) -> None:
    results = json.loads((zoo_folder(name) / "results.json").read_text())
    score, agent = results["score"], load_pretrained(name)
    again = evaluate(
        agent,
        results["environment"],
        results["environment_keywords"],
        lives=score["lives"],
        seed=score["seed"],
    )
    low, high = score["interval"]
    assert low <= again.mean <= high


@entries
def test_a_card_and_its_results_agree(name: str) -> None:
    folder = zoo_folder(name)
    results = json.loads((folder / "results.json").read_text())
    score, many, card = results["score"], results["score_of_many"], (folder / "README.md").read_text()
    assert len(score["scores"]) == score["lives"] == 128
    assert sum(score["scores"]) / 128 == pytest.approx(score["mean"])
    for part in (score, many):
        assert part["interval"][0] < part["mean"] < part["interval"][1]
        assert f"| {part['lives']:,} | {part['seed']} | {part['mean']:.1f} |" in card
    for seed in results["evolution_seeds"]:
        assert f"| {seed['seed']} | {seed['generations']} | {seed['steps']:,} | {seed['mean']:.1f} |" in card
    assert EvolutionConfig.from_json(results["recipe"]).environment == results["environment"]


@entries
def test_a_film_is_small_and_whole(name: str) -> None:
    path = zoo_folder(name) / "life.gif"
    assert path.stat().st_size < 300_000
    with Image.open(path) as film:
        assert film.n_frames > 20
