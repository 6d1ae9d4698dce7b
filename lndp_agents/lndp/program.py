"""The Lifelong Neural Developmental Program (Plantec et al. 2024, arXiv 2406.09787), functional and batched.

P genomes live L lifetimes each. All methods are pure: state in, state out; randomness comes from the keys in
the state.
"""

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Generic

import torch
from lndp_envs.randomness import fold, normal
from torch import Tensor

from lndp_agents.blame import blaming, failure, plugin_of
from lndp_agents.config import LNDPConfig
from lndp_agents.genome import Parameters, Shapes
from lndp_agents.lndp.mechanisms import (
    Attention,
    Growth,
    Mechanism,
    NodeCell,
    Propagation,
    Pruning,
    Step,
    SynapseCell,
)
from lndp_agents.lndp.mechanisms.spontaneous import spontaneous_input, spontaneous_shapes
from lndp_agents.lndp.mechanisms.wiring import wire, wiring_shapes
from lndp_agents.lndp.pairs import PairView
from lndp_agents.lndp.sparse_state import State
from lndp_agents.lndp.state import SPONTANEOUS, Stimulus, Uniforms, brain_shapes, roles
from lndp_agents.plugins import find

PROGRAM: tuple[Mechanism, ...] = (
    Attention(),  # steps 1-2: each node receives a message from all others
    NodeCell(),  # step 3: and changes its state
    SynapseCell(),  # steps 4-5: so does each edge, whose weight is part of its state
    Growth(),  # step 6: edges grow
    Pruning(),  # and are pruned
    Propagation(),  # step 7: the observation runs through the network, whose outputs choose the action
)
"""The program of the paper: its mechanisms in the order of a step."""


@lru_cache(maxsize=64)
def mechanisms_of(config: LNDPConfig) -> tuple[Mechanism, ...]:
    """The mechanisms of a configuration in the order of a step: those of the paper, and `config.mechanisms`.

    Raises:
        ValueError: one cannot be found or is no mechanism, or there is no step after which it is to come.
    """
    steps = list(PROGRAM)
    for name in config.mechanisms:
        kind = find("mechanism", name, {})
        if not (isinstance(kind, type) and issubclass(kind, Mechanism)):
            raise ValueError(f"mechanism {name!r}: it is no subclass of lndp_agents.lndp.Mechanism")
        with blaming(f"mechanism {name!r}"):
            mechanism = kind()
        _insert(steps, mechanism)
    return tuple(steps)


def _insert(steps: list[Mechanism], mechanism: Mechanism) -> None:
    """Put a mechanism in place of the step of its name, or after the step that it names."""
    names = [step.name for step in steps]
    if mechanism.name in names:
        steps[names.index(mechanism.name)] = mechanism
        return
    if mechanism.after not in names:
        raise ValueError(
            f"mechanism {mechanism.name!r} comes after {mechanism.after!r}: give one of {', '.join(names)}"
        )
    place = names.index(mechanism.after) + 1
    while place < len(steps) and steps[place].after == mechanism.after:
        place += 1  # those that were named before come first
    steps.insert(place, mechanism)


def parameter_shapes(config: LNDPConfig) -> Shapes:
    """Shape of each named parameter of one genome, in the order of the genotype: those of the paper first."""
    paper, own = (
        {name: shape for mechanism in steps for name, shape in mechanism.parameters(config).items()}
        for steps in (PROGRAM, mechanisms_of(config))
    )
    others = spontaneous_shapes(config) | wiring_shapes(config)
    return {name: own[name] for name in paper if name in own} | others | own


def own_fields(config: LNDPConfig) -> tuple[dict[str, int], dict[str, int]]:
    """Fields that mechanisms add to the state of nodes, and of edges, with their numbers of features."""
    nodes: dict[str, int] = {}
    edges: dict[str, int] = {}
    for mechanism in mechanisms_of(config):
        nodes |= mechanism.node_fields(config)
        edges |= mechanism.pair_fields(config)
    return nodes, edges


class Program(ABC, Generic[State]):
    """Grows networks, and rewires them in every step; subclasses say in which form they are kept."""

    def __init__(self, config: LNDPConfig) -> None:
        self.config = config
        self.mechanisms = mechanisms_of(config)

    def birth(self, key: Tensor) -> State:
        """Newborn networks, one for each key (P, L) int64."""
        born = self._birth(key)
        nodes, edges = own_fields(self.config)
        if not nodes and not edges:
            return born
        own = {name: (self.config.nodes, width) for name, width in nodes.items()}
        own |= {name: self._edge_shape(born, width) for name, width in edges.items()}
        zeros = {name: torch.zeros(*key.shape, *shape, device=key.device) for name, shape in own.items()}
        for mechanism in self.mechanisms:
            zeros |= mechanism.birth(self.config, key)
        return self.state_type(**born._asdict(), **zeros)

    @abstractmethod
    def _birth(self, key: Tensor) -> State:
        """As `birth`, without what mechanisms have added."""

    @abstractmethod
    def view(self, state: State) -> PairView[State]:
        """The pairs of nodes that the next step looks at."""

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

    def _advance(self, parameters: Parameters, state: State, stimulus: Stimulus, *, rewiring: bool) -> State:
        """One step by all mechanisms, but for the choice of the action, which is step 8."""
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
        """Wire newborns, and let spontaneous activity shape networks before they meet the world.

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
        """The form in which networks are kept."""

    def state_shapes(self, state: State) -> dict[str, tuple[int, ...]]:
        """The shape in one lifetime of each field that a state like this one must have."""
        nodes, edges = own_fields(self.config)
        own = {name: (self.config.nodes, width) for name, width in nodes.items()}
        own |= {name: self._edge_shape(state, width) for name, width in edges.items()}
        return brain_shapes(self.config) | {"age": (), "key": ()} | own

    @abstractmethod
    def _edge_shape(self, state: State, width: int) -> tuple[int, ...]:
        """The shape in one lifetime of features of edges."""

    def action(self, output: Tensor) -> Tensor:
        """Step 8: of output activations (P, L, M) the index of the largest (P, L), or the outputs scaled."""
        return output.argmax(-1) if self.config.discrete_actions else output * self.config.action_scale
