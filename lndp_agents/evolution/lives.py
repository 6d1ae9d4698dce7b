"""Whole lives of a population, all in one batch: P genomes x L lives each, one world per life."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import torch
from lndp_envs.dynamics import Dynamics, select
from lndp_envs.randomness import fold, key_of
from torch import Tensor

from lndp_agents.genome import Parameters, num_genomes
from lndp_agents.policies.policy import Policy
from lndp_agents.spaces import ActionDecoding, ObservationEncoding

SEARCH, TRAINING, HELD_OUT, EVALUATION, START = range(5)
"""Streams of randomness of one seed: what the search draws, the lives of three purposes, where it starts."""
BIRTH, WORLD = 0, 1  # folded into the key of a life
LIVENESS_INTERVAL = 16
"""Steps between two looks at which lives go on; each look makes the host wait for the device."""
MEMORY = 2**30
"""Bytes that a batch of lives may take; where P x L lives would take more, there are several batches."""

Report = Callable[[float], None]
"""Takes the share, from 0 to 1, of the longest that lives may last which is done or no longer needed."""


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
    """(P, L) float64: mean over the life of the share of allowed edges that exist; 0 for fixed wirings."""
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


class Batch(NamedTuple):
    """Lives under way, P genomes x L lives, and what came of them so far."""

    brain: Any
    """A state of the policy."""
    state: Any
    """A state of the dynamics, P * L rows."""
    alive: Tensor
    """(P, L) bool."""
    reward: Tensor
    """(P, L) float64: the last one."""
    episode: Tensor
    """(P, L) int64: which episode of the life it is."""
    returns: Tensor
    """(P, L, E) float64: the return of each episode."""
    edges: Tensor
    """(P, L) float64: the number of edges, summed over the steps lived."""
    steps: Tensor
    """(P, L) int64: steps lived."""

    @property
    def outcome(self) -> tuple[Tensor, Tensor, Tensor]:
        """What is known of each life at its end: returns, edges, steps."""
        return self.returns, self.edges, self.steps

    def select(self, genomes: Tensor, lives: Tensor) -> "Batch":
        """Some of the genomes and some of their lives, by index."""
        rows = (genomes[:, None] * self.alive.shape[1] + lives).flatten()
        brain = type(self.brain)(*(tensor[genomes][:, lives] for tensor in self.brain))
        others = (tensor[genomes][:, lives] for tensor in self[2:])
        return Batch(brain, select(self.state, rows), *others)


@torch.no_grad()
def live(
    policy: Policy[Any],
    parameters: Parameters,
    world: World,
    keys: Tensor,
    tasks: Tensor,
    *,
    memory: int = MEMORY,
    report: Report | None = None,
) -> Lives:
    """Let every genome live the same L lives: the same births, worlds and luck.

    Args:
        policy: the program.
        parameters: named parameters (P, ...).
        world: the task.
        keys: (L,) int64, the randomness of each life.
        tasks: (L,) int64, the condition of each life.
        memory: bytes that the lives of a batch may take; one life is lived however much it takes.
        report: called now and then.

    Returns:
        Returns, densities and lengths of the lives. Nothing in a life depends on the others in the batch.
    """
    at_once = max(1, memory // max(1, policy.step_bytes))
    done, total = 0, num_genomes(parameters) * len(keys)
    columns: list[Lives] = []
    for start in range(0, len(keys), at_once):
        some = slice(start, start + at_once)
        batches: list[Lives] = []
        for part in _split_genomes(parameters, max(1, at_once // len(keys[some]))):
            size = num_genomes(part) * len(keys[some])
            tick = partial(_report, report, done / total, size / total)
            batches.append(_live_batch(policy, part, world, (keys[some], tasks[some]), tick))
            done += size
        columns.append(Lives(*(torch.cat(parts) for parts in zip(*batches, strict=True))))
    return Lives(*(torch.cat(parts, 1) for parts in zip(*columns, strict=True)))


def _report(report: Report | None, done: float, size: float, share: float) -> None:
    if report is not None:
        report(done + size * share)


def _split_genomes(parameters: Parameters, at_once: int) -> Iterator[Parameters]:
    """The named parameters of some genomes after the other."""
    for start in range(0, num_genomes(parameters), at_once):
        yield {name: tensor[start : start + at_once] for name, tensor in parameters.items()}


def _live_batch(
    policy: Policy[Any], parameters: Parameters, world: World, lives: tuple[Tensor, Tensor], tick: Report
) -> Lives:
    """As `live`, all at once, of lives with these keys and tasks."""
    keys, tasks = lives
    batch = newborn(policy, parameters, world, keys, tasks)
    outcome = tuple(torch.zeros_like(total) for total in batch.outcome)
    genomes, rows = (torch.arange(size, device=keys.device) for size in batch.alive.shape)
    for start in range(0, world.steps, LIVENESS_INTERVAL):
        batch = live_on(policy, parameters, world, batch, min(LIVENESS_INTERVAL, world.steps - start))
        for total, part in zip(outcome, batch.outcome, strict=True):
            total[genomes[:, None], rows] = part
        tick(min(1.0, (start + LIVENESS_INTERVAL) / world.steps))
        kept = _unfinished(batch.alive)
        if kept is None:
            break
        if any(len(index) < size for index, size in zip(kept, batch.alive.shape, strict=True)):
            batch = batch.select(*kept)
            parameters = {name: tensor[kept[0]] for name, tensor in parameters.items()}
            genomes, rows = genomes[kept[0]], rows[kept[1]]
    returns, edges, steps = outcome
    return Lives(returns, edges / (max(1, policy.num_allowed_edges) * steps.clamp(min=1)), steps)


def newborn(policy: Policy[Any], parameters: Parameters, world: World, keys: Tensor, tasks: Tensor) -> Batch:
    """Lives at their first step; the arguments are those of `live`."""
    genomes = num_genomes(parameters)
    shape = (genomes, len(keys))
    brain = policy.birth(fold(keys, BIRTH)[None]).expand_genomes(genomes)
    zeros = torch.zeros(shape, dtype=torch.float64, device=keys.device)
    count = torch.zeros(shape, dtype=torch.int64, device=keys.device)
    return Batch(
        brain=policy.develop(parameters, brain),
        state=world.dynamics.reset(fold(keys, WORLD).repeat(genomes), tasks.repeat(genomes)),
        alive=torch.ones(shape, dtype=torch.bool, device=keys.device),
        reward=zeros,
        episode=count - 1,
        returns=torch.zeros(*shape, world.episodes, dtype=torch.float64, device=keys.device),
        edges=zeros,
        steps=count,
    )


def live_on(policy: Policy[Any], parameters: Parameters, world: World, batch: Batch, num_steps: int) -> Batch:
    """Some steps of all lives of a batch, whose brains are used up. The host never waits for the device.

    (It does if `development_between_episodes` is set: then each step asks whether any episode begins.)
    """
    brain, state, alive, reward, episode, returns, edges, steps = batch
    shape = alive.shape
    for _ in range(num_steps):
        inputs = world.encoding.encode(world.dynamics.observe(state)).reshape(*shape, -1)
        episode_start = world.dynamics.episode_start(state).reshape(shape)
        brain, output = policy.experience(
            parameters, brain, inputs, reward.float(), episode_start, alive=alive, donate=True
        )
        state, earned, terminated = world.dynamics.step(state, world.decoding.decode(output.flatten(0, 1)))
        reward = torch.where(alive, earned.reshape(shape), 0.0)
        episode = (episode + episode_start).clamp(0, world.episodes - 1)
        returns = returns.scatter_add(2, episode[..., None], reward[..., None])
        edges = edges + torch.where(alive, policy.num_edges(brain), 0)
        steps = steps + alive
        alive = alive & ~terminated.reshape(shape)
    return Batch(brain, state, alive, reward, episode, returns, edges, steps)


def _unfinished(alive: Tensor) -> tuple[Tensor, Tensor] | None:
    """Which genomes and which lives to go on with, by index; none where all (P, L) have ended."""
    going = alive.any(1), alive.any(0)
    counts = [int(mask.sum()) for mask in going]
    if not counts[0]:
        return None
    genomes, lives = (
        mask.argsort(descending=True, stable=True)[: _size(len(mask), count)].sort().values
        for mask, count in zip(going, counts, strict=True)
    )
    return genomes, lives


def _size(size: int, count: int) -> int:
    """The smallest of size, size / 2, size / 4 ... that holds so many: few sizes, few compilations."""
    while count <= size // 2:
        size //= 2
    return size
