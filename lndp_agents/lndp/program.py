"""The Lifelong Neural Developmental Program (Plantec et al. 2024, arXiv 2406.09787), functional and batched.

P genomes live L lives each. All methods are pure: state in, state out; randomness comes from the keys in the
state.
"""

import warnings
from abc import ABC, abstractmethod
from functools import partial
from typing import Any, Generic, TypeVar

import torch
from lndp_envs.randomness import fold, normal, uniform
from torch import Tensor

from lndp_agents.config import LNDPConfig
from lndp_agents.lndp.attention import graph_transformer, update_nodes
from lndp_agents.lndp.birth import birth
from lndp_agents.lndp.native import NativeLife
from lndp_agents.lndp.parameters import Parameters
from lndp_agents.lndp.propagation import propagate
from lndp_agents.lndp.rewiring import rewire, update_edges
from lndp_agents.lndp.sparse_state import SparseLifeState
from lndp_agents.lndp.spontaneous import spontaneous_input
from lndp_agents.lndp.state import LifeState, Stimulus, Uniforms, brain_shapes, needs_gradients, roles
from lndp_agents.lndp.wiring import wire

BACKENDS = ("auto", "eager", "native")
SPONTANEOUS, DECISIONS = 4, 5  # folded into a life's key; birth uses 0 to 3
State = TypeVar("State", LifeState, SparseLifeState)


class Program(ABC, Generic[State]):
    """Grows brains, and rewires them in every step of their lives; subclasses say how brains are kept."""

    def __init__(self, config: LNDPConfig) -> None:
        self.config = config

    @abstractmethod
    def birth(self, key: Tensor) -> State:
        """Newborn brains, one for each key (P, L) int64."""

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
        """The next state of the lives that go on; NaN in the stimulus counts as 0."""

    def develop(self, parameters: Parameters, state: State, alive: Tensor | None = None) -> State:
        """Wire newborns, and let spontaneous activity shape brains before they meet the world.

        Args:
            parameters: named parameters (P, ...).
            state: the lives.
            alive: (P, L) bool, which lives develop; all if none.

        Returns:
            The state after `development_steps` steps with reward 0, at rest. Networks that are new to the
            world (age 0) are wired first, if `innate_wiring` is set.
        """
        config = self.config
        if config.innate_wiring:
            state = wire(parameters, state).where(state.age == 0, state)
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
            stimulus = Stimulus(x, silence)
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
        observation: Tensor,
        reward: Tensor,
        *,
        alive: Tensor | None = None,
        uniforms: Uniforms | None = None,
        donate: bool = False,
    ) -> tuple[State, Tensor]:
        """One step of life: rewire with the trace of the previous step, then act.

        Args:
            parameters: named parameters (P, ...).
            state: the lives.
            observation: (P, L, O) float32; NaN counts as 0.
            reward: (P, L) float32, the last one; 0 at the first step of an episode; NaN counts as 0.
            alive: (P, L) bool, which lives go on; the others keep their state. All if none.
            uniforms: for stochastic decisions; drawn from the keys of the lives if none.
            donate: whether the memory of `state` may be reused for the result, after which `state` is void.

        Returns:
            The next state, and the activations (P, L, M) of the output nodes, in [-1, 1] and never NaN.

        Raises:
            ValueError: shapes do not match (the native kernel's check; the eager path leaves this to torch).
        """
        config = self.config
        reward = reward * config.reward_scale if config.reward_input else torch.zeros_like(reward)
        stimulus = Stimulus(observation, reward, uniforms if config.stochastic else None)
        rewiring = config.lifetime_updates
        state = self._live(parameters, state, stimulus, alive=alive, rewiring=rewiring, donate=donate)
        return state, state.trace[:, :, config.nodes - config.action_size :, -1].clone()

    def experience(
        self,
        parameters: Parameters,
        state: State,
        observation: Tensor,
        reward: Tensor,
        episode_start: Tensor,
        *,
        alive: Tensor | None = None,
        donate: bool = False,
    ) -> tuple[State, Tensor]:
        """One step of a life in several episodes: as `step`, but aware of where an episode begins.

        At the start of an episode activations and reward are 0, and the brain develops once more if
        `development_between_episodes` is set and this is not the first episode of the life.

        Args:
            parameters: named parameters (P, ...).
            state: the lives.
            observation: (P, L, O) float32.
            reward: (P, L) float32, the last one.
            episode_start: (P, L) bool.
            alive: as in `step`.
            donate: as in `step`.

        Returns:
            As `step`.
        """
        restart = episode_start if alive is None else episode_start & alive
        if self.config.recurrent:
            state = state._replace(activation=torch.where(restart[..., None], 0.0, state.activation))
        if self.config.development_between_episodes:
            later_episode = restart & (state.age > self.config.development_steps)
            if later_episode.any():
                state = self.develop(parameters, state, later_episode)
        reward = torch.where(episode_start, 0.0, reward)
        return self.step(parameters, state, observation, reward, alive=alive, donate=donate)

    def num_edges(self, state: State) -> Tensor:
        """(P, L) float32: how many edges there are."""
        return state.num_edges

    @property
    def num_allowed_edges(self) -> int:
        """How many edges there may be."""
        return int(roles(self.config, torch.device("cpu")).allowed.sum())

    def is_newborn(self, state: State) -> Tensor:
        """(P, L) bool: which lives have not met the world yet."""
        return state.age == self.config.development_steps

    @property
    def step_bytes(self) -> int:
        """As `Policy.step_bytes`, for the eager path, which computes the features of all pairs of nodes."""
        return self.config.step_bytes

    @property
    @abstractmethod
    def state_type(self) -> type[State]:
        """The form in which brains are kept."""

    def state_shapes(self, state: State) -> dict[str, tuple[int, ...]]:
        """The shape in one life of each field that a state like this one must have."""
        return brain_shapes(self.config) | {"age": (), "key": ()}

    def action(self, output: Tensor) -> Tensor:
        """Step 8: of output activations (P, L, M) the index of the largest (P, L), or the outputs scaled."""
        return output.argmax(-1) if self.config.discrete_actions else output * self.config.action_scale


