"""Presets: what is left open is chosen for the environment, and nothing that is given is changed."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from lndp_agents import LNDPAgent, load_pretrained
from lndp_agents.evolution.config import FIRST_VERSION, OPEN, EvolutionConfig
from lndp_agents.evolution.presets import describe, settle
from lndp_agents.genome import initial_genome
from lndp_agents.notes import Note
from lndp_agents.numbers import interval_text, score_text
from lndp_agents.policies import parameter_shapes
from lndp_agents.run.run import Run
from lndp_agents.studies.evaluation import evaluate

DEFAULT = {"nodes": 16, "initial_density": 1.0, "innate_wiring": True}


@pytest.mark.parametrize(
    ("environment", "lives", "nodes", "kind"),
    [
        ("lndp/Foraging-v0", 16, 16, "place"),
        ("CartPole-v1", 8, 16, "affine"),
        ("FrozenLake-v1", 16, 28, "one_hot"),
        ("Taxi-v4", 8, 23, "bits"),
    ],
)
def test_the_default_preset_chooses_for_the_environment(
    environment: str, lives: int, nodes: int, kind: str
) -> None:
    config, policy, world, start = settle(EvolutionConfig(environment=environment))
    assert config.program == DEFAULT | {"nodes": nodes}
    assert (config.population, config.lives, config.generations) == (64, lives, 100)
    assert (config.sigma, config.update_bias, config.encoding) == (0.25, 5.0, "auto")
    assert (parameter_shapes(policy)["node_in.bias"], world.encoding.kind, start) == ((8,), kind, None)
    assert OPEN not in config.to_json().values()
    assert EvolutionConfig.from_json(config.to_json()) == config
    assert settle(config).config == config
    assert f"policy lndp (nodes={nodes}, initial_density=1.0, innate_wiring=True)" in describe(
        config, policy, world
    )


def test_what_is_given_is_kept() -> None:
    given: dict[str, Any] = {
        "sigma": 0.5,
        "lives": 3,
        "update_bias": 0.0,
        "program": {"nodes": 20, "bias": True},
    }
    config = settle(EvolutionConfig(environment="CartPole-v1", **given)).config
    assert (config.sigma, config.lives, config.update_bias) == (0.5, 3, 0.0)
    assert config.program == DEFAULT | given["program"]
    assert EvolutionConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(("arms", "nodes"), [(9, 16), (10, 19)])  # beside one input
def test_a_small_network_has_room_for_ten_inputs_and_outputs(arms: int, nodes: int) -> None:
    config = EvolutionConfig(environment="lndp/Bandit-v0", environment_keywords={"arms": arms})
    assert settle(config).config.program["nodes"] == nodes


def test_the_limit_that_an_environment_without_one_gets_is_recorded() -> None:
    def keywords(environment: str, **given: Any) -> Any:
        return settle(EvolutionConfig(environment=environment, environment_keywords=given)).config.to_json()[
            "environment_keywords"
        ]

    with pytest.warns(Note, match="CliffWalking-v1 has no limit of steps, so it gets 1000"):
        assert keywords("CliffWalking-v1") == {"max_episode_steps": 1000}
    assert keywords("CliffWalking-v1", max_episode_steps=30) == {"max_episode_steps": 30}
    assert keywords("MountainCar-v0") == keywords("lndp/Foraging-v0") == {}  # they have one


def test_the_paper_preset_has_the_settings_of_the_published_code() -> None:
    config, policy, *_ = settle(EvolutionConfig(environment="CartPole-v1", preset="paper"))
    assert (config.population, config.generations, config.lives, config.separable) == (256, 10_000, 1, False)
    assert (config.program, config.update_bias, config.worst_weight) == ({}, 0.0, 0.0)
    assert policy.to_json()["initial_density"] == 0.1
    assert "innate_roles" not in policy.to_json()


def test_files_that_name_no_preset_are_of_the_first_version() -> None:
    old = {"environment": "lndp/Bandit-v0", "program": {"nodes": 12}}
    read = EvolutionConfig.from_json(old)
    assert read.preset == FIRST_VERSION
    config, policy, *_ = settle(read)
    assert (config.sigma, config.lives, config.generations, config.encoding) == (0.5, 8, 200, "scaled")
    assert config.program == {"nodes": 12}
    assert policy.to_json()["initial_density"] == 0.1
    assert not {"preset", "update_bias"} & set(config.to_json())


def test_a_start_hands_on_its_switches_and_its_encoding() -> None:
    config, policy, world, start = settle(EvolutionConfig(environment="lndp/Foraging-v0", start="foraging"))
    agent = load_pretrained("foraging")
    assert isinstance(agent, LNDPAgent)
    assert world.encoding == agent.encoding
    assert policy == agent.config
    assert (config.sigma, config.update_bias) == (0.3, 0.0)
    assert start is not None
    assert torch.equal(start, agent.genome)
    # What a search begins with is as good as the agent: nothing was lost on the way.
    same = LNDPAgent(
        world.dynamics.observation_space,
        world.dynamics.action_space,
        policy,
        genome=start,
        encoding=world.encoding,
    )
    scores = [evaluate(who, "lndp/Foraging-v0", lives=16).mean for who in (agent, same)]
    assert scores[0] == scores[1] > 480


def test_a_start_without_innate_roles_keeps_its_program_without_them() -> None:
    config = settle(EvolutionConfig(environment="lndp/Bandit-v0", start="bandit")).config
    assert config.program["innate_wiring"] is False
    assert "innate_roles" not in config.program
    given = EvolutionConfig(environment="lndp/Bandit-v0", start="bandit", program={"innate_roles": True})
    assert settle(given).config.program["innate_roles"] is True


def test_sizes_of_layers_are_adopted_from_a_start(tmp_path: Path) -> None:
    recipe = {"environment": "lndp/Bandit-v0", "policy": "mlp"}
    sizes = EvolutionConfig(
        **recipe, program={"hidden_sizes": [3, 2]}, generations=1, population=4, lives=1, held_out_lives=1
    )
    with Run.create(sizes, tmp_path / "run") as run:
        genome = run.best.genome
    config, _, _, start = settle(EvolutionConfig(**recipe, start=str(tmp_path / "run" / "best")))
    assert config.program["hidden_sizes"] == [3, 2]
    assert start is not None
    assert torch.equal(start, genome)


def test_a_run_begins_around_open_update_gates(tmp_path: Path) -> None:
    config = EvolutionConfig(environment="lndp/Bandit-v0", generations=1, population=4, lives=1)
    with Run.create(config, tmp_path / "run") as run:
        assert run.config.update_bias == 5.0
        assert torch.equal(run.best.genome, initial_genome(run.program, 5.0))
    with Run.open(tmp_path / "run") as again:
        assert torch.equal(again.best.genome, initial_genome(again.program, 5.0))
        assert again.config == run.config


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(ValueError, match=r"preset='fast': give one of default, paper, 0\.1"):
        EvolutionConfig(environment="CartPole-v1", preset="fast")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (486.7, "486.7"),
        (0.03125, "0.0312"),
        (-0.0, "0.0"),
        (-1e-12, "0.0"),
        (3.6, "3.60"),
        (-45.62, "-45.6"),
        (12345.67, "12345.7"),
        (math.inf, "inf"),
    ],
)
def test_scores_have_three_significant_digits(value: float, text: str) -> None:
    assert score_text(value) == text
    assert interval_text((value, value)) == f"{text} to {text}"
