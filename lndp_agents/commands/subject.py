"""Finding the agent that a command names, and the environment that it was evolved on."""

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lndp_agents.agent import Agent
from lndp_agents.commands.trust import check_module
from lndp_agents.policies import HasEdges
from lndp_agents.run.view import RunView
from lndp_agents.zoo import load_pretrained, zoo_folder, zoo_names
from lndp_agents.zoo_results import ZooResults


@dataclass(frozen=True)
class Subject:
    """An agent and its world."""

    name: str
    agent: Agent[Any]
    environment: str
    keywords: dict[str, Any]
    episodes: int

    def to_json(self, options: Namespace) -> dict[str, Any]:
        """Which agent lived which lives: those of the options `lives` and `seed`."""
        return {
            "agent": self.name,
            "environment": self.environment,
            "environment_keywords": self.keywords,
            "lives": options.lives,
            "seed": options.seed,
        }

    @property
    def with_edges(self) -> Agent[Any]:
        """The agent, for commands that look at edges that come and go.

        Raises:
            ValueError: its policy has none.
        """
        if not isinstance(self.agent.program, HasEdges):
            raise ValueError(
                f"{self.name} is of the policy {self.agent.config.policy}, which has no brain that rewires: "
                "`lndp evaluate` it, or name an LNDP"
            )
        return self.agent


def find_subject(options: Namespace) -> Subject:
    """The agent of the arguments `subject`, `env`, `env_kwargs` and `trust`.

    Raises:
        ValueError: there is no such agent, its files are damaged, or its environment is not known, or of a
            module that is not trusted.
    """
    name: str = options.subject
    agent = load_pretrained(name, trust=options.trust)
    environment, keywords, episodes = _world_of(name) or (None, {}, 1)
    if options.env not in (None, environment):
        environment, keywords, episodes = options.env, {}, 1
    if environment is None:
        raise ValueError(f"{name} does not say what it was evolved on: name the environment with --env")
    check_module(environment, name, options)
    return Subject(name, agent, environment, keywords | dict(options.env_kwargs or []), episodes)


def _world_of(name: str) -> tuple[str, dict[str, Any], int] | None:
    """Environment, keywords and episodes of a run, of an agent in its folder, or of the zoo."""
    folder = Path(name)
    if name in zoo_names():
        results = ZooResults.read(zoo_folder(name))
        return results.environment, results.environment_keywords, results.episodes
    for run in (folder, folder.resolve().parent):
        if RunView.is_run(run):
            recipe = RunView(run).recipe
            return recipe.environment, recipe.environment_keywords, recipe.episodes
    return None
