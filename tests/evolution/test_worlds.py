"""Worlds by id: which task they are, how they are sensed, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box
from lndp_envs import LifetimeDynamics
from lndp_envs.foraging import Foraging

from lndp_agents.evolution.gym_world import GymDynamics
from lndp_agents.evolution.lives import life_keys
from lndp_agents.evolution.worlds import make_task, make_world
from lndp_agents.spaces import AffineEncoding, ObservationEncoding, PlaceEncoding


def test_ids_of_the_package_run_in_batches_with_their_keywords() -> None:
    dynamics, steps, episodes = make_task("lndp/ForagingReversal-v0", {"size": 7})
    assert dynamics == Foraging(size=7, switch_probability=0.1)
    assert (steps, episodes) == (100, 1)


@pytest.mark.parametrize(
    ("environment", "episodes", "expected"),
    [
        ("lndp/CartPoleLife-v0", 1, (1500, 3)),
        ("lndp/CartPoleLife-v0", 3, (1500, 3)),
        ("CartPole-v1", 1, (500, 1)),
    ],
)
def test_lives_have_their_own_episodes(environment: str, episodes: int, expected: tuple[int, int]) -> None:
    assert make_task(environment, {}, episodes)[1:] == expected


def test_several_episodes_of_a_batched_task_are_one_life() -> None:
    dynamics, steps, episodes = make_task("Pendulum-v1", {}, episodes=4)
    assert isinstance(dynamics, LifetimeDynamics)
    assert (dynamics.episodes, dynamics.episode_steps) == (4, 200)
    assert (steps, episodes) == (800, 4)


def test_other_ids_go_through_gymnasium() -> None:
    dynamics, steps, episodes = make_task("MountainCar-v0", {"goal_velocity": 0.01}, episodes=2)
    assert isinstance(dynamics, GymDynamics)
    assert (steps, episodes) == (400, 2)


def test_a_gymnasium_environment_can_be_reset_to_any_number_of_lives() -> None:
    dynamics = GymDynamics("MountainCarContinuous-v0", {}, 1)
    keys = life_keys(1, num_lives=5)
    state = dynamics.reset(keys)
    few = dynamics.reset(keys[:2])
    assert torch.equal(dynamics.observe(few), dynamics.observe(state)[:2])  # and the state was a copy
    after, reward, is_over = dynamics.step(few, torch.tensor([[0.5], [-1.0]]))
    assert not torch.equal(dynamics.observe(after), dynamics.observe(few))
    assert reward.tolist() == pytest.approx([-0.1 * 0.5**2, -0.1])
    assert is_over.tolist() == [False, False]


def test_a_module_before_the_id_is_imported_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_worlds_of_test.py").write_text(
        "import gymnasium\n"
        "lake = 'gymnasium.envs.toy_text.frozen_lake:FrozenLakeEnv'\n"
        "gymnasium.register('OneRoom-v0', lake, max_episode_steps=7)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert make_task("my_worlds_of_test:OneRoom-v0", {})[1] == 7


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
    ("environment", "keywords", "episodes", "message"),
    [
        ("lndp/Nothing-v0", {}, 1, "lndp/Nothing-v0.*lndp envs"),
        ("CartPole-v99", {}, 1, "CartPole-v99.*v1"),
        ("no_such_module_here:CartPole-v1", {}, 1, "no_such_module_here.*install it"),
        ("lndp/Foraging-v0", {"sise": 7}, 1, "sise.*give those that it takes"),
        ("lndp/Foraging-v0", {"size": 4}, 1, "size is 4"),
        ("MountainCar-v0", {"gravity": 7}, 1, "gravity.*give those that it takes"),
        ("lndp/CartPoleLife-v0", {}, 2, "episodes=2: a life of lndp/CartPoleLife-v0 has 3"),
        ("Blackjack-v1", {}, 1, "Blackjack-v1.*no limit of steps"),
    ],
)
def test_what_is_no_world_is_refused_with_the_value_and_the_remedy(
    environment: str, keywords: dict[str, Any], episodes: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_world(environment, keywords, episodes)


@pytest.mark.parametrize(
    ("environment", "encoding", "message"),
    [
        ("lndp/Foraging-v0", "smell", "encoding='smell': give 'scaled', 'standardized' or 'place'"),
        ("CartPole-v1", "place", "place cells need a Box with finite bounds; use 'scaled'"),
        ("CartPole-v1", ObservationEncoding.of(Box(0.0, 1.0, (3,), np.float32)), "was evolved on"),
    ],
)
def test_encodings_that_do_not_fit_are_refused(environment: str, encoding: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_world(environment, {}, encoding=encoding)
