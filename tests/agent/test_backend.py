"""One set of numbers for an agent: `act`, `predict` and `evaluate` lead one life, natively bit for bit."""

import copy
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from hypothesis import given, settings
from hypothesis import strategies as st
from lndp_envs.randomness import fold
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents import Agent, LNDPAgent, load_pretrained
from lndp_agents.agent.states import arrays_to_state
from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.lndp import LNDP, kernel_build
from lndp_agents.policies import GRUConfig
from lndp_agents.rollout import Evolved, init_batch, unroll
from lndp_agents.rollout.streams import INIT, WORLD
from lndp_agents.spaces import config_for
from lndp_agents.studies.evaluation import evaluate, fresh_lifetimes, world_of

needs_compiler = pytest.mark.skipif(kernel_build.compiler() is None, reason="there is no C++ compiler")

FORAGING, CART_POLE = "lndp/Foraging-v0", "lndp/CartPoleLife-v0"
Arrays = tuple[NDArray[Any], ...]
ROWS = 5


class Keys:
    """A generator that gives one key, so that an environment lives the life of that key."""

    def __init__(self, key: Tensor) -> None:
        self._key = key.item()

    def integers(self, limit: int) -> int:
        assert limit == 2**63
        return int(self._key)


def agent_of(backend: str = "auto", switches: dict[str, Any] | None = None, scale: float = 1.0) -> LNDPAgent:
    """One whose numbers grow apart where they can, if its genome is not small."""
    spaces = Box(0, 4, (1,)), Discrete(3)
    config = config_for(*spaces, **{"nodes": 16, "initial_density": 0.4, **(switches or {})})
    genome = scale * np.random.default_rng(3).normal(size=genome_size(config))
    return LNDPAgent(*spaces, config, genome=genome, backend=backend)


def sensed(num_rows: int, step: int) -> dict[str, NDArray[Any]]:
    draw = np.random.default_rng(step)
    return {
        "observation": draw.uniform(0, 4, (num_rows, 1)),
        "reward": draw.normal(size=(num_rows, 1)),
        "episode_start": (draw.random((num_rows, 1)) < 0.2) | (step == 0),
    }


def equal(one: Any, other: Any) -> bool:
    return all(np.array_equal(mine, its) for mine, its in zip(one, other, strict=True))


def predicted(agent: LNDPAgent, num_steps: int = 12) -> tuple[Arrays, list[list[int]]]:
    state: Arrays | None = None
    actions: list[list[int]] = []
    for step in range(num_steps):
        action, state = agent.predict(sensed(ROWS, step), state)
        actions.append(action.tolist())
    assert state is not None
    return state, actions


def acted(agent: LNDPAgent, row: int, num_steps: int = 12) -> list[int]:
    """What `act` does in the life of one row of `predicted`; the agent leads that life afterwards."""
    agent.seed(0)
    for _ in range(row + 1):
        agent.birth()
    observations = [sensed(ROWS, step) for step in range(num_steps)]
    return [agent.act({name: values[row] for name, values in seen.items()}) for seen in observations]


def rollout(agent: Agent[Any], environment: str, keywords: dict[str, Any], lives: int) -> list[Any]:
    """The lives that `evaluate` scores: brains, rewards, and which lives go on, after each step."""
    world = world_of(agent, environment, keywords)
    keys, tasks = fresh_lifetimes(world, lives, 0)
    parameters = genome_to_parameters(agent.config, agent.genome[None])
    batch, steps = init_batch(Evolved(agent.program, parameters), world, keys, tasks), []
    while batch.alive.any() and len(steps) < world.num_steps:
        batch = unroll(world, batch, 1)
        kept = type(batch.network.state)(*(tensor.clone() for tensor in batch.network.state))
        steps.append((kept, batch.reward[0], batch.alive[0]))
    return steps


def step_of(env: gymnasium.Env[Any, Any], agent: Agent[Any], senses: list[Any]) -> tuple[list[Any], bool]:
    observation, reward, terminated, truncated, info = env.step(agent.act(*senses))
    return [observation, reward, info.get("episode_start", False)], terminated or truncated


