"""One life led by `birth` and `act`: equal to the program by hand, a value that can be kept and forked."""

import copy
import random
from typing import Any

import gymnasium
import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, Sequence, Text
from hypothesis import given, settings
from lndp_envs.randomness import key_of

from lndp_agents import LNDPAgent, LNDPConfig
from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.lndp import LNDP, LifeState
from lndp_agents.spaces import config_for

FORAGING = Box(0, 4, (1,)), Discrete(3)


def equal(one: LifeState, other: LifeState) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def small_agent(**switches: Any) -> LNDPAgent:
    return LNDPAgent(*FORAGING, config_for(*FORAGING, **{"nodes": 11, "initial_density": 0.4, **switches}))


class TestMaking:
    def test_it_fits_the_spaces_by_default(self) -> None:
        agent = LNDPAgent(Box(0, 4, (2, 3)), Box(-1, 1, (4,)))
        assert (agent.config.observation_size, agent.config.action_size) == (6, 4)
        assert (agent.config.nodes, agent.config.discrete_actions) == (32, False)

    def test_the_untrained_genome_is_always_the_same(self) -> None:
        genome = LNDPAgent(*FORAGING).genome
        assert torch.equal(genome, LNDPAgent(*FORAGING).genome)
        assert genome.mean().abs() < 0.1
        assert abs(genome.std() - 1) < 0.1

    @pytest.mark.parametrize("kind", [np.array, torch.tensor, list])
    def test_the_genome_becomes_the_named_parameters(self, kind: Any) -> None:
        config = config_for(*FORAGING)
        numbers = [float(number) for number in range(genome_size(config))]
        agent = LNDPAgent(*FORAGING, config, genome=kind(numbers))
        expected = genome_to_parameters(config, torch.tensor([numbers]))
        assert agent.num_parameters == len(numbers)
        assert agent.genome.tolist() == numbers
        assert agent.parameters.keys() == expected.keys()
        assert all(torch.equal(agent.parameters[name], expected[name][0]) for name in expected)

    def test_nothing_that_it_hands_out_changes_its_genome(self) -> None:
        agent = small_agent()
        genome = agent.genome
        agent.genome.zero_()
        with pytest.raises(TypeError):
            agent.parameters["node_in.bias"] = torch.zeros(8)  # type: ignore[index]
        assert torch.equal(agent.genome, genome)

    @pytest.mark.parametrize(
        ("genome", "message"),
        [
            (torch.zeros(3), r"genome of shape \(3,\): give \(1918,\)"),
            (torch.zeros(1, 1918), r"genome of shape \(1, 1918\)"),
            (torch.full((1918,), np.nan), "genome with NaN or infinity"),
            (torch.full((1918,), np.inf), "genome with NaN or infinity"),
        ],
    )
    def test_a_wrong_genome_is_refused(self, genome: torch.Tensor, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            LNDPAgent(*FORAGING, genome=genome)

    def test_a_wrong_space_or_configuration_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"observation space Sequence\(.*its size varies"):
            LNDPAgent(Sequence(Discrete(3)), Discrete(3))
        with pytest.raises(ValueError, match=r"action space Text\(.*agents give Box, Discrete"):
            LNDPAgent(Discrete(3), Dict({"a": Discrete(2), "b": Text(3)}))
        with pytest.raises(ValueError, match="observation_size=2"):
            LNDPAgent(*FORAGING, LNDPConfig(observation_size=2, action_size=3))


class TestBirth:
    def test_a_seed_names_a_birth(self, switches: dict[str, Any]) -> None:
        agent, other = small_agent(**switches), small_agent(**switches)
        first = agent.birth(7)
        assert equal(first, other.birth(7))
        assert equal(first, agent.birth(7))
        assert not torch.equal(first.node_state, agent.birth(8).node_state)
        assert first.key.tolist() == [[key_of(7)]]

    def test_births_without_a_seed_follow_each_other(self) -> None:
        agent = small_agent()
        agent.seed(3)
        keys = [agent.birth().key.item() for _ in range(4)]
        agent.seed(3)
        assert [agent.birth().key.item() for _ in range(4)] == keys
        assert len(set(keys)) == 4

    def test_it_is_the_program_with_development(self) -> None:
        agent = small_agent(development_steps=3)
        program = LNDP(agent.config, "auto")
        parameters = {name: tensor[None] for name, tensor in agent.parameters.items()}
        expected = program.develop(parameters, program.birth(torch.tensor([[key_of(5)]])))
        assert equal(agent.birth(5), expected)
        assert agent.state.age.item() == 3

    def test_no_global_generator_is_touched(self) -> None:
        before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
        agent = small_agent(stochastic=True, development_steps=2)
        agent.birth()
        agent.act([2.0])
        after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
        assert before == after


