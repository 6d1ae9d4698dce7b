"""`lndp diagnose`: look for the failure signatures of a self-organising brain."""

import json
import sys
from argparse import Namespace

from lndp_agents.commands.subject import find_subject
from lndp_agents.devices import find_device
from lndp_agents.studies.diagnostics import diagnose


def diagnose_command(options: Namespace) -> int:
    """Print what was measured of each failure signature, over fresh lives."""
    subject = find_subject(options)
    agent = subject.with_edges.to(find_device(options.device))
    report = diagnose(
        agent,
        subject.environment,
        subject.keywords,
        lives=options.lives,
        seed=options.seed,
        episodes=subject.episodes,
        tell=_show,
    )
    _show(None)
    if options.json:
        print(json.dumps(subject.to_json(options) | report.to_json(), allow_nan=False))
    else:
        print(f"{subject.name} on {subject.environment}, {options.lives} fresh lives, seed {options.seed}")
        print(report)
    return 0


def _show(share: float | None) -> None:
    """Show how much is done on a terminal; None clears the line."""
    if sys.stderr.isatty():
        text = "" if share is None else f"{share:.0%} of the lives"
        print(f"\r{text:<30}\r", end="", file=sys.stderr, flush=True)
