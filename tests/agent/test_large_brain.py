"""Agents with candidates: the same interface over another form of life."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from lndp_envs import SenseReward
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor

from lndp_agents import LNDPAgent
from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.lndp import SparseLifeState, SparseLNDP, make_lndp
from lndp_agents.rollout import Evolved, balanced_contexts, lifetime_keys, make_world, rollout
from lndp_agents.spaces import config_for
from lndp_agents.watching.life import frames_of_life

CANDIDATES = 6


@pytest.fixture
def agent(foraging: gymnasium.Env[Any, Any], make_agent: Any) -> LNDPAgent:
    """One that stochastically rewires, so that the number of edges keeps changing."""
    return make_agent(foraging, nodes=24, candidates=CANDIDATES, stochastic=True)


def sensed(num_rows: int, seed: int) -> dict[str, np.ndarray[Any, Any]]:
    generator = np.random.default_rng(seed)
    return {
        "observation": generator.integers(0, 5, (num_rows, 1)).astype(np.float32),
        "reward": generator.integers(0, 2, (num_rows, 1)).astype(np.float32),
        "episode_start": np.zeros((num_rows, 1), np.float32),
    }


def act(agent: LNDPAgent, steps: int) -> list[int]:
    return [agent.act([step % 5], step % 2) for step in range(steps)]


def equal(one: Any, other: Any) -> bool:
    return all(torch.equal(left, right) for left, right in zip(one, other, strict=True))


def test_a_life_is_born_acts_and_can_be_forked(agent: LNDPAgent) -> None:
    assert isinstance(agent.program, SparseLNDP)
    newborn = agent.birth(3)
    assert isinstance(newborn, SparseLifeState)
    act(agent, 5)
    kept = agent.state
    after = act(agent, 20)
    end = agent.state
    agent.state = kept
    assert act(agent, 20) == after
    assert equal(agent.state, end)
    assert not equal(agent.birth(4).lives(slice(0, 1)).node_state, newborn.node_state)


def test_it_is_saved_and_loaded(agent: LNDPAgent, tmp_path: Path) -> None:
    agent.save_pretrained(tmp_path)
    again = LNDPAgent.from_pretrained(tmp_path)
    assert again.config == agent.config
    assert again.config.candidates == CANDIDATES
    for one in (agent, again):
        one.birth(1)
    assert act(agent, 10) == act(again, 10)
    assert equal(agent.state, again.state)


def test_predict_leads_the_lives_that_act_leads(agent: LNDPAgent) -> None:
    state: Any = None
    actions = []
    for step in range(12):
        action, state = agent.predict(sensed(3, step), state)
        actions.append(action)
    slots = {array.shape[1] for array in state[:3]}
    assert len(slots) == 1
    keys = agent.predict(sensed(3, 0))[1][SparseLifeState._fields.index("key")]
    parameters = {name: tensor[None] for name, tensor in agent.parameters.items()}
    for row in range(3):
        agent.state = agent.program.develop(parameters, agent.program.birth(torch.tensor([[keys[row]]])))
        for step in range(12):
            senses = sensed(3, step)
            alone = agent.act(senses["observation"][row], senses["reward"][row].item(), step == 0)
            assert alone == actions[step][row]
        mine = agent.state.to_dense()
        batch = SparseLifeState(*(torch.tensor(array[row])[None, None] for array in state)).to_dense()
        assert torch.equal(mine.adjacency, batch.adjacency)
        assert torch.equal(mine.edge_state, batch.edge_state)


def test_a_restarted_row_begins_anew_and_the_others_go_on(agent: LNDPAgent) -> None:
    state: Any = None
    for step in range(6):
        _, state = agent.predict(sensed(3, step), state)
    _, went_on = agent.predict(sensed(3, 9), state)
    _, restarted = agent.predict(sensed(3, 9), state, np.array([False, True, False]))
    age, present = (SparseLifeState._fields.index(name) for name in ("age", "present"))
    assert restarted[age].tolist() == [7, 1, 7]
    for row in (0, 2):
        assert restarted[present][row].sum() == went_on[present][row].sum()


def test_stable_baselines3_evaluates_it(agent: LNDPAgent) -> None:
    env = Monitor(SenseReward(gymnasium.make("lndp/Foraging-v0")))
    rewards, lengths = evaluate_policy(agent, env, n_eval_episodes=2, return_episode_rewards=True)
    assert len(rewards) == len(lengths) == 2


def test_the_graph_holds_the_edges_that_exist(agent: LNDPAgent) -> None:
    agent.birth(1)
    act(agent, 4)
    data, dense = agent.graph(), agent.state.to_dense()
    assert torch.equal(data.edge_index, dense.adjacency[0, 0].nonzero().T)
    source, target = data.edge_index
    assert torch.equal(data.edge_attr, dense.edge_state[0, 0][:, source, target].T)
    assert data.num_edges == int(agent.state.num_edges)
    graph = agent.graph("networkx")
    assert set(graph.edges) == set(map(tuple, data.edge_index.T.tolist()))


def test_its_life_can_be_watched(agent: LNDPAgent) -> None:
    env = gymnasium.make("lndp/Foraging-v0", render_mode="rgb_array")
    frames = list(frames_of_life(agent, env, 0, max_steps=2, width=320))
    assert [frame.shape for frame in frames] == [(200, 320, 3)] * 3
    env.close()


def test_states_of_other_lives_are_refused(agent: LNDPAgent) -> None:
    agent.birth(1)
    state = agent.state
    with pytest.raises(
        ValueError, match=r"^state of the form LifeState: give a SparseLifeState for this agent"
    ):
        agent.state = state.to_dense()
    with pytest.raises(ValueError, match=r"^state with present of shape \(1, 1, 1\): give \(1, 1, \d+\) for"):
        agent.state = state._replace(present=state.present[..., :1])
    _, arrays = agent.predict(sensed(2, 0))
    pair = arrays[0]
    for foreign in (pair[:, ::-1], pair - 24**2, pair + 1, pair[:, :0]):
        changed = (foreign.copy(), *(array[:, : foreign.shape[1]] for array in arrays[1:3]), *arrays[3:])
        with pytest.raises(ValueError, match=r"^state whose fields contradict each other: give back what"):
            agent.predict(sensed(2, 0), changed)
    with pytest.raises(ValueError, match=r"^state of 7 arrays: give back the 8 that predict returned"):
        agent.predict(sensed(2, 0), arrays[1:])


def test_populations_live_in_the_evolution_loop_as_with_the_dense_program() -> None:
    world = make_world("lndp/Foraging-v0", {})
    spaces = world.dynamics.observation_space, world.dynamics.action_space
    config = config_for(*spaces, world.encoding, nodes=20, initial_density=0.3)
    genomes = 0.3 * torch.randn(3, genome_size(config), generator=torch.Generator().manual_seed(0))
    parameters = genome_to_parameters(config, genomes)
    keys, tasks = lifetime_keys(0, 1, num_lifetimes=2), balanced_contexts(world.dynamics, 2)
    dense, every_pair, some = (
        rollout(Evolved(make_lndp(replace(config, candidates=number)), parameters), world, keys, tasks)
        for number in (0, 20, 4)
    )
    assert torch.equal(every_pair.returns, dense.returns)
    torch.testing.assert_close(every_pair.density, dense.density)
    assert some.returns.shape == dense.returns.shape
    assert ((some.density >= 0) & (some.density <= 1)).all()
    assert not torch.equal(some.density, dense.density)
