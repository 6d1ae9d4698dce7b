"""Lesions of models of stable-baselines3, untrained here, and of policies that are rules."""

from typing import Any

import numpy as np
import pytest
import torch
from hurt import damaged_by, injure_policy
from lndp_envs.randomness import fold
from sb3_contrib import RecurrentPPO
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecFrameStack

from lndp_agents.baselines import Job, train_baseline
from lndp_agents.baselines.ppo_frame_stack import FRAMES, FrameStackPolicy
from lndp_agents.baselines.vec_env import make_vec_env
from lndp_agents.interventions import Intervention, Lesion
from lndp_agents.interventions.trained import DamagedModels, network_of
from lndp_agents.rollout import Predicting, balanced_contexts, lifetime_keys, make_world, rollout
from lndp_agents.studies.evaluation import evaluate_policy_lives

PENDULUM, SHORT = "lndp/PendulumLife-v0", {"episode_steps": 8, "episodes": 2}
AT, LIVES = 5, 6
NAMES = ["ppo", "ppo-frame-stack", "recurrent-ppo"]


def model_of(name: str) -> Any:
    envs = make_vec_env(PENDULUM, SHORT, 2, 0)
    if name == "ppo-frame-stack":
        stacked = VecFrameStack(envs, FRAMES)
        return FrameStackPolicy(
            PPO("MultiInputPolicy", stacked, n_steps=8, batch_size=8, seed=0, device="cpu")
        )
    if name == "ppo":
        return PPO("MultiInputPolicy", envs, n_steps=8, batch_size=8, seed=0, device="cpu")
    sizes = {"lstm_hidden_size": 5}
    return RecurrentPPO(
        "MultiInputLstmPolicy", envs, n_steps=8, batch_size=8, seed=0, device="cpu", policy_kwargs=sizes
    )


def lived(policy: Any, lesion: Intervention | None = None) -> Any:
    return evaluate_policy_lives(policy, PENDULUM, SHORT, lives=LIVES, seed=1, lesion=lesion).rewards


