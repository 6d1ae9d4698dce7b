"""The registry of policies by the class of their config."""

from collections.abc import Callable
from typing import Any, TypeVar

from lndp_agents.config import PolicyConfig
from lndp_agents.parameters import Shapes
from lndp_agents.policies.policy import Policy

Maker = TypeVar("Maker", bound=Callable[..., Policy[Any]])
_MAKERS: dict[type[PolicyConfig], Callable[..., Policy[Any]]] = {}


def policy_of(kind: type[PolicyConfig]) -> Callable[[Maker], Maker]:
    """Register a class or function that makes the policies of a kind of config: a decorator.

    It is called with a configuration, of this class or a subclass, and the name of a backend.

    Example:
        >>> from dataclasses import dataclass
        >>> from typing import ClassVar
        >>> from lndp_agents import Network, NetworkConfig, policy_of
        >>> @dataclass(frozen=True, kw_only=True)
        ... class BiasConfig(NetworkConfig):
        ...     policy: ClassVar[str] = "bias"
        >>> @policy_of(BiasConfig)
        ... class Bias(Network[BiasConfig]):
        ...     @property
        ...     def parameter_shapes(self):
        ...         return {"bias": (self.config.action_size,)}
        ...
        ...     def respond(self, parameters, memory, inputs, lives):
        ...         return memory, parameters["bias"][:, None].expand(*inputs.shape[:2], -1)
        >>> from lndp_agents.policies import make_policy
        >>> type(make_policy(BiasConfig(observation_size=4, action_size=2))).__name__
        'Bias'
    """

    def register(make: Maker) -> Maker:
        _MAKERS[kind] = make
        return make

    return register


def make_policy(config: PolicyConfig, backend: str = "eager") -> Policy[Any]:
    """Make the policy that a configuration describes.

    Args:
        config: sizes and switches.
        backend: "eager", "auto" for the fastest that there is, or another that this kind of policy has.

    Raises:
        ValueError: the backend is unknown, or does not support this configuration; or nothing is registered
            for its class.
        OSError: the backend was asked for by name and cannot be built.
    """
    for kind in type(config).__mro__:
        if kind in _MAKERS:
            return _MAKERS[kind](config, backend)
    name = type(config).__name__
    raise ValueError(f"no policy is known for a {name}: decorate one with @policies.policy_of({name})")


def parameter_shapes(config: PolicyConfig) -> Shapes:
    """Return the shape of each named parameter of one genome, in the order of the genome."""
    return make_policy(config).parameter_shapes
