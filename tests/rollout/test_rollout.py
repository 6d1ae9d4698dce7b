"""Lives against hand-made policies and tasks whose outcome is known, and against lives lived one by one."""

from dataclasses import replace
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from lndp_envs.cart_pole import CartPole
from lndp_envs.dynamics import OneEpisode
from lndp_envs.foraging import LEFT, RIGHT, Foraging
from lndp_envs.lifetime import LifetimeDynamics
from lndp_envs.randomness import fold
from torch import Tensor

from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.lndp import LNDP, LifeState
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.kernel_build import compiler
from lndp_agents.lndp.state import roles
from lndp_agents.rollout import (
    Evolved,
    Rollout,
    World,
    balanced_contexts,
    init_batch,
    lifetime_keys,
    make_world,
    rollout,
    unroll,
)
from lndp_agents.rollout.engine import LIVENESS_INTERVAL
from lndp_agents.rollout.streams import INIT, WORLD
from lndp_agents.spaces import config_for

BACKEND = "native" if compiler() else "eager"
"""The native kernel computes a life in the same way in any batch, to the last bit."""
NOTHING = {"anything": torch.zeros(1, 1)}


class Puppet:
    """A policy that always gives the same action; its brain has one more edge after each step."""

    step_bytes = 0

    def __init__(self, action: int, num_actions: int) -> None:
        self.config = LNDPConfig(
            observation_size=1, action_size=num_actions, nodes=7, initial_density=0.0, node_features=2
        )
        self.program = LNDP(self.config)
        self.output = torch.eye(num_actions)[action]
        self.steps = 0
        self.edges = roles(self.config, torch.device("cpu")).allowed.nonzero()

    def birth(self, key: Tensor) -> LifeState:
        return self.program.birth(key)

    def develop(self, parameters: Any, state: LifeState) -> LifeState:
        return state

    def num_edges(self, state: LifeState) -> Tensor:
        return state.num_edges

    @property
    def num_allowed_edges(self) -> int:
        return len(self.edges)

    def step(self, parameters: Any, state: LifeState, *args: Any, **kwargs: Any) -> tuple[LifeState, Tensor]:
        source, target = self.edges[min(self.steps, len(self.edges) - 1)]
        self.steps += 1
        adjacency = state.adjacency.clone()
        adjacency[:, :, source, target] = 1
        return state._replace(adjacency=adjacency, age=state.age + 1), self.output.expand(
            *state.age.shape, -1
        )


class CountingState(NamedTuple):
    task: Tensor
    step: Tensor


class Counting(OneEpisode):
    """Life t ends after 2, 3 or 5 steps by its task; the k-th step pays k, and NaN after the end.

    An episode begins at birth and after every second step.
    """

    num_tasks = 3
    lengths = torch.tensor([2, 3, 5])
    observation_space = Box(0.0, 9.0, (1,), np.float32)
    action_space = Discrete(2)

    def reset(self, key: Tensor, task: Tensor | None = None) -> CountingState:
        assert task is not None
        return CountingState(task, torch.zeros_like(task))

    def step(self, state: CountingState, action: Tensor) -> tuple[CountingState, Tensor, Tensor]:
        step, length = state.step + 1, self.lengths[state.task]
        reward = torch.where(step > length, torch.nan, step.double())
        return CountingState(state.task, step), reward, step >= length

    def observe(self, state: CountingState) -> Tensor:
        return state.step[:, None].float()

    def episode_start(self, state: CountingState) -> Tensor:
        return state.step % 2 == 0

    def info(self, state: CountingState) -> dict[str, Tensor]:
        return {}


def world_of(dynamics: Any, steps: int, episodes: int) -> World:
    return World("hand-made", dynamics, steps, episodes)


def genomes_of(config: LNDPConfig, num_genomes: int, seed: int = 0) -> Tensor:
    """Small numbers, so that differences in the last bit do not grow in a life."""
    draw = torch.Generator().manual_seed(seed)
    return 0.3 * torch.randn(num_genomes, genome_size(config), generator=draw)


