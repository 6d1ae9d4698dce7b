"""One training of a comparison, in its own folder: run, resumed and scored."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load, save

from lndp_agents.agent import Agent
from lndp_agents.baselines import CurvePoint, is_finished, load_baseline, read_curve, train_baseline
from lndp_agents.baselines.registry import CURVE_FILE, OLD_MODEL_FILE, hyperparameters_of, read_baseline
from lndp_agents.compare.comparison import SCORE_SEED, Comparison
from lndp_agents.compare.names import Entrant
from lndp_agents.compare.recipes import recipe_of
from lndp_agents.compare.tables import write_csv
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.numbers import score_text
from lndp_agents.persistence import MODEL_FILE, read_file, write_file
from lndp_agents.rollout import Intervention, PredictPolicy
from lndp_agents.run.run import Run
from lndp_agents.run.view import RunView
from lndp_agents.studies.evaluation import PolicyLives, evaluate_policy_lives
from lndp_agents.validation import parse_json

LIVES_FILE, RECORD_FILE = "lives.safetensors", "lives.json"
MAX_LIVES_BYTES, MAX_RECORD_BYTES = 2**32, 2**12
LINE_SECONDS = 30
"""Most seconds between two lines of progress of an evolution."""


@dataclass(frozen=True)
class Training:
    """A learner, a seed, and the folder of its training."""

    comparison: Comparison
    entrant: Entrant
    seed: int
    folder: Path

    @property
    def name(self) -> str:
        """Name and seed, for messages."""
        return f"{self.entrant.name}, seed {self.seed}"

    @property
    def recipe(self) -> EvolutionConfig:
        """The experiment config of a policy that evolves."""
        return recipe_of(self.comparison, self.entrant, self.seed)


def finish(training: Training, say: Callable[[str], None], *, trust: bool = False) -> None:
    """Train and score a learner in one thread, unless that was done before.

    A training by gradients that was stopped begins anew; an evolution resumes exactly.

    Args:
        training: the learner, its seed and its folder.
        say: takes lines of progress.
        trust: as in `load_baseline`.

    Raises:
        ValueError: its folder holds another training, or the budget is too small for it, or what was trained
            is damaged or not trusted.
        OSError: the folder cannot be written, or is in use.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        _check_folder(training)
        if read_lives(training) is None or not read_curve(training.folder):
            policy = _evolved(training, say) if training.entrant.evolves else _learned(training, say, trust)
            _write_lives(training, score(policy, training.comparison))
    finally:
        torch.set_num_threads(threads)


def score(policy: PredictPolicy, comparison: Comparison, lesion: Intervention | None = None) -> PolicyLives:
    """Roll a policy out in the held-out lifetimes, the same for all policies and seeds."""
    return evaluate_policy_lives(
        policy,
        comparison.environment,
        comparison.keywords,
        lives=comparison.lives,
        seed=SCORE_SEED,
        episodes=comparison.episodes,
        lesion=lesion,
    )


def read_lives(training: Training) -> PolicyLives | None:
    """Return the lifetimes that were scored; None if there are none, or fewer or more than asked for.

    None is returned, too, if a file is damaged or was changed, or the model is not the one that was rolled
    out: the lifetimes can be rolled out again.
    """
    try:
        record = parse_json(read_file(training.folder / RECORD_FILE, MAX_RECORD_BYTES))
    except ValueError:
        return None
    hashes = _hashes(training.folder)
    if LIVES_FILE not in hashes or record != hashes:
        return None
    parts: dict[str, NDArray[Any]] = load((training.folder / LIVES_FILE).read_bytes())
    if len(parts["rewards"]) != training.comparison.lives:
        return None
    return PolicyLives(parts["rewards"], parts["steps"], parts.get("changes"), int(parts["episodes"][0]))


def _hashes(folder: Path) -> dict[str, str]:
    """Return the sha256 of the lifetimes, and of the model that was rolled out."""
    hashes: dict[str, str] = {}
    for name in (LIVES_FILE, MODEL_FILE, OLD_MODEL_FILE, f"best/{MODEL_FILE}"):
        path = folder / name
        if path.is_file() and path.stat().st_size <= MAX_LIVES_BYTES:
            with path.open("rb") as file:
                hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


