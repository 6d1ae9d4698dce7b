"""`lndp diagnose`: look for the failure signatures of a self-organising brain."""

import json
import sys
from argparse import Namespace

from lndp_agents.commands.subject import find_subject
from lndp_agents.devices import find_device
from lndp_agents.studies.diagnostics import diagnose

SHOW_EVERY = 20
"""Steps between two looks at the counter."""


def diagnose_command(options: Namespace) -> int:
    """Print what was measured of each failure signature, over fresh lives."""
    subject = find_subject(options)
    subject.brain.to(find_device(options.device))
    report = diagnose(
        subject.brain,
        subject.environment,
        subject.keywords,
        lives=options.lives,
        seed=options.seed,
        episodes=subject.episodes,
        on_step=_count,
    )
    _count(0)
    if options.json:
        print(json.dumps(subject.to_json(options) | report.to_json(), allow_nan=False))
    else:
        print(f"{subject.name} on {subject.environment}, {options.lives} fresh lives, seed {options.seed}")
        print(report)
    return 0


def _count(step: int) -> None:
    """Show the step of the lives on a terminal; 0 clears the line."""
    if sys.stderr.isatty() and step % SHOW_EVERY == 0:
        text = f"step {step} of life" if step else ""
        print(f"\r{text:<30}\r", end="", file=sys.stderr, flush=True)
