"""The description of a run: its experiment config, and what follows from that once."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

from lndp_agents.config import PolicyConfig
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.presets import Experiment, settle
from lndp_agents.evolution.start import genome_sha256
from lndp_agents.policies import find_policy
from lndp_agents.rollout import World, make_world
from lndp_agents.spaces import ObservationEncoding
from lndp_agents.validation import is_object, is_sequence, require_keys, shorten
from lndp_agents.version import __version__

FORMAT_VERSION = 1


class Body(NamedTuple):
    """Policy config and observation encoder in a world: they turn a genome into a network there."""

    program: PolicyConfig
    encoding: ObservationEncoding

    def to_json(self) -> dict[str, Any]:
        """Return the body as a JSON object."""
        return {"program": self.program.to_json(), "encoding": self.encoding.to_json()}

    @classmethod
    def from_json(cls, policy: str, data: object) -> Self:
        """Return the body of a policy from a JSON object.

        Raises:
            ValueError: it is damaged.
        """
        if not is_object(data) or not is_object(data.get("program")):
            raise ValueError(f"program={shorten(data)} is no JSON object")
        require_keys("body", data, {"program", "encoding"})
        encoding = ObservationEncoding.from_json(data["encoding"])
        return cls(find_policy(policy).from_json(data["program"]), encoding)


@dataclass(frozen=True)
class Description:
    """Experiment config, policy config and encoder of a run; they never change.

    Example:
        >>> from lndp_agents import Description, EvolutionConfig
        >>> description = Description.of(EvolutionConfig(environment="lndp/Bandit-v0"))
        >>> description.in_world("lndp/Foraging-v0", lives=8).recipe.lives
        8
    """

    recipe: EvolutionConfig
    program: PolicyConfig
    encoding: ObservationEncoding
    start_sha256: str = ""
    """`genome_sha256` of the first mean if an agent gave it; else, and in older runs, empty."""
    bodies: tuple["Body", ...] = ()
    """Bodies in the further worlds of the objective, in its order."""

    @classmethod
    def of(cls, config: EvolutionConfig) -> Self:
        """Describe a run that starts around no agent, with what its preset chooses.

        Raises:
            ValueError: the environment, its spaces or a field is refused.
        """
        return cls.of_experiment(settle(config))

    @classmethod
    def of_experiment(cls, experiment: Experiment) -> Self:
        """Describe the run of a settled experiment."""
        start_sha256 = "" if experiment.start is None else genome_sha256(experiment.start)
        return cls(experiment.config, experiment.policy, experiment.world.encoding, start_sha256)

    @property
    def identity(self) -> str:
        """Hash of all but the budget; each checkpoint has that of its run."""
        endless = replace(self, recipe=replace(self.recipe, generations=1))
        data = endless.to_json()
        for body in (data, *data.get("bodies", ())):
            body["program"] = {**self.program.retired, **body["program"]}
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()

    def make_world(self) -> World:
        """Make the world of the rollouts.

        Raises:
            ValueError: the environment is unknown here, or does not fit the encoding.
        """
        recipe = self.recipe
        return make_world(recipe.environment, recipe.environment_keywords, recipe.episodes, self.encoding)

    def in_world(
        self,
        environment: str,
        *,
        environment_keywords: Mapping[str, Any] | None = None,
        episodes: int = 1,
        encoding: str = "auto",
        program: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> "Description":
        """Return the same experiment in another world, where the same genome grows into another network.

        Args:
            environment: name of the environment.
            environment_keywords: its keyword arguments.
            episodes: episodes of a lifetime, for environments that have no lifetimes of their own.
            encoding: name of the observation encoding.
            program: further fields of the policy's configuration, such as `nodes`, which the preset chooses
                otherwise.
            changes: other fields of the experiment config, such as `lives` and `held_out_lives`.

        Raises:
            ValueError: the environment, its spaces or a field is refused.
        """
        shared = {name: value for name, value in self.recipe.program.items() if name != "nodes"}
        place: dict[str, Any] = {
            "environment": environment,
            "environment_keywords": dict(environment_keywords or {}),
            "episodes": episodes,
            "encoding": encoding,
            "program": shared | dict(program or {}),
        }
        alone: dict[str, Any] = {"start": "", "objective": "", "objective_options": {}}
        return Description.of(replace(self.recipe, **alone | changes | place))

    def to_json(self) -> dict[str, Any]:
        """Return the description as a JSON object."""
        start = {"start_sha256": self.start_sha256} if self.start_sha256 else {}
        bodies = {"bodies": [body.to_json() for body in self.bodies]} if self.bodies else {}
        return {
            "format_version": FORMAT_VERSION,
            "recipe": self.recipe.to_json(),
            **Body(self.program, self.encoding).to_json(),
            **start,
            **bodies,
        }

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Return the description from a JSON object.

        Raises:
            ValueError: it is damaged, of something else, or of another version.
        """
        if not is_object(data) or "recipe" not in data:
            raise ValueError("it is of something else, such as an agent; give the folder of a run")
        if data.get("format_version") != FORMAT_VERSION:
            found = shorten(data.get("format_version"))
            raise ValueError(f"format_version is {found}, lndp-agents {__version__} reads {FORMAT_VERSION}")
        start_sha256 = data.get("start_sha256", "")
        if not isinstance(start_sha256, str):
            raise ValueError(f"start_sha256={shorten(start_sha256)} is no string")
        keys = {"format_version", "recipe", "program", "encoding"}
        require_keys("description", data, keys | ({"start_sha256", "bodies"} & set(data)))
        if not is_object(data["recipe"]):
            raise ValueError(f"recipe={shorten(data['recipe'])} is no JSON object")
        recipe = EvolutionConfig.from_json(data["recipe"])
        own = Body.from_json(recipe.policy, {name: data[name] for name in ("program", "encoding")})
        found: object = data.get("bodies", [])
        if not is_sequence(found):
            raise ValueError(f"bodies={shorten(found)} is no list")
        bodies = tuple(Body.from_json(recipe.policy, body) for body in found)
        return cls(recipe, *own, start_sha256, bodies)
