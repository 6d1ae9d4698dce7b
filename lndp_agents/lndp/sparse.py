"""The program for large brains: the cost of a step follows the edges that exist and the candidate pairs.

An extension of the paper, equal to it but for rounding where every pair is a candidate. What it computes for
each pair is in `attention` and `rewiring`; here it is computed for lists of pairs (see `candidates`).
"""

import math
from functools import partial
from typing import Any

import torch
from lndp_envs.randomness import fold, uniform_at
from torch import Tensor

from lndp_agents.config import LNDPConfig
from lndp_agents.lndp.attention import update_nodes
from lndp_agents.lndp.birth import sparse_birth
from lndp_agents.lndp.candidates import Pairs
from lndp_agents.lndp.cells import gated_update, linear, recurrent_bias
from lndp_agents.lndp.parameters import Parameters
from lndp_agents.lndp.program import BACKENDS, DECISIONS, LNDP, Program
from lndp_agents.lndp.propagation import propagate
from lndp_agents.lndp.rewiring import decide, edge_cell_inputs, synaptogenesis_inputs
from lndp_agents.lndp.sparse_state import SparseLifeState, pack
from lndp_agents.lndp.state import Stimulus, Uniforms, roles


def make_program(config: LNDPConfig, backend: str = "eager") -> Program[Any]:
    """The program of a configuration: `SparseLNDP` where it names candidates, else `LNDP`.

    Args:
        config: sizes and switches.
        backend: as for `LNDP`; a sparse program is always eager.

    Raises:
        ValueError: the backend is unknown, or does not implement this configuration.
        OSError: "native" was asked for and cannot be built.
    """
    if not config.candidates:
        return LNDP(config, backend)
    if backend not in BACKENDS or backend == "native":
        raise ValueError(
            f"backend {backend!r} with candidates={config.candidates}: give 'eager', or 'auto', now the same"
        )
    return SparseLNDP(config)


class SparseLNDP(Program[SparseLifeState]):
    """The program of which each sender looks at `config.candidates` receivers and at its edges in a step.

    Lives are computed one after another, each in memory of its own: a large brain keeps a processor busy by
    itself, need not be padded to the size of the largest, and so lives the same life in any batch, bit for
    bit where the number of threads is the same. In every step the host waits for the number of edges of each.

    Raises:
        ValueError: the configuration names no candidates.
    """

    def __init__(self, config: LNDPConfig) -> None:
        if not config.candidates:
            raise ValueError(
                f"candidates=0: give 2 to {config.nodes}, or use LNDP, which looks at every pair"
            )
        super().__init__(config)

    @property
    def state_type(self) -> type[SparseLifeState]:
        """As `Program.state_type`."""
        return SparseLifeState

    def state_shapes(self, state: SparseLifeState) -> dict[str, tuple[int, ...]]:
        """As `Program.state_shapes`, with as many slots as the state has."""
        slots = state.pair.shape[-1]
        lists = {"pair": (slots,), "present": (slots,), "edge_state": (slots, self.config.edge_features)}
        return super().state_shapes(state) | lists

    def birth(self, key: Tensor) -> SparseLifeState:
        """As `Program.birth`; the same brains as those of `LNDP`."""
        return sparse_birth(self.config, key)

    def _live(
        self,
        parameters: Parameters,
        state: SparseLifeState,
        stimulus: Stimulus,
        *,
        alive: Tensor | None,
        rewiring: bool,
        donate: bool,
    ) -> SparseLifeState:
        stimulus = stimulus.finite(state.trace.dtype)
        goes_on = torch.ones_like(state.key) if alive is None else alive
        after: list[SparseLifeState] = []
        for row, is_alive in enumerate(goes_on.flatten()):
            genome, life = divmod(row, state.key.shape[1])
            mine = state.life(genome, life)
            if is_alive:
                own = {name: tensor[genome : genome + 1].clone() for name, tensor in parameters.items()}
                mine = live(self.config, own, mine, stimulus.life(genome, life), rewiring=rewiring)
            after.append(mine)
        return SparseLifeState.join(after, state.key.shape)


