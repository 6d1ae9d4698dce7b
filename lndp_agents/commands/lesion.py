"""`lndp lesion`: injure an agent in the middle of its lives, and see whether it recovers."""

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any, NamedTuple

from lndp_agents.baselines.registry import is_finished, load_baseline, read_baseline
from lndp_agents.commands.injury import lesion_of
from lndp_agents.commands.subject import find_subject
from lndp_agents.commands.trust import check_module
from lndp_agents.devices import find_device
from lndp_agents.numbers import interval_text, score_text
from lndp_agents.plotting.figures import write_figure
from lndp_agents.rollout import Intervention
from lndp_agents.rollout.predicting import PredictPolicy
from lndp_agents.studies.recovery import Effect, Recovery, Window, measure_recovery
from lndp_agents.studies.recovery_figure import recovery_figure, write_table


class _Patient(NamedTuple):
    """A policy and its world."""

    policy: PredictPolicy
    environment: str
    keywords: dict[str, Any]
    episodes: int


def lesion_command(options: Namespace) -> int:
    """Print reward per step before and after a lesion, intact and lesioned; write table and curve."""
    lesion = lesion_of(options)
    assert lesion is not None  # the command line requires one
    patient = _find_patient(options)
    recovery = measure_recovery(
        patient.policy,
        patient.environment,
        patient.keywords,
        lesion=lesion,
        lives=options.lives,
        seed=options.seed,
        episodes=patient.episodes,
        say=_say,
    )
    title = f"{Path(options.subject).name} in {patient.environment}, {options.lives} lives"
    if options.json:
        print(json.dumps(_to_json(options, patient, recovery), allow_nan=False))
    else:
        print(f"{title}, seed {options.seed}: {lesion}")
        print(table_of(recovery))
    file = options.out / _file_name(options.subject, lesion)
    options.out.mkdir(parents=True, exist_ok=True)
    write_table(recovery, Path(f"{file}.csv"))
    try:
        write_figure(recovery_figure(recovery, title), Path(f"{file}.png"))
    except ImportError as error:
        _say(f"wrote {file}.csv, but no picture: {error}")
    else:
        _say(f"wrote {file}.csv and .png")
    return 0


def table_of(recovery: Recovery) -> str:
    """Reward per step before the lesion, right after it, where the damage is largest, and at the end.

    Where lives have several episodes also the return of each.
    """
    rows = [("reward per step", "steps", "intact", "lesioned", "damage")]
    for name, window in _shown(recovery).items():
        rows.append((name, f"{window.first} to {window.last}", *_means(window)))
    if len(recovery.episodes) > 1:
        rows.append(("return of an episode", "", "", "", ""))
    for number, effect in enumerate(recovery.episodes if len(recovery.episodes) > 1 else (), 1):
        rows.append((f"episode {number}", "", *_means(effect)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    lines.append(_verdict(recovery))
    low, high = recovery.intact.score.interval, recovery.lesioned.score.interval
    lines.append(
        f"score per episode: intact {score_text(recovery.intact.score.mean)} ({interval_text(low)}), "
        f"lesioned {score_text(recovery.lesioned.score.mean)} ({interval_text(high)})"
    )
    return "\n".join(lines)


def _verdict(recovery: Recovery) -> str:
    intact, lesioned = recovery.ended_early
    if intact or lesioned:
        where = "see the episodes" if len(recovery.episodes) > 1 else "see the score"
        return (
            f"lives that ended early: {intact} intact, {lesioned} lesioned of {len(recovery.intact.steps)}; "
            f"the steps after count as 0, so no recovery can be told from steps: {where}"
        )
    gone = recovery.recovered
    if gone is None:
        return "nothing to recover from: the 95 % interval of the largest damage reaches 0"
    share = f"{gone.mean:.0%} ({gone.low:.0%} to {gone.high:.0%})"
    return f"recovered: {share} of the largest damage is gone at the end"


def _means(effect: Window | Effect) -> tuple[str, str, str]:
    return str(effect.intact), str(effect.lesioned), str(effect.damage)


def _shown(recovery: Recovery) -> dict[str, Window]:
    before = {} if recovery.before is None else {"before": recovery.before}
    return before | {
        "right after": recovery.after[0],
        "worst": recovery.worst,
        "at the end": recovery.windows[-1],
    }


def _find_patient(options: Namespace) -> _Patient:
    """An agent as `find_subject` finds it, or what `train_baseline` wrote.

    Raises:
        ValueError: there is none, or its environment is not known, or it names code that is not trusted.
    """
    folder = Path(options.subject)
    if not is_finished(folder):
        subject = find_subject(options)
        subject.agent.to(find_device(options.device))
        return _Patient(subject.agent, subject.environment, subject.keywords, subject.episodes)
    job = read_baseline(folder).job
    environment, keywords, episodes = job.environment, dict(job.keywords), job.episodes
    if options.env not in (None, environment):
        environment, keywords, episodes = options.env, {}, 1
    check_module(environment, folder, options)
    policy = load_baseline(folder, trust=options.trust)
    return _Patient(policy, environment, keywords | dict(options.env_kwargs or []), episodes)


def _to_json(options: Namespace, patient: _Patient, recovery: Recovery) -> dict[str, Any]:
    def means(effect: Window | Effect) -> dict[str, Any]:
        return {name: list(getattr(effect, name)) for name in ("intact", "lesioned", "damage")}

    return {
        "subject": options.subject,
        "environment": patient.environment,
        "environment_keywords": patient.keywords,
        "lives": options.lives,
        "seed": options.seed,
        "lesion": {
            "at": recovery.lesion.at,
            recovery.lesion.kind: recovery.lesion.value,
        },
        "score_intact": recovery.intact.score.mean,
        "score_lesioned": recovery.lesioned.score.mean,
        "ended_early": dict(zip(("intact", "lesioned"), recovery.ended_early, strict=True)),
        "recovered": recovery.recovered and list(recovery.recovered),
        "windows": [
            {"first_step": window.first, "last_step": window.last} | means(window)
            for window in recovery.windows
        ],
        "episodes": [means(effect) for effect in recovery.episodes],
    }


def _file_name(subject: str, lesion: Intervention) -> str:
    """Such as foraging-reversal_zero-0.33_at-50."""
    value = "" if lesion.value is True else f"-{lesion.value}"
    return f"{Path(subject).name}_{lesion.kind.replace('_', '-')}{value}_at-{lesion.at}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