@needs_compiler
class TestOneSetOfNumbers:
    # After more steps of a balanced pole, the sines of NumPy and of torch, whose last bits differ, are apart.
    @pytest.mark.parametrize(
        ("name", "environment", "keywords"),
        [("foraging", FORAGING, {}), ("cartpole", CART_POLE, {"episode_steps": 60})],
    )
    def test_a_life_in_gymnasium_is_the_life_that_evaluate_scores(
        self, name: str, environment: str, keywords: dict[str, Any]
    ) -> None:
        agent = load_pretrained(name)
        steps = rollout(agent, environment, keywords, 6)
        keys, tasks = fresh_lifetimes(world_of(agent, environment, keywords), 6, 0)
        env: Any = gymnasium.make(environment, **keywords)
        returns: list[float] = []
        for row in (0, 3, 5):
            env.unwrapped.np_random = Keys(fold(keys, WORLD)[row])
            observation, _ = env.reset(options={"task": int(tasks[row])})
            memory = agent.births(fold(keys, INIT)[row : row + 1].numpy())
            agent.state = arrays_to_state(memory, 1, agent.program, agent.device)
            senses, total, is_over = [observation, 0.0, True], 0.0, False
            for brain, reward, alive in steps:
                assert not is_over
                senses, is_over = step_of(env, agent, senses)
                assert senses[1] == reward[row].item()
                assert equal(agent.state, (tensor[:, row : row + 1] for tensor in brain))
                total += senses[1]
                if not alive[row]:
                    break
            assert is_over
            returns.append(total)
        scores = evaluate(agent, environment, keywords, lives=6).scores[[0, 3, 5]]
        episodes = 3 if environment == CART_POLE else 1
        assert [total / episodes for total in returns] == scores.tolist()

    def test_a_row_is_the_life_that_act_leads(self, switches: dict[str, Any]) -> None:
        agent = agent_of("native", switches)
        state, actions = predicted(agent)
        for row in range(ROWS):
            assert acted(agent, row) == [action[row] for action in actions]
            assert equal((array[row] for array in state), (tensor[0, 0] for tensor in agent.state))
        assert len({action for step in actions for action in step}) > 1

    @settings(max_examples=10)
    @given(rows=st.lists(st.integers(0, ROWS - 1), min_size=1, max_size=7), threads=st.integers(1, 4))
    def test_rows_do_not_depend_on_their_neighbours_nor_on_threads(
        self, rows: list[int], threads: int
    ) -> None:
        agent = agent_of("native", {"development_steps": 2, "initial_density_std": 0.2})
        state, _ = predicted(agent, 3)
        action, after = agent.predict(sensed(ROWS, 3), state)
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            some = {name: values[rows] for name, values in sensed(ROWS, 3).items()}
            again, rows_after = agent.predict(some, tuple(array[rows] for array in state))
            born = agent.births(state[-1][rows])
        finally:
            torch.set_num_threads(before)
        assert again.tolist() == action[rows].tolist()
        assert equal(rows_after, (array[rows] for array in after))
        assert equal(born, (array[rows] for array in agent.births(state[-1])))

    def test_the_seed_of_another_life_gives_other_numbers(self) -> None:
        agent = agent_of("native")
        state, _ = predicted(agent, 1)
        agent.seed(1)
        assert not equal(predicted(agent, 1)[0][:4], state[:4])


def shifted(array: NDArray[Any]) -> NDArray[Any]:
    """The same numbers four bytes behind an address that torch would choose."""
    place = torch.empty(array.nbytes + 64, dtype=torch.uint8).numpy()
    moved = place[4 : 4 + array.nbytes].view(array.dtype).reshape(array.shape)
    moved[...] = array
    return moved


LAYOUTS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "shifted": shifted,
    "columns first": np.asfortranarray,
    "with gaps": lambda array: np.stack([array, array], -1)[..., 0],
    "backwards": lambda array: array[::-1].copy()[::-1],
    "in other types": lambda array: array.astype(np.float64 if array.dtype == np.float32 else array.dtype),
    "listed": lambda array: np.array(array.tolist()),
}


@pytest.fixture(params=["eager", "sparse", pytest.param("native", marks=needs_compiler)])
def any_agent(request: pytest.FixtureRequest) -> LNDPAgent:
    """One of each way to compute; the parts of eager ones begin at any multiple of 4 bytes."""
    switches = {"eager": {"nodes": 13}, "sparse": {"nodes": 13, "candidates": 5}, "native": {}}
    return agent_of("auto" if request.param == "sparse" else request.param, switches[request.param])


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
class TestMemory:
    def test_where_a_state_lies_does_not_matter_to_predict(self, any_agent: LNDPAgent, layout: Any) -> None:
        state, _ = predicted(any_agent, 3)
        expected = any_agent.predict(sensed(ROWS, 3), state)
        action, after = any_agent.predict(sensed(ROWS, 3), tuple(map(layout, state)))
        assert equal((action, *after), (expected[0], *expected[1]))

    def test_where_a_life_lies_does_not_matter_to_act(self, any_agent: LNDPAgent, layout: Any) -> None:
        any_agent.birth(1)
        for step in range(3):
            any_agent.act([step], 1.0)
        kept = any_agent.state
        any_agent.act([3.0], 1.0)
        after = any_agent.state
        moved = (torch.from_numpy(layout(tensor[0].numpy()).copy(order="K"))[None] for tensor in kept)
        any_agent.state = type(kept)(*moved)
        any_agent.act([3.0], 1.0)
        assert equal(any_agent.state, after)

    def test_predict_goes_on_with_the_life_that_act_leads(self, any_agent: LNDPAgent, layout: Any) -> None:
        acted(any_agent, 0, 4)
        kept = tuple(layout(tensor[0].numpy()) for tensor in any_agent.state)
        observation = {name: values[0] for name, values in sensed(ROWS, 5).items()}
        action = any_agent.act(observation)
        predicted_action, state = any_agent.predict(observation, kept)
        assert action == predicted_action
        assert equal((array[0] for array in state), (tensor[0, 0] for tensor in any_agent.state))


