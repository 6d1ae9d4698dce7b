"""`lndp zoo` and `lndp envs`: what there is."""

import json
from argparse import Namespace

import gymnasium
from lndp_envs.registration import WORLDS

from lndp_agents.commands.subject import zoo_results
from lndp_agents.zoo import zoo_folder, zoo_names


def zoo_list(options: Namespace) -> int:
    """Print name, environment and score of every pretrained agent."""
    results = {name: zoo_results(name) for name in zoo_names()}
    if options.json:
        entries = [
            {
                "name": name,
                "environment": result.environment,
                "environment_keywords": result.keywords,
                "mean": result.mean,
                "interval": result.interval,
                "lives": result.lives,
            }
            for name, result in results.items()
        ]
        print(json.dumps(entries, allow_nan=False))
        return 0
    for name, result in results.items():
        low, high = result.interval
        print(f"{name:<20} {result.environment:<28} {result.mean:.1f}, 95 % interval {low:.1f} to {high:.1f}")
    return 0


def zoo_show(options: Namespace) -> int:
    """Print the card of a pretrained agent."""
    print((zoo_folder(options.name) / "README.md").read_text("utf-8").rstrip())
    return 0


def envs(options: Namespace) -> int:
    """Print the ids of this package."""
    specs = [gymnasium.spec(name) for name in WORLDS if name.startswith("lndp/")]
    if options.json:
        fields = ("id", "max_episode_steps", "reward_threshold", "kwargs")
        print(json.dumps([{name: getattr(spec, name) for name in fields} for spec in specs], allow_nan=False))
        return 0
    for spec in specs:
        threshold = "" if spec.reward_threshold is None else f"reward threshold {spec.reward_threshold:g}"
        print(f"{spec.id:<28} {threshold}".rstrip())
    return 0