class LNDP(Program[LifeState]):
    """The program of the paper, in which every pair of nodes is looked at in every step."""

    def __init__(self, config: LNDPConfig, backend: str = "eager") -> None:
        """Choose how steps of life are computed.

        Args:
            config: sizes and switches.
            backend: "eager" is the reference, on any device; "native" a compiled kernel for float32 on CPUs,
                equal but for rounding, and the same bits in any batch and with any number of threads, while
                lives on other devices, and those that need gradients, stay eager; "auto" is "native" where
                the kernel implements the configuration and can be built, else "eager", with a warning.

        Raises:
            ValueError: the backend is unknown, "native" does not implement this configuration, or it names
                candidates.
            OSError: "native" was asked for and cannot be built.
        """
        if config.candidates:
            raise ValueError(f"candidates={config.candidates}: LNDP looks at every pair; use make_program")
        if backend not in BACKENDS:
            raise ValueError(f"backend {backend!r}: give one of {', '.join(BACKENDS)}")
        super().__init__(config)
        self._native = None if backend == "eager" else native_life(config, required=backend == "native")

    def __reduce__(self) -> tuple[Any, ...]:
        """How it is copied and pickled: a kernel is found again where the copy is."""
        return LNDP, (self.config, "auto" if self._native else "eager")

    @property
    def step_bytes(self) -> int:
        """As `Policy.step_bytes`; the native kernel keeps no features of pairs but those of one brain."""
        return self.config.state_bytes * 2 if self._native else super().step_bytes

    @property
    def state_type(self) -> type[LifeState]:
        """As `Program.state_type`."""
        return LifeState

    def birth(self, key: Tensor) -> LifeState:
        """As `Program.birth`."""
        return birth(self.config, key)

    def _live(
        self,
        parameters: Parameters,
        state: LifeState,
        stimulus: Stimulus,
        *,
        alive: Tensor | None,
        rewiring: bool,
        donate: bool,
    ) -> LifeState:
        if self.config.stochastic and rewiring and stimulus.uniforms is None:
            stimulus = stimulus._replace(uniforms=self._draw_uniforms(state))
        native, tensors = self._native, (*parameters.values(), *state, *stimulus[:2])
        if native and native.accepts(state) and not needs_gradients(*tensors):
            memory = state if donate else state.copy()
            return native.live(parameters, memory, stimulus, rewiring=rewiring, alive=alive)
        stimulus = stimulus.finite(state.trace.dtype)
        new = live(self.config, parameters, state, stimulus, rewiring=rewiring)
        return new if alive is None else new.where(alive, state)

    def num_edges(self, state: LifeState) -> Tensor:
        """As `Program.num_edges`."""
        if self._native and self._native.accepts(state):
            return self._native.num_edges(state)
        return state.num_edges

    def _draw_uniforms(self, state: LifeState) -> Uniforms:
        nodes = self.config.nodes
        drawn = uniform(fold(fold(state.key, DECISIONS), state.age), (2, nodes, nodes)).float()
        return drawn[:, :, 0], drawn[:, :, 1]


def native_life(config: LNDPConfig, *, required: bool) -> NativeLife | None:
    """The native kernel of a configuration; none, after a warning, if it is not required and cannot be had.

    Raises:
        ValueError: it is required but does not implement the configuration.
        OSError: it is required but cannot be built.
    """
    try:
        return NativeLife(config)
    except (ValueError, OSError) as error:
        if required:
            raise
        warnings.warn(f"running eagerly, slower by 10 times and more: {error}", RuntimeWarning, stacklevel=3)
    return None


def live(
    config: LNDPConfig, parameters: Parameters, state: LifeState, stimulus: Stimulus, *, rewiring: bool = True
) -> LifeState:
    """One step of life but for the choice of the action, which is step 8.

    Args:
        config: sizes and switches.
        parameters: named parameters (P, ...).
        state: the lives.
        stimulus: observation, reward and, where decisions are sampled, uniform numbers.
        rewiring: false where the brain is frozen and only acts.
    """
    role = roles(config, state.key.device)
    if rewiring:
        attend = partial(graph_transformer, config, parameters, state=state)
        node_state = update_nodes(config, parameters, state, role, attend)  # steps 1-3
        edge_state = update_edges(config, parameters, state, node_state, stimulus.reward)  # steps 4-5
        # Contiguous, as what comes from outside is: numbers that lie otherwise may add up otherwise.
        state = state._replace(node_state=node_state, edge_state=edge_state.contiguous())
        adjacency = rewire(config, parameters, state, role.allowed, stimulus.uniforms)  # step 6
        state = state._replace(adjacency=adjacency)
    activation, trace = propagate(config, state, stimulus.observation)  # step 7
    return state._replace(activation=activation, trace=trace, age=state.age + 1)