def live(
    config: LNDPConfig,
    parameters: Parameters,
    state: SparseLifeState,
    stimulus: Stimulus,
    *,
    rewiring: bool = True,
) -> SparseLifeState:
    """One step of life but for the choice of the action, as `program.live`."""
    if rewiring:
        pairs = Pairs.of(config, state)
        attend = partial(graph_transformer, config, parameters, pairs=pairs)
        role = roles(config, state.key.device)
        node_state = update_nodes(config, parameters, state, role, attend)  # steps 1-3
        edge_state = update_edges(config, parameters, state, node_state, stimulus.reward)  # steps 4-5
        state = state._replace(node_state=node_state, edge_state=edge_state)
        state = rewire(config, parameters, state, pairs, stimulus.uniforms)  # step 6
    activation, trace = propagate(config, state, stimulus.observation)  # step 7
    return state._replace(activation=activation, trace=trace, age=state.age + 1)


def graph_transformer(config: LNDPConfig, parameters: Parameters, x: Tensor, pairs: Pairs) -> Tensor:
    """As `attention.graph_transformer`, but the softmax of a sender is estimated from the pairs looked at.

    Args:
        config: the program's configuration.
        parameters: named parameters (P, ...).
        x: (P, L, N, Dh) node features.
        pairs: M of them; each enters the softmax as often as there are pairs that it stands for.

    Returns:
        (P, L, N, Dh): the message that each node receives.
    """
    query, key, value = (
        linear(x, parameters[f"attention.{name}.weight"]) for name in ("query", "key", "value")
    )
    products = at_nodes(query, pairs.sender) * at_nodes(key, pairs.receiver)
    similarity = _per_head(config, products).sum(-1)
    gain = linear(pairs.features, parameters["attention.edge.weight"], parameters["attention.edge.bias"])
    score = similarity / math.sqrt(config.query_features) * gain + pairs.log_count[..., None]
    score = score.masked_fill((pairs.log_count == -torch.inf)[..., None], -torch.inf)
    share = torch.exp(score - at_nodes(highest(score, pairs.sender, config.nodes), pairs.sender))
    total = sum_at_nodes(share, pairs.sender, config.nodes)
    sent = (_per_head(config, value) / total[..., None]).flatten(-2)
    pushed = _per_head(config, at_nodes(sent, pairs.sender)) * share[..., None]
    message = sum_at_nodes(pushed.flatten(-2), pairs.receiver, config.nodes)
    return linear(message, parameters["attention.out.weight"], parameters["attention.out.bias"])


def _per_head(config: LNDPConfig, x: Tensor) -> Tensor:
    return x.reshape(*x.shape[:-1], config.attention_heads, -1)


def update_edges(
    config: LNDPConfig, parameters: Parameters, state: SparseLifeState, node_state: Tensor, reward: Tensor
) -> Tensor:
    """(P, L, S, De): the next edge states, as `rewiring.update_edges` (step 4)."""
    from_sender, from_receiver = edge_cell_inputs(config, parameters, node_state, state.trace, reward)
    sender, receiver = state.ends
    inputs = at_nodes(from_sender, sender) + at_nodes(from_receiver, receiver)
    recurrent_biases = recurrent_bias(parameters["edge_gru.candidate_bias"])
    recurrent = linear(state.edge_state, parameters["edge_gru.weight_hh"], recurrent_biases)
    return gated_update(inputs, recurrent, state.edge_state, -1) * state.present[..., None]


