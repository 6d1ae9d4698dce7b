"""Environments of other people: found, made, and blamed for what goes wrong in them."""

import re
import sys
import traceback
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch
from lndp_envs import Lifetime

from lndp_agents import load_pretrained
from lndp_agents.blame import WorldError
from lndp_agents.environments import find_environment, make_env
from lndp_agents.evolution.fitness import WORST, fitness
from lndp_agents.genome import genome_to_parameters
from lndp_agents.notes import Note
from lndp_agents.rollout import Evolved, World, lifetime_keys, make_world, rollout
from lndp_agents.rollout.gym_dynamics import GymDynamics
from lndp_agents.studies.evaluation import evaluate

UNCHECKED = {"max_episode_steps": 9, "disable_env_checker": True}
"""Without the warnings of Gymnasium."""


@pytest.fixture
def here(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with a module, which is the current one."""
    monkeypatch.chdir(own_folder)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(own_folder)])
    return own_folder


def test_the_current_folder_comes_first(here: Path) -> None:
    assert find_environment("my_doors:Doors-v0") == "Doors-v0"
    assert sys.path[0] == str(here)
    assert find_environment("my_doors:Rich") == "my_doors/Rich"
    assert sys.path.count(str(here)) == 1


def test_nothing_is_added_for_an_id_without_a_module(here: Path) -> None:
    find_environment("CartPole-v1")
    assert str(here) not in sys.path


@pytest.mark.parametrize("name", ["my_doors:Rich", "my_doors.py:Rich", "./my_doors.py:Rich"])
def test_a_class_is_registered_for_him_who_did_not(here: Path, name: str) -> None:
    env = make_env(name, {"max_episode_steps": 3}, episodes=2)
    assert isinstance(env, Lifetime)
    assert env.spec is not None
    assert (env.spec.id, env.spec.max_episode_steps) == ("my_doors/Rich", 3)


def test_a_function_makes_an_environment_too(here: Path) -> None:
    assert make_env("my_doors:two_doors", {"max_episode_steps": 3}).action_space == gymnasium.spaces.Discrete(
        2
    )


def test_a_file_is_found_from_anywhere(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "random.py").write_text("")
    assert find_environment(f"{here / 'my_doors.py'}:Doors") == "my_doors/Doors"
    with pytest.raises(ValueError, match=r"another module is called 'random'; rename the file"):
        find_environment("random.py:Doors")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("init", "raised RuntimeError: no door is left in {file}, line 18 (__init__); for the traceback"),
        ("type", "raised TypeError: object of type 'int' has no len() in {file}, line 20 (__init__)"),
        ("reset", "raised ValueError: the key does not fit in {file}, line 27 (reset)"),
        ("step", "raised KeyError: 'handle' in {file}, line 33 (step)"),
    ],
)
def test_an_error_within_names_file_and_line(here: Path, fault: str, told: str) -> None:
    agent = load_pretrained("bandit")
    with pytest.raises(WorldError) as caught:
        evaluate(agent, "my_doors:Doors-v0", {"fault": fault}, lives=2)
    assert told.format(file=here / "my_doors.py") in str(caught.value)
    assert str(caught.value).startswith("environment 'my_doors:Doors-v0' raised ")
    assert caught.value.__cause__ is not None
    assert traceback.extract_tb(caught.value.__cause__.__traceback__)


def test_an_observation_of_another_shape_is_told(here: Path) -> None:
    message = r"'my_doors:Doors' shows what is not of its space: observation of shape \(2,\): give \(1,\)"
    dynamics = GymDynamics("my_doors:Doors", UNCHECKED | {"fault": "shape"}, 1)
    with pytest.raises(ValueError, match=message):
        dynamics.reset(lifetime_keys(1, num_lifetimes=2))


@pytest.mark.parametrize("name", ["my_doors:Doors-v0", "lndp/Foraging-v0", "MountainCar-v0"])
def test_keywords_that_do_not_fit_are_told_as_such(here: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"keywords {{'falt': 3}} do not fit {name}: .*give those that it"):
        make_world(name, {"falt": 3})


@pytest.mark.parametrize(
    ("name", "told"), [("CartPole", "did you mean CartPole-v1?"), ("../x:Y", "TypeError")]
)
def test_a_name_that_is_none_is_told_without_a_place_in_python(here: Path, name: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        find_environment(name)
    assert "importlib" not in str(caught.value)


def test_a_package_that_is_lacking_is_told_as_gymnasium_does(here: Path) -> None:
    (here / "lacking.py").write_text(
        "import gymnasium\n\ndef make():\n    raise gymnasium.error.DependencyNotInstalled('pip install x')\n"
    )
    with pytest.raises(ValueError, match=r"environment 'lacking:make': pip install x$"):
        make_world("lacking:make", {})


def lives_of(fault: str | None) -> tuple[World, torch.Tensor]:
    """The score of one life of an agent where something goes wrong, and its world."""
    agent = load_pretrained("bandit")
    world = make_world("my_doors:Doors", UNCHECKED | {"fault": fault}, 1, agent.encoding)
    keys = lifetime_keys(3, num_lifetimes=1)
    parameters = genome_to_parameters(agent.config, agent.genome[None])
    lives = rollout(Evolved(agent.program, parameters), world, keys, torch.zeros(1, dtype=torch.int64))
    assert lives.steps.tolist() == [[5]]  # an environment is not stepped after its end
    return world, fitness(lives, torch.zeros(1, dtype=torch.int64), 1.0, 0.0)


def test_a_reward_that_is_no_finite_number_is_the_worst(here: Path) -> None:
    assert 0 <= lives_of(None)[1].item() <= 5
    for fault in ("nan", "inf"):
        with pytest.warns(Note, match="my_doors:Doors gave a reward that is no finite number"):
            assert lives_of(fault)[1].item() == WORST
    with (
        pytest.warns(Note, match="no finite number"),
        pytest.raises(ValueError, match="my_doors:Doors gave rewards that are no finite numbers"),
    ):
        evaluate(load_pretrained("bandit"), "my_doors:Doors", UNCHECKED | {"fault": "nan"}, lives=2)


def test_an_observation_that_is_not_finite_is_sensed_as_zero(here: Path) -> None:
    with pytest.warns(Note, match="my_doors:Doors gave an observation that is not finite"):
        world, score = lives_of("blind")
    assert 0 <= score.item() <= 5
    assert world.encoding.encode(torch.tensor([[np.nan]])).isfinite().all()


def test_lives_of_many_parts_are_the_same_in_any_batch(here: Path) -> None:
    with pytest.warns(Note, match="agents do not read mission, which holds no numbers"):
        world = make_world("my_doors:Rich", {"max_episode_steps": 4})
    dynamics = world.dynamics
    assert isinstance(dynamics, GymDynamics)
    keys = lifetime_keys(3, num_lifetimes=3)
    outputs = torch.linspace(-1, 1, 3 * world.decoding.size).reshape(3, -1)
    together, _, _ = dynamics.step(dynamics.reset(keys), world.decoding.decode(outputs))
    assert dynamics.observe(together).shape == (3, 5)  # hand: two bits and two choices; where
    assert world.encoding.encode(dynamics.observe(together)).shape == (3, 2 + 2 + 3 + 7)
    alone, _, _ = dynamics.step(dynamics.reset(keys[1:2]), world.decoding.decode(outputs[1:2]))
    assert torch.equal(dynamics.observe(alone)[0], dynamics.observe(together)[1])
