"""Encodings by name: what they make of the worlds, and what `auto` chooses."""

import math
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary

from lndp_agents.encoding_names import ENCODINGS
from lndp_agents.rollout import lifetime_keys, make_world
from lndp_agents.rollout.encodings import STATISTICS_LIVES, named_encoding
from lndp_agents.rollout.gym_dynamics import GymDynamics
from lndp_agents.spaces import AffineEncoding, ObservationEncoding, PixelEncoding, PlaceEncoding
from lndp_agents.spaces.choices import BitsEncoding, OneHotEncoding
from lndp_agents.spaces.parts import PartsEncoding


def test_bounded_observations_become_unit_range() -> None:
    world = make_world("lndp/Foraging-v0", {})
    positions = torch.tensor([[0.0], [1.0], [2.0], [4.0]])
    assert world.encoding.encode(positions).flatten().tolist() == [-1.0, -0.5, 0.0, 1.0]


def test_unbounded_observations_are_scaled_by_what_random_actions_show_always_the_same() -> None:
    first, second = make_world("CartPole-v1", {}), make_world("CartPole-v1", {})
    assert first.encoding == second.encoding
    dynamics = first.dynamics
    state = dynamics.reset(lifetime_keys(9, num_lifetimes=400))
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
    state = world.dynamics.reset(lifetime_keys(9, num_lifetimes=400))
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


CHOSEN = {
    "CartPole-v1": AffineEncoding,
    "Acrobot-v1": AffineEncoding,
    "MountainCar-v0": AffineEncoding,
    "MountainCarContinuous-v0": AffineEncoding,
    "Pendulum-v1": AffineEncoding,
    "FrozenLake-v1": OneHotEncoding,
    "CliffWalking-v1": OneHotEncoding,
    "Taxi-v4": BitsEncoding,
    "Blackjack-v1": PartsEncoding,
    "lndp/Foraging-v0": PlaceEncoding,
    "lndp/ForagingReversal-v0": PlaceEncoding,
    "lndp/ForagingSwitch-v0": PlaceEncoding,
    "lndp/Bandit-v0": AffineEncoding,
    "lndp/CartPoleReversal-v0": AffineEncoding,
    "lndp/PendulumGoalSwitch-v0": AffineEncoding,
    "lndp/CartPoleLife-v0": AffineEncoding,
    "lndp/AcrobotLife-v0": AffineEncoding,
    "lndp/PendulumLife-v0": AffineEncoding,
}


@pytest.mark.parametrize(("environment", "kind"), CHOSEN.items())
def test_auto_chooses_for_every_world(environment: str, kind: type[ObservationEncoding]) -> None:
    keywords = {"max_episode_steps": 50} if environment in ("CliffWalking-v1", "Blackjack-v1") else {}
    world = make_world(environment, keywords, encoding="auto")
    assert type(world.encoding) is kind
    assert world.encoding.accepts(world.dynamics.observation_space)
    state = world.dynamics.reset(lifetime_keys(9, num_lifetimes=8))
    assert world.encoding.encode(world.dynamics.observe(state)).abs().max() <= 4


def test_auto_divides_by_the_geometric_mean_of_bounds_and_spread() -> None:
    auto, scaled, standardized = (
        make_world("Acrobot-v1", {}, encoding=name).encoding for name in ("auto", "scaled", "standardized")
    )
    assert isinstance(auto, AffineEncoding)
    assert isinstance(scaled, AffineEncoding)
    assert isinstance(standardized, AffineEncoding)
    between = np.sqrt(np.array(scaled.scale) * np.array(standardized.scale))
    np.testing.assert_allclose(auto.scale, between, rtol=1e-6)
    assert auto.offset == pytest.approx(standardized.offset)
    assert auto.scale[5] > 4 * scaled.scale[5]


def alternating(half: float, first: float, second: float) -> AffineEncoding:
    """Of a number that is `first` in five of nine steps, else `second`; its bounds are 2 * half apart."""
    n = 9 * STATISTICS_LIVES
    mean, spread = (5 * first + 4 * second) / 9, abs(first - second) * math.sqrt(20 / 81 * n / (n - 1))
    return AffineEncoding((1,), (mean,), (1 / math.sqrt(half * spread),))


