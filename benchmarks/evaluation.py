"""Agent-steps per CPU second, on one thread, of `lndp lesion` and of the evaluation of `lndp compare`.

python benchmarks/evaluation.py [--agent foraging-reversal] [--lives 128] [--before FOLDER] [--json]

With --before (such as a `git worktree` of an earlier commit) both are measured in turn, each in a process of
its own, and the ratio is printed.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from lndp_agents import Lesion, load_pretrained
from lndp_agents.studies.evaluation import evaluate_policy_lives

ENVIRONMENTS = {"foraging-reversal": "lndp/ForagingReversal-v0", "bandit": "lndp/Bandit-v0"}


def measure(agent_name: str, lives: int, repeats: int = 3) -> dict[str, float]:
    """Median rates: intact and lesioned lifetimes, as `lndp lesion` needs them, and one evaluation."""
    torch.set_num_threads(1)
    agent, environment = load_pretrained(agent_name), ENVIRONMENTS[agent_name]

    def evaluation(lesion: Any = None) -> int:
        return int(evaluate_policy_lives(agent, environment, lives=lives, seed=1, lesion=lesion).steps.sum())

    def lesion() -> int:
        return evaluation() + evaluation(Lesion(at=50, zero=0.33))

    evaluation()  # builds what must be built
    return {"lesion": _rate(lesion, repeats), "compare": _rate(evaluation, repeats)}


def _rate(run: Callable[[], int], repeats: int) -> float:
    rates: list[float] = []
    for _ in range(repeats):
        started = time.process_time()
        steps = run()
        rates.append(steps / (time.process_time() - started))
    return round(sorted(rates)[len(rates) // 2], 1)


def _elsewhere(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """The same measurements with the packages of another checkout."""
    own = [sys.executable, __file__, "--agent", options.agent, "--lives", str(options.lives), "--json"]
    paths = os.pathsep.join([str(folder), str(folder / "envs")])
    done = subprocess.run(
        own, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)["now"]


def main() -> None:
    """Measure, and print agent-steps per second."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--agent", choices=ENVIRONMENTS, default="foraging-reversal")
    parser.add_argument("--lives", type=int, default=128)
    parser.add_argument("--before", type=Path, metavar="FOLDER")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: dict[str, Any] = {"agent": options.agent, "lives": options.lives}
    if options.before:
        found["before"] = _elsewhere(options.before.absolute(), options)
    found["now"] = measure(options.agent, options.lives)
    if options.before:
        found["ratio"] = {name: round(rate / found["before"][name], 1) for name, rate in found["now"].items()}
    if options.json:
        print(json.dumps(found))
        return
    for name, rate in found["now"].items():
        before = (
            f", before {found['before'][name]:,.0f}, ratio {found['ratio'][name]}" if options.before else ""
        )
        print(f"{name}: {rate:,.0f} agent-steps/s{before}")


if __name__ == "__main__":
    main()
