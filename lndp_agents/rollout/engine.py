"""The rollout: P genomes x L lifetimes in one batch, with interventions and records as arguments."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, cast

import torch
from gymnasium import Space
from lndp_envs.randomness import fold
from torch import Tensor

from lndp_agents.rollout.batch import Batch, Rollout
from lndp_agents.rollout.intervention import Intervention
from lndp_agents.rollout.learners import Coding, Learner, Network, StepInput
from lndp_agents.rollout.records import RECORDERS, Record, Recorder, Transition, find_recorders
from lndp_agents.rollout.streams import WORLD
from lndp_agents.rollout.world import World

LIVENESS_INTERVAL = 16
"""Steps between two tests of which lifetimes have ended; each makes the host wait for the device."""
MEMORY = 2**30
"""Bytes that a batch may take; where P x L lifetimes would take more, there are several batches."""

AnyNetwork = TypeVar("AnyNetwork", bound=Network)

Report = Callable[[float], None]
"""Function of the share, from 0 to 1, of the longest possible rollout that is done or not needed any more."""


@torch.no_grad()
def rollout(
    learner: Learner,
    world: World,
    keys: Tensor,
    contexts: Tensor,
    *,
    interventions: Sequence[Intervention] = (),
    record: Sequence[Record] = (),
    memory: int = MEMORY,
    report: Report | None = None,
) -> Rollout:
    """Roll out every genome in the same L lifetimes: the same initial states, contexts and noise.

    Args:
        learner: an evolved policy with P genomes, or one with `predict` (P = 1).
        world: the world of the rollouts.
        keys: (L,) int64, the randomness of each lifetime.
        contexts: (L,) int64, the hidden condition of each lifetime.
        interventions: those of all lifetimes; each hook is called in this order.
        record: what to keep of every step: names of `rollout.records`, or pairs of a name and a function of a
            `Transition`. Returns, densities and numbers of steps are always there.
        memory: bytes that a batch may take; one lifetime is rolled out however much it takes.
        report: called now and then with the share that is done.

    Returns:
        The results. Nothing in a lifetime depends on the others in the batch.

    Raises:
        ValueError: an intervention does not fit the learner, or there is no such record.
    """
    at_once = max(1, memory // max(1, learner.step_bytes))
    done, total = 0, learner.num_genomes * len(keys)
    recorders = find_recorders(record)
    columns: list[Rollout] = []
    for start in range(0, len(keys), at_once):
        some = slice(start, start + at_once)
        lifetimes, batches = (keys[some], contexts[some]), list[Rollout]()
        for part in learner.split(max(1, at_once // len(keys[some]))):
            size = part.num_genomes * len(keys[some])
            tick = partial(_report, report, done / total, size / total)
            batches.append(_rollout_batch(part, world, lifetimes, interventions, recorders, tick=tick))
            done += size
        columns.append(batches[0] if len(batches) == 1 else Rollout.cat(batches, 0))
    return columns[0] if len(columns) == 1 else Rollout.cat(columns, 1)


def _report(report: Report | None, done: float, size: float, share: float) -> None:
    if report is not None:
        report(done + size * share)


def _rollout_batch(
    learner: Learner,
    world: World,
    lifetimes: tuple[Tensor, Tensor],
    interventions: Sequence[Intervention],
    recorders: Mapping[str, Recorder],
    *,
    tick: Report,
) -> Rollout:
    """Do `rollout` in one batch, for lifetimes with these keys and contexts."""
    keys, contexts = lifetimes
    batch = init_batch(learner, world, keys, contexts)
    outcome = tuple(torch.zeros_like(total) for total in batch.outcome)
    records: dict[str, Tensor] = {}
    donate = all(recorder in RECORDERS.values() for recorder in recorders.values())
    genomes, rows = (torch.arange(size, device=keys.device) for size in batch.alive.shape)
    shape = (*batch.alive.shape, world.num_steps)

    def keep(transition: Transition) -> None:
        for name, recorder in recorders.items():
            value = recorder(transition)
            if name not in records:
                records[name] = value.new_zeros(*shape, *value.shape[2:])
            is_over = ~transition.alive.reshape(*value.shape[:2], *(1,) * (value.dim() - 2))
            records[name][genomes[:, None], rows, transition.step] = value.masked_fill(is_over, 0)

    for start in range(0, world.num_steps, LIVENESS_INTERVAL):
        num_steps = min(LIVENESS_INTERVAL, world.num_steps - start)
        batch = unroll(world, batch, num_steps, interventions, keep if recorders else None, donate=donate)
        for total, part in zip(outcome, batch.outcome, strict=True):
            total[genomes[:, None], rows] = part
        kept = _unfinished(batch.alive)
        tick(1.0 if kept is None else min(1.0, (start + LIVENESS_INTERVAL) / world.num_steps))
        if kept is None:
            break
        if any(len(index) < size for index, size in zip(kept, batch.alive.shape, strict=True)):
            fewer = batch.select(*kept)
            if fewer is not None:
                batch, genomes, rows = fewer, genomes[kept[0]], rows[kept[1]]
    returns, edges, steps = outcome
    density = edges / (max(1, learner.num_allowed_edges) * steps.clamp(min=1))
    return Rollout(returns, density, steps, records)


def init_batch(learner: Learner, world: World, keys: Tensor, contexts: Tensor) -> Batch:
    """Return rollouts at their first step; the arguments are those of `rollout`."""
    num_genomes = learner.num_genomes
    network = learner.init(keys, world.dynamics.observation_space)
    state = world.dynamics.reset(fold(keys, WORLD).repeat(num_genomes), contexts.repeat(num_genomes))
    return begin(network, world, state, (num_genomes, len(keys)))


def begin(network: Network, world: World, state: Any, shape: tuple[int, int] = (1, 1)) -> Batch:
    """Return rollouts (P, L) at their first step, of initial networks in an initial state of the dynamics."""
    start = world.dynamics.episode_start(state)
    zeros = torch.zeros(shape, dtype=torch.float64, device=start.device)
    count = torch.zeros(shape, dtype=torch.int64, device=start.device)
    return Batch(
        network=network,
        state=state,
        step=0,
        alive=torch.ones(shape, dtype=torch.bool, device=start.device),
        reward=zeros,
        episode=count - 1,
        returns=torch.zeros(*shape, world.episodes, dtype=torch.float64, device=start.device),
        edges=zeros,
        steps=count,
    )


def unroll(
    world: World,
    batch: Batch,
    num_steps: int,
    interventions: Sequence[Intervention] = (),
    observe: Callable[[Transition], object] | None = None,
    *,
    donate: bool = True,
) -> Batch:
    """Advance all rollouts by `num_steps`; the buffers of their network states are donated.

    The host never waits for the device, unless an intervention does, or `development_between_episodes` is
    set: then each step asks whether any episode begins.

    Args:
        world: the world of the rollouts.
        batch: the rollouts; void afterwards if donated.
        num_steps: number of steps.
        interventions: as in `rollout`.
        observe: called with each transition.
        donate: whether the memory of network states may be reused, after which `Transition.before` is void.

    Returns:
        The rollouts after these steps.
    """
    for _ in range(num_steps):
        batch, transition = advance(world, batch, interventions, donate=donate)
        if observe is not None:
            observe(transition)
    return batch


def advance(
    world: World, batch: Batch, interventions: Sequence[Intervention] = (), *, donate: bool = False
) -> tuple[Batch, Transition]:
    """Advance all rollouts by one step; the arguments are those of `unroll`.

    Returns:
        The rollouts after the step, and the step.
    """
    network, state, step, alive, reward, episode, returns, edges, steps = batch
    shape, dynamics = alive.shape, world.dynamics
    given = step_input(world, batch)
    network = begin_step(network, step, interventions)
    network, action = step_network(
        world, network, step, given, interventions, space=dynamics.action_space, donate=donate
    )
    state, earned, terminated = dynamics.step(state, action)
    reward = torch.where(alive, earned.reshape(shape), 0.0)
    episode = (episode + given.episode_start).clamp(0, world.episodes - 1)
    returns = returns.scatter_add(2, episode[..., None], reward[..., None])
    edges = edges + torch.where(alive, network.num_edges, 0)
    goes_on = alive & ~terminated.reshape(shape)
    after = Batch(network, state, step + 1, goes_on, reward, episode, returns, edges, steps + alive)
    return after, Transition(step, world, batch.state, given, alive, batch.network, network, action, reward)


def step_input(world: World, batch: Batch) -> StepInput:
    """Return what the networks receive in the step to come, before interventions."""
    starts = world.dynamics.episode_start(batch.state).reshape(batch.alive.shape)
    return StepInput(world.dynamics.observe(batch.state), batch.reward, starts, batch.alive)


def begin_step(network: AnyNetwork, step: int, interventions: Sequence[Intervention]) -> AnyNetwork:
    """Return the networks with which a step begins, after the first hook of the interventions."""
    for each in interventions:
        network = cast("AnyNetwork", each.before_step(step, network))
    return network


def step_network(
    coding: Coding,
    network: AnyNetwork,
    step: int,
    given: StepInput,
    interventions: Sequence[Intervention],
    *,
    space: Space[Any],
    donate: bool = False,
) -> tuple[AnyNetwork, Tensor]:
    """Advance networks by a step that has begun, with the later hooks of the interventions.

    Args:
        coding: observation encoder and action decoder.
        network: the networks; void afterwards if donated.
        step: from 0, since the beginning of the lifetimes.
        given: what the networks receive.
        interventions: as in `rollout`.
        space: of the actions.
        donate: whether the memory of the networks' state may be reused.

    Returns:
        The networks after the step, and the actions (P * L, *shape).
    """
    for each in interventions:
        given = each.on_senses(step, given)
    network, action = network.step(coding, given, donate=donate)
    for each in interventions:
        network = cast("AnyNetwork", each.on_state(step, network))
        action = each.on_action(step, action, space)
    return network, action


def _unfinished(alive: Tensor) -> tuple[Tensor, Tensor] | None:
    """Return the genomes and lifetimes to go on with, by index; None if all (P, L) have ended."""
    going = alive.any(1), alive.any(0)
    counts = [int(mask.sum()) for mask in going]
    if not counts[0]:
        return None
    genomes, lifetimes = (
        mask.argsort(descending=True, stable=True)[: _size(len(mask), count)].sort().values
        for mask, count in zip(going, counts, strict=True)
    )
    return genomes, lifetimes


def _size(size: int, count: int) -> int:
    """Return the smallest of size, size / 2, size / 4 ... that holds `count`: few sizes, few compilations."""
    while count <= size // 2:
        size //= 2
    return size
