"""The Lifelong Neural Developmental Program (Plantec et al. 2024, arXiv 2406.09787), functional and batched.

P genomes live L lifetimes each. All methods are pure: state in, state out; randomness comes from the keys in
the state.
"""

from abc import ABC, abstractmethod
from copy import copy
from dataclasses import replace
from typing import Generic, Self

import torch
from lndp_envs.randomness import fold, normal
from torch import Tensor

from lndp_agents.blame import failure, plugin_of
from lndp_agents.lndp.assembly import PROGRAM, mechanisms_of, own_fields, parameter_shapes
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.mechanisms import Step
from lndp_agents.lndp.mechanisms.spontaneous import spontaneous_input
from lndp_agents.lndp.mechanisms.wiring import wire
from lndp_agents.lndp.pairs import PairView
from lndp_agents.lndp.sparse_state import State
from lndp_agents.lndp.state import SPONTANEOUS, Stimulus, Uniforms, brain_shapes, roles
from lndp_agents.parameters import Parameters, Shapes
from lndp_agents.shapes import Bool, Float, Int


class Program(ABC, Generic[State]):
    """Grows networks, and rewires them in every step; subclasses say in which form they are kept."""

    def __init__(self, config: LNDPConfig) -> None:
        self.config = config
        self.mechanisms = mechanisms_of(config)

    def birth(self, key: Int[Tensor, "P L"]) -> State:
        """Return initial networks, one for each key of a lifetime."""
        born = self._birth(key)
        own = self._own_shapes(born)
        if not own:
            return born
        zeros = {name: torch.zeros(*key.shape, *shape, device=key.device) for name, shape in own.items()}
        for mechanism in self.mechanisms:
            zeros |= mechanism.birth(self.config, key)
        return self.state_type(**born._asdict(), **zeros)

    @abstractmethod
    def _birth(self, key: Int[Tensor, "P L"]) -> State:
        """Do as `birth`, without the fields of mechanisms."""

    @abstractmethod
    def view(self, state: State) -> PairView[State]:
        """Return the pairs of nodes that the next step considers."""

    @abstractmethod
    def _live(
        self,
        parameters: Parameters,
        state: State,
        stimulus: Stimulus,
        *,
        alive: Tensor | None,
        rewiring: bool,
        donate: bool,
    ) -> State:
        """Advance the lifetimes that go on; NaN in the stimulus counts as 0."""

    def _advance(self, parameters: Parameters, state: State, stimulus: Stimulus, *, rewiring: bool) -> State:
        """Advance by all mechanisms, but for the choice of the action, which is step 8."""
        now = Step(self.config, parameters, stimulus, state, self.view(state))
        if state.own_fields[1]:  # what belonged to edges that the last step pruned
            now = now.with_state(**{name: getattr(state, name) for name in state.own_fields[1]})
        for mechanism in self.mechanisms:
            if mechanism.plastic and not rewiring:
                continue
            try:
                now = mechanism.step(now)
            except Exception as error:
                if mechanism in PROGRAM:
                    raise
                raise failure(plugin_of(error) or f"mechanism {mechanism.name!r}", error) from error
        return now.state._replace(age=state.age + 1)

    def develop(self, parameters: Parameters, state: State, alive: Tensor | None = None) -> State:
        """Wire initial networks, and let spontaneous activity shape networks before the first observation.

        Args:
            parameters: named parameters (P, ...).
            state: of the lifetimes.
            alive: (P, L) bool, which lifetimes develop; all if None.

        Returns:
            The state after `development_steps` steps with reward 0, at rest. Initial networks
            (age 0) are wired first, if `innate_wiring` is set.
        """
        config = self.config
        if config.innate_wiring:
            wired = wire(parameters, self.view(state).edges(state), state)
            state = wired.where(state.age == 0, state)
        if not config.development_steps:
            return state
        silence = torch.zeros(state.key.shape, device=state.key.device)
        x = silence[..., None].expand(-1, -1, config.observation_size)
        developed = state
        for _ in range(config.development_steps):
            if config.spontaneous_activity:
                key = fold(fold(developed.key, SPONTANEOUS), developed.age)
                x = spontaneous_input(parameters, x, normal(key, (config.observation_size,)).float())
            is_ours = developed is not state
            stimulus = Stimulus(self._inputs(x, silence, None), silence)
            developed = self._live(
                parameters, developed, stimulus, alive=alive, rewiring=True, donate=is_ours
            )
        developed = developed._replace(activation=torch.zeros_like(developed.activation))
        if not config.lifetime_updates:
            # No later step will clear the edges that the last one pruned.
            developed = developed.without_pruned()
        return developed if alive is None else developed.where(alive, state)

    def step(
        self,
        parameters: Parameters,
        state: State,
        observation: Float[Tensor, "P L O"],
        reward: Float[Tensor, "P L"],
        episode_start: Bool[Tensor, "P L"] | None = None,
        *,
        alive: Bool[Tensor, "P L"] | None = None,
        uniforms: Uniforms | None = None,
        donate: bool = False,
    ) -> tuple[State, Float[Tensor, "P L M"]]:
        """Rewire with the trace of the previous step, then act.

        At the start of an episode activations and reward are 0, and the network develops once more if
        `development_between_episodes` is set and this is not the first episode of the lifetime.

        Args:
            parameters: named parameters (P, ...).
            state: of the networks.
            observation: (P, L, O) float32; NaN counts as 0.
            reward: (P, L) float32, the last one; NaN counts as 0.
            episode_start: (P, L) bool; none begins if None.
            alive: (P, L) bool, which lifetimes go on; the others keep their state. All if None.
            uniforms: for stochastic decisions; sampled from the keys of the lifetimes if None.
            donate: whether the memory of `state` may be reused for the result, after which `state` is void.

        Returns:
            The next state, and the activations (P, L, M) of the output nodes, in [-1, 1] and never NaN.

        Raises:
            ValueError: shapes do not match (the native kernel's check; the eager path leaves this to torch).
        """
        config = self.config
        if episode_start is not None:
            state = self._begin_episodes(
                parameters, state, episode_start if alive is None else episode_start & alive
            )
            reward = torch.where(episode_start, 0.0, reward)
        reward = reward * config.reward_scale if config.reward_input else torch.zeros_like(reward)
        inputs = self._inputs(observation, reward, episode_start)
        stimulus = Stimulus(inputs, reward, uniforms if config.stochastic else None)
        rewiring = config.lifetime_updates
        state = self._live(parameters, state, stimulus, alive=alive, rewiring=rewiring, donate=donate)
        return state, state.trace[:, :, config.nodes - config.action_size :, -1].clone()

    def _inputs(self, observation: Tensor, reward: Tensor, episode_start: Tensor | None) -> Tensor:
        """Return the values (P, L, O) of the input nodes."""
        if not self.config.reward_nodes:
            return observation
        sensed = reward.sign() * torch.log1p(reward.abs())  # steps that pay 1 and steps that pay 100
        starts = torch.zeros_like(reward) if episode_start is None else episode_start.float()
        return torch.cat([observation, sensed[..., None], starts[..., None]], -1)

    def _begin_episodes(self, parameters: Parameters, state: State, begins: Tensor) -> State:
        """Reset, or develop again, the lifetimes where an episode begins (P, L)."""
        if self.config.recurrent:
            state = state._replace(activation=torch.where(begins[..., None], 0.0, state.activation))
        if self.config.development_between_episodes:
            later_episode = begins & (state.age > self.config.development_steps)
            if later_episode.any():
                state = self.develop(parameters, state, later_episode)
        return state

    def num_edges(self, state: State) -> Float[Tensor, "P L"]:
        """Return how many edges exist."""
        return state.num_edges

    @property
    def num_allowed_edges(self) -> int:
        """Number of edges that may exist."""
        return int(roles(self.config, torch.device("cpu")).allowed.sum())

    def is_newborn(self, state: State) -> Bool[Tensor, "P L"]:
        """Return which lifetimes have had no observation yet."""
        return state.age == self.config.development_steps

    @property
    def step_bytes(self) -> int:
        """As `Policy.step_bytes`, for the eager path, which computes the features of all pairs of nodes."""
        return self.config.step_bytes

    @property
    @abstractmethod
    def state_type(self) -> type[State]:
        """The class of the states."""

    def state_shapes(self, state: State) -> dict[str, tuple[int, ...]]:
        """Return the shape in one lifetime of each field that a state like this one must have."""
        return brain_shapes(self.config) | {"age": (), "key": ()} | self._own_shapes(state)

    def _own_shapes(self, state: State) -> dict[str, tuple[int, ...]]:
        """Return the shape in one lifetime of each field that mechanisms add to a state."""
        nodes, edges = own_fields(self.config)
        shapes: dict[str, tuple[int, ...]] = {
            name: (self.config.nodes, width) for name, width in nodes.items()
        }
        return shapes | {name: self._edge_shape(state, width) for name, width in edges.items()}

    @abstractmethod
    def _edge_shape(self, state: State, width: int) -> tuple[int, ...]:
        """Return the shape in one lifetime of features of edges."""

    @property
    def parameter_shapes(self) -> Shapes:
        """As `Policy.parameter_shapes`."""
        return parameter_shapes(self.config)

    @property
    def node_counts(self) -> tuple[int, int, int]:
        """As `HasEdges.node_counts`."""
        return self.config.input_nodes, self.config.hidden_nodes, self.config.action_size

    def node_states(self, state: State) -> Tensor:
        """As `HasEdges.node_states`."""
        return state.node_state

    def activations(self, state: State) -> Tensor:
        """As `HasEdges.activations`; the last propagation leaves inputs, which receive no edges, silent."""
        inputs = self.config.input_nodes
        return torch.cat([state.trace[:, :, :inputs, -2], state.trace[:, :, inputs:, -1]], -1)

    def edges(self, state: State) -> tuple[Tensor, Tensor]:
        """As `HasEdges.edges`."""
        return state.edges

    def shared_edges(self, before: State, after: State) -> Tensor:
        """As `HasEdges.shared_edges`."""
        return before.shared_edges(after)

    def without_nodes(self, state: State, silent: Tensor) -> State:
        """As `HasEdges.without_nodes`; for the attention of others they stay, as nodes in state 0."""
        if self.config.development_between_episodes:
            raise ValueError(
                "silent nodes: development between episodes would bring them back; zero weights instead"
            )
        return state.without_nodes(silent)

    def frozen(self, state: State) -> tuple[Self, State]:
        """As `Plastic.frozen`; the network does not develop again between episodes either."""
        program = copy(self)  # a kernel does not depend on these two fields
        program.config = replace(self.config, lifetime_updates=False, development_between_episodes=False)
        return program, state.without_pruned()

    def has_weight(self, state: State) -> Tensor:
        """As `Plastic.has_weight`: where an edge exists."""
        return state.present.flatten(2) > 0

    def without_weights(self, state: State, lost: Tensor) -> State:
        """As `Plastic.without_weights`; edges lose all their features."""
        return state.without_weights(lost)
