"""Step 6, second half: edges are pruned, which wins over growth."""

from dataclasses import replace

from torch import Tensor

from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.mechanisms.decision import decide, decision_shapes, log_odds
from lndp_agents.lndp.mechanisms.mechanism import Mechanism, Step
from lndp_agents.lndp.sparse_state import State
from lndp_agents.parameters import Shapes


class Pruning(Mechanism):
    """A decision for every edge, from its state."""

    name = "pruning"

    def parameters(self, config: LNDPConfig) -> Shapes:
        """As `Mechanism.parameters`."""
        if not config.pruning:
            return {}
        return decision_shapes("pruning", config.edge_features, config.decision_features)

    def step(self, now: Step[State]) -> Step[State]:
        """As `Mechanism.step`."""
        if not now.config.pruning:
            return now
        pruned = decide(self.log_odds(now), now.noise(0))
        return replace(now, state=now.view.prune(now.state, pruned))

    def log_odds(self, now: Step[State]) -> Tensor:
        """Return the log-odds that an edge is pruned, for each of `now.edges`."""
        weight, bias = now.parameters["pruning.0.weight"], now.parameters["pruning.0.bias"]
        hidden = now.edges.linear(now.state.edge_state, weight, bias)
        return log_odds(now.parameters, "pruning", now.edges, hidden)
