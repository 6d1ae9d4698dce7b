"""What users hand over by mistake is taken where its meaning is clear, and else refused in one clear line."""

import math
from typing import Any

import gymnasium
import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from hypothesis import given, settings
from lndp_envs import SenseReward
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

from lndp_agents import Agent, LNDPAgent
from lndp_agents.policies import POLICIES
from lndp_agents.spaces import config_for

BOX, CHOICE = Box(0, 4, (2,)), Discrete(4, start=1)


def agent_of(space: Any = BOX, policy: str = "lndp", **switches: Any) -> Agent[Any]:
    kind: Any = LNDPAgent if policy in ("lndp", "ndp") else Agent
    config = config_for(space, Discrete(3), None, POLICIES[policy], **switches)
    agent = kind(space, Discrete(3), config, backend="eager")
    agent.birth(1)
    return agent


def equal(one: Any, other: Any) -> bool:
    return all(torch.equal(mine, its) for mine, its in zip(one, other, strict=True))


def after(observation: Any, *others: Any, space: Any = BOX, **named: Any) -> Any:
    """The life after a first step in which nothing happens, and this one."""
    agent = agent_of(space)
    agent.act(space.sample() * 0 + (space.start if isinstance(space, Discrete) else 0))
    agent.act(observation, *others, **named)
    return agent.state


def one_line(message: str) -> str:
    assert "\n" not in message
    assert len(message) < 200
    return message


class TestAct:
    @pytest.mark.parametrize(
        "reward",
        [
            np.array([2.5]),
            np.array([[2.5]], np.float32),
            np.float32(2.5),
            np.array(2.5),
            torch.tensor([2.5]),
            torch.tensor(2.5, dtype=torch.float64),
            [2.5],
        ],
        ids=repr,
    )
    def test_a_reward_of_one_number_is_that_number(self, reward: Any) -> None:
        assert equal(after([1, 2], reward), after([1, 2], 2.5))
        assert not equal(after([1, 2], reward), after([1, 2], 0.0))

    def test_whole_rewards_and_arrays_of_starts_are_taken(self) -> None:
        assert equal(after([1, 2], 3), after([1, 2], 3.0))
        assert equal(after([1, 2], 3, np.array([True])), after([1, 2], 3, episode_start=True))
        assert equal(after([1, 2], True, 1.0), after([1, 2], 1, episode_start=True))

    def test_a_reward_that_is_no_number_counts_as_none_and_an_infinite_one_as_the_largest(self) -> None:
        assert equal(after([1, 2], math.nan), after([1, 2], 0.0))
        assert equal(after([1, 2], math.inf), after([1, 2], float(np.finfo(np.float32).max)))
        assert equal(after([1, 2], 1e300), after([1, 2], math.inf))
        assert all(tensor.isfinite().all() for tensor in after([1, 2], -math.inf))

    @pytest.mark.parametrize(
        ("reward", "message"),
        [
            (np.zeros(2), r"reward of shape \(2,\): give one number$"),
            ([], r"reward of shape \(0,\): give one number$"),
            (None, r"reward None: give numbers$"),
            ("3", r"reward '3': give numbers$"),
            ([[1.0], 2.0], r"reward \[\[1\.0\], 2\.0\]: give numbers$"),
            (1j, r"reward 1j: give numbers$"),
        ],
    )
    def test_what_is_no_reward_is_refused(self, reward: Any, message: str) -> None:
        agent = agent_of()
        before = agent.state
        with pytest.raises(ValueError, match=message) as caught:
            agent.act([1, 2], reward)
        one_line(str(caught.value))
        assert agent.state is before
        with pytest.raises(ValueError, match=message.replace("reward", "episode_start")):
            agent.act([1, 2], 0.0, reward)

    @pytest.mark.parametrize(
        ("observation", "message"),
        [
            ([1, 2, 3], r"observation of shape \(3,\): give \(2,\) or \(rows, ...\) of it, for Box"),
            ([[1], [2]], r"observation of shape \(2, 1\): give \(2,\)"),
            ([[[1, 2]]], r"observation of shape \(1, 1, 2\): give \(2,\)"),
            (3.0, r"observation of shape \(\): give \(2,\)"),
            (["1", "2"], r"observation \['1', '2'\]: give numbers"),
            ([1, [2, 3]], r"observation \[1, \[2, 3\]\]: give numbers"),
            (None, "observation None: give numbers"),
            (np.array([1, None]), r"observation array\(\[1, None\], dtype=object\): give numbers"),
            ([1, 2j], r"observation \[1, 2j\]: give numbers"),
            ([[1, 2], [1, 2]], "observation of 2 rows: act advances one lifetime, predict many"),
        ],
    )
    def test_what_is_no_observation_of_the_box_is_refused(self, observation: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message) as caught:
            agent_of().act(observation)
        one_line(str(caught.value))

    @pytest.mark.parametrize("observation", [2.5, np.nan, np.inf, 1e300, np.float32(0.5)])
    def test_what_lies_between_the_choices_is_refused(self, observation: Any) -> None:
        with pytest.raises(ValueError, match=r"observation .*: give integers, for Discrete\(4, start=1\)"):
            agent_of(CHOICE).act(observation)

    @pytest.mark.parametrize("observation", [np.int8(2), 2.0, np.array(2), torch.tensor(2), np.uint64(2)])
    def test_a_choice_of_any_type_is_that_choice(self, observation: Any) -> None:
        assert equal(after(observation, space=CHOICE), after(2, space=CHOICE))

    @pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, np.float32, np.float64, np.bool_])
    def test_an_observation_of_any_type_is_its_numbers(self, dtype: Any) -> None:
        assert equal(after(np.array([1, 0], dtype)), after([1.0, 0.0]))