class TestChoosing:
    @pytest.mark.parametrize("backend", ["eager", "auto", pytest.param("native", marks=needs_compiler)])
    def test_the_program_is_that_of_the_backend(self, backend: str, tmp_path: Path) -> None:
        agent = agent_of(backend)
        agent.save_pretrained(tmp_path)
        program = LNDP(agent.config, backend)
        for again in (
            agent,
            LNDPAgent.from_pretrained(tmp_path, backend=backend),
            load_pretrained(tmp_path, backend=backend),
            copy.deepcopy(agent),
            pickle.loads(pickle.dumps(agent)),
        ):
            assert again.backend == backend
            state = again.birth(1)
            again.act([1.0], 2.0)
            parameters = {name: tensor[None] for name, tensor in agent.parameters.items()}
            x, reward = torch.tensor([[[-0.5]]]), torch.tensor([[0.0]])
            assert equal(again.state, program.step(parameters, state, x, reward)[0])

    @needs_compiler
    def test_eager_and_native_differ_in_rounding_alone(self) -> None:
        states = [predicted(agent_of(backend, scale=0.3), 2)[0] for backend in ("eager", "native")]
        assert not equal(*states)
        for one, other in zip(*states, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)

    @needs_compiler
    def test_a_copy_of_an_agent_that_has_lived_goes_on(self) -> None:
        agent = agent_of("native")
        agent.birth(1)
        agent.act([1.0])
        for again in (copy.deepcopy(agent), pickle.loads(pickle.dumps(agent))):
            assert equal(again.state, agent.state)
            again.act([2.0], 1.0)
            kept, _ = agent.state, agent.act([2.0], 1.0)
            assert equal(again.state, agent.state)
            agent.state = kept

    def test_a_backend_that_a_policy_has_not_is_refused(self) -> None:
        spaces = Box(0, 4, (1,)), Discrete(3)
        with pytest.raises(ValueError, match="backend 'fast': give one of auto, eager, native"):
            LNDPAgent(*spaces, backend="fast")
        gru = config_for(*spaces, None, GRUConfig)
        with pytest.raises(ValueError, match="backend 'native' for gru: give 'eager', or 'auto'"):
            Agent(*spaces, gru, backend="native")
        with pytest.raises(ValueError, match="backend 'native' with candidates=5"):
            agent_of("native", {"candidates": 5})
        with pytest.raises(ValueError, match="nodes=513: the native backend takes at most 512"):
            agent_of("native", {"nodes": 513})
        with pytest.warns(RuntimeWarning, match="nodes=513: the native backend takes at most 512"):
            newborn = agent_of("auto", {"nodes": 513}).birth(1)
        assert newborn.activation.shape == (1, 1, 513)

    def test_gradients_flow_through_the_program_of_any_agent(self) -> None:
        gradients: list[dict[str, Tensor]] = []
        for backend in ("auto", "eager"):
            agent = agent_of(backend)
            parameters = {name: tensor[None].requires_grad_() for name, tensor in agent.parameters.items()}
            state = agent.program.birth(torch.tensor([[1]]))
            for _ in range(2):
                state, output = agent.program.step(parameters, state, torch.ones(1, 1, 1), torch.ones(1, 1))
            output.sum().backward()
            gradients.append(
                {name: tensor.grad for name, tensor in parameters.items() if tensor.grad is not None}
            )
        assert gradients[0].keys() == gradients[1].keys()
        assert gradients[0]["edge_gru.weight_hh"].abs().max() > 0
        assert all(torch.equal(gradients[0][name], gradients[1][name]) for name in gradients[0])


class TestWithoutACompiler:
    @pytest.fixture(autouse=True)
    def no_compiler(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delenv("CXX", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path))
        kernel_build.load_kernel.cache_clear()

    def test_native_fails_when_it_is_made_and_auto_warns_when_it_is_needed(self) -> None:
        with pytest.raises(OSError, match=r"no C\+\+ compiler found: install g\+\+ or clang\+\+, or set CXX"):
            agent_of("native")
        agent = agent_of()
        with pytest.warns(RuntimeWarning, match="running eagerly, slower by 10 times and more") as caught:
            agent.birth(1)
        assert len(caught) == 1
        other = agent_of("eager")
        other.birth(1)
        assert [agent.act([step]) for step in range(4)] == [other.act([step]) for step in range(4)]
        assert equal(agent.state, other.state)

    def test_eager_agents_do_without_it_in_silence(self) -> None:
        agent = agent_of("eager")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            predicted(agent, 2)
            agent.birth(1)
            agent.act([1.0])
            assert evaluate(agent, FORAGING, lives=2).scores.shape == (2,)

    @pytest.mark.cuda
    def test_agents_on_a_gpu_do_without_it_in_silence(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            agent = agent_of().to("cuda")
            predicted(agent, 2)
            agent.birth(1)
            assert agent.act([1.0]) in (0, 1, 2)
