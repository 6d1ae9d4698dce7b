"""The Lifelong Neural Developmental Program (Plantec et al. 2024, arXiv 2406.09787), functional and batched.

P genomes live L lives each. All methods are pure: state in, state out; randomness comes from the keys in the state.
"""

import warnings

import torch
from lndp_envs.randomness import fold, normal, uniform
from torch import Tensor

from lndp_agents.config import LNDPConfig
from lndp_agents.lndp.attention import update_nodes
from lndp_agents.lndp.birth import birth
from lndp_agents.lndp.native import MAX_NATIVE_NODES, NativeLife
from lndp_agents.lndp.parameters import Parameters
from lndp_agents.lndp.propagation import propagate
from lndp_agents.lndp.rewiring import rewire, update_edges
from lndp_agents.lndp.spontaneous import spontaneous_input
from lndp_agents.lndp.state import LifeState, choose, roles

Uniforms = tuple[Tensor, Tensor]
"""Numbers in [0, 1), (P, L, N, N) each, that decide on pruning and on growth where decisions are sampled."""


BACKENDS = ("auto", "eager", "native")
SPONTANEOUS, DECISIONS = 4, 5  # folded into a life's key; birth uses 0 to 3


class LNDP:
    """A program: grows a brain, and rewires it in every step of its life."""

    def __init__(self, config: LNDPConfig, backend: str = "eager") -> None:
        """Choose how steps of life are computed.

        Args:
            config: sizes and switches.
            backend: "eager" is the reference, on any device; "native" a compiled kernel for CPUs, equal within 1e-5;
                "auto" the native one where it can be built, else eager after one warning.

        Raises:
            ValueError: the backend is unknown, or "native" does not support this configuration.
            OSError: the native kernel was asked for and cannot be built.
        """
        if backend not in BACKENDS:
            raise ValueError(f"backend {backend!r}: give one of {', '.join(BACKENDS)}")
        self.config = config
        self._native = None if backend == "eager" else native_life(config, required=backend == "native")

    def birth(self, key: Tensor) -> LifeState:
        """Newborn brains, one for each key (P, L) int64."""
        return birth(self.config, key)

    def develop(self, parameters: Parameters, state: LifeState, alive: Tensor | None = None) -> LifeState:
        """Let spontaneous activity shape brains before they meet the world.

        Args:
            parameters: named parameters (P, ...).
            state: the lives.
            alive: (P, L) bool, which lives develop; all if none.

        Returns:
            The state after `development_steps` steps with reward 0, at rest.
        """
        config = self.config
        silence = torch.zeros(state.key.shape, device=state.key.device)
        x = silence[..., None].expand(-1, -1, config.observation_size)
        for _ in range(config.development_steps):
            if config.spontaneous_activity:
                noise = normal(fold(fold(state.key, SPONTANEOUS), state.age), (config.observation_size,))
                x = spontaneous_input(parameters, x, noise.float())
            state, _ = self._advance(parameters, state, x, silence, alive=alive)
        if config.development_steps:
            at_rest = state._replace(activation=torch.zeros_like(state.activation))
            if not config.lifetime_updates:
                # No later step will clear the edges that the last one pruned.
                at_rest = at_rest._replace(edge_state=state.edge_state * state.adjacency[:, :, None])
            state = at_rest if alive is None else choose(alive, at_rest, state)
        return state

    def step(
        self,
        parameters: Parameters,
        state: LifeState,
        observation: Tensor,
        reward: Tensor,
        *,
        alive: Tensor | None = None,
        uniforms: Uniforms | None = None,
        donate: bool = False,
    ) -> tuple[LifeState, Tensor]:
        """One step of life: rewire with the trace of the previous step, then act.

        Args:
            parameters: named parameters (P, ...).
            state: the lives.
            observation: (P, L, O) float32.
            reward: (P, L) float32, the last one; 0 at the first step of an episode.
            alive: (P, L) bool, which lives go on; the others keep their state. All if none.
            uniforms: for stochastic decisions; drawn from the keys of the lives if none.
            donate: whether the memory of `state` may be reused for the result, after which `state` is void.

        Returns:
            The next state, and the activations (P, L, M) of the output nodes; NaN becomes 0.
        """
        if not self.config.reward_input:
            reward = torch.zeros_like(reward)
        rewiring = self.config.lifetime_updates
        return self._advance(
            parameters, state, observation, reward, alive=alive, uniforms=uniforms, rewiring=rewiring, donate=donate
        )

    def experience(
        self,
        parameters: Parameters,
        state: LifeState,
        observation: Tensor,
        reward: Tensor,
        episode_start: Tensor,
        *,
        alive: Tensor | None = None,
        donate: bool = False,
    ) -> tuple[LifeState, Tensor]:
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
        if self.config.recurrent:
            state = state._replace(activation=torch.where(episode_start[..., None], 0.0, state.activation))
        if self.config.development_between_episodes:
            later_episode = episode_start & (state.age > self.config.development_steps)
            state = self.develop(parameters, state, later_episode if alive is None else later_episode & alive)
        reward = torch.where(episode_start, 0.0, reward)
        return self.step(parameters, state, observation, reward, alive=alive, donate=donate)

    def action(self, output: Tensor) -> Tensor:
        """The action of output activations (P, L, M): index of the largest (P, L), or the outputs scaled (step 8)."""
        return output.argmax(-1) if self.config.discrete_actions else output * self.config.action_scale

    def _advance(
        self,
        parameters: Parameters,
        state: LifeState,
        observation: Tensor,
        reward: Tensor,
        *,
        alive: Tensor | None,
        uniforms: Uniforms | None = None,
        rewiring: bool = True,
        donate: bool = False,
    ) -> tuple[LifeState, Tensor]:
        config = self.config
        if config.stochastic and rewiring and uniforms is None:
            drawn = uniform(fold(fold(state.key, DECISIONS), state.age), (2, config.nodes, config.nodes)).float()
            uniforms = drawn[:, :, 0], drawn[:, :, 1]
        uniforms = uniforms if config.stochastic else None
        if self._native and self._native.supports(config, state.key.device):
            memory = state if donate else LifeState(*(tensor.clone() for tensor in state))
            new = self._native.live(parameters, memory, observation, reward, uniforms, rewiring, alive)
        else:
            new = live(config, parameters, state, observation, reward, uniforms, rewiring)
            new = new if alive is None else choose(alive, new, state)
        return new, torch.nan_to_num(new.trace[:, :, config.nodes - config.action_size :, -1])


