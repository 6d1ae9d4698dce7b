"""Whether an entry of the zoo is what it says: files, recipe, card and score."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.numbers import interval_text, score_text
from lndp_agents.persistence import CONFIG_FILE, MODEL_FILE
from lndp_agents.studies.evaluation import evaluate
from lndp_agents.validation import parse_json
from lndp_agents.zoo import load_pretrained, recipe_file, zoo_folder
from lndp_agents.zoo_results import PublishedScore, ZooResults

HASHED_FILES = (CONFIG_FILE, MODEL_FILE, "life.gif")
"""Those whose sha256 results.json has. The card is compared with the results instead."""
MARGIN = 1.5
"""Factor that makes a 95 % interval one of 99.7 %, so that a sound entry rarely fails by chance."""


@dataclass(frozen=True)
class EntryVerdict:
    """What became of an entry."""

    name: str
    problems: list[str]
    """Empty if all is well."""
    mean: float | None = None
    """Of the lives that were lived again; none if the agent cannot live."""
    allowed: tuple[float, float] | None = None
    """Where that mean may lie."""


def verify_entry(name: str, lives: int = 32) -> EntryVerdict:
    """Hash the files of an entry, compare them with each other, load the agent and score it again.

    Args:
        name: of the pretrained agent.
        lives: how many of the published score's lives are lived again.

    Raises:
        ValueError: there is no agent of this name.
    """
    folder = zoo_folder(name)
    problems: list[str] = []
    try:
        results = ZooResults.read(folder)
        problems += _file_problems(folder, results)
        problems += _result_problems(folder, results)
        mean = _mean_again(name, results, lives)
        low, high = allowed = allowed_interval(results.score, lives)
        if not low <= mean <= high:
            problems.append(f"{lives} lives score {score_text(mean)}, outside {interval_text((low, high))}")
        return EntryVerdict(name, problems, mean, allowed)
    except (OSError, ValueError, LookupError, TypeError) as error:
        return EntryVerdict(name, [*problems, f"damaged: {type(error).__name__}: {error}"])


def hashes_of(folder: Path) -> dict[str, str]:
    """The sha256 of each of `HASHED_FILES`."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in HASHED_FILES}


def allowed_interval(score: PublishedScore, lives: int) -> tuple[float, float]:
    """Where the mean of a sample of an agent's lives may lie, given the published score of L lives.

    Two means of L and n lives differ with the variance of one life times 1/L + 1/n, and the published
    interval knows the part 1/L: each of its sides is made longer by sqrt(1 + L/n), and by `MARGIN`. L equal
    lives do not tell of a rarer one: then the mean may move as far as one life of score 0 moves it.
    """
    (low, high), mean = score.interval, score.mean
    if low == high:
        return mean - abs(mean) / lives, mean + abs(mean) / lives
    factor = MARGIN * math.sqrt(1 + score.lives / lives)
    return mean - factor * (mean - low), mean + factor * (high - mean)


def _file_problems(folder: Path, results: ZooResults) -> list[str]:
    found, published = hashes_of(folder), results.sha256
    return [
        f"{file} is not the file of the results (sha256)"
        for file in HASHED_FILES
        if found[file] != published.get(file)
    ]


def _result_problems(folder: Path, results: ZooResults) -> list[str]:
    """Where results, recipe, configuration and card do not agree."""
    recipe, score = EvolutionConfig.from_json(results.recipe), results.score
    config = parse_json((folder / CONFIG_FILE).read_bytes())["config"]
    world = (recipe.environment, recipe.environment_keywords, recipe.episodes)
    agreements = {
        "the recipe file is not the recipe of the results": EvolutionConfig.from_json(
            parse_json(recipe_file(folder.name).read_bytes())
        )
        == recipe,
        "the recipe has another environment than the results": world
        == (results.environment, results.environment_keywords, results.episodes),
        f"{CONFIG_FILE} has another program than the recipe": config == config | recipe.program,
        "the mean is not that of the raw scores": len(score.scores) == score.lives
        and math.isclose(sum(score.scores) / score.lives, score.mean),
    }
    card = (folder / "README.md").read_text("utf-8")
    missing = [row for row in results.score_rows + results.seed_rows if row not in card]
    return [text for text, agrees in agreements.items() if not agrees] + [
        f"the card lacks the row {row!r} of the results" for row in missing
    ]


def _mean_again(name: str, results: ZooResults, lives: int) -> float:
    return evaluate(
        load_pretrained(name),
        results.environment,
        results.environment_keywords,
        lives=lives,
        seed=results.score.seed,
        episodes=results.episodes,
    ).mean