@pytest.mark.parametrize(("action", "scores"), [(RIGHT, [500.0, 0.0]), (LEFT, [0.0, 500.0])])
def test_a_forager_of_one_side_is_fed_every_second_step_where_the_food_is_there(
    action: int, scores: list[float]
) -> None:
    tasks = torch.tensor([0, 1])
    lives = rollout(Evolved(Puppet(action, 3), NOTHING), world_of(Foraging(), 100, 1), torch.arange(2), tasks)
    assert lives.returns.tolist() == [[[score] for score in scores]]
    assert lives.steps.tolist() == [[100, 100]]


def test_returns_steps_and_density_count_only_while_a_life_lasts() -> None:
    puppet, tasks = Puppet(0, 2), torch.tensor([2, 0, 1])
    lives = rollout(Evolved(puppet, NOTHING), world_of(Counting(), 40, 2), torch.arange(3), tasks)
    # Rewards 1, 2 in the first episode and 3, 4, 5 in the second, which is the last and takes what follows.
    assert lives.returns.tolist() == [[[3.0, 12.0], [3.0, 0.0], [3.0, 3.0]]]
    assert lives.scores.tolist() == [[7.5, 1.5, 3.0]]
    assert lives.steps.tolist() == [[5, 2, 3]]
    shares = torch.arange(1, 6, dtype=torch.float64) / len(puppet.edges)
    expected = torch.stack([shares.mean(), shares[:2].mean(), shares[:3].mean()])
    torch.testing.assert_close(lives.density[0], expected)


def test_the_limit_of_steps_ends_a_life() -> None:
    lives = rollout(
        Evolved(Puppet(0, 2), NOTHING), world_of(Counting(), 4, 1), torch.arange(1), torch.tensor([2])
    )
    assert lives.returns.item() == 1 + 2 + 3 + 4
    assert lives.steps.item() == 4


def test_lives_that_have_all_ended_are_not_stepped_for_long() -> None:
    puppet = Puppet(0, 2)
    rollout(Evolved(puppet, NOTHING), world_of(Counting(), 1000, 1), torch.arange(3), torch.arange(3))
    assert puppet.steps == LIVENESS_INTERVAL


