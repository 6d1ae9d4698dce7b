"""`lndp zoo` and `lndp envs`: what there is."""

import json
from argparse import Namespace

import gymnasium
import lndp_envs  # noqa: F401  (registers the ids)

from lndp_agents.zoo import zoo_folder, zoo_names


def zoo_list(options: Namespace) -> int:
    """Print name, environment and score of every pretrained agent."""
    entries = []
    for name in zoo_names():
        results = json.loads((zoo_folder(name) / "results.json").read_text())
        score = {key: results["score"][key] for key in ("mean", "interval", "lives")}
        entries.append({"name": name, "environment": results["environment"], **score})
    if options.json:
        print(json.dumps(entries))
        return 0
    for entry in entries:
        low, high = entry["interval"]
        print(f"{entry['name']:<20} {entry['environment']:<28} {entry['mean']:.1f} ({low:.1f} to {high:.1f})")
    return 0


def zoo_show(options: Namespace) -> int:
    """Print the card of a pretrained agent."""
    print((zoo_folder(options.name) / "README.md").read_text().rstrip())
    return 0


def envs(options: Namespace) -> int:
    """Print the ids of this package."""
    specs = [spec for spec in gymnasium.registry.values() if spec.namespace == "lndp"]
    if options.json:
        fields = ("id", "max_episode_steps", "reward_threshold", "kwargs")
        print(json.dumps([{name: getattr(spec, name) for name in fields} for spec in specs]))
        return 0
    for spec in specs:
        threshold = "" if spec.reward_threshold is None else f"optimum {spec.reward_threshold:g}"
        print(f"{spec.id:<28} {threshold}".rstrip())
    return 0
