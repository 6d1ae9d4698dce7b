"""Six worlds, all learners: what an LNDP does better than what a user would pick instead, and what worse.

Each world gets a folder with the tables and figures of `lndp compare`; summary.md and summary.csv have all
worlds. The same command goes on where it was stopped.

Run it: python examples/compare/compare.py --workers 2
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from lndp_agents.compare import Comparison, Row, compare, machine, write_csv

RESULTS = Path(__file__).parent / "results"
LEARNERS = ("lndp@cartpole", "lndp", "ppo", "recurrent-ppo", "hebbian", "gru")
WORLDS: Mapping[str, tuple[str, ...]] = {
    "Foraging": ("zoo:foraging", *LEARNERS, "scripted", "random"),
    "ForagingReversal": ("zoo:foraging-reversal", *LEARNERS, "scripted", "random"),
    "ForagingSwitch": ("zoo:foraging-switch", *LEARNERS, "scripted", "random"),
    "Bandit": ("zoo:bandit", *LEARNERS, "scripted", "win-stay-lose-shift", "random"),
    "CartPoleLife": ("zoo:cartpole", *LEARNERS[1:], "random"),
    "CartPoleReversal": ("zoo:cartpole", *LEARNERS, "random"),
}
"""Who plays in lndp/NAME-v0; the first one is compared with all others."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare in all worlds, and write a summary after each."""
    options = _options(arguments)
    tables: dict[str, list[Row]] = {}
    for name in options.worlds:
        print(f"lndp/{name}-v0", file=sys.stderr)
        comparison = Comparison(
            environment=f"lndp/{name}-v0",
            policies=WORLDS[name] if options.policies is None else tuple(options.policies.split(",")),
            seeds=options.seeds,
            budget_steps=options.budget_steps,
            lives=options.lives,
        )
        tables[name] = compare(comparison, options.out / name, options.workers)
        write_summary(options.out, tables, options)


def write_summary(folder: Path, tables: Mapping[str, Sequence[Row]], options: argparse.Namespace) -> None:
    """Write summary.csv, all rows, and summary.md: interquartile means of policies and worlds."""
    write_csv(
        folder / "summary.csv",
        [{"world": name} | asdict(row) for name, rows in tables.items() for row in rows],
    )
    policies = list(dict.fromkeys(_shown(row) for rows in tables.values() for row in rows))
    lines = [_line(["policy", *tables]), _line(["---"] * (1 + len(tables)))]
    for policy in policies:
        cells = {name: row for name, rows in tables.items() for row in rows if _shown(row) == policy}
        lines.append(_line([policy, *(_cell(cells.get(name)) for name in tables)]))
    notes = [
        "# All worlds",
        f"Interquartile mean (95 % interval) of {options.seeds} trainings of at most "
        f"{options.budget_steps:,} steps each, on the same {options.lives} held-out lives. The zoo's agents "
        "had budgets of their own, which are larger: the tables of the worlds have them.",
        f"{machine()}; one thread for each training.",
    ]
    (folder / "summary.md").write_text("\n\n".join([*notes, "\n".join(lines)]) + "\n", "utf-8")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--budget-steps", type=int, default=500_000, help="of each training (500,000)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each learner (3)")
    parser.add_argument("--lives", type=int, default=128, help="held-out lives that are scored (128)")
    parser.add_argument("--workers", type=int, default=1, help="trainings side by side (1)")
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS), help="(all six)")
    parser.add_argument("--policies", metavar="A,B,...", help="others than those of this script")
    parser.add_argument("--out", type=Path, default=RESULTS, help="(results beside the script)")
    return parser.parse_args(arguments)


def _shown(row: Row) -> str:
    """One line for the zoo's agents of all worlds."""
    return "zoo" if row.policy.startswith("zoo:") else row.policy


def _cell(row: Row | None) -> str:
    return "" if row is None else f"{row.iqm:.1f} ({row.low:.1f} to {row.high:.1f})"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    try:
        main()
    except (ValueError, OSError, ImportError) as error:
        sys.exit(f"error: {' '.join(str(error).split())}")
    except KeyboardInterrupt:
        print("stopped, what is done is kept; the same command goes on", file=sys.stderr)
        sys.exit(130)
