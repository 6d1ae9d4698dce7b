"""The baselines by name, and their folders: baseline.json, and of those that learn curve.csv and a model.

The model is model.safetensors and what baseline.json says about it: nothing in them can be executed. Format 1
had model.zip instead, stable-baselines3's own format, which can hold code: that must be trusted to be loaded.
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple, dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lndp_agents.baselines.job import CurvePoint, Job, Report
from lndp_agents.baselines.rules import random_policy, scripted_policy, win_stay_lose_shift
from lndp_agents.numbers import score_text
from lndp_agents.persistence import MAX_CONFIG_BYTES, FileFormatError, read_file, write_file
from lndp_agents.plugins import did_you_mean
from lndp_agents.rollout.generators import lent_generators
from lndp_agents.rollout.predicting import PredictPolicy
from lndp_agents.spaces.kinds import Json
from lndp_agents.validation import is_integer, is_object, parse_json, shorten
from lndp_agents.version import __version__

if TYPE_CHECKING:
    from lndp_agents.baselines.learning import Trainer

RULES: dict[str, Callable[[Job], PredictPolicy]] = {
    "random": random_policy,
    "scripted": scripted_policy,
    "win-stay-lose-shift": win_stay_lose_shift,
}
LEARNERS = {"ppo": "ppo", "ppo-frame-stack": "ppo_frame_stack", "recurrent-ppo": "recurrent_ppo"}
"""Modules of the trainers, imported at first use because they need stable-baselines3."""
BASELINE_FILE, CURVE_FILE, OLD_MODEL_FILE = "baseline.json", "curve.csv", "model.zip"
FORMAT_VERSION = 2
MAX_CURVE_BYTES = 2**24
_COLUMNS = [field.name for field in fields(CurvePoint)]


@dataclass(frozen=True)
class Baseline:
    """The contents of baseline.json."""

    name: str
    job: Job
    hyperparameters: Mapping[str, Any] | None = None
    """Hyperparameters of the training; None for a rule, and in files of format 1."""
    model: Mapping[str, Any] | None = None
    """Description of the model (see `Trainer.save`); None for a rule, and in files of format 1."""


def baseline_names() -> list[str]:
    """Return the names of all baselines."""
    return [*LEARNERS, *RULES]


def train_baseline(
    name: str, job: Job, folder: Path | None = None, report: Report | None = None
) -> PredictPolicy:
    """Return a baseline's policy, after its training if it learns.

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
        guess = did_you_mean(name, baseline_names())
        raise ValueError(f"no baseline {name!r}: known are {', '.join(baseline_names())}{guess}")
    if folder is not None:
        if is_finished(folder):
            raise ValueError(f"{folder} holds a finished baseline: load it, or name another folder")
        folder.mkdir(parents=True, exist_ok=True)
    if name in RULES:
        policy, learned = RULES[name](job), {}
    else:
        policy, learned = _train(name, job, folder, report or progress_of(name, job))
    if folder is not None:
        data = {"format_version": FORMAT_VERSION, "package_version": __version__, "baseline": name}
        content = json.dumps(data | asdict(job) | learned, indent=2).encode()
        write_file(folder / BASELINE_FILE, content)  # last: it says that all is there
    return policy


def is_finished(folder: Path) -> bool:
    """Return whether `train_baseline` has finished in this folder."""
    return (folder / BASELINE_FILE).is_file()


def load_baseline(folder: Path, *, trust: bool = False) -> PredictPolicy:
    """Load a policy that `train_baseline` wrote.

    Args:
        folder: where.
        trust: whether a model of format 1 may run the code that it can hold.

    Raises:
        FileFormatError: the folder holds no finished baseline, a file is damaged, or a model of format 1 is
            not trusted.
        ImportError: the baseline needs stable-baselines3; the message has the command.
    """
    baseline = read_baseline(folder)
    if baseline.name in RULES:
        return RULES[baseline.name](baseline.job)
    if baseline.model is None or baseline.hyperparameters is None:
        file = folder / OLD_MODEL_FILE
        if not trust:
            raise FileFormatError(
                f"{file} can run code, as it is in stable-baselines3's own format: if you trust who made it, "
                "add --trust (in Python trust=True)"
            )
        return _trainer(baseline.name).load_zip(file)
    learner = _trainer(baseline.name)
    try:
        return learner.load(folder, baseline.hyperparameters, baseline.model)
    except FileFormatError:
        raise
    except (ValueError, TypeError, LookupError, RuntimeError, AssertionError) as error:
        raise _damaged(folder, error) from error  # the last two are torch's and stable-baselines3's


