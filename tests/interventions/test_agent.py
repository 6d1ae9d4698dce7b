"""`Agent.lesion`: the life that `act` leads is hurt as in the lab, and nothing else is."""

from pathlib import Path
from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
import torch
from lndp_envs.randomness import fold
from numpy.typing import NDArray

from lndp_agents import Agent, load_pretrained
from lndp_agents.agent.states import arrays_to_state
from lndp_agents.interventions import Intervention, Lesion
from lndp_agents.rollout import StepInput
from lndp_agents.rollout.engine import begin_step, step_network

AT, STEPS = 4, 10
KINDS: list[dict[str, Any]] = [
    {"zero": 0.4},
    {"freeze": True},
    {"saturate": 3},
    {"cut_reward": True},
    {"nodes": 2},
]


def senses() -> list[tuple[NDArray[Any], float, bool]]:
    """Position, reward and episode start of some steps."""
    draw = np.random.default_rng(1)
    return [(draw.uniform(0, 4, 1), float(draw.normal()), step % 5 == 0) for step in range(STEPS)]


def led(agent: Agent[Any], lesion: Intervention | None = None, at: int = AT) -> list[Any]:
    """What an agent does, and its states."""
    done: list[Any] = []
    for step, (observation, reward, start) in enumerate(senses()):
        if lesion is not None and step == at:
            agent.lesion(lesion)
        done.append((agent.act(observation, reward, start), agent.state))
    return done


def assert_same(mine: list[Any], theirs: list[Any], *, but: slice = slice(0)) -> None:
    for step, ((action, state), (other, other_state)) in enumerate(zip(mine, theirs, strict=True)):
        if step not in range(STEPS)[but]:
            assert action == other
            assert all(map(torch.equal, state, other_state))


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_happens_in_the_lab(agent: Agent[Any], kind: dict[str, Any]) -> None:
    if agent.config.policy == "linear" and "nodes" in kind:
        pytest.skip("it has no hidden nodes")
    lesion, key = Lesion(at=AT, **kind), fold(torch.tensor([77]), 3)
    agent.state = one_life(agent, agent.births(key.numpy()))
    network, parameters = agent.phenotype, agent.phenotype.parameters
    mine = led(agent, Lesion(**kind))
    for step, (observation, reward, start) in enumerate(senses()):
        given = StepInput(
            torch.tensor(observation)[None], torch.tensor([[reward]]), torch.tensor([[start or step == 0]])
        )
        network = begin_step(network, step, [lesion])
        network, action = step_network(agent, network, step, given, [lesion], space=agent.action_space)
        assert mine[step][0] == action.item()
        for own, other in zip(mine[step][1], network.state, strict=True):
            torch.testing.assert_close(own, other, rtol=1e-5, atol=1e-6)
    assert (network.parameters is parameters) or "zero" in kind or "nodes" in kind


class Halve(Intervention):
    """Halves the synapses at its step, and notes in which steps its first hook ran."""

    ran: ClassVar[list[int]] = []

    def before_step(self, step: int, network: Any) -> Any:
        self.ran.append(step)
        state = network.state
        return network if step != self.at else network.with_state(half(state))


def half(state: Any) -> Any:
    return state._replace(edge_state=state.edge_state / 2)


def test_the_first_hook_runs_once_in_the_step_of_a_lesion_too(make_agent: Any) -> None:
    agent, other = make_agent("lndp"), make_agent("lndp")
    agent.birth(1), other.birth(1)
    Halve.ran.clear()
    senses_of = [(observation, reward) for observation, reward, _ in senses()]
    for who in (agent, other):
        who.act(*senses_of[0])
    agent.lesion(Halve())
    other.state = half(other.state)
    assert torch.equal(agent.state.edge_state, other.state.edge_state)
    for each in senses_of[1:4]:
        assert agent.act(*each) == other.act(*each)
        torch.testing.assert_close(agent.state.edge_state, other.state.edge_state)
    assert Halve.ran == [1, 2, 3]
    agent.lesion(Halve())
    assert Halve.ran == [1, 2, 3, 4, 4]  # both of them, once each
    agent.act(*senses_of[4])
    assert Halve.ran == [1, 2, 3, 4, 4]


