"""A read-only view of a run folder: nothing is locked, and nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from lndp_agents.agent import Agent, agent_kind
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.description import Description
from lndp_agents.evolution.objective import WorldObjective, make_objective, worlds_of
from lndp_agents.evolution.records import Counters
from lndp_agents.persistence import SavedAgent, load_agent, read_regular
from lndp_agents.plotting import read_metrics
from lndp_agents.plugins import require_trusted
from lndp_agents.run.checkpoint import CHECKPOINTS, list_checkpoints, read_checkpoint
from lndp_agents.run.folder import DESCRIPTION, TIMINGS, agent_folder, no_run
from lndp_agents.run.metrics import METRICS, PARTS, read_table
from lndp_agents.validation import parse_json, shorten

MAX_DESCRIPTION_BYTES = 2**22


@dataclass(frozen=True)
class RunView:
    """The files of a run, whose training may go on meanwhile.

    Its environment may be one of a module, and so may its objective: ask for agents of its worlds only where
    you trust the folder.

    Example:
        >>> from pathlib import Path
        >>> from lndp_agents import EvolutionConfig, Run, RunView
        >>> config = EvolutionConfig(
        ...     environment="lndp/Bandit-v0", generations=2, population=4, lives=2, held_out_lives=2
        ... )
        >>> with Run.create(config, Path("my_run")) as run:
        ...     records = list(run.generations())
        >>> view = RunView(Path("my_run"))
        >>> view.metrics["generation"]
        [1.0, 2.0]
        >>> view.agent("last").config == view.agent("best").config
        True
    """

    folder: Path
    trust: bool = False
    """Whether modules of policies and mechanisms that the files name may be imported, which runs them."""

    @staticmethod
    def is_run(folder: Path) -> bool:
        """Return whether a folder holds a run."""
        return (folder / DESCRIPTION).is_file() and (folder / CHECKPOINTS).is_dir()

    @cached_property
    def description(self) -> Description:
        """Description of the run.

        Raises:
            FileNotFoundError: there is no run.
            ValueError: its config.json is damaged, foreign or of another version.
        """
        path = self.folder / DESCRIPTION
        try:
            content = read_regular(path, MAX_DESCRIPTION_BYTES)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FileNotFoundError(no_run(self.folder)) from error
        try:
            data: object = parse_json(content)
        except ValueError as error:
            raise ValueError(f"{path} does not describe a run: {error}") from error
        require_trusted(data, path, trust=self.trust)
        try:
            return Description.from_json(data)
        except ValueError as error:
            raise ValueError(f"{path} does not describe a run: {error}") from error

    @property
    def recipe(self) -> EvolutionConfig:
        """Experiment config of the description."""
        return self.description.recipe

    @property
    def metrics(self) -> Mapping[str, list[float]]:
        """The columns of metrics.csv; an empty cell is NaN.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is no such table.
        """
        return read_metrics(self.folder / METRICS)

    @property
    def worlds(self) -> Mapping[str, list[float]]:
        """The columns of worlds.csv, as `metrics`: "population NAME" and "held-out NAME" of each world."""
        return read_metrics(self.folder / PARTS)

    @property
    def seconds(self) -> Mapping[int, float]:
        """Seconds by generation; some may be unknown."""
        lines = (line.split(",") for line in (self.folder / TIMINGS).read_text("ascii").splitlines())
        return {int(generation): float(taken) for generation, taken in lines}

    @property
    def best_score(self) -> float:
        """The highest score of a mean on held-out rollouts; minus infinity if none was measured."""
        return max((score for score in self.metrics["held_out"] if score == score), default=-float("inf"))

    @property
    def checkpoints(self) -> list[Path]:
        """All that are named like checkpoints, the newest first."""
        return list_checkpoints(self.folder / CHECKPOINTS)

    def read_checkpoint(
        self, path: Path, expected: Mapping[str, Tensor]
    ) -> tuple[Counters, dict[str, Tensor]]:
        """Return one of the checkpoints, see `checkpoint.read_checkpoint`."""
        return read_checkpoint(path, self.description.identity, expected)

    def read_table(self, name: str) -> str:
        """Return the text of metrics.csv or hashes.csv, see `metrics.read_table`."""
        return read_table(self.folder / name)

    def saved_agent(self, name: str) -> SavedAgent:
        """Return what is saved of an agent: "best", "last" or "mean".

        Raises:
            ValueError: its files are damaged.
            OSError: there is none.
        """
        return load_agent(agent_folder(self.folder, name), trust=self.trust)

    def agent(self, name: str = "best", environment: str = "") -> Agent[Any]:
        """Return an agent of the run, in one of the worlds that its genomes were evolved in.

        Args:
            name: "best", "last" or "mean", as in `Run`.
            environment: of a world of the objective; that of the experiment config if empty.

        Raises:
            ValueError: there is no such agent, its files are damaged, or the objective has no such world.
        """
        agent = Agent[Any].from_pretrained(agent_folder(self.folder, name), trust=self.trust)
        if environment in ("", self.recipe.environment):
            return agent
        worlds = {
            each.description.recipe.environment: each for each in worlds_of(make_objective(self.description))
        }
        if environment not in worlds:
            known = ", ".join({self.recipe.environment: None, **worlds})
            raise ValueError(f"environment {shorten(environment)} is no world of {self.folder}: give {known}")
        return _in_world(agent, worlds[environment])


def _in_world(agent: Agent[Any], place: WorldObjective) -> Agent[Any]:
    """Return an agent with the same genome, whose network fits another world."""
    config, world = place.description.program, place.world
    spaces = world.dynamics.observation_space, world.dynamics.action_space
    return agent_kind(config)(*spaces, config, genome=agent.genome, encoding=world.encoding)
