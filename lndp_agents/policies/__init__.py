"""All kinds of policies that evolve, by name: the program of the paper and the baselines, on equal terms.

A kind is a frozen configuration (see `PolicyConfig`), the named parameters of its genome, and a program (see
`Policy`) for P genomes and L lifetimes at once. All sense the same: the encoded observation, the last reward
(0 where an episode begins) and the start of an episode. Only in Hebbian networks the reward is off by
default, as in their paper. A lifetime begins as its key says, and lasts over all its episodes.
"""

from lndp_agents.config import PolicyConfig
from lndp_agents.lndp import make_lndp
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.plugins import find
from lndp_agents.policies.capabilities import HasEdges, HasHiddenUnits, Plastic
from lndp_agents.policies.feed_forward import LinearConfig, MLPConfig
from lndp_agents.policies.gru import GRUConfig
from lndp_agents.policies.hebbian import HebbianConfig
from lndp_agents.policies.ndp import NDPConfig
from lndp_agents.policies.network import Network, NetworkConfig
from lndp_agents.policies.policy import Policy
from lndp_agents.policies.registry import make_policy, parameter_shapes, policy_of

POLICIES: dict[str, type[PolicyConfig]] = {
    kind.policy: kind for kind in (LNDPConfig, NDPConfig, LinearConfig, MLPConfig, GRUConfig, HebbianConfig)
}
"""The configuration of each kind."""
policy_of(LNDPConfig)(make_lndp)  # where neither need know of the other


def find_policy(name: object) -> type[PolicyConfig]:
    """Return the configuration class of a name: one of `POLICIES`, of a plug-in, or MODULE:NAME.

    Raises:
        ValueError: there is none, or it is no `PolicyConfig`; the message has all names.
        WorldError: its module raised something.
    """
    kind = find("policy", name, POLICIES)
    if not (isinstance(kind, type) and issubclass(kind, PolicyConfig)):
        raise ValueError(f"policy {name!r}: it is no subclass of lndp_agents.policies.PolicyConfig")
    if kind not in POLICIES.values():
        kind.policy = str(name)  # the name by which files will find it again
    return kind


__all__ = [
    "POLICIES",
    "GRUConfig",
    "HasEdges",
    "HasHiddenUnits",
    "HebbianConfig",
    "LinearConfig",
    "MLPConfig",
    "NDPConfig",
    "Network",
    "NetworkConfig",
    "Plastic",
    "Policy",
    "PolicyConfig",
    "find_policy",
    "make_policy",
    "parameter_shapes",
    "policy_of",
]
