"""`lndp envs`: the environments that there are."""

import json
from argparse import Namespace

import gymnasium
from lndp_envs.registration import WORLDS

from lndp_agents.environments import find_environment
from lndp_agents.plugins import announced


def envs(options: Namespace) -> int:
    """Print the ids of this package, and of installed ones that announce environments."""
    names = [name for name in WORLDS if "/" in name]
    specs = [gymnasium.spec(name) for name in (*names, *map(find_environment, announced("environment")))]
    if options.json:
        fields = ("id", "max_episode_steps", "reward_threshold", "kwargs")
        print(json.dumps([{name: getattr(spec, name) for name in fields} for spec in specs], allow_nan=False))
        return 0
    for spec in specs:
        threshold = "" if spec.reward_threshold is None else f"reward threshold {spec.reward_threshold:g}"
        print(f"{spec.id:<28} {threshold}".rstrip())
    return 0