@pytest.mark.parametrize("seed", range(8))
def test_a_second_lesion_in_a_step_does_not_bring_more_of_the_first(make_agent: Any, seed: int) -> None:
    agent = make_agent("lndp", lifetime_updates=False)
    agent.birth(seed)
    agent.lesion(Lesion(zero=0.33))
    agent.lesion(Lesion(nodes=2))
    hurt = agent.state.edge_state
    observation, reward, _ = next(iter(senses()))
    agent.act(observation, reward)
    assert torch.equal(agent.state.edge_state, hurt)


def one_life(agent: Agent[Any], memory: Any) -> Any:
    return arrays_to_state(memory, 1, agent.program, agent.device)


def test_saturation_ends_and_the_rest_stays(make_agent: Any) -> None:
    agent = make_agent("lndp")
    agent.birth(1)
    actions = [action for action, _ in led(agent, Lesion(saturate=3))]
    agent.birth(1)
    intact = [action for action, _ in led(agent)]
    assert actions[AT : AT + 3] == [2, 2, 2]
    assert (actions[:AT], actions[AT + 3 :]) == (intact[:AT], intact[AT + 3 :])  # nobody answers here
    assert intact[AT : AT + 3] != [2, 2, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_a_birth_heals_and_nothing_else_is_touched(
    make_agent: Any, kind: dict[str, Any], tmp_path: Path
) -> None:
    agent = make_agent("gru" if "nodes" in kind else "lndp")
    agent.birth(1)
    intact = led(agent)
    observation = {
        "observation": np.ones((2, 1)),
        "reward": np.zeros((2, 1)),
        "episode_start": np.ones((2, 1)),
    }
    predicted = agent.predict(observation)
    agent.birth(1)
    kept = agent.state
    copy = type(kept)(*(tensor.clone() for tensor in kept))
    hurt = led(agent, Lesion(**kind))
    assert all(map(torch.equal, kept, copy))  # a state is a value
    assert_same(hurt[:AT], intact[:AT])
    again = agent.predict(observation)
    assert all(map(np.array_equal, (predicted[0], *predicted[1]), (again[0], *again[1])))
    agent.save_pretrained(tmp_path)
    assert torch.equal(Agent[Any].from_pretrained(tmp_path).genome, agent.genome)
    agent.birth(1)
    assert_same(led(agent), intact)
    agent.lesion(Lesion(**kind))
    agent.state = copy
    assert_same(led(agent), intact)


def test_a_lesion_lasts_through_a_move_to_a_device(make_agent: Any) -> None:
    agent = make_agent("mlp")
    agent.birth(1)
    agent.lesion(Lesion(nodes=9))
    before = agent.act(np.ones(1))
    assert agent.to("cpu").act(np.zeros(1)) == before == int(agent.parameters["2.bias"].argmax())


def test_without_a_life_there_is_nothing_to_hurt(make_agent: Any) -> None:
    with pytest.raises(RuntimeError, match=r"call agent\.birth\(\) first"):
        make_agent("lndp").lesion(Lesion(freeze=True))


def test_what_does_not_fit_leaves_the_life_as_it_is(make_agent: Any) -> None:
    agent = make_agent("linear")
    agent.birth(1)
    intact = led(agent)
    agent.birth(1)
    with pytest.raises(ValueError, match="no hidden nodes"):
        agent.lesion(Lesion(nodes=1))
    assert_same(led(agent), intact)


@pytest.mark.slow
def test_a_pretrained_forager_misses_its_plasticity() -> None:
    env = gymnasium.make("lndp/ForagingReversal-v0")
    returns: list[list[float]] = [[], []]
    agent = load_pretrained("foraging-reversal")
    for number, found in enumerate(returns):
        for seed in range(3):
            agent.birth(seed)
            if number:
                agent.lesion(Lesion(freeze=True))
            observation, _ = env.reset(seed=seed)
            reward, start, total, is_over = 0.0, True, 0.0, False
            while not is_over:
                action = agent.act(observation, reward, start)
                observation, reward, terminated, truncated, _ = env.step(action)
                start, is_over = False, terminated or truncated
                total += float(reward)
            found.append(total)
    assert np.mean(returns[0]) > 250 > 200 > np.mean(returns[1])
