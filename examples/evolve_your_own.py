"""Evolve an agent on an environment of your own, stop at any time, go on, and load what was found.

The environment hides a light behind one of two doors; in each life it is always the same door, and only
trying tells which. Run it: python examples/evolve_your_own.py [--generations 40] (needs pip install
"lndp-agents[train]"). The command line does the same: lndp train evolve_your_own.py:TwoDoors
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from lndp_agents import EvolutionConfig, LNDPAgent, Run, evaluate

ENVIRONMENT = f"{Path(__file__)}:TwoDoors"
"""The class below, by the file that it is in: whoever has only the run folder finds it too."""
STEPS = 20


class TwoDoors(gymnasium.Env[np.ndarray, np.int64]):
    """Reward 1 for the right door; the observation never changes, so memory is all that helps."""

    observation_space = gymnasium.spaces.Box(0.0, 1.0, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Hide the light behind a door for a whole life."""
        super().reset(seed=seed)
        self._door = self.np_random.integers(2)
        return np.ones(1, np.float32), {}

    def step(self, action: np.int64) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Open a door."""
        return np.ones(1, np.float32), float(action == self._door), False, False, {}


def evolve(folder: Path | None, generations: int) -> Path:
    """Evolve so many generations in a run folder, the next free one in `runs` if none; returns the folder."""
    recipe = EvolutionConfig(
        environment=ENVIRONMENT,
        environment_keywords={"max_episode_steps": STEPS},
        program={"nodes": 10, "initial_density": 0.5},
        generations=generations,
        population=16,
        lives=4,
        held_out_lives=16,
    )
    with Run.create(recipe, folder) as run:
        for record in run.generations():
            print(f"generation {record.generation}: mean {record.score_mean:.1f}", file=sys.stderr)
        return run.folder


def main() -> None:
    """Evolve, then score on fresh lives."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--generations", type=int, default=40)
    parser.add_argument("--out", type=Path, help="the run folder; the next free one in runs/ by default")
    arguments = parser.parse_args()
    folder = evolve(arguments.out, arguments.generations)
    agent = LNDPAgent.from_pretrained(folder / "best")
    score = evaluate(agent, ENVIRONMENT, {"max_episode_steps": STEPS}, lives=64, seed=1)
    low, high = score.interval
    print(
        f"right doors in {STEPS} steps: {score.mean:.1f} ({low:.1f} to {high:.1f}); "
        "without memory 10, best 19.5"
    )
    print(f"go on with: lndp resume {folder} --generations {2 * arguments.generations} --trust")
    print(f"or with: lndp evaluate {folder} --trust, lndp verify {folder} --trust")


if __name__ == "__main__":
    main()
