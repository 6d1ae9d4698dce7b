"""What is measured of damage and recovery: policies whose rewards are known."""

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Discrete

from lndp_agents.baselines import Job, train_baseline
from lndp_agents.commands.lesion import table_of
from lndp_agents.interventions import Lesion
from lndp_agents.plotting.figures import write_figure
from lndp_agents.studies.evaluation import PolicyLives
from lndp_agents.studies.recovery import Estimate, Recovery, Window, measure_recovery, window_ends
from lndp_agents.studies.recovery_figure import COLUMNS, recovery_figure, write_table

FORAGING, BANDIT = "lndp/Foraging-v0", "lndp/Bandit-v0"


class Always:
    """Pulls arm 0 of a bandit whose every arm pays."""

    action_space = Discrete(2)

    def predict(self, observation: Any, *_: Any) -> tuple[Any, None]:
        return np.zeros(len(observation["reward"]), np.int64), None


@pytest.fixture(scope="module")
def recovery() -> Recovery:
    """The best forager, taken to the right for 20 steps."""
    policy = train_baseline("scripted", Job(FORAGING))
    return measure_recovery(policy, FORAGING, lesion=Lesion(at=42, saturate=20), lives=16, seed=1)


def test_the_lives_before_are_the_same_and_recover_after(recovery: Recovery) -> None:
    for window in recovery.windows:
        if window.last < 42:
            assert window.damage == (0, 0, 0)
            assert window.intact == window.lesioned
    assert recovery.before is not None
    assert (recovery.before.first, recovery.before.last) == (32, 41)
    assert (recovery.after[0].first, recovery.after[0].last) == (42, 51)
    assert 42 <= recovery.worst.first < 62
    assert recovery.worst.damage.low > 0
    assert recovery.windows[-1].last == 99


def test_means_are_those_of_the_steps(recovery: Recovery) -> None:
    for window in recovery.windows:
        steps = slice(window.first, window.last + 1)
        for found, lives in ((window.intact, recovery.intact), (window.lesioned, recovery.lesioned)):
            assert found.mean == pytest.approx(lives.rewards[:, steps].mean())
            assert found.low <= found.mean <= found.high
        assert window.damage.mean == pytest.approx(window.intact.mean - window.lesioned.mean)
    left = 1 - recovery.windows[-1].damage.mean / recovery.worst.damage.mean
    assert recovery.recovered is not None
    assert recovery.recovered.mean == left
    low, high = recovery.recovered[1:]
    assert low <= left <= high


def test_windows_hold_whole_trials_so_that_a_level_reward_is_a_level_curve() -> None:
    """Who knows the side eats in every second step: windows of five steps would tell 4, 6, 4, 6."""
    policy = train_baseline("scripted", Job(FORAGING))
    found = measure_recovery(policy, FORAGING, lesion=Lesion(at=50, cut_reward=True), lives=4)
    assert [window[:2] for window in found.windows[:2]] == [(0, 9), (10, 19)]
    assert {window.intact.mean for window in found.windows[2:]} == {5.0}
    long = measure_recovery(
        policy, FORAGING, {"trial_steps": 12}, lesion=Lesion(at=50, cut_reward=True), lives=2
    )
    assert {1 + last - first for first, last, *_ in long.windows[1:-1]} == {12}


def test_one_window_begins_at_the_lesion_and_the_last_takes_what_is_left() -> None:
    assert window_ends(23, at=10, size=5) == [(0, 4), (5, 9), (10, 14), (15, 22)]
    assert window_ends(23, at=12, size=5) == [(0, 1), (2, 6), (7, 11), (12, 16), (17, 22)]
    assert window_ends(4, at=3, size=5) == [(0, 2), (3, 3)]


def test_a_part_of_the_damage_that_is_gone_has_an_interval() -> None:
    """All is lost in the step of the lesion, and two fifths, give or take, two steps later."""
    rewards = np.ones((50, 3))
    rewards[:, 1] = 0
    rewards[:, 2] -= np.linspace(0, 0.8, 50)
    intact, lesioned = (PolicyLives(own, np.full(50, 3), None, 1) for own in (np.ones((50, 3)), rewards))
    one, none, some = Estimate(1, 1, 1), Estimate(0, 0, 0), Estimate(0.4, 0.3, 0.5)
    windows = Window(0, 0, one, one, none), Window(1, 1, one, none, one), Window(2, 2, one, some, some)
    found = Recovery(Lesion(at=1, freeze=True), intact, lesioned, windows, ()).recovered
    assert found is not None
    assert found.mean == pytest.approx(0.6)
    spread = 1.96 * rewards[:, 2].std() / math.sqrt(50)
    assert (found.low, found.high) == pytest.approx((0.6 - spread, 0.6 + spread), abs=0.01)


