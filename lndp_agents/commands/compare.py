"""`lndp compare`: learners and agents against each other, on equal terms."""

import json
import shlex
import signal
import sys
from argparse import Namespace
from dataclasses import asdict
from typing import Any

from lndp_agents.interrupts import interruptible
from lndp_command import INTERRUPTED_EXIT


def compare_command(options: Namespace) -> int:
    """Train what learns, score all, and write tables and figures."""
    from lndp_agents.compare import Comparison, compare  # imports matplotlib, an extra
    from lndp_agents.compare.tables import TABLE, markdown_rows

    comparison = Comparison(
        environment=options.env,
        policies=tuple(name.strip() for name in options.policies.split(",") if name.strip()),
        keywords=dict(options.env_kwargs or []),
        episodes=options.episodes,
        seeds=options.seeds,
        budget_steps=options.budget_steps,
        lives=options.lives,
        changes=_changes(options.set or []),
    )
    try:
        with interruptible(signal.SIGTERM):  # it ends the processes of the trainings as Ctrl-C does
            rows = compare(comparison, options.out, options.workers, trust=options.trust)
    except KeyboardInterrupt:
        command = shlex.join(["lndp", *sys.argv[1:]])
        print(f"stopped, what is done is kept; go on with: {command}", file=sys.stderr)
        return INTERRUPTED_EXIT
    if options.json:
        found = {"folder": str(options.out), "environment": options.env, "lives": options.lives}
        print(json.dumps(found | {"policies": [asdict(row) for row in rows]}, allow_nan=False))
    else:
        print("\n".join(markdown_rows(rows)))
        print(f"tables and figures are in {options.out}: {TABLE}.md first")
    return 0


def _changes(given: list[tuple[str, Any]]) -> dict[str, dict[str, Any]]:
    """By policy, from POLICY:FIELD=VALUE."""
    changes: dict[str, dict[str, Any]] = {}
    for name, value in given:
        policy, colon, field = name.partition(":")
        if not colon or not field:
            raise ValueError(f"--set {name}: give POLICY:FIELD=VALUE, such as lndp:program.nodes=12")
        changes.setdefault(policy, {})[field] = value
    return changes
