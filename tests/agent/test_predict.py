"""`predict` follows stable-baselines3's protocol: its tools run the agent, and a row is a life of its own."""

import inspect
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from lndp_envs import SenseReward
from lndp_envs.randomness import fold
from numpy.typing import NDArray
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.type_aliases import PolicyPredictor
from stable_baselines3.common.vec_env import DummyVecEnv

from lndp_agents import LNDPAgent
from lndp_agents.agent.states import NEXT_LIFETIME, arrays_to_state
from lndp_agents.lndp import LifeState
from lndp_agents.lndp.kernel_build import compiler

Env = gymnasium.Env[Any, Any]
MakeAgent = Callable[..., LNDPAgent]
Arrays = tuple[NDArray[Any], ...]
WORLDS = ["lndp/Foraging-v0", "lndp/CartPoleLife-v0"]
ADJACENCY = LifeState._fields.index("adjacency")
KEY = LifeState._fields.index("key")


def make_env(name: str) -> Monitor[Any, Any]:
    keywords = {"episode_steps": 30} if "Life" in name else {}
    return Monitor(SenseReward(gymnasium.make(name, **keywords)))


def sensed(num_rows: int, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """What rows in foraging might sense."""
    generator = np.random.default_rng(seed)
    return {
        "observation": generator.integers(0, 5, (num_rows, 1)).astype(np.float32),
        "reward": generator.integers(0, 2, (num_rows, 1)).astype(np.float32) * 10,
        "episode_start": np.zeros((num_rows, 1), np.float32),
    }


def first_sensed(num_rows: int) -> dict[str, NDArray[np.float32]]:
    """The same where an episode begins."""
    return sensed(num_rows) | {"episode_start": np.ones((num_rows, 1), np.float32)}


def row(observation: dict[str, NDArray[Any]], index: int) -> dict[str, NDArray[Any]]:
    return {name: values[index] for name, values in observation.items()}


def live(agent: LNDPAgent, num_rows: int, num_steps: int) -> tuple[Arrays, list[NDArray[Any]]]:
    state: Arrays | None = None
    actions: list[NDArray[Any]] = []
    for step in range(num_steps):
        action, state = agent.predict(sensed(num_rows, step), state)
        actions.append(action)
    assert state is not None
    return state, actions


def equal(one: Arrays, other: Arrays) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


class TestEvaluatePolicy:
    def test_the_signature_is_that_of_the_protocol(self) -> None:
        expected, ours = (inspect.signature(kind.predict).parameters for kind in (PolicyPredictor, LNDPAgent))
        assert list(ours) == list(expected)
        assert [ours[name].default for name in ours] == [expected[name].default for name in expected]

    @pytest.mark.parametrize("name", WORLDS)
    def test_a_single_environment_equals_a_loop_by_hand(self, name: str, make_agent: MakeAgent) -> None:
        env = make_env(name)
        agent = make_agent(env)
        env.reset(seed=3)  # what evaluate_policy's own reset goes on from
        rewards, lengths = evaluate_policy(agent, env, n_eval_episodes=3, return_episode_rewards=True)

        env.reset(seed=3)
        state, returns = None, []
        for _ in range(3):
            observation, _ = env.reset()
            starts, is_over, total = True, False, 0.0
            while not is_over:
                action, state = agent.predict(observation, state, np.array([starts]))
                observation, reward, terminated, truncated, _ = env.step(action)
                starts, is_over, total = False, terminated or truncated, total + float(reward)
            returns.append(total)
        assert rewards == pytest.approx(returns)
        assert min(lengths) > 8

    @pytest.mark.skipif(compiler() is None, reason="eagerly, other batches may round otherwise")
    @pytest.mark.parametrize("name", WORLDS)
    def test_rows_equal_single_lives(self, name: str, make_agent: MakeAgent) -> None:
        agent = make_agent(make_env(name))
        venv = DummyVecEnv([lambda: make_env(name)] * 4)
        venv.seed(5)
        rewards, lengths = evaluate_policy(agent, venv, n_eval_episodes=4, return_episode_rewards=True)

        returns: list[float] = []
        for index in range(4):
            env = make_env(name)
            observation, _ = env.reset(seed=5 + index)
            agent.birth()  # its i-th birth is the first life of row i
            is_over, total = False, 0.0
            while not is_over:
                observation, reward, terminated, truncated, _ = env.step(agent.act(observation))
                is_over, total = terminated or truncated, total + float(reward)
            returns.append(total)
        assert sorted(rewards) == sorted(returns)
        assert len(lengths) == 4

    def test_discrete_observations(self, make_agent: MakeAgent) -> None:
        venv = DummyVecEnv([lambda: Monitor(SenseReward(gymnasium.make("FrozenLake-v1")))] * 3)
        agent = make_agent(make_env("FrozenLake-v1"), nodes=32)
        assert agent.config.observation_size == 16
        rewards, lengths = evaluate_policy(agent, venv, n_eval_episodes=6, return_episode_rewards=True)
        assert len(rewards) == 6
        assert max(lengths) <= 100

    def test_more_lives_than_rows(self, make_agent: MakeAgent) -> None:
        agent = make_agent(make_env("lndp/Foraging-v0"))
        venv = DummyVecEnv([lambda: make_env("lndp/Foraging-v0")] * 3)
        rewards, lengths = evaluate_policy(agent, venv, n_eval_episodes=7, return_episode_rewards=True)
        assert lengths == [100] * 7
        assert all(reward % 10 == 0 for reward in rewards)


class TestRows:
    def test_an_eager_row_is_the_life_that_act_leads_but_for_rounding(
        self, foraging: Env, make_agent: MakeAgent, switches: dict[str, Any]
    ) -> None:
        agent = make_agent(foraging, backend="eager", **switches)
        observations = [sensed(5, step) for step in range(25)]
        state: Arrays | None = None
        actions: list[NDArray[Any]] = []
        for observation in observations:
            action, state = agent.predict(observation, state)
            actions.append(action)
        assert state is not None
        for index in range(5):
            agent.birth()
            single = [agent.act(row(observation, index)) for observation in observations]
            assert single == [action[index] for action in actions]
            assert np.array_equal(state[ADJACENCY][index], agent.state.adjacency[0, 0].numpy())
            for array, tensor in zip(state, agent.state, strict=True):
                assert np.allclose(array[index], tensor[0, 0], atol=1e-5)

    def test_these_lives_rewire(self, foraging: Env, make_agent: MakeAgent) -> None:
        state, actions = live(make_agent(foraging), 5, 25)
        _, before = make_agent(foraging).predict(sensed(5))
        assert (state[ADJACENCY] != before[ADJACENCY]).any((1, 2)).all()
        assert set(np.concatenate(actions).tolist()) == {0, 1, 2}

    def test_rows_can_be_taken_out_and_put_together(self, foraging: Env, make_agent: MakeAgent) -> None:
        agent = make_agent(foraging)
        state, _ = live(agent, 4, 10)
        picked = [3, 1]
        observation = sensed(4, 99)
        action, after = agent.predict(observation, state)
        some = {name: values[picked] for name, values in observation.items()}
        picked_action, picked_after = agent.predict(some, tuple(array[picked] for array in state))
        assert picked_action.tolist() == action[picked].tolist()
        assert np.array_equal(picked_after[ADJACENCY], after[ADJACENCY][picked])
        assert np.array_equal(picked_after[KEY], after[KEY][picked])

    def test_exactly_the_marked_rows_restart(
        self, foraging: Env, make_agent: MakeAgent, switches: dict[str, Any]
    ) -> None:
        agent = make_agent(foraging, **switches)
        state, _ = live(agent, 4, 10)
        observation, marks = sensed(4, 99), np.array([False, True, False, True])
        _, unmarked = agent.predict(observation, state)
        _, marked = agent.predict(observation, state, marks)
        for before, after in zip(unmarked, marked, strict=True):
            assert np.array_equal(before[~marks], after[~marks])
        assert marked[KEY][marks].tolist() == fold(torch.tensor(state[KEY][marks]), NEXT_LIFETIME).tolist()

        newborn = agent.program.birth(torch.tensor(marked[KEY][1:2])[None])
        parameters = {name: tensor[None] for name, tensor in agent.parameters.items()}
        agent.state = agent.program.develop(parameters, newborn)
        agent.act(observation["observation"][1], reward=0.0, episode_start=True)
        assert np.array_equal(marked[ADJACENCY][1], agent.state.adjacency[0, 0].numpy())
        assert marked[LifeState._fields.index("age")][1] == agent.config.development_steps + 1

    def test_a_restarted_row_may_restart_at_once(self, foraging: Env, make_agent: MakeAgent) -> None:
        agent = make_agent(foraging)
        state, _ = live(agent, 2, 3)
        for _ in range(3):
            _, after = agent.predict(sensed(2), state, np.array([True, False]))
            assert after[KEY][0] != state[KEY][0]
            assert after[KEY][1] == state[KEY][1]
            state = after

    def test_no_state_begins_lives_whatever_the_marks(self, foraging: Env, make_agent: MakeAgent) -> None:
        agent = make_agent(foraging)
        _, expected = agent.predict(first_sensed(3))
        for marks in (None, np.zeros(3, bool), np.ones(3, bool)):
            assert equal(agent.predict(first_sensed(3), None, marks)[1], expected)
        assert len(set(expected[KEY].tolist())) == 3

    def test_no_marks_restart_no_row(self, foraging: Env, make_agent: MakeAgent) -> None:
        agent = make_agent(foraging)
        state, _ = live(agent, 3, 4)
        assert equal(agent.predict(sensed(3), state)[1], agent.predict(sensed(3), state, np.zeros(3))[1])

    def test_a_start_in_the_observation_begins_an_episode_and_no_life(
        self, foraging: Env, make_agent: MakeAgent
    ) -> None:
        agent = make_agent(foraging, recurrent=True)
        state, _ = live(agent, 3, 6)
        inner = sensed(3) | {"episode_start": np.array([[0], [1], [0]], np.float32)}
        _, after = agent.predict(inner, state)
        rewardless = sensed(3)["reward"] * [[1], [0], [1]]
        activation = state[LifeState._fields.index("activation")].copy()
        activation[1] = 0
        at_rest = tuple(
            activation if name == "activation" else array
            for name, array in zip(LifeState._fields, state, strict=True)
        )
        assert equal(after, agent.predict(sensed(3) | {"reward": rewardless}, at_rest)[1])
        assert np.array_equal(after[KEY], state[KEY])

    def test_the_seed_chooses_the_lives(self, foraging: Env, make_agent: MakeAgent) -> None:
        agent = make_agent(foraging)
        agent.seed(1)
        first = agent.predict(first_sensed(2))[1]
        agent.seed(2)
        assert set(agent.predict(first_sensed(2))[1][KEY].tolist()).isdisjoint(first[KEY].tolist())
        agent.seed(1)
        assert equal(agent.predict(first_sensed(2))[1], first)


class TestProtocol:
    def test_unbatched_in_unbatched_out(self, foraging: Env, make_agent: MakeAgent) -> None:
        agent = make_agent(foraging)
        action, state = agent.predict(row(first_sensed(1), 0))
        assert isinstance(action, np.ndarray)
        assert (action.shape, action.dtype) == ((), np.int64)
        assert foraging.action_space.contains(action)
        assert [len(array) for array in state] == [1] * len(LifeState._fields)
        batched, _ = agent.predict(first_sensed(1))
        assert batched.tolist() == [int(action)]

    def test_actions_of_a_box_have_its_type_and_shape(self, make_agent: MakeAgent) -> None:
        env = make_env("lndp/PendulumLife-v0")
        agent = make_agent(env)
        observation, _ = env.reset(seed=1)
        action, _ = agent.predict(observation)
        assert env.action_space.contains(action)
        batch = {name: np.stack([values] * 3) for name, values in observation.items()}
        actions, state = agent.predict(batch)
        assert (actions.shape, actions.dtype) == ((3, 1), np.float32)
        assert all(isinstance(array, np.ndarray) and len(array) == 3 for array in state)

    def test_a_type_other_than_int64_is_kept(self) -> None:
        space = gymnasium.spaces.Discrete(3, start=4, dtype=np.int32)
        agent = LNDPAgent(gymnasium.spaces.Discrete(5), space)
        observation = {"observation": np.int64(2), "reward": np.zeros(1), "episode_start": np.zeros(1)}
        assert space.contains(agent.predict(observation)[0])

    def test_it_is_pure(self, foraging: Env, make_agent: MakeAgent) -> None:
        agent = make_agent(foraging, lifetime_updates=False)
        held = agent.birth(1)
        state, _ = live(agent, 3, 4)
        kept = tuple(array.copy() for array in state)
        first = agent.predict(sensed(3), state, np.array([True, False, False]))
        second = agent.predict(sensed(3), state, np.array([True, False, False]), deterministic=True)
        assert np.array_equal(first[0], second[0])
        assert equal(first[1], second[1])
        for array in first[1]:
            array[:] = 0  # what it returns shares no memory with what it was given
        assert equal(state, kept)
        assert agent.state is held

    def test_read_only_arrays_are_taken(self, foraging: Env, make_agent: MakeAgent) -> None:
        agent = make_agent(foraging)
        state, _ = live(agent, 2, 2)
        observation = sensed(2)
        expected = agent.predict(observation, state)
        for array in (*state, *observation.values()):
            array.setflags(write=False)
        action, after = agent.predict(observation, state)
        assert np.array_equal(action, expected[0])
        assert equal(after, expected[1])

    def test_a_state_is_continued_bit_for_bit_after_a_copy_through_lists(
        self, foraging: Env, make_agent: MakeAgent
    ) -> None:
        agent = make_agent(foraging)
        state, _ = live(agent, 2, 5)
        again = tuple(np.array(array.tolist()) for array in state)
        assert equal(agent.predict(sensed(2), state)[1], agent.predict(sensed(2), again)[1])

    def test_the_mix_of_two_apis_is_explained(self, foraging: Env, make_agent: MakeAgent) -> None:
        with pytest.raises(ValueError, match="probably mixing the Gym API"):
            make_agent(foraging).predict(foraging.reset())

    def test_a_plain_observation_needs_an_agent_without_reward(
        self, foraging: Env, make_agent: MakeAgent
    ) -> None:
        plain = np.array([[2.0], [3.0]], np.float32)
        with pytest.raises(ValueError, match=r"wrap the env in lndp_envs\.SenseReward"):
            make_agent(foraging).predict(plain)
        agent = make_agent(foraging, reward_input=False)
        action, state = agent.predict(plain)
        expected = agent.predict(first_sensed(2) | {"observation": plain})
        assert np.array_equal(action, expected[0])
        assert equal(state, expected[1])

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (
                {"observation": np.zeros((2, 2))},
                r"observation of shape \(2, 2\): give \(1,\) or \(rows, ...\)",
            ),
            ({"observation": np.zeros((0, 1))}, r"observation of shape \(0, 1\)"),
            ({"reward": np.zeros(3)}, r"reward of shape \(3,\): give one number for each of 2 rows"),
            ({"episode_start": np.zeros((1, 1))}, r"episode_start of shape \(1, 1\)"),
            ({"colour": np.zeros((2, 1))}, r"keys \['colour', .* wrap the env in lndp_envs.SenseReward"),
        ],
    )
    def test_a_foreign_observation_is_refused(
        self, foraging: Env, make_agent: MakeAgent, change: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            make_agent(foraging).predict(sensed(2) | change)

    def test_rows_must_match(self, foraging: Env, make_agent: MakeAgent) -> None:
        agent = make_agent(foraging)
        state, _ = live(agent, 3, 1)
        with pytest.raises(
            ValueError, match=r"adjacency of shape \(3, 16, 16\): give \(2, 16, 16\) for 2 rows"
        ):
            agent.predict(sensed(2), state)
        with pytest.raises(ValueError, match=r"episode_start of shape \(2,\): give one number for each of 3"):
            agent.predict(sensed(3), state, np.ones(2, bool))
        with pytest.raises(ValueError, match="state of 2 arrays: give back the 7"):
            agent.predict(sensed(3), state[:2])
        with pytest.raises(ValueError, match="for 3 rows of this agent"):
            make_agent(foraging, "eager", nodes=17).predict(sensed(3), state)

    def test_lives_read_from_arrays_have_the_program_types(
        self, foraging: Env, make_agent: MakeAgent
    ) -> None:
        agent = make_agent(foraging)
        state, _ = live(agent, 3, 1)
        lives = arrays_to_state(state, 3, agent.program, agent.device)
        assert [tensor.dtype for tensor in lives] == [torch.float32] * 5 + [torch.int64] * 2
        assert all(tensor.shape[:2] == (1, 3) for tensor in lives)
