"""Scores of agents, and the interval of their mean."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

from lndp_agents import LNDPAgent
from lndp_agents.genome import genome_size
from lndp_agents.spaces import config_for
from lndp_agents.studies import evaluation
from lndp_agents.studies.evaluation import Score, evaluate

FORAGING = "lndp/Foraging-v0"


def agent_for(environment: str) -> LNDPAgent:
    env = gymnasium.make(environment)
    spaces = env.observation_space, env.action_space
    config = config_for(*spaces, nodes=16, initial_density=0.5)
    genome = 0.3 * np.random.default_rng(2).normal(size=genome_size(config))
    return LNDPAgent(*spaces, config, genome=genome)


def agent_without_edges() -> LNDPAgent:
    """Its outputs are always 0, so it always takes the first action: right."""
    env = gymnasium.make(FORAGING)
    spaces = env.observation_space, env.action_space
    config = config_for(*spaces, nodes=16, initial_density=0.0)
    return LNDPAgent(*spaces, config, genome=np.zeros(genome_size(config)))


@pytest.fixture(scope="module")
def learner() -> LNDPAgent:
    return agent_for(FORAGING)


def test_an_agent_without_edges_goes_right_in_every_life() -> None:
    score = evaluate(agent_without_edges(), FORAGING, lives=6)
    assert score.scores.tolist() == [500.0, 0.0] * 3  # the food is on both sides equally often
    assert score.mean == 250.0


def test_the_mean_is_over_episodes_and_lives() -> None:
    score = evaluate(agent_for("CartPole-v1"), "CartPole-v1", lives=4, episodes=3)
    thirds = score.scores * 3  # every episode of a fall is an integer
    np.testing.assert_allclose(thirds, thirds.round(), atol=1e-9)
    assert score.mean == score.scores.mean()
    assert np.mean(score.episode_means) == pytest.approx(score.mean)
    assert len(set(score.episode_means)) == 3


def test_the_first_episode_of_a_life_is_that_of_a_shorter_one() -> None:
    agent, name = agent_for("lndp/CartPoleLife-v0"), "lndp/CartPoleLife-v0"
    whole, short = evaluate(agent, name, lives=4), evaluate(agent, name, {"episodes": 1}, lives=4)
    assert whole.episode_means[:1] == short.episode_means == (short.mean,)


def test_a_seed_names_the_lives(learner: LNDPAgent) -> None:
    first, again, other = (evaluate(learner, FORAGING, lives=16, seed=seed).scores for seed in (7, 7, 8))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_more_lives_begin_with_the_same_ones_in_any_batch(
    learner: LNDPAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = evaluate(learner, FORAGING, lives=10).scores
    monkeypatch.setattr(evaluation, "BATCH_LIVES", 4)
    assert evaluate(learner, FORAGING, lives=10).scores.tolist() == many.tolist()
    assert evaluate(learner, FORAGING, lives=4).scores.tolist() == many[:4].tolist()


def test_keywords_reach_the_environment() -> None:
    score = evaluate(agent_without_edges(), FORAGING, {"switch_probability": 1.0}, lives=2)
    # 2 steps right to the food, then 10 for nothing, and so on: 9 times in 100 steps, or 8 if it begins left.
    assert score.scores.tolist() == [90.0, 80.0]


def test_evaluation_leaves_the_agent_and_the_global_randomness_alone(learner: LNDPAgent) -> None:
    state = learner.birth(3)
    before = torch.get_rng_state()
    evaluate(learner, FORAGING, lives=2)
    assert all(torch.equal(*pair) for pair in zip(learner.state, state, strict=True))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_interval_of_a_normal_mean_is_the_textbooks() -> None:
    scores = np.random.default_rng(5).normal(100.0, 20.0, size=400)
    low, high = Score(scores).interval
    half = 1.96 * scores.std() / np.sqrt(len(scores))
    assert low == pytest.approx(scores.mean() - half, abs=0.05 * half)
    assert high == pytest.approx(scores.mean() + half, abs=0.05 * half)


def test_the_interval_of_a_coin_is_binomial() -> None:
    score = Score(np.array([0.0, 1.0] * 50))
    assert score.mean == 0.5
    assert score.interval == pytest.approx((0.40, 0.60), abs=0.011)
    assert score.interval == score.interval  # no randomness that a caller could see


def test_lives_without_spread_have_an_interval_without_width() -> None:
    assert Score(np.full(9, 3.5)).interval == (3.5, 3.5)
    assert Score(np.array([2.0])).interval == (2.0, 2.0)


@pytest.mark.parametrize("lives", [0, -3, 10**7])
def test_the_number_of_lives_has_a_range(learner: LNDPAgent, lives: int) -> None:
    with pytest.raises(ValueError, match=f"lives={lives}: give 1 to 1000000"):
        evaluate(learner, FORAGING, lives=lives)


@pytest.mark.parametrize(
    ("environment", "keywords", "message"),
    [
        ("CartPole-v1", {}, r"CartPole-v1 gives observations Box.* was evolved on"),
        ("MountainCarContinuous-v0", {}, r"MountainCarContinuous-v0 gives observations Box.* was evolved on"),
        (FORAGING, {"observation": "one_hot"}, r"gives observations Box.* was evolved on"),
        ("lndp/Nothing-v0", {}, "lndp envs"),
    ],
)
def test_worlds_of_other_observations_are_refused(
    learner: LNDPAgent, environment: str, keywords: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(learner, environment, keywords)


def test_worlds_of_other_actions_are_refused() -> None:
    car = agent_for("MountainCar-v0")
    with pytest.raises(ValueError, match=r"takes actions Box.* the agent gives Discrete\(3\)"):
        evaluate(car, "MountainCarContinuous-v0")
