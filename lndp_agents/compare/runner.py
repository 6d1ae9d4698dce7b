"""A whole comparison: trainings, scores, tables and figures, in a folder from which it resumes."""

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from lndp_agents.baselines import read_curve
from lndp_agents.compare.comparison import Comparison
from lndp_agents.compare.entrants import (
    check_entrants,
    fixed_policy,
    learner_note,
    own_training,
)
from lndp_agents.compare.figures import draw_learning_curves, draw_within_life
from lndp_agents.compare.names import Entrant
from lndp_agents.compare.processes import side_by_side
from lndp_agents.compare.results import Result, Row, rows_of
from lndp_agents.compare.tables import write_curves, write_scores, write_table, write_within_life
from lndp_agents.compare.training import Training, clock, finish, read_lives, score
from lndp_agents.numbers import score_text
from lndp_agents.run.folder import lock_folder
from lndp_agents.studies.evaluation import PolicyLives
from lndp_agents.studies.within_life import since_birth, since_change

TRAININGS = "trainings"


def compare(comparison: Comparison, folder: Path, workers: int = 1, *, trust: bool = False) -> list[Row]:
    """Train the learners, score all policies on the same lifetimes, and write tables and figures.

    Trainings in the folder are used again: an evolution that was stopped resumes exactly, a training of
    stable-baselines3 begins anew.

    Args:
        comparison: policies, environment and budget.
        folder: new, or of the same comparison with fewer policies, seeds or lifetimes.
        workers: trainings side by side, a process each.
        trust: whether models in the folder that an earlier version saved may run the code that they can hold,
            and modules that agents name be imported.

    Returns:
        The table, a row for each policy.

    Raises:
        ValueError: a policy is unknown or does not fit, a budget is too small, or the folder holds another
            comparison.
        ImportError: a policy needs an extra that is not installed.
        OSError: the folder cannot be written, or is in use.
    """
    if workers < 1:
        raise ValueError(f"workers={workers}: give 1 or more")
    check_entrants(comparison, trust=trust)
    folder.mkdir(parents=True, exist_ok=True)
    with lock_folder(folder):
        comparison.claim(folder)
        _train(_trainings(comparison, folder), workers, trust)
        results = [_result(comparison, folder, entrant, trust) for entrant in comparison.entrants]
        return _write(comparison, folder, results, workers)


def say(text: str) -> None:
    """Print a line of progress on stderr."""
    print(text, file=sys.stderr, flush=True)


def _trainings(comparison: Comparison, folder: Path) -> list[Training]:
    """Return all trainings, seed by seed, so that early results are of all learners."""
    return [
        Training(comparison, entrant, seed, folder / TRAININGS / f"{entrant.name}_s{seed}")
        for seed in range(1, comparison.seeds + 1)
        for entrant in comparison.entrants
        if entrant.learns
    ]


def _train(trainings: Sequence[Training], workers: int, trust: bool) -> None:
    started, total = time.monotonic(), len(trainings)
    with closing(side_by_side(partial(finish, say=say, trust=trust), trainings, workers)) as finished:
        for number, training in enumerate(finished, 1):
            left = (time.monotonic() - started) / number * (total - number)
            rest = f", all in about {clock(left)}" if number < total else ""
            mean = _lives(training).score.mean
            say(f"{training.name}: score {score_text(mean)}; training {number} of {total} done{rest}")


def _lives(training: Training) -> PolicyLives:
    lives = read_lives(training)
    assert lives is not None, training.name
    return lives


def _result(comparison: Comparison, folder: Path, entrant: Entrant, trust: bool) -> Result:
    name = entrant.name
    if not entrant.learns:
        before = own_training(entrant)
        lives = score(fixed_policy(comparison, entrant, trust=trust), comparison)
        say(f"{name}: score {score_text(lives.score.mean)}")
        return Result(name, (0,), (lives,), own_steps=before.steps, note=before.note)
    own = [training for training in _trainings(comparison, folder) if training.entrant == entrant]
    return Result(
        name,
        tuple(training.seed for training in own),
        tuple(_lives(training) for training in own),
        tuple(read_curve(training.folder) for training in own),
        note=learner_note(entrant, len(own)),
    )


def _write(comparison: Comparison, folder: Path, results: Sequence[Result], workers: int) -> list[Row]:
    rows = rows_of(results)
    within = {
        result.policy: [
            curve for curve in (since_birth(result.lives), since_change(result.lives)) if curve is not None
        ]
        for result in results
    }
    write_scores(folder, results)
    write_curves(folder, results)
    write_within_life(folder, within, results)
    write_table(folder, comparison, rows, workers)
    draw_learning_curves(folder, comparison.environment, results)
    draw_within_life(folder, comparison.environment, results, within)
    return rows
