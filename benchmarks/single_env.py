"""Steps per second (of CPU time) of single environments, beside the Gymnasium environment of the same task.

python benchmarks/single_env.py [--seconds 1] [--rounds 5] [ID ...]
"""

import argparse
import time

import gymnasium
import lndp_envs

gymnasium.register_envs(lndp_envs)
PEERS = {
    "lndp/CartPoleLife-v0": "CartPole-v1",
    "lndp/AcrobotLife-v0": "Acrobot-v1",
    "lndp/PendulumLife-v0": "Pendulum-v1",
}
"""The environments whose every step is that of Gymnasium's."""


def rate(name: str, seconds: float) -> float:
    """Steps per second of CPU time under random actions, resets included."""
    env = gymnasium.make(name)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(256)]
    env.reset(seed=0)
    steps, started = 0, time.process_time()
    while (spent := time.process_time() - started) < seconds:
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        steps += len(actions)
    return steps / spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*", default=[*PEERS, "lndp/Foraging-v0", "lndp/Bandit-v0"])
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=5, help="in turn with the peer; the best counts")
    arguments = parser.parse_args()
    for name in arguments.ids:
        pair = [name, *([PEERS[name]] if name in PEERS else [])]
        rates = [[rate(each, arguments.seconds) for each in pair] for _ in range(arguments.rounds)]
        best = [max(column) for column in zip(*rates, strict=True)]
        peer = f"; {pair[1]} {best[1]:,.0f}, ratio {best[0] / best[1]:.3f}" if len(best) > 1 else ""
        print(f"{name}: {best[0]:,.0f} steps/s{peer}")


if __name__ == "__main__":
    main()