def _write_curve(folder: Path) -> None:
    """Write the held-out scores of a finished evolution in the form of a baseline's learning curve."""
    run = RunView(folder)
    metrics, seconds = run.metrics, run.seconds
    passed = accumulate(seconds.get(int(generation), 0.0) for generation in metrics["generation"])
    rows = zip(metrics["steps"], passed, metrics["held_out"], strict=True)
    points = [CurvePoint(int(steps), spent, score) for steps, spent, score in rows if np.isfinite(score)]
    write_csv(folder / CURVE_FILE, [asdict(point) for point in points])


def _check_folder(training: Training) -> None:
    """Check that a training that was begun before is this one."""
    if training.entrant.evolves and RunView.is_run(training.folder):
        is_same = RunView(training.folder).recipe == training.recipe
    elif is_finished(training.folder):
        found = read_baseline(training.folder)
        is_same = (found.name, found.job) == (training.entrant.name, training.comparison.job(training.seed))
        if found.hyperparameters is not None:
            is_same = is_same and found.hyperparameters == hyperparameters_of(training.entrant.name)
    else:
        return
    if not is_same:
        raise ValueError(f"{training.folder} holds another training: remove it, or give another folder")


def _learned(training: Training, say: Callable[[str], None], trust: bool) -> PredictPolicy:
    if is_finished(training.folder):
        if not read_curve(training.folder):
            raise ValueError(f"{training.folder} has lost its {CURVE_FILE}: remove it, to train again")
        return load_baseline(training.folder, trust=trust)
    report, job = _reporter(training, say), training.comparison.job(training.seed)
    return train_baseline(
        training.entrant.name, job, training.folder, lambda point: report(point.steps, point.held_out)
    )


def _evolved(training: Training, say: Callable[[str], None]) -> Agent[Any]:
    budget, last_line = training.comparison.budget_steps, time.monotonic()
    with _open(training) as run:
        report = _reporter(training, say, run.steps)
        for note in run.notes if run.generation else ():
            say(f"{training.name}: {note}")
        for record in run.generations(budget):
            if record.held_out is not None or time.monotonic() - last_line > LINE_SECONDS:
                last_line = time.monotonic()
                report(record.steps, record.held_out)
        if not run.generation:
            raise ValueError(
                f"budget_steps={budget}: the first generation of {training.entrant.name} takes more, give "
                f"more (or fewer lives: --set {training.entrant.name}:population=8)"
            )
        _write_curve(training.folder)
        return run.best


def _open(training: Training) -> Run:
    if RunView.is_run(training.folder):
        return Run.open(training.folder)
    return Run.create(training.recipe, training.folder)


def _reporter(
    training: Training, say: Callable[[str], None], first: int = 0
) -> Callable[[int, float | None], None]:
    """Return a function that reports progress; `first` is the number of steps done before."""
    started, budget = time.monotonic(), training.comparison.budget_steps

    def report(steps: int, held_out: float | None) -> None:
        shown = "" if held_out is None else f", held-out {score_text(held_out)}"
        spent = time.monotonic() - started
        left = spent / (steps - first) * (budget - steps) if steps > first else None
        rest = "" if left is None else f", {clock(left)} left"
        say(f"{training.name}: {steps:,}/{budget:,} steps{shown}{rest}")

    return report


def clock(seconds: float) -> str:
    """Format a duration as hours, minutes and seconds."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _write_lives(training: Training, lives: PolicyLives) -> None:
    parts: dict[str, NDArray[Any]] = {
        "rewards": lives.rewards,
        "steps": lives.steps,
        "episodes": np.array([lives.episodes]),
    }
    if lives.changes is not None:
        parts["changes"] = lives.changes
    write_file(training.folder / LIVES_FILE, save(parts))
    write_file(training.folder / RECORD_FILE, json.dumps(_hashes(training.folder), indent=1).encode())