class TestAct:
    def test_a_life_must_have_begun(self) -> None:
        with pytest.raises(RuntimeError, match=r"call agent.birth\(\) first"):
            small_agent().act([2.0])

    def test_it_is_the_program_step_by_step(self, switches: dict[str, Any]) -> None:
        agent = small_agent(**switches)
        program, state = LNDP(agent.config, "auto"), agent.birth(1)
        parameters = {name: tensor[None] for name, tensor in agent.parameters.items()}
        for step in range(12):
            position, reward, starts = step % 5, float(step % 3), step in (0, 6)
            action = agent.act(np.array([position], np.float32), reward, starts)
            x = torch.tensor([[[position / 2 - 1]]])
            state, output = program.step(
                parameters, state, x, torch.tensor([[reward]]), torch.tensor([[starts]])
            )
            assert action == output.argmax().item()
            assert equal(agent.state, state)

    def test_the_reward_does_not_cross_the_start_of_an_episode(self) -> None:
        one, other = small_agent(), small_agent()
        one.birth(1), other.birth(1)
        for step in range(4):
            one.act([2.0], reward=5.0, episode_start=step == 2)
            other.act([2.0], reward=0.0 if step == 2 else 5.0)
        assert equal(one.state, other.state)

    def test_reward_and_start_may_come_with_the_observation(
        self, cart_pole_life: gymnasium.Env[Any, Any]
    ) -> None:
        agent = LNDPAgent(cart_pole_life.observation_space, cart_pole_life.action_space)
        other = copy.deepcopy(agent)
        agent.birth(1), other.birth(1)
        observation, _ = cart_pole_life.reset(seed=1)
        for _ in range(60):
            action = agent.act(observation)
            reward, start = observation["reward"].item(), observation["episode_start"].item()
            assert other.act(observation["observation"], reward, bool(start)) == action
            observation, _, terminated, _, _ = cart_pole_life.step(action)
            if terminated:
                break
        assert equal(agent.state, other.state)

    @pytest.mark.parametrize(
        "name", ["lndp/Foraging-v0", "lndp/CartPoleLife-v0", "lndp/PendulumLife-v0", "lndp/AcrobotLife-v0"]
    )
    def test_the_action_is_one_that_the_environment_takes(self, name: str) -> None:
        env = gymnasium.make(name)
        agent = LNDPAgent(env.observation_space, env.action_space)
        agent.birth(1)
        observation, info = env.reset(seed=1)
        reward: Any = 0.0
        for _ in range(20):
            action = agent.act(observation, reward, info.get("episode_start", False))
            assert type(action) is (int if isinstance(env.action_space, Discrete) else np.ndarray)
            assert env.action_space.contains(action)
            observation, reward, _, _, info = env.step(action)

    def test_a_scalar_box_is_an_array_without_axes(self) -> None:
        space = Box(-3, 3, ())
        agent = LNDPAgent(Discrete(2), space, backend="eager")
        agent.birth()
        assert space.contains(agent.act(1))

    @pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
    def test_nonsense_does_not_spread(self, wrong: float) -> None:
        agent = LNDPAgent(Box(-np.inf, np.inf, (2,)), Box(-1, 1, (2,)))
        agent.birth(1)
        for _ in range(3):
            action = agent.act(np.array([wrong, 1.0]), reward=wrong)
            assert np.isfinite(action).all()
        assert all(torch.isfinite(tensor).all() for tensor in agent.state)

    @pytest.mark.parametrize("observation", [2.0, [1.0, 2.0], [[[1.0]]], {"observation": [2.0]}])
    def test_an_observation_of_another_space_is_refused(self, observation: Any) -> None:
        agent = small_agent()
        agent.birth()
        with pytest.raises(ValueError, match="observation"):
            agent.act(observation)

    def test_several_rows_are_refused(self) -> None:
        agent = small_agent()
        agent.birth()
        with pytest.raises(ValueError, match="observation of 3 rows: act advances one lifetime"):
            agent.act(np.zeros((3, 1)))

    @settings(max_examples=25)
    @given(
        st.one_of(st.integers(1, 6).map(Discrete), st.integers(1, 4).map(lambda size: Box(-2, 7, (size,)))),
        st.one_of(st.integers(1, 4).map(Discrete), st.integers(1, 3).map(lambda size: Box(-2, 7, (size,)))),
        st.fixed_dictionaries(
            {name: st.booleans() for name in ("bias", "recurrent", "stochastic", "pruning", "synaptogenesis")}
            | {"graph_transformer": st.booleans(), "reward_input": st.booleans()}
            | {"development_steps": st.integers(0, 2), "network_steps": st.integers(1, 3)}
        ),
    )
    def test_any_space_and_any_switch(
        self, observation_space: Any, action_space: Any, switches: dict[str, Any]
    ) -> None:
        config = config_for(observation_space, action_space, nodes=13, **switches)
        agent = LNDPAgent(observation_space, action_space, config, backend="eager")  # no kernel for each
        agent.birth()
        for _ in range(3):
            assert action_space.contains(agent.act(observation_space.sample(), 1.0))


