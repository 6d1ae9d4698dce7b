"""Load a pretrained agent and let it live: it is born knowing nothing of where the food is.

Run it: python examples/load_and_play.py [--seed 3]
"""

import argparse

import gymnasium

from lndp_agents import load_pretrained


def play(seed: int) -> list[float]:
    """The rewards of one life."""
    env = gymnasium.make("lndp/Foraging-v0")
    agent = load_pretrained("foraging")
    agent.birth(seed)
    observation, _ = env.reset(seed=seed)
    rewards, reward, is_over = [], 0.0, False
    while not is_over:
        action = agent.act(observation, reward, episode_start=not rewards)
        observation, reward, terminated, truncated, _ = env.step(action)
        rewards.append(float(reward))
        is_over = terminated or truncated
    env.close()
    return rewards


def main() -> None:
    """Print how often the agent is fed in each fifth of its life."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    rewards = play(parser.parse_args().seed)
    for start in range(0, len(rewards), 20):
        fed = sum(reward > 0 for reward in rewards[start : start + 20])
        print(f"steps {start:3d} to {start + 19:3d}: fed {fed:2d} times {'o' * fed}")
    print(f"return of the life: {sum(rewards):.0f}")


if __name__ == "__main__":
    main()
