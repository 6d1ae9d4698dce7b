"""The baselines by name, and their folders: baseline.json, and of those that learn curve.csv and model.zip.

model.zip is of stable-baselines3's own format, which can hold code (cloudpickle): load only what you trust.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, astuple, fields
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from lndp_agents import __version__
from lndp_agents.baselines.generators import lent_generators
from lndp_agents.baselines.job import CurvePoint, Job, Report
from lndp_agents.baselines.policy import Policy
from lndp_agents.baselines.rules import random_policy, scripted_policy, win_stay_lose_shift
from lndp_agents.persistence import FileFormatError, write_file
from lndp_agents.validation import parse_json, shorten

RULES: dict[str, Callable[[Job], Policy]] = {
    "random": random_policy,
    "scripted": scripted_policy,
    "win-stay-lose-shift": win_stay_lose_shift,
}
LEARNERS = {"ppo": "ppo", "ppo-frame-stack": "ppo_frame_stack", "recurrent-ppo": "recurrent_ppo"}
"""Modules of this package, imported when they are asked for: they need stable-baselines3."""
BASELINE_FILE, CURVE_FILE, MODEL_FILE = "baseline.json", "curve.csv", "model.zip"
FORMAT_VERSION = 1
_COLUMNS = [field.name for field in fields(CurvePoint)]


class SavablePolicy(Policy, Protocol):
    """A policy that was trained."""

    def save(self, file: Path) -> None:
        """Write it."""
        ...


class _Learner(Protocol):
    """A module of `LEARNERS`."""

    def train(self, job: Job, report: Report) -> SavablePolicy: ...

    def load(self, file: Path) -> SavablePolicy: ...


def baseline_names() -> list[str]:
    """All baselines."""
    return [*LEARNERS, *RULES]


def train_baseline(name: str, job: Job, folder: Path | None = None, report: Report | None = None) -> Policy:
    """Make a baseline's policy, trained where it learns.

    Args:
        name: one of `baseline_names`.
        job: what to learn, with which budget.
        folder: where it is written, with its learning curve as it grows; nowhere if none.
        report: is told the points of the learning curve; lines on stderr if none.

    Raises:
        ValueError: there is no such baseline, or it cannot do the job; or the folder has a finished one.
        ImportError: the baseline needs stable-baselines3; the message has the command.
        OSError: the folder cannot be written.
    """
    if name not in baseline_names():
        near = get_close_matches(name, baseline_names(), n=1)
        guess = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"no baseline {name!r}: known are {', '.join(baseline_names())}{guess}")
    if folder is not None:
        if is_finished(folder):
            raise ValueError(f"{folder} holds a finished baseline: load it, or name another folder")
        folder.mkdir(parents=True, exist_ok=True)
    if name in RULES:
        policy = RULES[name](job)
    else:
        policy = _train(name, job, folder, report or progress_of(name, job))
    if folder is not None:
        data = {"format_version": FORMAT_VERSION, "package_version": __version__, "baseline": name} | asdict(
            job
        )
        write_file(
            folder / BASELINE_FILE, json.dumps(data, indent=2).encode()
        )  # last: it says that all is there
    return policy


def is_finished(folder: Path) -> bool:
    """Whether `train_baseline` came to its end in this folder."""
    return (folder / BASELINE_FILE).is_file()


def load_baseline(folder: Path) -> Policy:
    """A policy that `train_baseline` wrote. A learner's model can hold code: load only what you trust.

    Raises:
        FileFormatError: the folder holds no finished baseline, or baseline.json is damaged.
        ImportError: the baseline needs stable-baselines3; the message has the command.
    """
    name, job = read_job(folder)
    return RULES[name](job) if name in RULES else _learner(name).load(folder / MODEL_FILE)


def read_job(folder: Path) -> tuple[str, Job]:
    """The name of a finished baseline, and what it was to learn.

    Raises:
        FileFormatError: as `load_baseline`.
    """
    file = folder / BASELINE_FILE
    try:
        data = parse_json(file.read_bytes())
        name, job = data["baseline"], Job(**{field.name: data[field.name] for field in fields(Job)})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FileFormatError(
            f"{file}: {shorten(error)}; train the baseline again in another folder"
        ) from error
    if data.get("format_version") != FORMAT_VERSION or name not in baseline_names():
        raise FileFormatError(f"{file} has baseline {shorten(name)}: update lndp-agents, or train it again")
    return name, job


def read_curve(folder: Path) -> list[CurvePoint]:
    """The learning curve of a baseline that learned; empty if it did not."""
    file = folder / CURVE_FILE
    lines = file.read_text("utf-8").splitlines()[1:] if file.is_file() else []
    rows = (line.split(",") for line in lines)
    return [CurvePoint(int(steps), float(seconds), float(held_out)) for steps, seconds, held_out in rows]


def progress_of(name: str, job: Job) -> Report:
    """Writes a line on stderr for every point of a learning curve."""

    def say(point: CurvePoint) -> None:
        print(
            f"{name}, seed {job.seed}: {point.steps:,}/{job.budget_steps:,} steps, "
            f"held-out {point.held_out:.1f}, {point.seconds:.0f} s",
            file=sys.stderr,
            flush=True,
        )

    return say


def _train(name: str, job: Job, folder: Path | None, report: Report) -> Policy:
    learner = _learner(name)
    if folder is None:
        with lent_generators(job.seed):
            return learner.train(job, report)
    curve = folder / CURVE_FILE
    curve.write_text(",".join(_COLUMNS) + "\n", "utf-8")

    def record(point: CurvePoint) -> None:
        with curve.open("a", encoding="utf-8") as file:
            file.write(",".join(map(str, astuple(point))) + "\n")
        report(point)

    with lent_generators(job.seed):
        policy = learner.train(job, record)
    policy.save(folder / MODEL_FILE)
    return policy


def _learner(name: str) -> _Learner:
    try:
        return cast("_Learner", import_module(f"lndp_agents.baselines.{LEARNERS[name]}"))
    except ModuleNotFoundError as error:
        raise ImportError(f'{name} needs {error.name}: pip install "lndp-agents[compare]"') from error
