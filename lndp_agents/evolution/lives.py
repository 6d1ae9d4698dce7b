"""Whole lives of a population, all in one batch: P genomes x L lives each, one world per life."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from lndp_envs.dynamics import Dynamics
from lndp_envs.randomness import fold, key_of
from torch import Tensor

from lndp_agents.config import LNDPConfig
from lndp_agents.lndp import LifeState, Parameters
from lndp_agents.lndp.state import roles
from lndp_agents.spaces import ActionDecoding, ObservationEncoding

SEARCH, TRAINING, HELD_OUT, EVALUATION = range(4)
"""Streams of randomness of one seed: what the search draws, and the lives of three purposes."""
BIRTH, WORLD = 0, 1  # folded into the key of a life
LIVENESS_INTERVAL = 16
"""Steps between two looks at whether any life goes on; each look makes the host wait for the device."""


class Policy(Protocol):
    """What lives: a program whose brains are born, develop and experience; `LNDP` is one."""

    config: LNDPConfig

    def birth(self, key: Tensor) -> LifeState:
        """As `LNDP.birth`."""
        ...

    def develop(self, parameters: Parameters, state: LifeState) -> LifeState:
        """As `LNDP.develop`."""
        ...

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
        """As `LNDP.experience`."""
        ...


@dataclass(frozen=True)
class World:
    """A task with the senses and muscles that connect it to a brain."""

    dynamics: Dynamics[Any]
    steps: int
    """Most steps of a life."""
    episodes: int
    """Episodes of a life."""
    encoding: ObservationEncoding
    """From observations (B, *shape) to input activations (B, O)."""
    decoding: ActionDecoding
    """From output activations (B, M) to actions."""


class Lives(NamedTuple):
    """What came of P x L lives."""

    returns: Tensor
    """(P, L, E) float64: the return of each episode."""
    density: Tensor
    """(P, L) float64: mean over the life of the share of allowed edges that exist."""
    steps: Tensor
    """(P, L) int64: steps lived."""

    @property
    def scores(self) -> Tensor:
        """(P, L): mean episode return."""
        return self.returns.mean(-1)


def life_keys(*integers: int, num_lives: int, device: torch.device | str = "cpu") -> Tensor:
    """(L,) int64: keys of the lives 0 .. L-1 of a stream, which integers name: (seed, stream, generation)."""
    key = torch.full((num_lives,), key_of(*integers), device=device)
    return fold(key, torch.arange(num_lives, device=device))


def balanced_tasks(
    dynamics: Dynamics[Any], num_lives: int, device: torch.device | str = "cpu", first: int = 0
) -> Tensor:
    """(L,) int64: tasks dealt in turn, so that each comes as often as L allows; `first` were dealt before."""
    return (torch.arange(num_lives, device=device) + first) % dynamics.num_tasks


@torch.no_grad()
def live(policy: Policy, parameters: Parameters, world: World, keys: Tensor, tasks: Tensor) -> Lives:
    """Let every genome live the same L lives: the same births, worlds and luck.

    Args:
        policy: the program.
        parameters: named parameters (P, ...).
        world: the task.
        keys: (L,) int64, the randomness of each life.
        tasks: (L,) int64, the condition of each life.

    Returns:
        Returns, densities and lengths of the lives. Nothing in a life depends on the others in the batch.
    """
    num_genomes, num_lives = next(iter(parameters.values())).shape[0], keys.shape[0]
    shape = (num_genomes, num_lives)
    brain = policy.birth(fold(keys, BIRTH)[None]).expand_genomes(num_genomes)
    brain = policy.develop(parameters, brain)
    state = world.dynamics.reset(fold(keys, WORLD).repeat(num_genomes), tasks.repeat(num_genomes))
    num_edges = roles(policy.config, keys.device).allowed.sum()
    alive = torch.ones(shape, dtype=torch.bool, device=keys.device)
    reward = torch.zeros(shape, dtype=torch.float64, device=keys.device)
    episode = torch.full(shape, -1, device=keys.device)
    returns = torch.zeros(*shape, world.episodes, dtype=torch.float64, device=keys.device)
    edges, steps = torch.zeros_like(reward), torch.zeros_like(episode)
    for step in range(world.steps):
        if step % LIVENESS_INTERVAL == 0 and not alive.any():
            break
        inputs = world.encoding.encode(world.dynamics.observe(state)).reshape(*shape, -1)
        episode_start = world.dynamics.episode_start(state).reshape(shape)
        brain, output = policy.experience(
            parameters, brain, inputs, reward.float(), episode_start, alive=alive, donate=True
        )
        state, earned, terminated = world.dynamics.step(state, world.decoding.decode(output.flatten(0, 1)))
        reward = torch.where(alive, earned.reshape(shape), 0.0)
        episode = (episode + episode_start).clamp(0, world.episodes - 1)
        returns.scatter_add_(2, episode[..., None], reward[..., None])
        edges += torch.where(alive, brain.num_edges, 0.0)
        steps += alive
        alive = alive & ~terminated.reshape(shape)
    return Lives(returns, edges / (num_edges * steps.clamp(min=1)), steps)
