"""`lndp evaluate`: score an agent on fresh lives."""

import json
from argparse import Namespace

from lndp_agents.commands.subject import find_subject
from lndp_agents.devices import find_device
from lndp_agents.numbers import interval_text, score_text
from lndp_agents.studies.evaluation import evaluate


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
        mean, interval = score_text(score.mean), interval_text((low, high))
        print(f"{subject.name} on {subject.environment}: {mean} per episode, 95 % interval {interval}")
        print(f"({options.lives} fresh lives, seed {options.seed})")
        if len(score.episode_means) > 1:
            each = ", ".join(score_text(mean) for mean in score.episode_means)
            print(f"episode by episode: {each}; {score_text(sum(score.episode_means))} in a life")
    return 0
