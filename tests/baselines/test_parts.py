"""Learners beside agents where observations and actions have several parts."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict
from lndp_envs import SenseReward

from lndp_agents import LNDPAgent
from lndp_agents.baselines import Job, train_baseline
from lndp_agents.baselines.vec_env import make_vec_env
from lndp_agents.environments import make_env
from lndp_agents.interventions import Lesion
from lndp_agents.spaces import ObservationEncoding, config_for, plain_space, to_numbers
from lndp_agents.studies.evaluation import evaluate, evaluate_policy_lives

pytestmark = pytest.mark.filterwarnings("ignore:my_doors.* agents do not read mission")
KEYWORDS = {"max_episode_steps": 5, "disable_env_checker": True}


@pytest.fixture(autouse=True)
def here(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder with `my_doors` is the current one."""
    monkeypatch.chdir(own_folder)
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_a_learner_gets_the_inputs_of_an_agent() -> None:
    envs = make_vec_env("my_doors:Seen", KEYWORDS, 2, seed=3)
    env = make_env("my_doors:Seen", KEYWORDS)
    space, encoding = plain_space(env.observation_space), ObservationEncoding.of(env.observation_space)
    assert isinstance(envs.observation_space, Dict)
    assert envs.observation_space["observation"] == Box(-np.inf, np.inf, (encoding.size,), np.float32)
    seen: Any = envs.reset()
    for row in range(2):
        observation, _ = env.reset(seed=3 + row)
        expected = encoding.encode(torch.tensor(to_numbers(space, observation)))
        assert seen["observation"][row].tolist() == expected.tolist()


@pytest.mark.slow
def test_ppo_learns_and_is_scored_there() -> None:
    policy = train_baseline("ppo", Job("my_doors:Seen", KEYWORDS, budget_steps=4096, seed=1))
    lives = evaluate_policy_lives(policy, "my_doors:Seen", KEYWORDS, lives=8)
    assert lives.steps.tolist() == [5] * 8
    assert 0 <= lives.scores.mean() <= 5


def test_an_agent_scores_what_evaluate_says_intact_and_injured() -> None:
    env = SenseReward(make_env("my_doors:Rich", KEYWORDS))
    spaces = env.observation_space, env.action_space
    agent = LNDPAgent(*spaces, config_for(*spaces, nodes=30, initial_density=0.5))
    scores = evaluate(agent, "my_doors:Rich", KEYWORDS, lives=6).scores
    lives = evaluate_policy_lives(agent, "my_doors:Rich", KEYWORDS, lives=6)
    assert lives.scores.tolist() == scores.tolist()
    saturated = evaluate_policy_lives(
        agent, "my_doors:Rich", KEYWORDS, lives=6, lesion=Lesion(at=0, saturate=9)
    )
    assert set(saturated.scores.tolist()) == {0.0, 5.0}  # always the last door: right, or not


def test_random_actions_are_of_every_space() -> None:
    policy = train_baseline("random", Job("my_doors:Rich", KEYWORDS))
    scores = evaluate_policy_lives(policy, "my_doors:Rich", KEYWORDS, lives=64).scores
    assert 1.5 < scores.mean() < 3.5
    assert scores.std() > 0.5


def test_actions_that_no_learner_gives_are_refused() -> None:
    with pytest.raises(ValueError, match=r"my_doors:Rich takes actions Dict\(.*leave its learners out"):
        make_vec_env("my_doors:Rich", KEYWORDS, 2, seed=0)