class Shown(gymnasium.Env[Any, Any]):
    """Shows given observations in turn."""

    action_space = Discrete(2)

    def __init__(self, space: gymnasium.Space[Any], observations: list[Any]) -> None:
        self.observation_space, self.observations = space, observations

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        self.steps = 0
        return self.observations[0], {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        return self.observations[self.steps % len(self.observations)], 0.0, False, False, {}


@pytest.fixture
def encoding_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a name makes of an environment that shows these observations."""

    def make(name: str, space: gymnasium.Space[Any], observations: list[Any]) -> ObservationEncoding:
        monkeypatch.delitem(gymnasium.registry, "Shown-v0", raising=False)
        gymnasium.register(
            "Shown-v0", lambda: Shown(space, observations), max_episode_steps=9, disable_env_checker=True
        )
        return named_encoding(name, GymDynamics("Shown-v0", {}, 1))

    return make


GRID = Box(0, 9, (2,), np.float32)


@pytest.mark.parametrize(
    ("space", "shown", "expected"),
    [
        (GRID, [[1, 2], [9, 0]], PlaceEncoding.of_box(GRID)),
        (Box(0, 9, (1,)), [[0.5], [3.0]], alternating(4.5, 0.5, 3.0)),  # no grid
        (Box(-50, 50, (1,)), [[-7.0], [40.0]], alternating(50, -7.0, 40.0)),  # too many cells
        (Box(0, 1, (1,)), [[0.0], [1.0]], alternating(0.5, 0.0, 1.0)),  # a sign is enough
        (Box(0, 9, (1,)), [[2.5], [2.5]], ObservationEncoding.of(Box(0, 9, (1,)))),  # it never changes
        (Box(-np.inf, np.inf, (1,)), [[1.0], [np.nan]], "a spread"),
        (Discrete(3, start=1), [1], OneHotEncoding(3, 1)),
        (MultiBinary(2), [[0, 1]], AffineEncoding((2,), (0.0, 0.0), (1.0, 1.0))),
        (Box(0, 255, (40, 40, 3), np.uint8), [np.zeros((40, 40, 3))], PixelEncoding((40, 40, 3))),
        (
            Dict({"at": GRID, "kind": Discrete(70)}),
            [{"at": [1, 2], "kind": 3}],
            PartsEncoding((PlaceEncoding.of_box(GRID), BitsEncoding(70))),
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Shown-v0 gave an observation that is not finite")
def test_auto_chooses_by_what_is_shown(encoding_of: Any, space: Any, shown: list[Any], expected: Any) -> None:
    chosen = encoding_of("auto", space, shown)
    if expected == "a spread":
        assert chosen.encode(torch.tensor([1.0])).isfinite().all()
    elif isinstance(expected, AffineEncoding) and expected.size == 1 and chosen != expected:
        assert chosen.shape == (1,)
        assert (chosen.offset + chosen.scale) == pytest.approx(expected.offset + expected.scale)
    else:
        assert chosen == expected


class Fuse(gymnasium.Env[Any, Any]):
    """Shows 0 for a few steps, and 1 when it has ended."""

    observation_space, action_space = Box(0, 1, (1,)), Discrete(2)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.left = int(self.np_random.integers(2, 9))
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.left -= 1
        return np.full(1, self.left == 0, np.float32), 0.0, self.left == 0, False, {}


def test_what_is_shown_after_the_end_of_a_lifetime_is_no_observation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(gymnasium.registry, "Fuse-v0", gymnasium.envs.registration.EnvSpec("Fuse-v0", Fuse))
    dynamics = GymDynamics("Fuse-v0", {"max_episode_steps": 20}, 1)
    assert named_encoding("standardized", dynamics) == AffineEncoding((1,), (0.0,), (1.0,))


def test_every_name_that_the_help_has_is_known(encoding_of: Any) -> None:
    space = Box(0, 3, (1, 2, 3), np.uint8)
    for name in ENCODINGS:
        assert encoding_of(name, space, [np.zeros((1, 2, 3)), np.ones((1, 2, 3))]).accepts(space)
