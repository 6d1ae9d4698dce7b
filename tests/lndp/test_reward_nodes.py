"""The last reward and the start of an episode as inputs of the network."""

from dataclasses import replace
from math import log

import pytest
import torch
from torch import Tensor

from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.lndp import LNDP, make_lndp
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.lndp.kernel_layout import require_implemented
from tests.lndp.kernels import needs_compiler

PLAIN = LNDPConfig(observation_size=2, action_size=3, nodes=14, recurrent=True, initial_density=0.9)
CONFIG = replace(PLAIN, reward_nodes=True)
WIRED = replace(CONFIG, innate_wiring=True)
KEYS = torch.arange(1, 7).reshape(2, 3)
REWARD = torch.tensor([[0.0, 10.0, -3.0], [1.0, -0.5, 7.0]])
START = torch.tensor([[True, False, False], [False, False, True]])
SENSED = torch.tensor([[0.0, log(11), -log(4)], [log(2), -log(1.5), 0.0]])
"""sign(r) log(1 + |r|), and nothing of the reward before an episode."""


def parameters_of(config: LNDPConfig) -> dict[str, Tensor]:
    genomes = torch.randn(2, genome_size(config), generator=torch.Generator().manual_seed(0))
    return genome_to_parameters(config, 0.4 * genomes)


def observations(seed: int = 1) -> Tensor:
    return torch.randn(2, 3, 2, generator=torch.Generator().manual_seed(seed))


def test_two_more_inputs_are_shown_the_reward_and_the_start() -> None:
    assert CONFIG.input_nodes == 4
    assert CONFIG.hidden_nodes == 7
    program, parameters = LNDP(CONFIG), parameters_of(CONFIG)
    state, _ = program.step(parameters, program.birth(KEYS), observations(), REWARD, START)
    shown = program.activations(state)[..., :4]
    torch.testing.assert_close(shown, torch.cat([observations(), SENSED[..., None], START[..., None]], -1))


def test_a_step_is_that_of_a_body_which_observes_both_itself() -> None:
    observer = replace(PLAIN, observation_size=4)
    parameters = parameters_of(CONFIG)
    mine, other = LNDP(CONFIG), LNDP(observer)
    state = observer_state = mine.birth(KEYS)
    for seed in range(3):
        seen = torch.cat([observations(seed), SENSED[..., None], START.float()[..., None]], -1)
        state, output = mine.step(parameters, state, observations(seed), REWARD, START)
        observer_state, expected = other.step(parameters, observer_state, seen, REWARD, START)
        torch.testing.assert_close(output, expected)
    torch.testing.assert_close(state.edge_state, observer_state.edge_state)
    assert genome_size(CONFIG) == genome_size(PLAIN)


def test_the_scale_of_the_reward_is_that_of_the_synapses_and_a_hidden_reward_is_hidden() -> None:
    for switches, expected in (({"reward_scale": 0.1}, log(2)), ({"reward_input": False}, 0.0)):
        program = LNDP(replace(CONFIG, **switches))
        parameters = parameters_of(CONFIG)
        state, _ = program.step(parameters, program.birth(KEYS), observations(), REWARD, START)
        assert program.activations(state)[0, 1, 2].item() == pytest.approx(expected)


def test_a_reward_means_the_same_to_all_bodies() -> None:
    states = LNDP(WIRED).birth(KEYS).node_state[0, 0]
    larger = replace(WIRED, observation_size=5, action_size=4, nodes=20)
    others = LNDP(larger).birth(KEYS).node_state[0, 0]
    assert torch.equal(states[2:4], others[5:7])
    plain = LNDP(replace(WIRED, reward_nodes=False)).birth(KEYS).node_state[0, 0]
    # Two hidden nodes fewer; all other nodes are born as without the two inputs.
    assert torch.equal(torch.cat([states[:2], states[4:11], states[11:]]), torch.cat([plain[:9], plain[11:]]))


def test_they_are_silent_while_the_network_develops() -> None:
    config = replace(CONFIG, development_steps=2)
    parameters, program = parameters_of(config), LNDP(config)
    state = program.develop(parameters, program.birth(KEYS))
    inputs = program.activations(state)[..., :4]
    assert (inputs[..., :2] != 0).all()
    assert (inputs[..., 2:] == 0).all()


@needs_compiler
def test_the_kernel_and_the_list_of_edges_agree() -> None:
    require_implemented(WIRED)
    parameters = parameters_of(WIRED)
    programs = LNDP(WIRED), LNDP(WIRED, "native"), make_lndp(replace(WIRED, candidates=14))
    outputs: list[Tensor] = []
    for program in programs:
        state = program.develop(parameters, program.birth(KEYS))
        for seed in range(3):
            state, output = program.step(parameters, state, observations(seed), REWARD, START)
        outputs.append(output)
    torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(outputs[2], outputs[0], rtol=1e-4, atol=1e-5)


def test_a_body_has_room_for_them() -> None:
    message = "nodes=7: 4 inputs and 3 outputs leave no hidden node; give at least 8"
    with pytest.raises(ValueError, match=message):
        replace(CONFIG, nodes=7)
    assert "reward_nodes" not in PLAIN.to_json()
    assert LNDPConfig.from_json(CONFIG.to_json()) == CONFIG
