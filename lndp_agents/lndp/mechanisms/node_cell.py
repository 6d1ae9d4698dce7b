"""Step 3: nodes change their state."""

from lndp_agents.lndp.cells import cell_shapes, gated_update, linear, recurrent_bias
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.mechanisms.mechanism import Mechanism, Step
from lndp_agents.lndp.sparse_state import State
from lndp_agents.parameters import Shapes


class NodeCell(Mechanism):
    """One gated cell for every node, which takes the message as input."""

    name = "node_cell"

    def parameters(self, config: LNDPConfig) -> Shapes:
        """As `Mechanism.parameters`."""
        return cell_shapes("node_gru", config.node_features, config.node_features)

    def step(self, now: Step[State]) -> Step[State]:
        """As `Mechanism.step`.

        Raises:
            ValueError: no mechanism before has set the messages.
        """
        if now.message is None:
            raise ValueError("node_cell receives no message: set `message` in a mechanism before it")
        parameters, state = now.parameters, now.state
        inputs = linear(now.message, parameters["node_gru.weight_ih"], parameters["node_gru.bias"])
        bias = recurrent_bias(parameters["node_gru.candidate_bias"])
        recurrent = linear(state.node_state, parameters["node_gru.weight_hh"], bias)
        return now.with_state(node_state=gated_update(inputs, recurrent, state.node_state, -1))