def read_baseline(folder: Path) -> Baseline:
    """Read baseline.json of a finished baseline.

    Raises:
        FileFormatError: as `load_baseline`.
    """
    content = read_file(folder / BASELINE_FILE, MAX_CONFIG_BYTES, writer="train_baseline")
    try:
        data = parse_json(content)
        version, name = data["format_version"], data["baseline"]
        if not is_integer(version, 1, FORMAT_VERSION) or name not in baseline_names():
            raise ValueError(f"baseline {shorten(name)} of format {shorten(version)} is not known here")
        job = _job_from_json({field.name: data[field.name] for field in fields(Job)})
        if name in RULES or version == 1:
            return Baseline(name, job)
        for key in ("hyperparameters", "model"):
            if not is_object(data[key]):
                raise ValueError(f"{key} {shorten(data[key])} is no JSON object")
        return Baseline(name, job, data["hyperparameters"], data["model"])
    except (ValueError, TypeError, LookupError) as error:
        raise _damaged(folder, error) from error


def hyperparameters_of(name: str) -> Json | None:
    """Return the hyperparameters of a training of this version; None for a rule.

    Raises:
        ImportError: the baseline needs stable-baselines3; the message has the command.
    """
    return None if name in RULES else _trainer(name).hyperparameters


def _job_from_json(data: Mapping[str, Any]) -> Job:
    for name, value in data.items():
        kinds = {"environment": isinstance(value, str), "keywords": is_object(value)}
        if not kinds.get(name, is_integer(value, 0, 2**63)):
            raise ValueError(f"{name} is {shorten(value)}")
    return Job(**data)


def _damaged(folder: Path, error: Exception) -> FileFormatError:
    reason = error if isinstance(error, ValueError) else repr(error)
    return FileFormatError(f"{folder / BASELINE_FILE}: {reason}; train the baseline again in another folder")


def read_curve(folder: Path) -> list[CurvePoint]:
    """Return the learning curve of a baseline; empty for a rule.

    Raises:
        FileFormatError: the file is damaged.
    """
    file = folder / CURVE_FILE
    if not file.exists():
        return []
    try:
        lines = read_file(file, MAX_CURVE_BYTES, writer="train_baseline").decode().splitlines()[1:]
        rows = (line.split(",") for line in lines)
        return [CurvePoint(int(steps), float(seconds), float(held_out)) for steps, seconds, held_out in rows]
    except FileFormatError:
        raise
    except ValueError as error:
        raise FileFormatError(f"{file}: {error}; remove {folder} and train again") from error


def progress_of(name: str, job: Job) -> Report:
    """Write a line on stderr for every point of a learning curve."""

    def say(point: CurvePoint) -> None:
        print(
            f"{name}, seed {job.seed}: {point.steps:,}/{job.budget_steps:,} steps, "
            f"held-out {score_text(point.held_out)}, {point.seconds:.0f} s",
            file=sys.stderr,
            flush=True,
        )

    return say


def _train(name: str, job: Job, folder: Path | None, report: Report) -> tuple[PredictPolicy, Json]:
    """Return the policy, and its part of baseline.json if it has a folder."""
    learner = _trainer(name)
    if folder is None:
        with lent_generators(job.seed):
            return learner.train(job, report), {}
    curve = folder / CURVE_FILE
    curve.write_text(",".join(_COLUMNS) + "\n", "utf-8")

    def record(point: CurvePoint) -> None:
        with curve.open("a", encoding="utf-8") as file:
            file.write(",".join(map(str, astuple(point))) + "\n")
        report(point)

    with lent_generators(job.seed):
        policy = learner.train(job, record)
    model = learner.save(policy, folder)
    return policy, {"hyperparameters": learner.hyperparameters, "model": model}


def _trainer(name: str) -> "Trainer":
    try:
        return import_module(f"lndp_agents.baselines.{LEARNERS[name]}").trainer()
    except ModuleNotFoundError as error:
        raise ImportError(f'{name} needs {error.name}: pip install "lndp-agents[compare]"') from error