class TestSeeds:
    @pytest.mark.parametrize("seed", [1.5, -1, 2**64, "1", None, [1], np.float64(1), np.array([1, 2])])
    def test_what_is_no_seed_is_refused(self, seed: Any) -> None:
        agent = agent_of()
        message = r"seed=.*: give an integer from 0 to 2\*\*64 - 1$"
        with pytest.raises(ValueError, match=message):
            agent.seed(seed)
        if seed is not None:  # which is the next birth
            with pytest.raises(ValueError, match=message):
                agent.birth(seed)

    @pytest.mark.parametrize("seed", [np.int64(7), np.uint8(7), torch.tensor(7), np.array(7)])
    def test_integers_of_other_libraries_are_seeds(self, seed: Any) -> None:
        one, other = agent_of(), agent_of()
        assert equal(one.birth(seed), other.birth(7))
        one.seed(seed), other.seed(7)
        assert equal(one.birth(), other.birth())

    @settings(max_examples=25)
    @given(st.integers(-(2**70), 2**70))
    def test_any_integer_is_a_seed_or_refused(self, seed: int) -> None:
        agent = agent_of()
        if 0 <= seed < 2**64:
            assert equal(agent.birth(seed), agent.birth(seed))
        else:
            with pytest.raises(ValueError, match=r"^seed=.*: give") as caught:
                agent.birth(seed)
            one_line(str(caught.value))


class TestDevices:
    @pytest.mark.parametrize("device", [torch.float64, np.float64, 0, None])
    def test_what_is_no_device_is_refused(self, device: Any) -> None:
        agent = agent_of()
        with pytest.raises(
            ValueError, match=r"device .*: give the name of one, such as cpu; brains stay float32"
        ):
            agent.to(device)
        assert (agent.device.type, agent.genome.dtype) == ("cpu", torch.float32)

    @pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
    @pytest.mark.parametrize("device", ["cuda", "cuda:0", torch.device("cuda")])
    def test_a_device_that_is_not_there_is_said_to_be_so(self, device: Any) -> None:
        message = r"device .*cuda.* is not there \(.*\): give another, such as cpu$"
        agent = agent_of()
        with pytest.raises(ValueError, match=message) as caught:
            agent.to(device)
        one_line(str(caught.value))
        with pytest.raises(ValueError, match=message):
            LNDPAgent(BOX, Discrete(3), device=device)
        assert agent.act([1, 2]) in (0, 1, 2)

    def test_a_device_on_which_nothing_can_be_computed_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"device 'meta' is not there \(.*meta.*\): give another"):
            agent_of().to("meta")


