"""`lndp evaluate`: score an agent on fresh lives."""

import json
from argparse import Namespace

from lndp_agents.commands.subject import find_subject
from lndp_agents.devices import find_device
from lndp_agents.evaluation import evaluate


def evaluate_command(options: Namespace) -> int:
    """Print mean and 95 % interval of the scores of fresh lives."""
    subject = find_subject(options)
    subject.agent.to(find_device(options.device))
    score = evaluate(
        subject.agent,
        subject.environment,
        subject.keywords,
        lives=options.lives,
        seed=options.seed,
        episodes=subject.episodes,
    )
    low, high = score.interval
    if options.json:
        measured = {"mean": score.mean, "interval": [low, high], "episode_means": score.episode_means}
        print(json.dumps(subject.to_json(options) | measured, allow_nan=False))
    else:
        interval = f"95 % interval {low:.1f} to {high:.1f}"
        print(f"{subject.name} on {subject.environment}: {score.mean:.1f}, {interval}")
        print(f"(mean episode return of {options.lives} fresh lives, seed {options.seed})")
        if len(score.episode_means) > 1:
            print("episode by episode: " + ", ".join(f"{mean:.1f}" for mean in score.episode_means))
    return 0
