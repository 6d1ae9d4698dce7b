"""Encodings by name: what they make of the worlds, and what `auto` chooses."""

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box

from lndp_agents.evolution.lives import life_keys
from lndp_agents.evolution.worlds import make_world
from lndp_agents.spaces import AffineEncoding, ObservationEncoding, PlaceEncoding


def test_bounded_observations_become_unit_range() -> None:
    world = make_world("lndp/Foraging-v0", {})
    positions = torch.tensor([[0.0], [1.0], [2.0], [4.0]])
    assert world.encoding.encode(positions).flatten().tolist() == [-1.0, -0.5, 0.0, 1.0]


def test_unbounded_observations_are_scaled_by_what_random_actions_show_always_the_same() -> None:
    first, second = make_world("CartPole-v1", {}), make_world("CartPole-v1", {})
    assert first.encoding == second.encoding
    dynamics = first.dynamics
    state = dynamics.reset(life_keys(9, num_lives=400))
    for step in range(12):  # about as long as random actions keep it up
        state, _, _ = dynamics.step(state, (torch.arange(400) * (step + 1) // 7) % 2)
    inputs = first.encoding.encode(dynamics.observe(state))
    unbounded = inputs[:, [1, 3]].std(0)
    assert ((unbounded > 0.2) & (unbounded < 5.0)).all()


def test_place_cells_by_name() -> None:
    world = make_world("lndp/Foraging-v0", {}, encoding="place")
    assert isinstance(world.encoding, PlaceEncoding)
    assert world.encoding.encode(torch.tensor([[3.0]])).tolist() == [[0, 0, 0, 1, 0]]


def test_standardized_by_name_ignores_bounds() -> None:
    """Pendulum's angular velocity has bounds of 8, which random actions never see; its spread becomes 1."""
    world = make_world("lndp/PendulumLife-v0", {}, encoding="standardized")
    assert isinstance(world.encoding, AffineEncoding)
    state = world.dynamics.reset(life_keys(9, num_lives=400))
    inputs = []
    for step in range(200):
        inputs.append(world.encoding.encode(world.dynamics.observe(state)))
        torque = torch.sin(torch.arange(400.0) * (step + 1))[:, None] * 2
        state, _, _ = world.dynamics.step(state, torque)
    seen = torch.cat(inputs)
    torch.testing.assert_close(seen.std(0), torch.ones(3), atol=0.2, rtol=0)
    torch.testing.assert_close(seen.mean(0), torch.zeros(3), atol=0.3, rtol=0)
    assert world.encoding.scale[2] > 2 / 8


@pytest.mark.parametrize(
    ("environment", "encoding", "message"),
    [
        ("lndp/Foraging-v0", "smell", "encoding='smell': give auto, scaled, standardized, place, pixels"),
        ("CartPole-v1", "place", "place cells need a Box with finite bounds; use 'scaled'"),
        ("CartPole-v1", ObservationEncoding.of(Box(0.0, 1.0, (3,), np.float32)), "was evolved on"),
    ],
)
def test_encodings_that_do_not_fit_are_refused(environment: str, encoding: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_world(environment, {}, encoding=encoding)
