"""Dynamics in a file of their own: the single, the vector and the batch environment of one call."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import gymnasium
import lndp_envs
import numpy as np
import pytest
import torch
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env, data_equivalence
from lndp_envs.dynamics import OneEpisode
from lndp_envs.registration import WORLDS

from lndp_agents.environments import find_environment, make_env
from lndp_agents.rollout import make_world

from .conftest import MOTH, PLUGINS

MOTH_ID = "moth/Moth-v0"


@pytest.fixture(autouse=True)
def world() -> ModuleType:
    """The module of the moth."""
    assert find_environment(MOTH) == MOTH_ID
    return sys.modules["world"]


@pytest.mark.parametrize("name", ["Moth", MOTH_ID])
def test_it_is_found_by_its_class_and_by_its_id(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: ModuleType
) -> None:
    monkeypatch.chdir(tmp_path)
    made = make_world(f"{PLUGINS / 'world.py'}:{name}", {"cells": 5})
    assert made.dynamics == world.Moth(cells=5)
    assert made.num_steps == 100
    assert make_world(MOTH, {"max_episode_steps": 7}, 3).num_steps == 21


def test_the_checker_has_nothing_to_say_and_it_draws() -> None:
    check_env(gymnasium.make(MOTH_ID).unwrapped)
    env = make_env(MOTH, {"cells": 5}, render_mode="rgb_array")
    env.reset(seed=0, options={"task": 1})
    picture = env.render()
    assert picture.shape == (120, 200, 3)
    assert picture[20, 170].tolist() == [255, 220, 90]  # the lamp on the right
    assert picture[80, 100].tolist() == [220, 220, 235]  # the moth in the middle
    assert gymnasium.make(MOTH_ID, render_mode="ansi").metadata["render_fps"] == 8
    assert "hazard" in str(gymnasium.make(MOTH_ID).unwrapped.dynamics)
    assert (gymnasium.make(MOTH_ID).unwrapped.__doc__ or "").startswith("A moth flies left (0), right (1)")


def test_the_vector_environment_is_the_loop() -> None:
    options: dict[str, Any] = {"cells": 5, "hazard": 0.3, "max_episode_steps": 6}
    loop = gymnasium.make_vec(MOTH_ID, 3, vectorization_mode="sync", **options)
    batch = gymnasium.make_vec(MOTH_ID, 3, vectorization_mode="vector_entry_point", **options)
    assert isinstance(batch, lndp_envs.vector_env.DynamicsVectorEnv)
    assert data_equivalence(loop.reset(seed=3), batch.reset(seed=3), exact=True)
    generator, rewards = np.random.default_rng(0), 0.0
    for _ in range(30):
        actions = generator.integers(0, 3, 3)
        ours, theirs = batch.step(actions), loop.step(actions)
        assert data_equivalence(ours, theirs, exact=True)
        rewards += ours[1].sum()
    assert rewards > 0


def test_batches_of_torch_are_those_of_numpy(world: ModuleType) -> None:
    moth, keys = world.Moth(cells=5, hazard=0.3), np.arange(20)
    states: list[Any] = [moth.reset(keys), moth.reset(torch.from_numpy(keys))]
    for step in range(20):
        action = (keys * 7 + step * step) % 3
        results = [
            moth.step(state, kind)
            for state, kind in zip(states, (action, torch.from_numpy(action)), strict=True)
        ]
        states = [result[0] for result in results]
        assert np.array_equal(results[0][1], results[1][1].numpy())
        assert np.array_equal(moth.observe(states[0]), moth.observe(states[1]).numpy())
    assert 0 < states[0].lamp.mean() < 1


def test_a_copy_lives_on_and_another_process_makes_it_from_json(tmp_path: Path) -> None:
    env = gymnasium.make(MOTH_ID, cells=5)
    env.reset(seed=1)
    copy = pickle.loads(pickle.dumps(env))
    assert data_equivalence(env.step(0), copy.step(0), exact=True)
    assert env.spec is not None
    assert EnvSpec.from_json(env.spec.to_json()) == env.spec
    program = (
        "import sys, gymnasium\n"
        "from gymnasium.envs.registration import EnvSpec\n"
        "env = gymnasium.make(EnvSpec.from_json(sys.argv[1]))\n"
        "print(env.reset(seed=4)[0].tolist())\n"
    )
    paths = [str(PLUGINS), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-c", program, env.spec.to_json()],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == env.reset(seed=4)[0].tolist()


@pytest.fixture
def of_a_name() -> Iterator[str]:
    """An id that is forgotten afterwards."""
    yield "test/Moth-v0"
    WORLDS.pop("test/Moth-v0", None)
    gymnasium.registry.pop("test/Moth-v0", None)


def test_registering_again_replaces(of_a_name: str, world: ModuleType) -> None:
    for cells in (5, 7):
        lndp_envs.register(of_a_name, world.Moth, max_episode_steps=cells, kwargs={"cells": cells})
        assert gymnasium.make(of_a_name).unwrapped.dynamics.cells == cells
        assert lndp_envs.make_dynamics(of_a_name) == (world.Moth(cells=cells), cells)
    with pytest.raises(TypeError, match=r"no keyword 'cell' \(did you mean 'cells'\?\)"):
        lndp_envs.register(of_a_name, world.Moth, kwargs={"cell": 3})
    with pytest.raises(ValueError, match="render_mode is 'human', but it must be None or one of"):
        lndp_envs.env.DynamicsEnv(world.Moth(), None, "human")


def test_dynamics_that_are_not_registered_are_found_by_their_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "from world import Moth\n\n\nclass Small(Moth):\n    num_steps = 4\n    cells = 3\n"
    (tmp_path / "lndp_test_small.py").write_text(text)
    monkeypatch.syspath_prepend(PLUGINS)
    made = make_world(f"{tmp_path / 'lndp_test_small.py'}:Small")
    assert isinstance(made.dynamics, OneEpisode)
    assert made.num_steps == 4
    env_id = "lndp_test_small/Small"
    assert gymnasium.make_vec(env_id, 2).reset(seed=0)[0].shape == (2, 2)
    del WORLDS[env_id], gymnasium.registry[env_id], sys.modules["lndp_test_small"]
