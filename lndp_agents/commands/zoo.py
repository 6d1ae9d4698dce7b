"""`lndp zoo`: the pretrained agents, and those of the Hugging Face hub."""

import json
from argparse import Namespace
from dataclasses import asdict

from lndp_agents.agent import Agent
from lndp_agents.hub import fetch_agent
from lndp_agents.numbers import interval_text, score_text
from lndp_agents.zoo import zoo_folder, zoo_names
from lndp_agents.zoo_results import ZooResults


def zoo_list(options: Namespace) -> int:
    """Print name, environment and score of every pretrained agent."""
    results = {name: ZooResults.read(zoo_folder(name)) for name in zoo_names()}
    if options.json:
        entries = [
            {
                "name": name,
                "environment": result.environment,
                "environment_keywords": result.environment_keywords,
                "mean": result.score.mean,
                "interval": result.score.interval,
                "lives": result.score.lives,
            }
            for name, result in results.items()
        ]
        print(json.dumps(entries, allow_nan=False))
        return 0
    for name, result in results.items():
        mean, interval = score_text(result.score.mean), interval_text(result.score.interval)
        print(f"{name:<20} {result.environment:<28} {mean} per episode, 95 % interval {interval}")
    return 0


def zoo_show(options: Namespace) -> int:
    """Print the card of a pretrained agent."""
    print((zoo_folder(options.name) / "README.md").read_text("utf-8").rstrip())
    return 0


def zoo_download(options: Namespace) -> int:
    """Fetch an agent of the hub with its card, see that it can be loaded, and print its folder."""
    folder = fetch_agent(options.name, options.revision, with_card=True)
    Agent.from_pretrained(folder)
    print(folder)
    return 0


def zoo_verify(options: Namespace) -> int:
    """Print for each agent that it is sound, or what is wrong."""
    from lndp_agents.zoo_verification import verify_entry  # slow to import

    if options.lives < 1:
        raise ValueError(f"lives={options.lives}: give 1 or more")
    verdicts = [verify_entry(name, options.lives) for name in options.names or zoo_names()]
    if options.json:
        print(json.dumps([asdict(verdict) for verdict in verdicts], allow_nan=False))
    else:
        for verdict in verdicts:
            mean = "nothing" if verdict.mean is None else f"{score_text(verdict.mean)} per episode"
            print(f"{verdict.name:<20} {'; '.join(verdict.problems) or f'sound, scores {mean}'}")
    return 1 if any(verdict.problems for verdict in verdicts) else 0
