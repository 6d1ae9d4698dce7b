"""Every policy as a user meets it: evolved, resumed, saved, loaded, scored and played by other tools."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import lndp_envs
import numpy as np
import pytest
import torch
from lndp_envs import SenseReward
from lndp_envs.foraging import Foraging
from lndp_envs.registration import WORLDS
from small_policies import RIVALS, SMALL
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import DummyVecEnv

from lndp_agents import Agent, LNDPAgent, cli, load_pretrained
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.genome import genome_size
from lndp_agents.persistence import FileFormatError
from lndp_agents.policies import POLICIES
from lndp_agents.run.run import Run
from lndp_agents.run.verification import verify
from lndp_agents.run.view import RunView
from lndp_agents.spaces import config_for
from lndp_agents.studies.evaluation import evaluate

SHORT = "test/ShortForagingOfPolicies-v0"
RECIPE: dict[str, Any] = {
    "environment": SHORT,
    "generations": 4,
    "population": 6,
    "lives": 2,
    "evaluate_every": 2,
    "held_out_lives": 4,
}
OTHERS = [name for name in SMALL if name != "lndp"]


@pytest.fixture(scope="module", autouse=True)
def short_foraging() -> Iterator[None]:
    """Foraging in lives of 15 steps."""
    lndp_envs.register(SHORT, Foraging, max_episode_steps=15)
    yield
    del WORLDS[SHORT], gymnasium.registry[SHORT]


def recipe(policy: str, **changes: Any) -> EvolutionConfig:
    return EvolutionConfig(**(RECIPE | {"policy": policy, "program": SMALL[policy]} | changes))


def evolve(recipe: EvolutionConfig, folder: Path, generations: int | None = None) -> None:
    with Run.create(recipe, folder) as run:
        for _, _ in zip(run.generations(), range(generations or 10**9), strict=False):
            pass


def contents(folder: Path) -> dict[str, bytes]:
    files = [
        "metrics.csv",
        "hashes.csv",
        *(f"{name}/model.safetensors" for name in ("best", "mean", "last")),
    ]
    return {name: (folder / name).read_bytes() for name in files}


def agent_of(policy: str, environment: str = "lndp/Foraging-v0", **switches: Any) -> Agent[Any]:
    env = gymnasium.make(environment)
    spaces = env.observation_space, env.action_space
    config = config_for(*spaces, None, POLICIES[policy], **SMALL[policy], **switches)
    kind = LNDPAgent if policy in ("lndp", "ndp") else Agent
    return kind(*spaces, config, genome=0.3 * np.random.default_rng(0).normal(size=genome_size(config)))


@pytest.mark.parametrize("policy", OTHERS)
def test_a_run_in_pieces_is_the_run_in_one(policy: str, tmp_path: Path) -> None:
    evolve(recipe(policy), tmp_path / "whole")
    evolve(recipe(policy), tmp_path / "stopped", 2)
    with Run.open(tmp_path / "stopped") as run:
        for _ in run.generations():
            pass
    assert contents(tmp_path / "stopped") == contents(tmp_path / "whole")
    assert len(set(contents(tmp_path / "whole").values())) > 3
    assert not verify(tmp_path / "whole", everything=True).differences
    agent = load_pretrained(tmp_path / "whole" / "best")
    assert agent.config == RunView(tmp_path / "whole").description.program
    assert type(agent) is (LNDPAgent if policy == "ndp" else Agent)


def test_hebbian_networks_evolve_as_in_the_paper(tmp_path: Path) -> None:
    changes = recipe("hebbian", searcher="OpenAIES", sigma=0.1, lives=1, population=8)
    evolve(changes, tmp_path / "whole")
    evolve(changes, tmp_path / "stopped", 3)
    with Run.open(tmp_path / "stopped") as run:
        for _ in run.generations():
            pass
    assert contents(tmp_path / "stopped") == contents(tmp_path / "whole")


@pytest.mark.parametrize("policy", OTHERS)
def test_the_command_line_trains_and_scores_it(
    policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--policy", policy, "--generations", "1", "--population", "4", "--lives", "1"]
    options += ["--held-out-lives", "2", "--evaluate-every", "1", "--out", str(tmp_path / "run"), "--json"]
    options += ["--program", *(f"{name}={json.dumps(value)}" for name, value in SMALL[policy].items())]
    assert cli.main(["train", SHORT, *(options if SMALL[policy] else options[:-1])]) == 0
    assert json.loads(capsys.readouterr().out)["generations"] == 1
    assert cli.main(["evaluate", str(tmp_path / "run"), "--lives", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["environment"] == SHORT
    saved = json.loads((tmp_path / "run" / "config.json").read_text())
    assert saved["recipe"]["policy"] == policy


@pytest.mark.parametrize("command", [["watch", "--gif", "life.gif"], ["diagnose"]])
def test_commands_that_look_at_a_brain_refuse_others(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent_of("gru").save_pretrained(tmp_path)
    assert cli.main([*command, str(tmp_path), "--env", "lndp/Foraging-v0"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "is of the policy gru, which has no brain that rewires: `lndp evaluate` it" in error


@pytest.mark.parametrize("policy", SMALL)
def test_an_agent_is_the_same_after_it_was_saved(policy: str, tmp_path: Path) -> None:
    agent = agent_of(policy)
    agent.save_pretrained(tmp_path)
    saved = json.loads((tmp_path / "config.json").read_text())
    assert saved["policy"] == policy
    again = Agent[Any].from_pretrained(tmp_path)
    assert type(again) is type(agent)
    assert again.config == agent.config
    assert torch.equal(again.genome, agent.genome)
    scores = [evaluate(each, "lndp/Foraging-v0", lives=3).scores.tolist() for each in (agent, again)]
    assert scores[0] == scores[1]


def test_an_lndp_agent_is_not_made_of_another_policy(tmp_path: Path) -> None:
    agent_of("gru").save_pretrained(tmp_path)
    with pytest.raises(FileFormatError, match="of the policy gru; load it as an Agent"):
        LNDPAgent.from_pretrained(tmp_path)
    assert isinstance(load_pretrained(tmp_path), Agent)
    data = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(data | {"policy": "mlp"}))
    with pytest.raises(FileFormatError, match="config has the unknown key 'hidden_size'"):
        load_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(data | {"policy": "ppo"}))
    with pytest.raises(FileFormatError, match="policy='ppo': give one of lndp, ndp, linear"):
        load_pretrained(tmp_path)


@pytest.mark.parametrize("policy", RIVALS)
@pytest.mark.parametrize("environment", ["lndp/Foraging-v0", "lndp/CartPoleLife-v0", "lndp/PendulumLife-v0"])
def test_predict_leads_the_lives_that_act_leads(policy: str, environment: str) -> None:
    agent = agent_of(policy, environment)
    env = SenseReward(gymnasium.make(environment))
    observation, _ = env.reset(seed=1)
    agent.seed(3)
    rows = {name: np.stack([value] * 2) for name, value in observation.items()}
    _, state = agent.predict(rows)
    agent.seed(3)
    agent.birth()
    state = None
    for _ in range(20):
        action = agent.act(observation)
        rows = {name: np.stack([value] * 2) for name, value in observation.items()}
        actions, state = agent.predict(rows, state)
        np.testing.assert_allclose(actions[0], action, rtol=1e-4, atol=1e-5)
        observation = env.step(action)[0]
    assert agent.state.age.item() == 20
    forked = agent.state
    agent.birth(seed=0)
    agent.state = forked
    assert agent.state.age.item() == 20
    with pytest.raises(ValueError, match=r"state with memory of shape|state with age"):
        agent.state = forked._replace(memory=forked.memory[..., :-1] if forked.memory.numel() else forked.age)


@pytest.mark.parametrize("policy", SMALL)
def test_stable_baselines_evaluates_it(policy: str) -> None:
    agent = agent_of(policy)
    envs = DummyVecEnv([lambda: SenseReward(gymnasium.make("lndp/Foraging-v0", max_episode_steps=30))] * 2)
    envs.seed(0)
    returns, lengths = evaluate_policy(
        agent, envs, n_eval_episodes=4, return_episode_rewards=True, warn=False
    )
    assert lengths == [30] * 4
    assert all(np.isfinite(returns))


PICTURES = """
import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete

class Pictures(gymnasium.Env):
    observation_space, action_space = Box(0, 255, (210, 160, 3), np.uint8), Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros((210, 160, 3), np.uint8), {}

    def step(self, action):
        return np.full((210, 160, 3), 9, np.uint8), 1.0, False, False, {}

gymnasium.register("Pictures-v0", Pictures, max_episode_steps=3)
"""


@pytest.mark.slow
def test_the_way_that_pictures_are_shown_leads_on_when_it_is_typed(tmp_path: Path) -> None:
    (tmp_path / "pictures.py").write_text(PICTURES)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}

    def lndp(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("lndp")), *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300
        )

    small = ["--generations", "1", "--population", "4", "--lives", "1", "--held-out-lives", "2"]
    refused = lndp("train", "pictures:Pictures-v0", *small)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    way = refused.stderr.split("`")[1].split()
    trained = lndp("train", "pictures:Pictures-v0", *way, *small, "--out", "run", "--json")
    assert (trained.returncode, json.loads(trained.stdout)["generations"]) == (0, 1)
    scored = lndp("evaluate", "run", "--lives", "2", "--json")
    assert json.loads(scored.stdout)["mean"] == 3.0


def test_a_recipe_of_an_lndp_does_not_say_so() -> None:
    assert "policy" not in EvolutionConfig(environment="lndp/Bandit-v0").to_json()
    assert recipe("gru").to_json()["policy"] == "gru"
    assert EvolutionConfig.from_json(recipe("gru").to_json()) == recipe("gru")
    with pytest.raises(ValueError, match="policy='ppo': give one of lndp"):
        EvolutionConfig(environment="lndp/Bandit-v0", policy="ppo")
    with pytest.raises(ValueError, match="'action_low' follows from the environment"):
        recipe("hebbian", program={"action_low": [0]})


def test_a_search_starts_around_an_agent_of_the_same_policy(tmp_path: Path) -> None:
    evolve(recipe("gru", generations=1), tmp_path / "first")
    start = str(tmp_path / "first" / "mean")
    with Run.create(recipe("gru", start=start), tmp_path / "second") as run:
        assert torch.equal(run.best.genome, load_pretrained(start).genome)
    with pytest.raises(ValueError, match="its genome has other parameters"):
        Run.create(recipe("linear", start=start), tmp_path / "third")


@pytest.mark.slow
def test_a_gru_learns_to_learn_a_bandit(tmp_path: Path) -> None:
    """Chance is 100 of 200 pulls, always one arm 100; only what remembers rewards earns more."""
    changes = {
        "environment": "lndp/Bandit-v0",
        "generations": 60,
        "population": 48,
        "lives": 8,
        "held_out_lives": 128,
        "evaluate_every": 20,
    }
    evolve(recipe("gru", program={"hidden_size": 8}, **changes), tmp_path / "run")
    score = evaluate(load_pretrained(tmp_path / "run" / "best"), "lndp/Bandit-v0", lives=256, seed=5)
    assert score.interval[0] > 110
