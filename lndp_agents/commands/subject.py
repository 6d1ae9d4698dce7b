"""Finding the agent that a command names, and the environment that it was evolved on."""

import json
from argparse import Namespace
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lndp_agents.agent import LNDPAgent
from lndp_agents.zoo import load_pretrained, zoo_folder, zoo_names


@dataclass(frozen=True)
class Subject:
    """An agent and its world."""

    name: str
    agent: LNDPAgent
    environment: str
    keywords: dict[str, Any] = field(default_factory=dict[str, Any])
    episodes: int = 1


def find_subject(options: Namespace) -> Subject:
    """The agent of the arguments `subject`, `env` and `env_kwargs`.

    Raises:
        ValueError: there is no such agent, its files are damaged, or its environment is not known.
    """
    name: str = options.subject
    folder = Path(name)
    if (folder / "checkpoints").is_dir():
        agent, known = load_pretrained(folder / "best"), _of_run(folder)
    else:
        agent = load_pretrained(name)
        known = _of_zoo(zoo_folder(name)) if name in zoo_names() else None
    if options.env is None and known is None:
        raise ValueError(f"{name} does not say what it was evolved on: give --env")
    environment, keywords, episodes = known or (options.env, {}, 1)
    if options.env is not None and options.env != environment:
        environment, keywords, episodes = options.env, {}, 1
    return Subject(name, agent, environment, keywords | dict(options.env_kwargs or []), episodes)


def _of_run(folder: Path) -> tuple[str, dict[str, Any], int]:
    recipe = json.loads((folder / "config.json").read_text())["recipe"]
    return recipe["environment"], recipe["environment_keywords"], recipe["episodes"]


def _of_zoo(folder: Path) -> tuple[str, dict[str, Any], int]:
    results = json.loads((folder / "results.json").read_text())
    return results["environment"], results["environment_keywords"], 1