@pytest.mark.parametrize(("num_genomes", "num_lives"), [(8, 2), (1, 12)])
def test_lives_that_have_ended_leave_the_batch_and_change_nothing(
    num_genomes: int, num_lives: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world("lndp/CartPoleLife-v0", {})
    program = program_for(world, BACKEND)
    parameters = genome_to_parameters(program.config, genomes_of(program.config, num_genomes))
    keys, tasks = lifetime_keys(2, num_lifetimes=num_lives), balanced_contexts(world.dynamics, num_lives)
    sizes: list[int] = []
    observe = type(world.dynamics).observe

    def watched(dynamics: Any, state: Any) -> Tensor:
        observation = observe(dynamics, state)
        sizes.append(len(observation))
        return observation

    monkeypatch.setattr(type(world.dynamics), "observe", watched)
    shrinking = rollout(Evolved(program, parameters), world, keys, tasks)
    assert sizes[0] == num_genomes * num_lives
    assert sorted(set(sizes), reverse=True) == list(dict.fromkeys(sizes))  # never more again
    assert len(set(sizes)) > 1
    monkeypatch.setattr("lndp_agents.rollout.engine.LIVENESS_INTERVAL", world.num_steps)
    whole = rollout(Evolved(program, parameters), world, keys, tasks)
    assert all(torch.equal(one, other) for one, other in zip(shrinking[:3], whole[:3], strict=True))


@pytest.mark.parametrize(
    "environment", ["lndp/ForagingSwitch-v0", "lndp/CartPoleLife-v0", "lndp/AcrobotLife-v0"]
)
@pytest.mark.parametrize("switches", [{}, {"stochastic": True, "recurrent": True, "development_steps": 2}])
def test_within_a_life_the_host_never_waits_for_the_device(
    environment: str, switches: dict[str, Any]
) -> None:
    # Tensors of the device "meta" have no numbers: .item(), .cpu() and `if` are errors.
    world = make_world(environment, {})
    dynamics = world.dynamics
    spaces = dynamics.observation_space, dynamics.action_space
    program = LNDP(config_for(*spaces, world.encoding, nodes=16, **switches))
    parameters = {
        name: tensor.to("meta")
        for name, tensor in genome_to_parameters(program.config, genomes_of(program.config, 3)).items()
    }
    keys = torch.empty(2, dtype=torch.int64, device="meta")
    batch = unroll(world, init_batch(Evolved(program, parameters), world, keys, keys), 5)
    assert {tensor.device.type for tensor in (*batch.outcome, *batch.network.state, batch.alive)} == {"meta"}
    assert batch.returns.shape == (3, 2, world.episodes)
    with pytest.raises((RuntimeError, NotImplementedError)):
        batch.alive.any().item()


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler")
@pytest.mark.parametrize("environment", ["lndp/ForagingReversal-v0", "lndp/CartPoleLife-v0"])
def test_a_life_does_not_depend_on_the_others_of_the_batch(environment: str) -> None:
    world = make_world(environment, {})
    together, alone = live_together_and_alone(world, "native")
    assert all(torch.equal(one, other) for one, other in zip(together[:3], alone[:3], strict=True))


def test_nor_does_it_but_for_rounding_where_matrices_are_multiplied() -> None:
    together, alone = live_together_and_alone(replace(make_world("Pendulum-v1", {}), num_steps=50), "eager")
    torch.testing.assert_close(together.returns, alone.returns, rtol=1e-4, atol=0.0)
    torch.testing.assert_close(together.density, alone.density, rtol=1e-6, atol=0.0)


def live_together_and_alone(world: World, backend: str) -> tuple[Rollout, Rollout]:
    """The lives of 3 genomes in one batch, and each of them on its own."""
    program = program_for(world, backend)
    genomes = genomes_of(program.config, 3)
    keys, tasks = lifetime_keys(5, num_lifetimes=4), balanced_contexts(world.dynamics, 4)
    together = rollout(Evolved(program, genome_to_parameters(program.config, genomes)), world, keys, tasks)
    alone = [
        [
            rollout(
                Evolved(program, genome_to_parameters(program.config, genome[None])),
                world,
                key[None],
                task[None],
            )
            for key, task in zip(keys, tasks, strict=True)
        ]
        for genome in genomes
    ]
    rows = [
        [torch.cat(field, 1) for field in zip(*(own[:3] for own in lives), strict=True)] for lives in alone
    ]
    return together, Rollout(*(torch.cat(field) for field in zip(*rows, strict=True)))


def program_for(world: World, backend: str) -> LNDP:
    dynamics = world.dynamics
    spaces = dynamics.observation_space, dynamics.action_space
    return LNDP(config_for(*spaces, world.encoding, nodes=16, initial_density=0.5), backend)


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler")
def test_both_backends_live_the_same_lives() -> None:
    # Continuous actions: outputs that tie in all but the last bit would let an argmax go either way.
    # Rounding grows with the length of a life: over 200 steps it reaches 1e-4 in one of 24 lives.
    world = replace(make_world("Pendulum-v1", {}), num_steps=60)
    eager, native = (
        rollout(
            Evolved(
                program := program_for(world, backend),
                genome_to_parameters(program.config, genomes_of(program.config, 6)),
            ),
            world,
            lifetime_keys(1, num_lifetimes=4),
            balanced_contexts(world.dynamics, 4),
        )
        for backend in ("eager", "native")
    )
    torch.testing.assert_close(native.scores, eager.scores, rtol=1e-4, atol=0.0)
    torch.testing.assert_close(native.density, eager.density, rtol=1e-6, atol=0.0)


@pytest.mark.cuda
@pytest.mark.parametrize("environment", ["Pendulum-v1", "lndp/PendulumLife-v0"])
def test_lives_on_a_cuda_device_are_those_on_the_cpu(environment: str) -> None:
    world = replace(make_world(environment, {}), num_steps=60)
    program = program_for(world, "eager")
    parameters = genome_to_parameters(program.config, genomes_of(program.config, 6))
    keys, tasks = lifetime_keys(1, num_lifetimes=4), balanced_contexts(world.dynamics, 4)
    here = rollout(Evolved(program, parameters), world, keys, tasks)
    over_there = {name: tensor.cuda() for name, tensor in parameters.items()}
    there = rollout(Evolved(program, over_there), world, keys.cuda(), tasks.cuda())
    assert {tensor.device.type for tensor in there[:3]} == {"cuda"}
    torch.testing.assert_close(there.scores.cpu(), here.scores, rtol=1e-4, atol=0.0)
    assert torch.equal(there.steps.cpu(), here.steps)


@pytest.mark.parametrize(
    ("dynamics", "steps", "episodes"),
    [(Foraging(switch_probability=0.3), 60, 1), (LifetimeDynamics(CartPole(), 3, 40), 120, 3)],
)
@pytest.mark.parametrize(
    "switches", [{}, {"development_steps": 3, "development_between_episodes": True, "recurrent": True}]
)
def test_live_is_a_loop_of_experience_and_step(
    dynamics: Any, steps: int, episodes: int, switches: dict[str, Any]
) -> None:
    world = world_of(dynamics, steps, episodes)
    spaces = dynamics.observation_space, dynamics.action_space
    program = LNDP(config_for(*spaces, nodes=16, initial_density=0.5, **switches), BACKEND)
    parameters = genome_to_parameters(program.config, genomes_of(program.config, 1, seed=3))
    keys, tasks = lifetime_keys(8, num_lifetimes=2), balanced_contexts(dynamics, 2)
    lives = rollout(Evolved(program, parameters), world, keys, tasks)
    for life in range(2):
        returns, num_steps, density = live_by_hand(
            program, parameters, world, keys[life, None], tasks[life, None]
        )
        assert lives.returns[0, life].tolist() == returns
        assert lives.steps[0, life] == num_steps
        assert lives.density[0, life].item() == pytest.approx(density, rel=1e-6)


def live_by_hand(
    program: LNDP, parameters: dict[str, Tensor], world: World, key: Tensor, task: Tensor
) -> tuple[list[float], int, float]:
    """One life, step by step, as the design describes it."""
    dynamics = world.dynamics
    brain = program.develop(parameters, program.birth(fold(key, INIT)[None]))
    state = dynamics.reset(fold(key, WORLD), task)
    returns: list[float] = []
    densities, reward, is_over = [], 0.0, False
    while not is_over and len(densities) < world.num_steps:
        is_start = dynamics.episode_start(state)
        if is_start.item():
            returns.append(0.0)
        inputs = world.encoding.encode(dynamics.observe(state))[None]
        brain, output = program.step(parameters, brain, inputs, torch.tensor([[reward]]), is_start[None])
        state, earned, terminated = dynamics.step(state, world.decoding.decode(output[0]))
        reward, is_over = earned.item(), terminated.item()
        returns[-1] += reward
        allowed = roles(program.config, key.device).allowed
        densities.append(brain.adjacency[0, 0][allowed].mean().item())
    returns += [0.0] * (world.episodes - len(returns))
    return returns, len(densities), float(np.mean(densities))


@pytest.mark.parametrize("episodes", [1, 3])
def test_an_environment_of_gymnasium_is_lived_as_its_own_steps_say(episodes: int) -> None:
    world = make_world("FrozenLake-v1", {}, episodes)
    assert world.num_steps == 100 * episodes
    program = LNDP(
        config_for(world.dynamics.observation_space, world.dynamics.action_space, nodes=24), BACKEND
    )
    parameters = genome_to_parameters(program.config, genomes_of(program.config, 2))
    keys = lifetime_keys(2, num_lifetimes=3)
    lives = rollout(Evolved(program, parameters), world, keys, balanced_contexts(world.dynamics, 3))
    assert lives.returns.shape == (2, 3, episodes)
    assert lives.steps.min() < 100 * episodes  # holes end an episode
    env = gymnasium.make("FrozenLake-v1")
    for genome in range(2):
        for life in range(3):
            some = {name: tensor[genome, None] for name, tensor in parameters.items()}
            returns, steps = walk_frozen_lake(env, program, some, keys[life, None], episodes)
            assert lives.returns[genome, life].tolist() == returns
            assert lives.steps[genome, life] == steps


def walk_frozen_lake(
    env: gymnasium.Env[Any, Any], program: LNDP, parameters: dict[str, Tensor], key: Tensor, episodes: int
) -> tuple[list[float], int]:
    brain = program.birth(fold(key, INIT)[None])
    returns, steps = [], 0
    seed: int | None = int(fold(key, WORLD).item()) & (2**31 - 1)
    for _ in range(episodes):
        observation, _ = env.reset(seed=seed)
        seed, reward, is_over, is_start = None, 0.0, False, True
        returns.append(0.0)
        while not is_over:
            inputs = torch.eye(16)[observation][None, None]
            brain, output = program.step(
                parameters, brain, inputs, torch.tensor([[reward]]), torch.tensor([[is_start]])
            )
            observation, earned, terminated, truncated, _ = env.step(output.argmax().item())
            reward, is_start, is_over = float(earned), False, terminated or truncated
            returns[-1] += reward
            steps += 1
    return returns, steps


def test_keys_are_named_by_integers_and_a_life_keeps_its_key() -> None:
    keys = lifetime_keys(1, 2, 3, num_lifetimes=50)
    assert len(set(keys.tolist())) == 50
    assert torch.equal(lifetime_keys(1, 2, 3, num_lifetimes=7), keys[:7])
    assert not torch.isin(lifetime_keys(1, 2, 4, num_lifetimes=50), keys).any()


def test_tasks_are_dealt_in_turn() -> None:
    assert balanced_contexts(Foraging(), 5).tolist() == [0, 1, 0, 1, 0]
    assert balanced_contexts(Foraging(), 3, first=3).tolist() == [1, 0, 1]
    assert balanced_contexts(CartPole(), 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("lives_at_once", "batches"), [(1, 15), (2, 8), (5, 3), (7, 3), (10, 2), (15, 1)])
def test_lives_that_take_too_much_memory_are_lived_in_several_batches(
    lives_at_once: int, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world("lndp/Foraging-v0", {"size": 5}, encoding="place")
    config = config_for(
        world.dynamics.observation_space, world.dynamics.action_space, world.encoding, nodes=12
    )
    program = LNDP(config, BACKEND)
    genomes = torch.randn(3, genome_size(config), generator=torch.Generator().manual_seed(1)) * 0.3
    parameters, keys = genome_to_parameters(config, genomes), lifetime_keys(0, num_lifetimes=5)
    tasks = balanced_contexts(world.dynamics, 5)
    sizes: list[int] = []
    reset = type(world.dynamics).reset

    def counted(self: Any, key: Tensor, task: Tensor | None = None) -> Any:
        sizes.append(len(key))
        return reset(self, key, task)

    monkeypatch.setattr(type(world.dynamics), "reset", counted)
    together = rollout(Evolved(program, parameters), world, keys, tasks)
    assert sizes == [15]
    apart = rollout(
        Evolved(program, parameters), world, keys, tasks, memory=lives_at_once * program.step_bytes
    )
    assert len(sizes) == 1 + batches
    assert max(sizes[1:]) <= lives_at_once
    assert all(torch.equal(one, other) for one, other in zip(together[:3], apart[:3], strict=True))
