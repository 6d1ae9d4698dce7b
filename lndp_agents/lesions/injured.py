"""The program of lives that an injury has changed."""

from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from lndp_agents.config import PolicyConfig
from lndp_agents.genome import Parameters
from lndp_agents.lndp import AnyLifeState, SparseLifeState
from lndp_agents.policies.policy import Policy


@dataclass(frozen=True)
class InjuredProgram:
    """A program (see `lndp_agents.policies.policy.Policy`) for injured lives of one genome (P = 1)."""

    program: Policy[Any]
    """The one before, or that without plasticity."""
    parameters: Parameters | None = None
    """(L, ...): what is left of the parameters in each life; none while they are intact."""
    dead: Tensor | None = None
    """(1, L, N) bool: nodes of an LNDP that are silent for good; none if no node is."""

    @property
    def config(self) -> PolicyConfig:
        """As `Policy.config`."""
        return self.program.config

    @property
    def state_type(self) -> type[Any]:
        """As `Policy.state_type`."""
        return self.program.state_type

    @property
    def step_bytes(self) -> int:
        """As `Policy.step_bytes`."""
        return self.program.step_bytes

    @property
    def num_allowed_edges(self) -> int:
        """As `Policy.num_allowed_edges`."""
        return self.program.num_allowed_edges

    def state_shapes(self, state: Any) -> dict[str, tuple[int, ...]]:
        """As `Policy.state_shapes`."""
        return self.program.state_shapes(state)

    def birth(self, key: Tensor) -> Any:
        """As `Policy.birth`."""
        return self.program.birth(key)

    def develop(self, parameters: Parameters, state: Any) -> Any:
        """As `Policy.develop`."""
        return self.program.develop(parameters, state)

    def is_newborn(self, state: Any) -> Tensor:
        """As `Policy.is_newborn`."""
        return self.program.is_newborn(state)

    def num_edges(self, state: Any) -> Tensor:
        """As `Policy.num_edges`."""
        return self.program.num_edges(state)

    def experience(
        self,
        parameters: Parameters,
        state: Any,
        observation: Tensor,
        reward: Tensor,
        episode_start: Tensor,
        *,
        alive: Tensor | None = None,
        donate: bool = False,
    ) -> tuple[Any, Tensor]:
        """As `Policy.experience`."""
        senses = state, observation, reward, episode_start
        if self.parameters is None:
            state, output = self.program.experience(parameters, *senses, alive=alive, donate=donate)
            return (state if self.dead is None else without_nodes(state, self.dead)), output
        # The lives of one genome become one life of each of L genomes.
        state, *inputs = type(state)(*_flipped(*state)), *_flipped(*senses[1:])
        flipped = None if alive is None else alive.mT
        state, output = self.program.experience(self.parameters, state, *inputs, alive=flipped, donate=donate)
        return type(state)(*_flipped(*state)), output.transpose(0, 1)

    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""
        own = self.parameters and {name: tensor.to(device) for name, tensor in self.parameters.items()}
        return replace(self, parameters=own, dead=None if self.dead is None else self.dead.to(device))

    def own_parameters(self, parameters: Parameters, num_lives: int) -> dict[str, Tensor]:
        """(L, ...) what each life has left of the `parameters` (1, ...) of all."""
        if self.parameters is not None:
            return dict(self.parameters)
        return {name: tensor.expand(num_lives, *tensor.shape[1:]) for name, tensor in parameters.items()}


def _flipped(*tensors: Tensor) -> list[Tensor]:
    """Lives as genomes, and genomes as lives."""
    return [tensor.transpose(0, 1) for tensor in tensors]


def without_nodes(state: AnyLifeState, dead: Tensor) -> AnyLifeState:
    """Lives of an LNDP whose dead (P, L, N) nodes have no edges, no activity and state 0.

    They are still there for the attention of others, as nodes of which nothing is to be known.
    """
    lives = ~dead
    nodes = {
        "node_state": state.node_state * lives[..., None],
        "trace": state.trace * lives[..., None],
        "activation": state.activation * lives,
    }
    if isinstance(state, SparseLifeState):
        sender, receiver = state.ends
        kept = lives.gather(-1, sender) & lives.gather(-1, receiver)
        return state._replace(
            present=state.present * kept, edge_state=state.edge_state * kept[..., None], **nodes
        )
    kept = lives[..., :, None] & lives[..., None, :]
    return state._replace(
        adjacency=state.adjacency * kept, edge_state=state.edge_state * kept[:, :, None], **nodes
    )