def rewire(
    config: LNDPConfig,
    parameters: Parameters,
    state: SparseLifeState,
    pairs: Pairs,
    uniforms: Uniforms | None,
) -> SparseLifeState:
    """The lives with the next edges in their slots: synaptogenesis, then pruning, which wins (step 6).

    Args:
        config: the program's configuration.
        parameters: named parameters (P, ...).
        state: node and edge states already updated, slots still the old ones.
        pairs: what was looked at before the updates.
        uniforms: as in `rewiring.rewire`; drawn from the keys of the lives if none.
    """
    grown = torch.zeros_like(pairs.can_grow)
    slots, num_pairs = state.pair.shape[-1], config.nodes**2
    candidate = (pairs.sender * config.nodes + pairs.receiver)[..., slots:]
    if config.synaptogenesis:
        luck = _luck(config, state, uniforms, 1, candidate)
        grown = decide(_synaptogenesis_logit(parameters, state.node_state, pairs), luck) & pairs.can_grow
    is_edge = torch.cat([state.present > 0, grown], -1)
    pair, origin = pack(torch.cat([state.pair, candidate], -1), is_edge, num_pairs)
    edge_state = torch.nn.functional.pad(state.edge_state, (0, 0, 0, 1))  # a new edge starts from e = 0
    index = origin.clamp(max=slots)[..., None].expand(-1, -1, -1, config.edge_features)
    state = state._replace(pair=pair, edge_state=edge_state.gather(2, index))
    present = state.is_used
    if config.pruning:
        pruned = decide(_pruning_logit(parameters, state.edge_state), _luck(config, state, uniforms, 0, pair))
        present = present * ~pruned
    return state._replace(present=present)


def _synaptogenesis_logit(parameters: Parameters, node_state: Tensor, pairs: Pairs) -> Tensor:
    """(P, L, N * C)."""
    slots = pairs.sender.shape[-1] - pairs.can_grow.shape[-1]
    from_sender, from_receiver = synaptogenesis_inputs(parameters, node_state)
    inputs = at_nodes(from_sender, pairs.sender[..., slots:])
    inputs = inputs + at_nodes(from_receiver, pairs.receiver[..., slots:])
    return _read_out(parameters, "synaptogenesis", inputs)


def _pruning_logit(parameters: Parameters, edge_state: Tensor) -> Tensor:
    """(P, L, S)."""
    inputs = linear(edge_state, parameters["pruning.0.weight"], parameters["pruning.0.bias"])
    return _read_out(parameters, "pruning", inputs)


def _read_out(parameters: Parameters, name: str, inputs: Tensor) -> Tensor:
    return linear(torch.relu(inputs), parameters[f"{name}.1.weight"], parameters[f"{name}.1.bias"])[..., 0]


def _luck(
    config: LNDPConfig, state: SparseLifeState, uniforms: Uniforms | None, which: int, pair: Tensor
) -> Tensor | None:
    """Numbers (P, L, M) that decide on pairs (P, L, M), the same as `LNDP` has; none for thresholds."""
    if not config.stochastic:
        return None
    num_pairs = config.nodes**2
    if uniforms is not None:
        return uniforms[which].flatten(2).gather(-1, pair.clamp(max=num_pairs - 1))
    return uniform_at(fold(fold(state.key, DECISIONS), state.age), which * num_pairs + pair).float()


def at_nodes(x: Tensor, index: Tensor) -> Tensor:
    """(P, L, M, F): rows of x (P, L, N, F) at nodes (P, L, M)."""
    return x.gather(2, index[..., None].expand(-1, -1, -1, x.shape[-1]))


def sum_at_nodes(x: Tensor, index: Tensor, nodes: int) -> Tensor:
    """(P, L, N, F): sums of the rows of x (P, L, M, F) that go to the same node (P, L, M)."""
    index = index[..., None].expand_as(x)
    return x.new_zeros(*x.shape[:2], nodes, x.shape[-1]).scatter_add(2, index, x)


def highest(x: Tensor, index: Tensor, nodes: int) -> Tensor:
    """(P, L, N, F): the largest of the rows of x (P, L, M, F) that go to the same node (P, L, M)."""
    index = index[..., None].expand_as(x)
    lowest = x.new_full((*x.shape[:2], nodes, x.shape[-1]), -torch.inf)
    return lowest.scatter_reduce(2, index, x, "amax")
