"""Evolve an agent on an environment of your own, stop at any time, load what was found.

The environment hides a light behind one of two doors; in each life it is always the same door, and only
trying tells which. Run it: python examples/evolve_your_own.py [--generations 40] (needs pip install
"lndp-agents[train]")
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from lndp_agents import LNDPAgent
from lndp_agents.evaluation import evaluate
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.progress import Progress
from lndp_agents.evolution.run import Run


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


def evolve(folder: Path, generations: int) -> LNDPAgent:
    """The best agent after so many generations; the run folder can be resumed with `lndp resume`."""
    gymnasium.register("TwoDoors-v0", TwoDoors, max_episode_steps=20)
    recipe = EvolutionConfig(
        environment="TwoDoors-v0",
        program={"nodes": 10, "initial_density": 0.5},
        generations=generations,
        population=16,
        lives=4,
        held_out_lives=16,
    )
    run = Run.create(recipe, folder)
    with Progress(generations) as progress:
        for generation in run.generations():
            progress.show(generation)
    return LNDPAgent.from_pretrained(folder / "best")


def main() -> None:
    """Evolve, then score on fresh lives."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--generations", type=int, default=40)
    parser.add_argument("--out", type=Path, help="the run folder; a temporary one by default")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        agent = evolve(arguments.out or Path(temporary) / "run", arguments.generations)
    score = evaluate(agent, "TwoDoors-v0", lives=64, seed=1)
    low, high = score.interval
    print(
        f"right doors in 20 steps: {score.mean:.1f} ({low:.1f} to {high:.1f}); without memory 10, best 19.5"
    )


if __name__ == "__main__":
    main()
