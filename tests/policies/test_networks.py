"""Linear policies, perceptrons and gated networks against torch's modules, and what all rivals promise."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_policies import RIVALS, SMALL, parameters_of, small_config, steps_of
from torch import Tensor, nn

from lndp_agents.genome import genome_size
from lndp_agents.policies import (
    POLICIES,
    GRUConfig,
    LinearConfig,
    MLPConfig,
    NDPConfig,
    find_policy,
    make_policy,
    parameter_shapes,
)

NUM_STEPS = 6


def live(config: Any, parameters: dict[str, Tensor], shape: tuple[int, int], **options: Any) -> list[Tensor]:
    """The outputs of each step of some lives."""
    program = make_policy(config)
    key = torch.arange(shape[1])[None].expand(shape)
    state, outputs = program.develop(parameters, program.birth(key)), []
    for step in steps_of(config, shape, NUM_STEPS):
        state, output = program.step(parameters, state, *step, **options)
        outputs.append(output)
    return outputs


def sensed(config: Any, shape: tuple[int, int]) -> list[Tensor]:
    """The inputs that networks with reward are to receive, put together here once more."""
    return [
        torch.cat([x, torch.where(start, 0, reward)[..., None] * config.reward_scale, start[..., None]], -1)
        for x, reward, start in steps_of(config, shape, NUM_STEPS)
    ]


@pytest.mark.parametrize(
    "config",
    [
        LinearConfig(observation_size=3, action_size=2),
        MLPConfig(observation_size=3, action_size=2, hidden_sizes=(5,)),
        MLPConfig(observation_size=3, action_size=2, hidden_sizes=(5, 4), reward_scale=0.1),
    ],
)
def test_feed_forward_is_a_sequential(config: LinearConfig) -> None:
    parameters = parameters_of(config)
    layers: list[nn.Module] = []
    sizes = [5, *getattr(config, "hidden_sizes", ()), 2]
    for number in range(len(sizes) - 1):
        layers += [nn.Tanh()] * bool(number) + [nn.Linear(sizes[number], sizes[number + 1])]
        layers[-1].load_state_dict({name: parameters[f"{number}.{name}"][0] for name in ("weight", "bias")})
    network = nn.Sequential(*layers)
    for x, output in zip(sensed(config, (1, 7)), live(config, parameters, (1, 7)), strict=True):
        torch.testing.assert_close(output, network(x).detach())


def test_gru_is_torchs_cell() -> None:
    config = GRUConfig(observation_size=3, action_size=2, hidden_size=4)
    parameters = parameters_of(config)
    cell, out = nn.GRUCell(5, 4), nn.Linear(4, 2)
    with torch.no_grad():
        for name, own in (("weight_ih", "weight_ih"), ("weight_hh", "weight_hh"), ("bias_ih", "bias")):
            getattr(cell, name).copy_(parameters[own][0])
        cell.bias_hh.zero_()[8:] = parameters["candidate_bias"][0]
        out.weight.copy_(parameters["out.weight"][0])
        out.bias.copy_(parameters["out.bias"][0])
        hidden = torch.zeros(7, 4)
        for x, output in zip(sensed(config, (1, 7)), live(config, parameters, (1, 7)), strict=True):
            hidden = cell(x[0], hidden)  # over all episodes: memory ends with the life
            torch.testing.assert_close(output[0], out(hidden))


@pytest.mark.parametrize("name", SMALL)
def test_lives_in_a_batch_are_the_lives_one_by_one(name: str) -> None:
    config = small_config(name)
    parameters = parameters_of(config, 3)
    parameters = {key: 0.3 * tensor for key, tensor in parameters.items()}
    together = live(config, parameters, (3, 4), donate=True)
    program = make_policy(config)
    for genome in range(3):
        own = {key: tensor[genome : genome + 1] for key, tensor in parameters.items()}
        for life in range(4):
            state = program.develop(own, program.birth(torch.tensor([[life]])))
            for step, output in zip(steps_of(config, (3, 4), NUM_STEPS), together, strict=True):
                mine = [part[genome : genome + 1, life : life + 1] for part in step]
                state, alone = program.step(own, state, *mine)
                torch.testing.assert_close(alone[0, 0], output[genome, life], rtol=1e-4, atol=1e-5)


def test_lives_that_have_ended_stay_as_they_are(rival: str) -> None:
    config = small_config(rival)
    program, parameters = make_policy(config), parameters_of(config, 2)
    first, second = steps_of(config, (2, 3), 2)
    newborn = program.develop(parameters, program.birth(torch.arange(3)[None].expand(2, 3)))
    state, _ = program.step(parameters, newborn, *first)
    alive = torch.tensor([[True, False, True], [False, False, True]])
    after, _ = program.step(parameters, state, *second, alive=alive)
    everyone, _ = program.step(parameters, state, *second)
    for old, new, free in zip(state, after, everyone, strict=True):
        torch.testing.assert_close(new[~alive], old[~alive], rtol=0, atol=0)
        torch.testing.assert_close(new[alive], free[alive], rtol=0, atol=0)
    assert not torch.equal(everyone.age, after.age)


def test_a_state_is_a_value_unless_it_is_donated(rival: str) -> None:
    config = small_config(rival)
    program, parameters = make_policy(config), parameters_of(config, 2)
    state = program.develop(parameters, program.birth(torch.arange(3)[None].expand(2, 3)))
    for step in steps_of(config, (2, 3), 3):
        before = [tensor.clone() for tensor in state]
        after, output = program.step(parameters, state, *step)
        assert all(torch.equal(old, new) for old, new in zip(before, state, strict=True))
        again, same = program.step(parameters, state, *step, donate=True)
        assert all(torch.equal(one, two) for one, two in zip(after, again, strict=True))
        assert torch.equal(output, same)
        state = after


@pytest.mark.parametrize("senses", [True, False])
def test_reward_and_start_are_inputs_where_they_are_asked_for(rival: str, senses: bool) -> None:
    config = small_config(rival, reward_input=senses)
    program, parameters = make_policy(config), parameters_of(config)
    x, none = torch.ones(1, 5, 3), torch.zeros(1, 5, dtype=torch.bool)
    reward = torch.arange(5.0)[None]
    state = program.develop(parameters, program.birth(torch.zeros(1, 5, dtype=torch.int64)))

    def act(reward: Tensor, start: Tensor) -> Tensor:
        return program.step(parameters, state, x, reward, start)[1]

    quiet = act(0 * reward, none)
    assert torch.equal(act(reward, none)[0, 1:], quiet[0, 1:]) is not senses
    assert torch.equal(act(0 * reward, ~none), quiet) is not senses
    assert torch.equal(act(reward, ~none), act(0 * reward, ~none))  # no reward across a start


def test_outputs_are_never_nan(rival: str) -> None:
    config = small_config(rival)
    program = make_policy(config)
    parameters = {name: 1e30 * tensor for name, tensor in parameters_of(config).items()}
    state = program.develop(parameters, program.birth(torch.arange(4)[None]))
    for x, reward, start in steps_of(config, (1, 4), 4):
        x[0, 0] = torch.nan
        state, output = program.step(parameters, state, 1e6 * x, 1e30 * reward, start)
        assert output.isfinite().all()


@pytest.mark.parametrize("name", SMALL)
def test_json_keeps_a_configuration(name: str) -> None:
    import json

    config = small_config(name, discrete_actions=False)
    assert type(config).from_json(json.dumps(config.to_json())) == config
    assert find_policy(name) is type(config) is POLICIES[config.policy]
    assert genome_size(config) == sum(tensor.numel() for tensor in parameters_of(config).values())


@pytest.mark.parametrize(
    ("name", "switches", "message"),
    [
        ("linear", {"hidden_sizes": [4]}, "unknown configuration field 'hidden_sizes'"),
        ("linear", {"observation_size": 0}, "observation_size=0: give an integer from 1"),
        ("linear", {"reward_input": 1}, "reward_input=1: give true or false"),
        ("linear", {"reward_scale": -1.0}, "reward_scale=-1.0: give a number from 0"),
        ("mlp", {"hidden_sizes": []}, r"hidden_sizes=\[\]: give a list of 1 to 2 integers from 1 to 4096"),
        ("mlp", {"hidden_sizes": [4, 4, 4]}, "give a list of 1 to 2 integers from 1 to 4096"),
        ("mlp", {"hidden_sizes": [0]}, r"hidden_sizes=\[0\]"),
        ("mlp", {"hidden_sizes": 4}, "hidden_sizes=4: give a list"),
        ("gru", {"hidden_size": 1.5}, "hidden_size=1.5: give an integer"),
        ("hebbian", {"rule": "ABCDE"}, "rule='ABCDE': give one of A, AD, AD_lr, ABC, ABC_lr, ABCD, ABCD_lr"),
        ("hebbian", {"initialisation": 3}, "initialisation=3: give one of uni, normal"),
        ("hebbian", {"output": "loud"}, "output='loud': give one of clip, tanh, car_racing"),
        ("hebbian", {"output": "car_racing"}, "three controls"),
        ("hebbian", {"action_low": [1]}, r"action_low=\(1,\): give 2 numbers"),
        ("hebbian", {"pixels": True}, "observation_size=3: pixels have 21168"),
        ("ndp", {"lifetime_updates": True}, "take the policy lndp"),
    ],
)
def test_bad_values_are_refused_in_one_line(name: str, switches: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        small_config(name, **switches)
    assert "\n" not in str(caught.value)


@given(st.sampled_from(RIVALS), st.text(max_size=8))
def test_there_is_no_other_backend(name: str, backend: str) -> None:
    config = small_config(name)
    if backend in ("auto", "eager"):
        make_policy(config, backend)
    else:
        with pytest.raises(ValueError, match="give 'eager', or 'auto'"):
            make_policy(config, backend)


def test_unknown_policies_are_refused() -> None:
    with pytest.raises(ValueError, match=r"policy='gur': give one of lndp, .*did you mean 'gru'"):
        find_policy("gur")
    with pytest.raises(ValueError, match="policy=3: give one of"):
        find_policy(3)


def test_a_built_in_policy_keeps_its_name_however_it_is_found() -> None:
    assert find_policy("lndp_agents.policies.gru:GRUConfig") is GRUConfig
    assert (GRUConfig.policy, POLICIES["gru"].policy) == ("gru", "gru")


def test_an_ndp_develops_and_then_stays() -> None:
    config = small_config("ndp", pruning=False)
    assert isinstance(config, NDPConfig)
    program, parameters = make_policy(config), parameters_of(config)
    newborn = program.birth(torch.arange(3)[None])
    state = program.develop(parameters, newborn)
    assert not torch.equal(state.node_state, newborn.node_state)
    after = state
    for step in steps_of(config, (1, 3), NUM_STEPS):
        after, output = program.step(parameters, after, *step)
        assert output.abs().max() > 0
    for name in ("adjacency", "edge_state", "node_state"):
        assert torch.equal(getattr(after, name), getattr(state, name))
    same = replace(small_config("lndp", pruning=False), development_steps=3, lifetime_updates=False)
    assert parameter_shapes(same) == parameter_shapes(config)