def sensing(steps: int = 30) -> Any:
    return Monitor(SenseReward(gymnasium.make("lndp/Foraging-v0", max_episode_steps=steps)))


def forager(policy: str, **switches: Any) -> Agent[Any]:
    return agent_of(gymnasium.make("lndp/Foraging-v0").observation_space, policy, **switches)


REMEMBERING: list[tuple[str, dict[str, Any]]] = [
    ("lndp", {}),
    ("lndp", {"reward_input": False}),
    ("lndp", {"candidates": 5}),
    ("ndp", {"development_steps": 1, "recurrent": True}),
    ("gru", {}),
    ("hebbian", {"hidden_sizes": [3]}),
    ("linear", {}),
]
"""Policies whose lives matter; that of a linear one because a newborn senses no reward."""
BLANK: list[tuple[str, dict[str, Any]]] = [
    ("linear", {"reward_input": False}),
    ("mlp", {"reward_input": False}),
    ("ndp", {"development_steps": 1}),
]


class TestNewborns:
    @pytest.mark.parametrize(("policy", "switches"), REMEMBERING)
    def test_who_begins_a_life_at_every_step_is_told_once(
        self, policy: str, switches: dict[str, Any]
    ) -> None:
        agent, env = forager(policy, **switches), sensing()
        observation, _ = env.reset(seed=0)
        action, _ = agent.predict(observation)  # the first call of any loop
        observation, *_ = env.step(action)
        message = (
            r"predict without state .* action, state = agent\.predict\(observation, state, episode_start\)"
        )
        with pytest.warns(UserWarning, match=message) as caught:
            action, _ = agent.predict(observation)
        assert [warning.filename for warning in caught] == [__file__]
        one_line(str(caught[0].message))
        for _ in range(3):
            observation, *_ = env.step(action)
            action, _ = agent.predict(observation)

    def test_the_remedy_works(self) -> None:
        agent, env = forager("gru"), sensing()
        observation, _ = env.reset(seed=0)
        state, episode_start, ages = None, np.array([True]), []
        for _ in range(4):
            action, state = agent.predict(observation, state, episode_start)
            episode_start = np.array([False])
            observation, *_ = env.step(action)
            ages.append(state[1].item())
        assert ages == [1, 2, 3, 4]

    def test_loops_that_pass_the_state_hear_nothing(self) -> None:
        agent = forager("lndp")
        for copies in (1, 3):
            envs = DummyVecEnv([sensing] * copies)
            for _ in range(2):
                evaluate_policy(agent, envs, n_eval_episodes=4)
        evaluate_policy(agent, sensing(1), n_eval_episodes=1)
        evaluate_policy(agent, sensing(1), n_eval_episodes=1)  # two lives of one call each

    def test_first_steps_of_many_episodes_are_no_mistake(self) -> None:
        agent, env = forager("lndp"), sensing()
        keys = [agent.predict(env.reset(seed=seed)[0])[1][-1].item() for seed in range(3)]
        assert len(set(keys)) == 1

    def test_plain_observations_may_be_of_episodes_that_go_on(self) -> None:
        agent = forager("hebbian", hidden_sizes=[3])
        agent.predict(np.ones(1))
        with pytest.warns(UserWarning, match="predict without state"):
            agent.predict(np.ones(1))

    @pytest.mark.parametrize(("policy", "switches"), BLANK)
    def test_policies_that_remember_nothing_need_no_state(
        self, policy: str, switches: dict[str, Any]
    ) -> None:
        agent, env = forager(policy, **switches), sensing()
        observation, _ = env.reset(seed=0)
        state = None
        for _ in range(6):
            for _ in range(2):
                newborn, _ = agent.predict(observation)  # in silence: warnings are errors
            action, state = agent.predict(observation, state)
            assert newborn == action  # so it does not matter
            observation, *_ = env.step(action)