class TestState:
    def test_there_is_none_before_birth(self) -> None:
        with pytest.raises(RuntimeError, match=r"call agent.birth\(\) first"):
            _ = small_agent().state

    def test_it_is_a_value(self) -> None:
        agent = small_agent()
        state = agent.birth(1)
        kept = copy.deepcopy(state)
        agent.act([2.0], 1.0)
        assert equal(state, kept)
        assert not torch.equal(agent.state.node_state, state.node_state)

    def test_a_fork_has_the_same_future(self, switches: dict[str, Any]) -> None:
        agent, fork = small_agent(**switches), small_agent(**switches)
        agent.birth(1)
        for _ in range(5):
            agent.act([2.0], 1.0)
        fork.state = agent.state
        for step in range(5):
            assert agent.act([float(step)], 1.0) == fork.act([float(step)], 1.0)
        assert equal(agent.state, fork.state)

    def test_a_life_can_be_lived_again(self) -> None:
        agent = small_agent()
        start = agent.birth(1)
        actions = [agent.act([float(step % 5)], 1.0) for step in range(10)]
        agent.state = start
        assert [agent.act([float(step % 5)], 1.0) for step in range(10)] == actions

    def test_a_life_of_other_sizes_is_refused(self) -> None:
        agent = small_agent()
        with pytest.raises(ValueError, match=r"adjacency of shape \(1, 1, 12, 12\): give \(1, 1, 11, 11\)"):
            agent.state = small_agent(nodes=12).birth()

    def test_the_agent_can_be_copied(self) -> None:
        agent = small_agent()
        agent.birth(1)
        twin = copy.deepcopy(agent)
        assert twin.act([3.0], 1.0) == agent.act([3.0], 1.0)
        assert equal(twin.state, agent.state)

    @pytest.mark.cuda
    def test_it_moves_to_a_device_and_back(self) -> None:
        agent, other = small_agent(), small_agent()
        agent.birth(1), other.birth(1)
        assert agent.to("cuda") is agent
        assert (agent.device.type, agent.state.key.device.type) == ("cuda", "cuda")
        actions = [agent.act([float(step % 5)], 1.0) for step in range(20)]
        assert [other.act([float(step % 5)], 1.0) for step in range(20)] == actions
        agent.to("cpu")
        assert torch.equal(agent.state.adjacency, other.state.adjacency)
        assert torch.allclose(agent.state.node_state, other.state.node_state, atol=1e-5)
