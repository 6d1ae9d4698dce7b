"""Steps per second of our batches for stable-baselines3, beside its own loop over the same environments.

python benchmarks/vec_env.py [--num-envs 16] [--seconds 2] [ID ...]
"""

import argparse
import time

import gymnasium
import lndp_envs
import numpy as np
from lndp_envs import SenseReward
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

from lndp_agents.baselines.vec_env import make_vec_env

gymnasium.register_envs(lndp_envs)


def rate(envs: VecEnv, seconds: float) -> float:
    """Steps of all environments per second, under random actions."""
    envs.reset()
    actions = [np.array([envs.action_space.sample() for _ in range(envs.num_envs)]) for _ in range(64)]
    steps, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        envs.step(actions[steps % len(actions)])
        steps += 1
    return steps * envs.num_envs / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "ids", nargs="*", default=["lndp/Foraging-v0", "lndp/Bandit-v0", "lndp/CartPoleLife-v0"]
    )
    parser.add_argument("--num-envs", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2.0)
    arguments = parser.parse_args()
    for name in arguments.ids:
        loop = DummyVecEnv([lambda name=name: SenseReward(gymnasium.make(name))] * arguments.num_envs)
        batch = make_vec_env(name, {}, arguments.num_envs, 0)
        rates = [rate(envs, arguments.seconds) for envs in (loop, batch, loop, batch)]
        ours, theirs = max(rates[1::2]), max(rates[::2])
        print(f"{name}: loop {theirs:,.0f}, batch {ours:,.0f} steps/s, ratio {ours / theirs:.1f}")


if __name__ == "__main__":
    main()
