"""All kinds of policies that evolve, by name: the program of the paper and its rivals, on equal terms.

A rival is a frozen configuration (see `PolicyConfig`), the named parameters of its genome, and a program (see
`Policy`) for P genomes and L lives at once. All sense the same: the encoded observation, the last reward (0
where an episode begins) and the start of an episode. Only in Hebbian networks the reward is off by default,
as in their paper. A life begins as its key says, and lasts over all episodes of the life.
"""

from difflib import get_close_matches

from lndp_agents.config import LNDPConfig, PolicyConfig
from lndp_agents.policies.feed_forward import LinearConfig, MLPConfig
from lndp_agents.policies.gru import GRUConfig
from lndp_agents.policies.hebbian import HebbianConfig
from lndp_agents.policies.ndp import NDPConfig
from lndp_agents.validation import shorten

POLICIES: dict[str, type[PolicyConfig]] = {
    kind.policy: kind for kind in (LNDPConfig, NDPConfig, LinearConfig, MLPConfig, GRUConfig, HebbianConfig)
}
"""The configuration of each kind."""


def find_policy(name: object) -> type[PolicyConfig]:
    """The configuration of the kind of this name.

    Raises:
        ValueError: there is none; the message has all names.
    """
    if not isinstance(name, str) or name not in POLICIES:
        near = get_close_matches(name, POLICIES, n=1) if isinstance(name, str) else []
        guess = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"policy {shorten(name)}: give one of {', '.join(POLICIES)}{guess}")
    return POLICIES[name]


__all__ = [
    "POLICIES",
    "GRUConfig",
    "HebbianConfig",
    "LinearConfig",
    "MLPConfig",
    "NDPConfig",
    "PolicyConfig",
    "find_policy",
]
