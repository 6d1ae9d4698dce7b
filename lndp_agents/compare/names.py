"""Names of policies in comparisons, and the one place that parses them.

`zoo:NAME`, `agent:FOLDER` (a run, a saved agent, or "hf:USER/REPO" of the hub) and the rules are evaluated as
they are. All others are trained: the baselines by gradients, those of `lndp train --policy` by evolution. The
search starts around an agent of the zoo if the name is `POLICY@AGENT`, such as `lndp@cartpole`.
"""

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
    """The name of an agent in the zoo, or the folder of an agent or run."""
    policy: str = ""
    """The value of `lndp train --policy`, if the policy evolves."""
    start: str = ""
    """The agent of the zoo that the search starts around; empty if there is none."""

    @classmethod
    def parse(cls, name: str) -> "Entrant":
        """Read a name: see the module.

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
        """Whether the policy is trained by evolution."""
        return self.kind == "evolved"

    @property
    def learns(self) -> bool:
        """Whether the policy is trained in a comparison."""
        return self.kind in ("baseline", "evolved")


def policy_names() -> list[str]:
    """Return all names that can be compared, without the folders of agents."""
    return [*(f"{ZOO}{name}" for name in zoo_names()), *POLICIES, *LEARNERS, *RULES]
