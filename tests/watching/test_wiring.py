import numpy as np
import torch

from lndp_agents.lndp import LNDP
from lndp_agents.lndp.config import LNDPConfig
from lndp_agents.watching.wiring import FLASH_FRAMES, Brain, EdgeFlashes

CONFIG = LNDPConfig(observation_size=2, action_size=3, nodes=11, network_steps=5)


def test_inputs_show_what_they_saw_and_others_what_they_came_to():
    state = LNDP(CONFIG).birth(torch.tensor([[7]]))
    trace = torch.arange(11 * 6, dtype=torch.float32).reshape(1, 1, 11, 6)
    brain = Brain.of(LNDP(CONFIG), state._replace(trace=trace))
    assert brain.activation.tolist() == [4, 10, *range(17, 66, 6)]
    assert (brain.adjacency == (state.adjacency[0, 0].numpy() == 1)).all()
    assert (brain.weights == state.edge_state[0, 0, 0].numpy()).all()


def test_flashes_of_an_edge_that_is_born_and_lost():
    none, one = np.zeros((2, 2), bool), np.array([[False, True], [False, False]])
    flashes = EdgeFlashes.begin(none)
    births, losses = [], []
    for adjacency in [none, one, one, one, one, none, none, none, none]:
        flashes = flashes.after(adjacency)
        births.append(flashes.birth_flash[0, 1])
        losses.append(flashes.loss_flash[0, 1])
    fade = [1 - frames / FLASH_FRAMES for frames in range(FLASH_FRAMES)]
    np.testing.assert_allclose(births, [0, *fade, 0, 0, 0, 0, 0], atol=1e-7)
    np.testing.assert_allclose(losses, [0, 0, 0, 0, 0, *fade, 0], atol=1e-7)
    assert flashes.birth_flash[1, 0] == flashes.loss_flash[1, 0] == 0


def test_newborn_edges_do_not_flash():
    flashes = EdgeFlashes.begin(np.ones((2, 2), bool))
    assert flashes.birth_flash.sum() == flashes.loss_flash.sum() == 0


def test_a_step_of_flashes_leaves_the_one_before():
    before = EdgeFlashes.begin(np.zeros((1, 1), bool))
    before.after(np.ones((1, 1), bool))
    assert before.since_birth[0, 0] == FLASH_FRAMES
