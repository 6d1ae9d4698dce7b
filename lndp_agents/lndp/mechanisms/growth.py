"""Step 6, first half: edges grow (synaptogenesis)."""

from dataclasses import replace

from torch import Tensor

from lndp_agents.lndp.cells import linear
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.mechanisms.decision import decide, decision_shapes, log_odds
from lndp_agents.lndp.mechanisms.mechanism import Mechanism, Step
from lndp_agents.lndp.sparse_state import State
from lndp_agents.parameters import Shapes


class Growth(Mechanism):
    """A decision for every candidate pair, from the states of both nodes.

    Example:
        >>> from lndp_agents import Growth
        >>> class ScarceGrowth(Growth):
        ...     def log_odds(self, now):
        ...         return super().log_odds(now) - 1.0
        >>> ScarceGrowth.name  # it replaces the step of that name
        'growth'
    """

    name = "growth"

    def parameters(self, config: LNDPConfig) -> Shapes:
        """As `Mechanism.parameters`."""
        if not config.synaptogenesis:
            return {}
        return decision_shapes("synaptogenesis", 2 * config.node_features, config.decision_features)

    def step(self, now: Step[State]) -> Step[State]:
        """As `Mechanism.step`."""
        grown = None
        if now.config.synaptogenesis:
            grown = decide(self.log_odds(now), now.noise(1)) & now.view.can_grow
        return replace(now, state=now.view.grow(now.state, grown))

    def log_odds(self, now: Step[State]) -> Tensor:
        """Return the log-odds that an edge grows, for each of `now.view.candidates`."""
        candidates, node_state = now.view.candidates, now.state.node_state
        to_receiver, to_sender = now.parameters["synaptogenesis.0.weight"].chunk(2, -1)
        sender = linear(node_state, to_sender)
        receiver = linear(node_state, to_receiver, now.parameters["synaptogenesis.0.bias"])
        return log_odds(now.parameters, "synaptogenesis", candidates, candidates.of_nodes(sender, receiver))
