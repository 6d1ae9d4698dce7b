"""What the name of a policy says; it is parsed here alone."""

from dataclasses import dataclass
from typing import Literal

from lndp_agents.baselines.registry import LEARNERS, RULES
from lndp_agents.plugins import did_you_mean
from lndp_agents.policies import POLICIES
from lndp_agents.zoo import zoo_names

ZOO, AGENT = "zoo:", "agent:"


@dataclass(frozen=True)
class Entrant:
    """A policy that is compared."""

    name: str
    kind: Literal["zoo", "agent", "rule", "baseline", "evolved"]
    place: str = ""
    """The zoo's name of an agent, or its folder."""
    policy: str = ""
    """Of `lndp train --policy`, where it evolves."""
    start: str = ""
    """The agent of the zoo that its search is around; empty if there is none."""

    @classmethod
    def parse(cls, name: str) -> "Entrant":
        """Read a name: see `lndp_agents.compare.entrants`.

        Raises:
            ValueError: it names no policy.
        """
        policy, around, start = name.partition("@")
        if name in LEARNERS:
            return cls(name, "baseline")
        if policy in POLICIES and bool(start) == bool(around):
            return cls(name, "evolved", policy=policy, start=start)
        if name in RULES:
            return cls(name, "rule")
        if name.startswith(ZOO):
            return cls(name, "zoo", name.removeprefix(ZOO))
        if name.startswith(AGENT):
            return cls(name, "agent", name.removeprefix(AGENT))
        guess = did_you_mean(name, policy_names())
        raise ValueError(
            f"no policy {name!r}: known are {', '.join(policy_names())}, {AGENT}FOLDER and POLICY@AGENT, "
            f"such as lndp@cartpole{guess}"
        )

    @property
    def evolves(self) -> bool:
        """Whether it is trained by evolution."""
        return self.kind == "evolved"

    @property
    def learns(self) -> bool:
        """Whether it is trained in a comparison."""
        return self.kind in ("baseline", "evolved")


def policy_names() -> list[str]:
    """All names, but for the folders of agents."""
    return [*(f"{ZOO}{name}" for name in zoo_names()), *POLICIES, *LEARNERS, *RULES]