def senses(rows: int = LIVES) -> dict[str, Any]:
    draw = np.random.default_rng(0)
    shapes = {"observation": (rows, 3), "reward": (rows, 1), "episode_start": (rows, 1)}
    return {name: draw.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_hurt_from_that_step_on_in_a_copy(name: str) -> None:
    model = model_of(name)
    network = network_of(model)
    assert network is not None
    weights = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    intact, hurt = lived(model), lived(model, Lesion(at=AT, zero=0.5))
    assert (hurt[:, :AT] == intact[:, :AT]).all()
    assert (hurt[:, AT + 1 :] != intact[:, AT + 1 :]).any(1).all()
    assert all(torch.equal(tensor, weights[key]) for key, tensor in network.state_dict().items())
    assert (lived(model, Lesion(at=AT, zero=0.0)) == intact).all()
    assert (lived(model, Lesion(at=AT, freeze=True)) == intact).all()


def test_lesions_of_a_model_add_up() -> None:
    """The second hits the damaged copy that a lifetime has, and the first stays."""
    model = model_of("ppo")
    world = make_world(PENDULUM, SHORT, 2, None)
    keys, contexts = lifetime_keys(1, num_lifetimes=LIVES), balanced_contexts(world.dynamics, LIVES)

    def actions(*lesions: Intervention) -> torch.Tensor:
        record = [("actions", lambda now: now.action.reshape(1, LIVES, -1))]
        done = rollout(Predicting(model), world, keys, contexts, interventions=lesions, record=record)
        return done.records["actions"]

    half, rest = Lesion(at=2, zero=0.5), Lesion(at=5, zero=1.0)
    one, both, all_at_once = actions(half), actions(half, rest), actions(rest)
    assert torch.equal(both[:, :, :5], one[:, :, :5])
    assert torch.equal(both[:, :, 5:], all_at_once[:, :, 5:])  # the biases alone
    assert (one[:, :, 5:] != both[:, :, 5:]).any()
    assert torch.equal(actions(half, Lesion(at=5, zero=0.0)), one)


@pytest.mark.parametrize("name", NAMES)
def test_a_share_of_the_weights_of_the_actor_is_lost(name: str) -> None:
    model = model_of(name)
    network = network_of(damaged_by(model, 3, zero=0.25))
    assert network is not None
    lost = total = 0
    for key, parameter in network.named_parameters():
        if parameter.dim() > 1 and "value_net" not in key and "critic" not in key:
            lost, total = lost + int((parameter == 0).sum()), total + parameter.numel()
        else:
            assert torch.equal(parameter, dict(network_of(model).named_parameters())[key])
    assert lost == round(0.25 * total)


@pytest.mark.parametrize("name", NAMES)
def test_without_any_weights_the_action_is_constant(name: str) -> None:
    model, keys = model_of(name), torch.arange(LIVES)
    _, memory = model.predict(senses(), None, np.ones(LIVES), True)
    hurt, memory = injure_policy(model, memory, keys, Lesion(zero=1.0))
    action, _ = hurt.predict(senses(), memory, np.zeros(LIVES), True)
    bias = network_of(model).action_net.bias.detach().numpy()
    np.testing.assert_allclose(action, np.clip(np.tile(bias, (LIVES, 1)), -2, 2), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_the_life_alone(name: str) -> None:
    model, keys = model_of(name), fold(torch.arange(LIVES), 4)
    hurt, memory = injure_policy(model, None, keys, Lesion(at=2, zero=0.5))
    assert isinstance(hurt, DamagedModels)
    assert hurt.action_space == model.action_space
    starts = np.ones(LIVES)
    actions: list[Any] = []
    for _ in range(3):
        action, memory = hurt.predict(senses(), memory, starts, True)
        starts = np.zeros(LIVES)
        actions.append(action)
    assert len(np.unique(actions[-1])) > 1
    for row in range(LIVES):
        alone, own = injure_policy(model, None, keys[row : row + 1], Lesion(at=2, zero=0.5))
        mine = {key: values[row : row + 1] for key, values in senses().items()}
        for step, expected in enumerate(actions):
            action, own = alone.predict(mine, own, np.full(1, step == 0), True)
            np.testing.assert_allclose(action, expected[row : row + 1], rtol=1e-4, atol=1e-5)


def test_all_senses_and_actuators_can_be_hurt() -> None:
    policy = train_baseline("win-stay-lose-shift", Job("lndp/Bandit-v0"))
    lives = {
        kind: evaluate_policy_lives(
            policy,
            "lndp/Bandit-v0",
            {"bad_probability": 0.0, "good_probability": 1.0, "hazard": 0.0},
            lives=4,
            lesion=lesion,
        ).rewards
        for kind, lesion in (
            ("intact", None),
            ("cut", Lesion(at=10, cut_reward=True)),
            ("frozen", Lesion(at=10, freeze=True)),
        )
    }
    # Whoever finds the good arm stays; without the reward it must change arms in every step.
    assert (lives["intact"][:, 2:] == lives["intact"][:, 2:3]).all()
    assert (lives["cut"][:, 12:-1:2] != lives["cut"][:, 13::2]).all()
    assert (lives["frozen"] == lives["intact"]).all()


@pytest.mark.parametrize(("name", "kind"), [("random", {"zero": 0.5}), ("random", {"nodes": 1})])
def test_rules_have_nothing_to_lose(name: str, kind: dict[str, Any]) -> None:
    policy = train_baseline(name, Job(PENDULUM, SHORT))
    lost = "weights" if "zero" in kind else "hidden nodes"
    with pytest.raises(
        ValueError, match=f"RandomPolicy has no {lost} that are known here: give another kind"
    ):
        lived(policy, Lesion(**kind))


HIDDEN = {"ppo": 128, "ppo-frame-stack": 128, "recurrent-ppo": 5 + 128}
"""Two layers of 64, and after which an LSTM of five."""


@pytest.mark.parametrize("name", NAMES)
def test_silent_nodes_lead_nowhere(name: str) -> None:
    model = model_of(name)
    intact, hurt = lived(model), lived(model, Lesion(at=AT, nodes=HIDDEN[name] // 2))
    assert (hurt[:, :AT] == intact[:, :AT]).all()
    assert (hurt[:, AT + 1 :] != intact[:, AT + 1 :]).any(1).all()
    network = network_of(damaged_by(model, 3, nodes=7))
    ways_out = [network.mlp_extractor.policy_net[2].weight, network.action_net.weight]
    if name == "recurrent-ppo":
        ways_out.append(network.mlp_extractor.policy_net[0].weight)
        is_silent = (network.lstm_actor.weight_hh_l0 == 0).all(0)
        assert torch.equal(is_silent, (ways_out[-1] == 0).all(0))
    assert sum(int((weight == 0).all(0).sum()) for weight in ways_out) == 7


@pytest.mark.parametrize("name", NAMES)
def test_without_any_hidden_node_the_action_is_constant(name: str) -> None:
    model = model_of(name)
    _, memory = model.predict(senses(), None, np.ones(LIVES), True)
    hurt, memory = injure_policy(model, memory, torch.arange(LIVES), Lesion(nodes=HIDDEN[name]))
    action, _ = hurt.predict(senses(), memory, np.zeros(LIVES), True)
    bias = network_of(model).action_net.bias.detach().numpy()
    np.testing.assert_allclose(action, np.clip(np.tile(bias, (LIVES, 1)), -2, 2), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_nobody_loses_more_nodes_than_there_are(name: str) -> None:
    number = HIDDEN[name] + 1
    with pytest.raises(ValueError, match=f"nodes={number}: this policy has {number - 1} hidden nodes"):
        lived(model_of(name), Lesion(nodes=number))


def test_a_model_of_inputs_and_outputs_has_no_hidden_nodes() -> None:
    envs = make_vec_env(PENDULUM, SHORT, 2, 0)
    model = PPO("MultiInputPolicy", envs, n_steps=8, batch_size=8, policy_kwargs={"net_arch": []})
    with pytest.raises(ValueError, match="PPO has no hidden nodes that are known here"):
        lived(model, Lesion(nodes=1))


def test_no_global_generator_is_touched() -> None:
    model = model_of("ppo")
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    lived(model, Lesion(at=AT, zero=0.5))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002