def native_life(config: LNDPConfig, *, required: bool) -> NativeLife | None:
    """The native kernel of a configuration, or none (with a warning) where it is not required and cannot be had."""
    if not NativeLife.supports(config, torch.device("cpu")):
        if required:
            raise ValueError(f"nodes={config.nodes}: the native backend takes at most {MAX_NATIVE_NODES}; use 'eager'")
        return None
    try:
        return NativeLife(config)
    except OSError as error:
        if required:
            raise
        warnings.warn(f"running eagerly, slower by 10 times and more: {error}", RuntimeWarning, stacklevel=3)
        return None


def live(
    config: LNDPConfig,
    parameters: Parameters,
    state: LifeState,
    observation: Tensor,
    reward: Tensor,
    uniforms: Uniforms | None,
    rewiring: bool,
) -> LifeState:
    """The eight steps of one life step, but for the choice of the action (arguments as in `LNDP.step`)."""
    role = roles(config, state.key.device)
    if rewiring:
        node_state = update_nodes(config, parameters, state, role)  # steps 1-3
        edge_state = update_edges(config, parameters, state, node_state, reward)  # steps 4-5
        state = state._replace(node_state=node_state, edge_state=edge_state)
        state = state._replace(adjacency=rewire(config, parameters, state, role.allowed, uniforms))  # step 6
    activation, trace = propagate(config, state.weights, state.node_state[..., 0], state.activation, observation)  # step 7
    if not config.recurrent:
        activation = torch.zeros_like(activation)
    return state._replace(activation=activation, trace=trace, age=state.age + 1)