def test_nothing_recovers_where_nothing_is_hurt() -> None:
    keywords = {"good_probability": 1.0, "bad_probability": 1.0}
    told: list[str] = []
    found = measure_recovery(Always(), BANDIT, keywords, lesion=Lesion(saturate=5), lives=4, say=told.append)
    assert {window.damage for window in found.windows} == {(0, 0, 0)}
    assert {window.intact.mean for window in found.windows} == {1}
    assert (found.recovered, found.before) == (None, None)
    assert told == ["4 lives, actuators saturated for 5 steps at step 0", "4 lives, intact"]


def test_an_arm_that_never_pays_costs_all_and_is_left_again() -> None:
    keywords = {"arms": 2, "good_probability": 1.0, "bad_probability": 0.0, "hazard": 0.0}
    policy = train_baseline("win-stay-lose-shift", Job(BANDIT, keywords))
    found = measure_recovery(policy, BANDIT, keywords, lesion=Lesion(at=20, saturate=20), lives=8)
    # The last arm is the bad one in every second life.
    assert found.after[0].damage.mean == 0.5
    assert (found.windows[-1].damage.mean, found.recovered) == (0, (1, 1, 1))


class Balance:
    """Keeps a pole up: pushes to where it falls."""

    action_space = Discrete(2)

    def predict(self, observation: Any, *_: Any) -> tuple[Any, None]:
        seen = observation["observation"]
        return (seen @ [0.1, 0.5, 4.0, 1.0] > 0).astype(np.int64), None


def test_where_lives_end_early_episodes_tell_of_recovery() -> None:
    """A pole that falls uses up its episode alone: the next one is whole, though no steps come last."""
    keywords = {"episodes": 3, "episode_steps": 100}
    found = measure_recovery(
        Balance(), "lndp/CartPoleLife-v0", keywords, lesion=Lesion(at=120, saturate=9), lives=8
    )
    assert found.ended_early == (0, 8)
    assert found.recovered is None
    first, second, third = found.episodes
    assert first.intact.mean == first.lesioned.mean == third.intact.mean == third.lesioned.mean == 100
    assert 25 < second.lesioned.mean < 50  # pushed from its 20th step on, it falls
    assert second.damage.mean == 100 - second.lesioned.mean
    assert found.windows[-1].damage.mean > 0.5
    assert found.lesioned.returns is not None
    np.testing.assert_allclose(found.lesioned.returns.mean(1), found.lesioned.scores)
    note = "lives that ended early: 0 intact, 8 lesioned of 8; the steps after count as 0"
    assert note in table_of(found)
    assert "see the episodes" in table_of(found)
    assert any(line.startswith("episode 3") for line in table_of(found).splitlines())


def test_the_table_has_a_row_for_each_window(recovery: Recovery, tmp_path: Path) -> None:
    write_table(recovery, tmp_path / "curve.csv")
    rows = list(csv.DictReader((tmp_path / "curve.csv").read_text().splitlines()))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(recovery.windows)
    for row, window in zip(rows, recovery.windows, strict=True):
        assert (int(row["first_step"]), int(row["last_step"])) == window[:2]
        assert (float(row["lesioned"]), float(row["lesioned_low"])) == window.lesioned[:2]
        assert float(row["damage_high"]) == window.damage.high


def test_the_curve_shows_the_means_and_the_lesion(recovery: Recovery, tmp_path: Path) -> None:
    (axes,) = recovery_figure(recovery, "the forager").axes
    lines = {line.get_label(): line for line in axes.lines}
    middles = [(window.first + window.last) / 2 for window in recovery.windows]
    assert lines["intact"].get_xdata().tolist() == middles
    assert lines["lesioned"].get_ydata().tolist() == [window.lesioned.mean for window in recovery.windows]
    assert list(lines["lesion"].get_xdata()) == [42, 42]
    assert len(axes.collections) == 2
    write_figure(recovery_figure(recovery, "the forager"), tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
