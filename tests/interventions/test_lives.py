"""Lives with a lesion: the same until then, and after it exactly as hurt as they should be."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import Space
from hurt import injure
from lndp_envs.randomness import fold

from lndp_agents import Agent, LNDPAgent
from lndp_agents.baselines import Job, train_baseline
from lndp_agents.interventions import Intervention, Lesion
from lndp_agents.lndp import make_lndp
from lndp_agents.policies.hebbian import Hebbian
from lndp_agents.rollout import lifetime_keys
from lndp_agents.rollout.streams import EVALUATION, INIT
from lndp_agents.spaces import ActionDecoding
from lndp_agents.studies import evaluation
from lndp_agents.studies.evaluation import PolicyLives, evaluate_policy_lives

REVERSAL, PENDULUM = "lndp/ForagingReversal-v0", "lndp/PendulumLife-v0"
AT, LIVES, STEPS = 6, 5, 12
KINDS: list[dict[str, Any]] = [
    {"zero": 0.4},
    {"freeze": True},
    {"saturate": 4},
    {"cut_reward": True},
    {"nodes": 2},
]


class Recorder:
    """A policy that keeps the actions that the world gets to see, and what the policy sensed."""

    def __init__(self, policy: Any) -> None:
        self.policy = policy
        self.sensed: list[np.ndarray] = []
        self.memories: list[Any] = []

    @property
    def action_space(self) -> Space[Any]:
        return self.policy.action_space

    def births(self, keys: Any) -> Any:
        return self.policy.births(keys)

    def predict(self, observation: Any, *others: Any) -> tuple[Any, Any]:
        self.sensed.append(observation["reward"][:, 0].copy())
        answer = self.policy.predict(observation, *others)
        self.memories.append(answer[1])
        return answer


def lived(policy: Any, lesion: Intervention | None = None, environment: str = REVERSAL) -> PolicyLives:
    return evaluate_policy_lives(policy, environment, lives=LIVES, seed=2, lesion=lesion)


@pytest.fixture(autouse=True)
def actions(monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """All actions that reach the worlds of `evaluate_policy_lives`, whose lives are made short."""
    done: list[torch.Tensor] = []
    make = evaluation.make_world

    def short(*arguments: Any) -> Any:
        world = make(*arguments)
        step = world.dynamics.step

        def note(state: Any, action: torch.Tensor) -> Any:
            done.append(action.clone())
            return step(state, action)

        object.__setattr__(world.dynamics, "step", note)
        return replace(world, num_steps=STEPS)

    monkeypatch.setattr(evaluation, "make_world", short)
    return done


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_differs_before_the_lesion(
    agent: Agent[Any], kind: dict[str, Any], actions: list[torch.Tensor]
) -> None:
    if agent.config.policy == "linear" and "nodes" in kind:
        pytest.skip("it has no hidden nodes")
    genome = agent.genome
    intact = lived(agent)
    whole = torch.stack(actions)
    actions.clear()
    hurt = lived(agent, Lesion(at=AT, **kind))
    torch.testing.assert_close(torch.stack(actions)[:AT], whole[:AT], rtol=0, atol=0)
    assert (hurt.rewards[:, :AT] == intact.rewards[:, :AT]).all()
    assert torch.equal(agent.genome, genome)
    assert (lived(agent).rewards == intact.rewards).all()  # the agent itself is not hurt


def test_to_zero_nothing_changes_nothing(agent: Agent[Any]) -> None:
    assert (lived(agent, Lesion(at=AT, zero=0.0)).rewards == lived(agent).rewards).all()


@pytest.mark.parametrize("environment", [REVERSAL, PENDULUM])
@pytest.mark.parametrize("name", ["linear", "mlp"])
def test_without_any_weights_only_biases_act(
    make_agent: Any, name: str, environment: str, actions: list[torch.Tensor]
) -> None:
    agent = make_agent(name, environment)
    lived(agent, Lesion(at=AT, zero=1.0), environment)
    bias = agent.parameters["2.bias" if name == "mlp" else "0.bias"]
    constant = ActionDecoding.of(agent.action_space).decode(bias[None])
    for action in actions[AT:]:
        torch.testing.assert_close(action.float(), constant.expand_as(action).float())


def test_without_any_weights_a_frozen_brain_is_silent(make_agent: Any, actions: list[torch.Tensor]) -> None:
    lived(make_agent("ndp", PENDULUM, pruning=False), Lesion(at=AT, zero=1.0), PENDULUM)
    assert not torch.stack(actions[AT:]).any()
    assert torch.stack(actions[:AT]).any()


@pytest.mark.parametrize(("environment", "bound"), [(REVERSAL, 2), (PENDULUM, 2.0)])
def test_saturated_actuators_do_just_that(
    environment: str, bound: float, actions: list[torch.Tensor]
) -> None:
    policy = train_baseline("random", Job(environment))
    lived(policy, Lesion(at=AT, saturate=4), environment)
    is_bound = [bool((action == bound).all()) for action in actions]
    assert all(is_bound[AT : AT + 4])
    assert not is_bound[AT - 1]
    assert not all(is_bound[AT + 4 :])


def test_inside_a_policy_does_not_know_that_its_actuators_are_saturated(make_agent: Any) -> None:
    keys, agent = lifetime_keys(2, EVALUATION, num_lifetimes=LIVES), make_agent("hebbian")
    recorder, memories = (own := Recorder(agent)), own.memories
    lived(recorder, Lesion(at=0, saturate=1))
    first = agent.births(fold(keys, INIT).numpy())
    lived(recorder)
    np.testing.assert_array_equal(memories[0][0], memories[STEPS][0])
    assert not np.array_equal(memories[1][0], memories[STEPS + 1][0])  # but it sees what came of them
    assert not np.array_equal(memories[0][0], first[0])


def test_a_cut_reward_is_not_sensed_from_then_on(make_agent: Any) -> None:
    recorder = Recorder(make_agent("gru"))
    rewards = lived(recorder, Lesion(at=AT, cut_reward=True)).rewards
    sensed = np.array(recorder.sensed)
    assert not sensed[AT:].any()
    assert (sensed[1:AT] == rewards[:, : AT - 1].T).all()
    assert rewards[:, AT:].any()


@pytest.mark.parametrize("at", [0, 1])
def test_an_agent_whose_reward_is_cut_from_birth_is_one_without_the_input(
    make_agent: Any, at: int, actions: list[torch.Tensor]
) -> None:
    agent, deaf = (
        make_agent("lndp", PENDULUM, pruning=False, reward_input=sensed) for sensed in (True, False)
    )
    lived(agent, Lesion(at=at, cut_reward=True), PENDULUM)  # no reward comes before the first step anyway
    lived(deaf, None, PENDULUM)
    lived(agent, None, PENDULUM)
    cut, without, intact = torch.stack(actions).split(STEPS)
    assert torch.equal(cut, without)
    assert not torch.equal(cut, intact)


@pytest.mark.parametrize("name", ["lndp", "sparse"])
@pytest.mark.parametrize(
    "switches", [{}, {"development_steps": 3, "stochastic": True}, {"recurrent": True, "bias": True}]
)
def test_a_brain_frozen_at_birth_is_one_without_lifetime_updates(
    make_agent: Any, name: str, switches: dict[str, Any], actions: list[torch.Tensor]
) -> None:
    agent, frozen = (
        make_agent(name, PENDULUM, pruning=False, **switches, lifetime_updates=updates)
        for updates in (True, False)
    )
    lived(agent, Lesion(freeze=True), PENDULUM)
    lived(frozen, None, PENDULUM)
    lived(agent, None, PENDULUM)
    hurt, without, intact = torch.stack(actions).split(STEPS)
    assert torch.equal(hurt, without)
    assert not torch.equal(hurt, intact)


@pytest.mark.parametrize("name", ["ndp", "linear", "mlp", "gru"])
def test_what_has_no_plasticity_cannot_lose_it(make_agent: Any, name: str) -> None:
    agent = make_agent(name)
    assert (lived(agent, Lesion(at=AT, freeze=True)).rewards == lived(agent).rewards).all()


def lives_of(agent: Agent[Any], steps: int = 0) -> tuple[Any, Any, Any]:
    """Program, parameters and lives (1, LIVES, ...) after so many steps."""
    parameters = {name: tensor[None] for name, tensor in agent.parameters.items()}
    keys = fold(lifetime_keys(2, EVALUATION, num_lifetimes=LIVES), INIT)
    state = agent.program.develop(parameters, agent.program.birth(keys[None]))
    return agent.program, parameters, walk(agent.program, parameters, state, steps)[-1][0]


def walk(program: Any, parameters: Any, state: Any, steps: int, seed: int = 0) -> list[tuple[Any, Any]]:
    """State and output after each of some steps; first the state before them."""
    draw = torch.Generator().manual_seed(seed)
    rows = state.key.shape
    answers: list[tuple[Any, Any]] = [(state, None)]
    for step in range(steps):
        observation = torch.randn(*rows, program.config.observation_size, generator=draw)
        reward = torch.randn(rows, generator=draw)
        start = torch.full(rows, step == 0)
        state, output = program.step(parameters, state, observation, reward, start)
        answers.append((state, output))
    return answers


def test_frozen_hebbian_weights_are_constant(make_agent: Any) -> None:
    program, parameters, state = lives_of(make_agent("hebbian"), 4)
    assert isinstance(program, Hebbian)
    frozen, state = injure(program, parameters, state, Lesion(freeze=True))
    for after, _ in walk(frozen, parameters, state, 5):
        for weights, before in zip(program.weights(after.memory), program.weights(state.memory), strict=True):
            assert torch.equal(weights, before)
    changed = walk(program, parameters, state, 1)[-1][0]
    assert not torch.equal(program.weights(changed.memory)[0], program.weights(state.memory)[0])


@pytest.mark.parametrize("name", ["lndp", "sparse"])
@pytest.mark.parametrize("pruning", [True, False])
def test_a_frozen_brain_keeps_its_edges(make_agent: Any, name: str, pruning: bool) -> None:
    program, parameters, state = lives_of(make_agent(name, pruning=pruning), 1)
    assert state.num_edges.all()
    frozen, kept = injure(program, parameters, state, Lesion(freeze=True))
    assert torch.equal(kept.weights, state.weights * state.adjacency)  # pruned ones transmit no more
    for after, _ in walk(frozen, parameters, kept, 4):
        assert torch.equal(after.adjacency, kept.adjacency)
        assert torch.equal(after.weights, kept.weights)
        assert torch.equal(after.node_state, kept.node_state)


def test_a_brain_frozen_between_episodes_does_not_develop(make_agent: Any) -> None:
    agent = make_agent("lndp", development_steps=2, development_between_episodes=True, pruning=False)
    program, parameters, state = lives_of(agent, 3)
    assert state.num_edges.all()
    frozen, kept = injure(program, parameters, state, Lesion(freeze=True))
    after = walk(frozen, parameters, kept, 1)[-1][0]
    assert torch.equal(after.weights, kept.weights)
    assert torch.equal(after.age, kept.age + 1)  # the intact one develops for two steps more
    assert torch.equal(walk(program, parameters, state, 1)[-1][0].age, kept.age + 3)


@pytest.mark.parametrize("kind", [{"zero": 0.5}, {"nodes": 2}])
def test_what_is_hit_depends_on_the_step_of_the_lesion(make_agent: Any, kind: dict[str, Any]) -> None:
    program, parameters, state = lives_of(make_agent("lndp", pruning=False), 1)
    first, again, other = (
        injure(program, parameters, state, Lesion(at=at, **kind))[1].edge_state for at in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", ["lndp", "sparse", "ndp"])
def test_a_share_of_the_edges_loses_its_state(make_agent: Any, name: str) -> None:
    program, parameters, state = lives_of(make_agent(name), 2)
    _, hurt = injure(program, parameters, state, Lesion(zero=0.5))
    assert torch.equal(hurt.adjacency, state.adjacency)
    before, after = (((lives.weights != 0) & (lives.adjacency > 0)).sum((-2, -1)) for lives in (state, hurt))
    assert (before - after).tolist() == [[round(0.5 * edges) for edges in before[0].tolist()]]
    _, empty = injure(program, parameters, state, Lesion(zero=1.0))
    assert not (empty.weights * empty.adjacency).any()


def test_a_share_of_the_hebbian_weights_is_lost_and_grows_again(make_agent: Any) -> None:
    program, parameters, state = lives_of(make_agent("hebbian"), 2)
    hurt_program, hurt = injure(program, parameters, state, Lesion(zero=1 / 3))
    synapses = program.config.num_synapses
    assert (hurt.memory[0, :, :synapses] == 0).sum(-1).tolist() == [round(synapses / 3)] * LIVES
    assert torch.equal(hurt.memory[..., synapses:], state.memory[..., synapses:])
    grown = walk(hurt_program, parameters, hurt, 1)[-1][0]
    assert (grown.memory[..., :synapses] != 0).all()


@pytest.mark.parametrize("name", ["mlp", "gru", "linear"])
def test_damaged_networks_stay_damaged_each_in_its_own_place(make_agent: Any, name: str) -> None:
    program, parameters, state = lives_of(make_agent(name), 2)
    intact = {key: tensor.clone() for key, tensor in parameters.items()}
    hurt, after = injure(program, parameters, state, Lesion(zero=0.5))
    assert all(torch.equal(parameters[key], intact[key]) for key in intact)
    assert torch.equal(after.memory, state.memory)
    lost = torch.cat([(own == 0).flatten(1) for own in hurt.parameters.values() if own.dim() > 2], 1)
    assert lost.sum(1).tolist() == [round(0.5 * lost.shape[1])] * LIVES
    assert len({tuple(row) for row in lost.tolist()}) > 1
    assert all((own != 0).all() for own in hurt.parameters.values() if own.dim() == 2)  # biases


@pytest.mark.parametrize("name", ["lndp", "sparse", "ndp"])
@pytest.mark.parametrize("switches", [{}, {"recurrent": True, "bias": True}])
def test_lesioned_nodes_are_silent_and_alone_ever_after(
    make_agent: Any, name: str, switches: dict[str, Any]
) -> None:
    program, parameters, state = lives_of(make_agent(name, pruning=False, **switches), 2)
    hurt, after = injure(program, parameters, state, Lesion(nodes=2))
    dead = hurt.dead[0]
    assert dead.sum(1).tolist() == [2] * LIVES
    inputs, outputs = program.config.observation_size, program.config.action_size
    assert not dead[:, :inputs].any()
    assert not dead[:, -outputs:].any()
    for lives, _ in walk(hurt, parameters, after, 6):
        for row, nodes in enumerate(dead):
            assert not lives.adjacency[0, row, nodes].any()
            assert not lives.adjacency[0, row, :, nodes].any()
            assert not lives.weights[0, row, nodes].any()
            assert not lives.trace[0, row, nodes].any()
            assert not lives.activation[0, row, nodes].any()
            assert lives.adjacency[0, row, ~nodes].any()


def test_a_brain_without_hidden_nodes_has_silent_outputs(make_agent: Any) -> None:
    program, parameters, state = lives_of(make_agent("lndp", pruning=False), 2)
    assert walk(program, parameters, state, 1)[-1][1].any()
    hurt, after = injure(program, parameters, state, Lesion(nodes=program.config.hidden_nodes))
    for _, output in walk(hurt, parameters, after, 4)[1:]:
        assert not output.any()


def test_hebbian_units_stay_silent(make_agent: Any) -> None:
    program, parameters, state = lives_of(make_agent("hebbian"), 2)
    hurt, after = injure(program, parameters, state, Lesion(nodes=3))
    first = torch.cat(program.activities(after.memory)[1:-1], -1) == 0
    assert first.sum(-1).tolist() == [[3] * LIVES]
    for lives, output in walk(hurt, parameters, after, 6)[1:]:
        hidden = torch.cat(program.activities(lives.memory)[1:-1], -1)
        assert torch.equal(hidden == 0, first)
        assert output.any()
    _, constant = walk(*_all_lost(make_agent("hebbian")), 3)[-1]
    assert not constant.any()


def test_gated_units_stay_silent(make_agent: Any) -> None:
    program, parameters, state = lives_of(make_agent("gru"), 2)
    hurt, after = injure(program, parameters, state, Lesion(nodes=2))
    first = after.memory == 0
    assert first.sum(-1).tolist() == [[2] * LIVES]
    for lives, output in walk(hurt, parameters, after, 6)[1:]:
        assert torch.equal(lives.memory == 0, first)
        assert output.any()


@pytest.mark.parametrize("name", ["mlp", "gru"])
def test_without_any_hidden_unit_only_biases_act(make_agent: Any, name: str) -> None:
    agent = make_agent(name)
    bias = agent.parameters["out.bias" if name == "gru" else "2.bias"]
    for state, output in walk(*_all_lost(agent), 4)[1:]:
        torch.testing.assert_close(output, bias.expand_as(output))
        assert not state.memory.any()


def _all_lost(agent: Agent[Any]) -> tuple[Any, Any, Any]:
    program, parameters, state = lives_of(agent, 2)
    hidden = {"mlp": 9, "gru": 4, "hebbian": 9}[agent.config.policy]
    hurt, after = injure(program, parameters, state, Lesion(nodes=hidden))
    return hurt, parameters, after


@pytest.mark.parametrize("kind", KINDS)
def test_a_life_in_a_batch_is_the_life_alone(agent: Agent[Any], kind: dict[str, Any]) -> None:
    if agent.config.policy == "linear" and "nodes" in kind:
        pytest.skip("it has no hidden nodes")
    program, parameters, state = lives_of(agent, 2)
    batch = injure(program, parameters, state, Lesion(at=2, **kind))
    outputs = [output for _, output in walk(batch[0], parameters, batch[1], 3)[1:]]
    observations = torch.Generator().manual_seed(0)
    for row in range(LIVES):
        one = type(state)(*(tensor[:, row : row + 1] for tensor in state))
        own, alone = injure(program, parameters, one, Lesion(at=2, **kind))
        observations.manual_seed(0)
        for step in range(3):
            x = torch.randn(1, LIVES, program.config.observation_size, generator=observations)
            reward = torch.randn(1, LIVES, generator=observations)
            mine = slice(row, row + 1)
            alone, output = own.step(
                parameters, alone, x[:, mine], reward[:, mine], torch.tensor([[step == 0]])
            )
            torch.testing.assert_close(output, outputs[step][:, mine], rtol=1e-4, atol=1e-5)


def test_lesions_add_up(make_agent: Any) -> None:
    for name in ("lndp", "hebbian"):
        program, parameters, state = lives_of(make_agent(name), 2)
        for lesion in (Lesion(nodes=2), Lesion(zero=1.0), Lesion(freeze=True)):
            program, state = injure(program, parameters, state, lesion)
        for lives, output in walk(program, parameters, state, 3)[1:]:
            assert not output.any(), name
            assert torch.equal(lives[0], state[0]) or name == "hebbian"


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("linear", {"nodes": 1}, "a linear policy has no hidden nodes; zero weights instead"),
        ("gru", {"nodes": 5}, "nodes=5: this policy has 4 hidden nodes; give 1 to 4"),
        ("lndp", {"nodes": 99}, "this policy has 8 hidden nodes"),
    ],
)
def test_lesions_that_do_not_fit_are_refused(
    make_agent: Any, name: str, kind: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        lived(make_agent(name), Lesion(**kind))


def test_nodes_that_development_would_bring_back_are_refused(make_agent: Any) -> None:
    agent = make_agent("lndp", development_steps=1, development_between_episodes=True)
    with pytest.raises(ValueError, match="development between episodes would bring them back"):
        lived(agent, Lesion(nodes=1))


def test_a_lesion_after_the_life_is_refused(make_agent: Any) -> None:
    with pytest.raises(ValueError, match="at=12: a life has 12 steps; give 0 to 11"):
        lived(make_agent("linear"), Lesion(at=STEPS, freeze=True))


def test_the_native_kernel_and_the_reference_freeze_alike(lndp_agent: LNDPAgent) -> None:
    program, parameters, state = lives_of(lndp_agent, 2)
    native = make_lndp(lndp_agent.config, "auto")
    both = [injure(one, parameters, state, Lesion(freeze=True)) for one in (program, native)]
    ends = [walk(one, parameters, lives, 4)[-1][1] for one, lives in both]
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-4, atol=1e-5)
