"""Score a pretrained agent with stable-baselines3's own `evaluate_policy`: the agent follows its protocol.

Run it: python examples/evaluate_with_sb3.py [--lives 20] (needs pip install "lndp-agents[compare]")
"""

import argparse

import gymnasium
from lndp_envs import SenseReward
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

from lndp_agents import load_pretrained


def evaluate(lives: int) -> tuple[float, float]:
    """Mean and standard deviation of the return over so many lives, four worlds at a time."""
    worlds = DummyVecEnv([lambda: Monitor(SenseReward(gymnasium.make("lndp/Foraging-v0")))] * 4)
    worlds.seed(0)
    mean, deviation = evaluate_policy(load_pretrained("foraging"), worlds, n_eval_episodes=lives)
    return float(mean), float(deviation)


def main() -> None:
    """Print the score."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lives", type=int, default=20)
    mean, deviation = evaluate(parser.parse_args().lives)
    print(f"return of a life: {mean:.1f} +- {deviation:.1f}")


if __name__ == "__main__":
    main()
