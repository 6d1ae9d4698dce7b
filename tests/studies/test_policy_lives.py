"""The one evaluation: the lives of `evaluate`, exact scores of known policies, and where rules changed."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import Space
from gymnasium.spaces import Discrete
from lndp_envs import make_dynamics
from lndp_envs.bandit_optimum import win_stay_lose_shift_return
from lndp_envs.foraging import STAY, Foraging
from lndp_envs.foraging_optimum import policy_return, random_walk

from lndp_agents import LNDPAgent, load_pretrained
from lndp_agents.baselines import Job, train_baseline
from lndp_agents.genome import genome_size
from lndp_agents.rollout import PredictPolicy
from lndp_agents.spaces import config_for
from lndp_agents.studies import evaluation
from lndp_agents.studies.evaluation import PolicyLives, evaluate, evaluate_policy_lives

FORAGING, REVERSAL, SWITCH = "lndp/Foraging-v0", "lndp/ForagingReversal-v0", "lndp/ForagingSwitch-v0"
BANDIT = "lndp/Bandit-v0"


class Always:
    """Always the same action; keeps what it was given."""

    def __init__(self, action: int, action_space: Space[Any]) -> None:
        self.action, self.action_space = action, action_space
        self.calls: list[tuple[Any, ...]] = []

    def predict(
        self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = False
    ) -> tuple[Any, Any]:
        self.calls.append((observation, state, episode_start, deterministic))
        return np.full(len(observation["reward"]), self.action), (np.zeros(len(observation["reward"])),)


def agent_for(environment: str) -> LNDPAgent:
    env = gymnasium.make(environment)
    spaces = env.observation_space, env.action_space
    config = config_for(*spaces, nodes=16, initial_density=0.5)
    genome = 0.3 * np.random.default_rng(2).normal(size=genome_size(config))
    return LNDPAgent(*spaces, config, genome=genome)


def rule(name: str, environment: str, **keywords: Any) -> PredictPolicy:
    return train_baseline(name, Job(environment, keywords))


def assert_mean(lives: PolicyLives, exact: float) -> None:
    """The mean is the exact one, but for luck."""
    error = lives.scores.std() / np.sqrt(len(lives.scores))
    assert lives.score.mean == pytest.approx(exact, abs=3 * error)
    assert error < 0.01 * exact + 0.5


@pytest.mark.parametrize(("name", "environment"), [("foraging", FORAGING), ("bandit", BANDIT)])
def test_a_pretrained_agent_scores_what_evaluate_says(name: str, environment: str) -> None:
    agent = load_pretrained(name)
    expected = evaluate(agent, environment, lives=12, seed=3).scores
    assert evaluate_policy_lives(agent, environment, lives=12, seed=3).scores.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("environment", "keywords", "episodes"),
    [
        ("lndp/CartPoleLife-v0", {}, 1),
        ("lndp/PendulumLife-v0", {"episode_steps": 20}, 1),
        ("CartPole-v1", {}, 3),
        ("MountainCarContinuous-v0", {"max_episode_steps": 30}, 2),
    ],
)
def test_any_agent_scores_what_evaluate_says(
    environment: str, keywords: dict[str, Any], episodes: int
) -> None:
    agent = agent_for(environment)
    expected = evaluate(agent, environment, keywords, lives=5, seed=1, episodes=episodes)
    lives = evaluate_policy_lives(agent, environment, keywords, lives=5, seed=1, episodes=episodes)
    np.testing.assert_allclose(lives.scores, expected.scores, rtol=1e-12)
    assert lives.score.mean == pytest.approx(expected.mean)


@pytest.mark.parametrize("environment", [FORAGING, REVERSAL, SWITCH, BANDIT])
def test_the_scripted_policy_earns_the_optimum(environment: str) -> None:
    lives = evaluate_policy_lives(rule("scripted", environment), environment, lives=1024)
    optimum = gymnasium.spec(environment).reward_threshold
    assert optimum is not None
    assert_mean(lives, optimum)


def test_the_scripted_forager_reads_one_hot_cells_too() -> None:
    keywords = {"observation": "one_hot", "size": 7}
    lives = evaluate_policy_lives(rule("scripted", FORAGING, **keywords), FORAGING, keywords, lives=4)
    # Three steps to the food, or on the left at first nine: 33 meals, or 31 with one step to spare.
    assert lives.scores.tolist() == [330.0, 310.0] * 2


def test_win_stay_lose_shift_earns_what_was_computed() -> None:
    task: Any = make_dynamics(BANDIT)[0]
    lives = evaluate_policy_lives(rule("win-stay-lose-shift", BANDIT), BANDIT, lives=1024)
    assert_mean(lives, win_stay_lose_shift_return(task))
    lives = evaluate_policy_lives(rule("win-stay-lose-shift", FORAGING), FORAGING, lives=4)
    assert lives.scores.tolist() == [500.0, 480.0] * 2


def test_win_stay_lose_shift_tries_many_arms_in_turn() -> None:
    keywords = {"arms": 4, "good_probability": 1.0, "bad_probability": 0.0, "hazard": 0.0}
    policy = rule("win-stay-lose-shift", BANDIT, **keywords)
    assert evaluate_policy_lives(policy, BANDIT, keywords, lives=4).scores.tolist() == [200, 199, 198, 197]


def test_random_actions_earn_what_was_computed() -> None:
    task: Any = make_dynamics(FORAGING)[0]
    lives = evaluate_policy_lives(rule("random", FORAGING), FORAGING, lives=1024)
    assert_mean(lives, policy_return(task, random_walk))
    assert_mean(evaluate_policy_lives(rule("random", BANDIT), BANDIT, lives=256), 100.0)


def test_what_a_policy_is_asked() -> None:
    policy = Always(0, Discrete(3))
    evaluate_policy_lives(policy, FORAGING, lives=2)
    first, second, third = policy.calls[:3]
    assert (first[1], first[2].tolist(), first[3]) == (None, [True, True], True)
    assert (second[2].tolist(), len(policy.calls)) == ([False, False], 100)
    assert first[0]["episode_start"].tolist() == [[1.0], [1.0]]
    assert third[0]["episode_start"].tolist() == [[0.0], [0.0]]
    assert [call[0]["observation"].tolist() for call in (first, second, third)] == [
        [[2.0], [2.0]],
        [[3.0], [3.0]],
        [[2.0], [4.0]],
    ]
    assert third[0]["reward"].tolist() == [[10.0], [0.0]]
    assert third[0]["reward"].dtype == np.float32


def test_hidden_changes_of_the_food() -> None:
    lives = evaluate_policy_lives(Always(STAY, Discrete(3)), FORAGING, {"switch_probability": 1.0}, lives=2)
    assert lives.changes is not None
    assert [np.flatnonzero(row).tolist() for row in lives.changes] == [list(range(10, 100, 10))] * 2
    assert evaluate_policy_lives(Always(STAY, Discrete(3)), FORAGING, lives=2).changes.sum() == 0  # type: ignore[union-attr]


def test_one_of_several_hidden_numbers_is_enough_for_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    keywords, hidden = {"switch_probability": 1.0}, Foraging.hidden
    monkeypatch.setattr(Foraging, "hidden", lambda self, state: hidden(self, state) | {"one": state.food**0})
    lives = evaluate_policy_lives(Always(STAY, Discrete(3)), FORAGING, keywords, lives=2)
    assert lives.changes is not None
    assert [np.flatnonzero(row).tolist() for row in lives.changes] == [list(range(10, 100, 10))] * 2


def test_hidden_changes_of_the_pushes() -> None:
    policy = Always(1, Discrete(2))
    lives = evaluate_policy_lives(policy, "lndp/CartPoleReversal-v0", lives=3)
    assert lives.changes is not None
    assert lives.changes.sum(1).tolist() == [1, 1, 1]
    starts = np.array([call[0]["episode_start"][:, 0] for call in policy.calls])
    for task, (row, start) in enumerate(zip(lives.changes, starts.T, strict=True)):
        assert np.flatnonzero(row).tolist() == [np.flatnonzero(start)[task + 1]]


def test_hidden_changes_of_arms_and_goals_come_as_often_as_their_hazard() -> None:
    for environment, space in ((BANDIT, Discrete(2)), ("lndp/PendulumGoalSwitch-v0", None)):
        keywords = {"hazard": 0.2}
        policy = Always(0, space) if space else rule("random", environment)
        lives = evaluate_policy_lives(policy, environment, keywords, lives=64)
        assert lives.changes is not None
        assert lives.changes[:, 0].sum() == 0
        assert lives.changes[:, 1:].mean() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("environment", ["lndp/CartPoleLife-v0", "CartPole-v1"])
def test_worlds_that_change_nothing_tell_nothing(environment: str) -> None:
    lives = evaluate_policy_lives(Always(0, Discrete(2)), environment, lives=4)
    assert lives.changes is None
    assert lives.rewards.sum(1).tolist() == lives.steps.tolist()  # 1 a step, and nothing after the end
    assert lives.rewards.shape[1] > 100 > lives.steps.max()


def test_no_life_depends_on_its_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    policies = [rule(name, REVERSAL) for name in ("random", "scripted")]
    whole = [evaluate_policy_lives(policy, REVERSAL, lives=7) for policy in policies]
    monkeypatch.setattr(evaluation, "BATCH_LIVES", 3)
    for policy, expected in zip(policies, whole, strict=True):
        lives = evaluate_policy_lives(policy, REVERSAL, lives=7)
        np.testing.assert_array_equal(lives.rewards, expected.rewards)
        np.testing.assert_array_equal(lives.changes, expected.changes)


def test_drawn_actions_follow_from_the_seed_and_leave_the_callers_generators_alone() -> None:
    class Drawn(Always):
        def predict(self, observation: Any, *others: Any) -> tuple[Any, Any]:
            drawn = torch.randint(3, (len(observation["reward"]),)).numpy()
            return (drawn + np.random.randint(3, size=len(drawn))) % 3, None  # noqa: NPY002

    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    one, same, other = (
        evaluate_policy_lives(Drawn(0, Discrete(3)), FORAGING, lives=4, seed=seed).rewards.tolist()
        for seed in (1, 1, 2)
    )
    assert one == same != other
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002


@pytest.mark.parametrize("lives", [0, 10**7])
def test_the_number_of_lives_has_a_range(lives: int) -> None:
    with pytest.raises(ValueError, match=f"lives={lives}: give 1 to 1000000"):
        evaluate_policy_lives(Always(0, Discrete(3)), FORAGING, lives=lives)


def test_worlds_of_other_actions_are_refused() -> None:
    with pytest.raises(ValueError, match=r"takes actions Discrete\(2\), the policy gives Discrete\(3\)"):
        evaluate_policy_lives(Always(0, Discrete(3)), BANDIT)


@pytest.mark.parametrize("name", ["scripted", "win-stay-lose-shift"])
def test_other_tasks_have_no_scripted_policy(name: str) -> None:
    with pytest.raises(ValueError, match="nobody has scripted a policy for CartPole-v1"):
        rule(name, "CartPole-v1")
    if name == "scripted":
        with pytest.raises(ValueError, match="arms is 3"):
            rule(name, BANDIT, arms=3)
