"""The interface of mechanisms: parameters that evolve, state of their own, and a part of a step."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Generic, Self

from torch import Tensor

from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.pairs import Pairs, PairView
from lndp_agents.lndp.sparse_state import State
from lndp_agents.lndp.state import Roles, Stimulus, roles
from lndp_agents.parameters import Parameters, Shapes


@dataclass(frozen=True)
class Step(Generic[State]):
    """A step of networks under way, P genomes x L lifetimes: each mechanism hands on the next one.

    Example:
        >>> from lndp_agents import Mechanism, Step
        >>> class Forgetting(Mechanism):
        ...     name, after = "forgetting", "node_cell"
        ...
        ...     def step(self, now: Step) -> Step:
        ...         return now.with_state(node_state=0.9 * now.state.node_state)
    """

    config: LNDPConfig
    parameters: Parameters
    """Named parameters (P, ...)."""
    stimulus: Stimulus
    state: State
    """As the mechanisms before have left it; a `LifeState`, or a `SparseLifeState` of large networks."""
    view: PairView[State]
    """The pairs of nodes that the step considers."""
    message: Tensor | None = None
    """(P, L, N, Dh): what each node receives by attention."""

    @property
    def edges(self) -> Pairs:
        """The pairs whose edges the state holds."""
        return self.view.edges(self.state)

    @property
    def roles(self) -> Roles:
        """Which nodes are inputs and outputs, and which edges may exist."""
        return roles(self.config, self.state.key.device)

    def noise(self, which: int) -> Tensor | None:
        """Return uniform noise for decisions on edges (0) or on candidates (1); None for thresholds."""
        return self.view.noise(self.state, self.stimulus.uniforms, which)

    def with_state(self, **fields: Tensor) -> Self:
        """Return the step with new values in fields of the state; those of pairs are 0 without an edge."""
        state = self.state
        for name in state.pair_fields:
            if name in fields:
                # Contiguous, as what comes from outside is: sums over other strides may round otherwise.
                exists = self.edges.as_feature(state.present)
                fields[name] = (fields[name] * exists).contiguous()
        return replace(self, state=state._replace(**fields))


class Mechanism(ABC):
    """A part of the program; subclasses define its step.

    In a list of mechanisms one of the same name as a step replaces that step; any other comes after the step
    that `after` names.

    Example:
        >>> from lndp_agents import LNDPConfig, Mechanism
        >>> class Decay(Mechanism):
        ...     name, after = "decay", "synapse_cell"
        ...
        ...     def step(self, now):
        ...         return now.with_state(edge_state=0.99 * now.state.edge_state)
        >>> LNDPConfig(observation_size=4, action_size=2, nodes=16, mechanisms=(Decay,)).hidden_nodes
        10
    """

    name: ClassVar[str]
    after: ClassVar[str] = ""
    """The step after which the mechanism comes, unless it has the name of one."""
    plastic: ClassVar[bool] = True
    """Whether a frozen network goes without it."""

    def parameters(self, config: LNDPConfig) -> Shapes:
        """Return the shape of each named parameter of one genome; weights are (out, in)."""
        return {}

    def node_fields(self, config: LNDPConfig) -> Mapping[str, int]:
        """Return own fields of the state (P, L, N, F) by name, with their number of features F."""
        return {}

    def pair_fields(self, config: LNDPConfig) -> Mapping[str, int]:
        """Return own fields of edge states by name, with their number of features; 0 at birth and growth."""
        return {}

    def birth(self, config: LNDPConfig, key: Tensor) -> Mapping[str, Tensor]:
        """Return initial values of `node_fields` for the keys (P, L) of lifetimes; those not named are 0."""
        return {}

    @abstractmethod
    def step(self, now: Step[State]) -> Step[State]:
        """Do the part of this mechanism in a step."""
