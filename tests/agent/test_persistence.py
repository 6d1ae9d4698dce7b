"""Agents in files: what is loaded is what was saved, and nothing else is ever taken for an agent."""

import hashlib
import json
import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from hypothesis import HealthCheck, given, settings
from safetensors.torch import load_file, save_file

from lndp_agents import LNDPAgent, __version__, persistence
from lndp_agents.persistence import FORMAT_VERSION, FileFormatError
from lndp_agents.spaces import ObservationEncoding, config_for
from lndp_agents.spaces.encoding import PlaceEncoding

Change = Callable[[Path], Any]
GOLDEN = Path(__file__).parent / "format_1"
"""An agent that was saved in format 1."""
SPACES = Box(np.array([-3, -np.inf], np.float32), np.array([3, np.inf], np.float32)), Box(-1, 2, (3,))


@pytest.fixture
def agent() -> LNDPAgent:
    config = config_for(*SPACES, nodes=13, development_steps=1, bias=True)
    genome = torch.randn(
        LNDPAgent(*SPACES, config).num_parameters, generator=torch.Generator().manual_seed(1)
    )
    encoding = ObservationEncoding.of(SPACES[0], [5.0, 1.5], [2.0, 0.3])
    return LNDPAgent(*SPACES, config, genome=genome, encoding=encoding)


@pytest.fixture
def folder(agent: LNDPAgent, tmp_path: Path) -> Path:
    agent.save_pretrained(tmp_path / "agent")
    return tmp_path / "agent"


def edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / "config.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def edit_tensors(folder: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


class TestRoundTrip:
    def test_everything_comes_back_bit_for_bit(self, agent: LNDPAgent, folder: Path) -> None:
        again = LNDPAgent.from_pretrained(folder)
        assert torch.equal(again.genome, agent.genome)
        assert again.config == agent.config
        assert again.encoding == agent.encoding
        assert (again.observation_space, again.action_space) == SPACES

    def test_the_loaded_agent_lives_the_same_life(self, agent: LNDPAgent, folder: Path) -> None:
        again = LNDPAgent.from_pretrained(str(folder))
        agent.birth(5), again.birth(5)
        for step in range(20):
            observation = np.array([step % 4, -step])
            assert np.array_equal(agent.act(observation, 1.0), again.act(observation, 1.0))
        assert all(torch.equal(a, b) for a, b in zip(agent.state, again.state, strict=True))

    @pytest.mark.parametrize("place", [False, True])
    def test_other_spaces_and_encodings(self, place: bool, tmp_path: Path) -> None:
        spaces = (Box(0, 4, (1,)), Discrete(3, start=-1)) if place else (Discrete(7, start=2), Discrete(3))
        encoding = PlaceEncoding.of_box(spaces[0]) if place else None
        LNDPAgent(*spaces, encoding=encoding).save_pretrained(tmp_path)
        again = LNDPAgent.from_pretrained(tmp_path)
        assert (again.observation_space, again.action_space) == spaces
        assert again.config.observation_size == (5 if place else 7)

    def test_the_files_are_as_documented(self, agent: LNDPAgent, folder: Path) -> None:
        assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]
        data = json.loads((folder / "config.json").read_text(), parse_constant=pytest.fail)
        assert data == {
            "format_version": 2,
            "package_version": __version__,
            "policy": "lndp",
            "observation_space": {
                "type": "Box",
                "shape": [2],
                "low": [-3.0, None],
                "high": [3.0, None],
                "dtype": "float32",
            },
            "action_space": {
                "type": "Box",
                "shape": [3],
                "low": [-1.0] * 3,
                "high": [2.0] * 3,
                "dtype": "float32",
            },
            "encoding": {
                "kind": "affine",
                "shape": [2],
                "offset": [0.0, 1.5],
                "scale": [1 / 3, 1 / 0.3],
            },
            "config": agent.config.to_json(),
            "model_sha256": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
        }
        tensors = load_file(folder / "model.safetensors")
        assert tensors.keys() == agent.parameters.keys()
        assert all(torch.equal(tensors[name], agent.parameters[name]) for name in tensors)

    def test_files_of_format_1_are_read(self) -> None:
        agent = LNDPAgent.from_pretrained(GOLDEN)
        digest = hashlib.sha256(agent.genome.numpy().tobytes()).hexdigest()
        assert digest == "71417d2e19f5a9be1ceb529dd9a548107468a1b3adf017186e5fc8864c5f0b2d"
        assert (agent.config.nodes, agent.encoding) == (16, PlaceEncoding.of_box(Box(0, 4, (1,))))

    def test_saving_again_replaces(self, folder: Path) -> None:
        other = LNDPAgent(Discrete(2), Discrete(2))
        other.save_pretrained(folder)
        assert torch.equal(LNDPAgent.from_pretrained(folder).genome, other.genome)
        assert len(list(folder.iterdir())) == 2

    def test_a_failure_while_writing_leaves_the_old_files(
        self, agent: LNDPAgent, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        before = {path: path.read_bytes() for path in folder.iterdir()}
        monkeypatch.setattr(persistence.os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            LNDPAgent(Discrete(2), Discrete(2)).save_pretrained(folder)
        assert {path: path.read_bytes() for path in folder.iterdir()} == before

    def test_loading_touches_no_global_generator(self, folder: Path) -> None:
        before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
        LNDPAgent.from_pretrained(folder)
        after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
        assert before == after


def refused(folder: Path) -> str:
    """The one line that refuses the folder."""
    with pytest.raises(FileFormatError) as error:
        LNDPAgent.from_pretrained(folder)
    assert "\n" not in str(error.value)
    assert str(folder) in str(error.value)
    return str(error.value)


def write(name: str, content: bytes | str) -> Change:
    data = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(data)


def truncate(name: str, size: int) -> Change:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def replace(**values: Any) -> Change:
    """Replace entries of config.json; `config__nodes` means the entry nodes within config."""

    def change(folder: Path) -> None:
        def update(data: dict[str, Any]) -> None:
            for path, value in values.items():
                *parents, last = path.split("__")
                target = data
                for parent in parents:
                    target = target[parent]
                target[last] = value

        edit(folder, update)

    return change


def remove(*path: str) -> Change:
    def change(folder: Path) -> None:
        def delete(data: dict[str, Any]) -> None:
            target = data
            for parent in path[:-1]:
                target = target[parent]
            del target[path[-1]]

        edit(folder, delete)

    return change


def tensors(change: Callable[[dict[str, torch.Tensor]], Any]) -> Change:
    return lambda folder: edit_tensors(folder, change)


class Malicious:
    """Runs code wherever it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (os.environ["LNDP_TEST_TRAP"],)


class TestRefusal:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda folder: (folder / "config.json").unlink(), "config.json: no such file; give a folder"),
            (lambda folder: (folder / "model.safetensors").unlink(), "model.safetensors: no such file"),
            (write("config.json", ""), "not JSON (Expecting value"),
            (write("config.json", b"\xff\xfe\x00"), "not JSON ('utf-16"),
            (truncate("config.json", 300), "not JSON (Expecting"),
            (write("config.json", "[" * 100_000), "nested too deeply"),
            (write("config.json", "[1]"), "[1] is no JSON object"),
            (write("config.json", " " * 5_000_000), "5000000 bytes, expected 0 to 1048576"),
            (write("config.json", "{}"), "format_version None"),
            (replace(format_version=3), "format_version 3, lndp-agents"),
            (replace(format_version=0), "format_version 0, lndp-agents"),
            (replace(format_version=1), "agent has the unknown key 'model_sha256'"),
            (remove("model_sha256"), "agent lacks the key 'model_sha256'"),
            (replace(model_sha256=None), "not the model that config.json was saved with"),
            (replace(format_version=True), "format_version True"),
            (replace(policy="ppo"), "policy='ppo'"),
            (replace(extra=1), "agent has the unknown key 'extra'"),
            (remove("encoding"), "agent lacks the key 'encoding'"),
            (remove("config", "bias"), "config lacks the key 'bias'"),
            (replace(config__colour=1), "config has the unknown key 'colour'"),
            (replace(config=[]), "config []"),
            (replace(config__nodes=10**9), "nodes=1000000000: give an integer from 1 to 4096"),
            (
                replace(config__nodes=4096, config__edge_features=1024),
                "a step of one lifetime takes 704.3 GiB",
            ),
            (replace(config__node_features=1024), "model.safetensors: "),
            (replace(config__bias="yes"), "bias='yes': give true or false"),
            (replace(config__initial_density=float("nan")), "not JSON (NaN is no number of JSON)"),
            (replace(config__initial_density=1.5), "initial_density=1.5: give a number from 0 to 1"),
            (replace(config__observation_size=3), "observation_size=3"),
            (replace(config__discrete_actions=True), "discrete_actions=True"),
            (replace(observation_space=None), "space None"),
            (
                replace(observation_space={"type": "Discrete", "n": 2, "start": 0, "dtype": "int64"}),
                "encoding",
            ),
            (replace(action_space__high=[9.0, 9.0]), "give 3 numbers"),
            (replace(action_space__high=[None] * 3), "unbounded"),
            (replace(encoding__scale=[1.0, float("inf")]), "not JSON (Infinity is no number of JSON)"),
            (replace(encoding__scale=[1.0, None]), "give 2 finite numbers"),
            (replace(encoding__kind="eval"), "encoding {"),
            (write("model.safetensors", b""), "model.safetensors: 0 bytes, expected"),
            (truncate("model.safetensors", 7000), "model.safetensors: 7000 bytes"),
            (
                truncate("model.safetensors", -4),
                "file not fully covered",
            ),
            (
                write("model.safetensors", b"\xff" * 10_000),
                "header too large",
            ),
            (tensors(lambda t: t.pop("node_in.bias")), "model lacks the key 'node_in.bias'"),
            (tensors(lambda t: t.update(extra=torch.zeros(2))), "model has the unknown key 'extra'"),
            (tensors(lambda t: t.update({"a": t.pop("node_in.bias")})), "model has the unknown key 'a'"),
            (
                tensors(lambda t: t.update({"node_in.bias": t["node_in.bias"].int()})),
                "torch.int32 of shape (8,)",
            ),
            (tensors(lambda t: t.update({"node_in.bias": t["node_in.bias"].double()})), "torch.float64"),
            (tensors(lambda t: t.update({"node_in.bias": t["node_in.bias"][None].clone()})), "shape (1, 8)"),
            (tensors(lambda t: t["node_in.bias"].fill_(torch.nan)), "node_in.bias holds NaN or infinity"),
            (tensors(lambda t: t["edge_gru.bias"][3:4].fill_(torch.inf)), "edge_gru.bias holds NaN"),
        ],
    )
    def test_a_damaged_or_foreign_file(self, folder: Path, change: Change, message: str) -> None:
        change(folder)
        assert message in refused(folder)

    def test_a_folder_that_does_not_exist(self, tmp_path: Path) -> None:
        assert "config.json: no such file; give a folder that save_pretrained wrote" in refused(
            tmp_path / "no"
        )

    def test_something_that_is_not_a_file(self, folder: Path) -> None:
        (folder / "config.json").unlink()
        os.mkfifo(folder / "config.json")  # reading it would wait for ever
        assert "no such file" in refused(folder)

    @pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
    @pytest.mark.parametrize("with_torch", [False, True])
    def test_code_in_a_file_does_not_run(
        self, folder: Path, name: str, with_torch: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("LNDP_TEST_TRAP", str(tmp_path / "trap"))
        size = (folder / name).stat().st_size
        if with_torch:
            torch.save({"code": Malicious(), "weight": torch.zeros(size // 4)}, folder / name)
        else:
            (folder / name).write_bytes(pickle.dumps(Malicious()).ljust(size, b"."))
        refused(folder)
        assert not (tmp_path / "trap").exists()

    @settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.sampled_from(["config.json", "model.safetensors"]), st.data())
    def test_random_damage_gives_an_agent_or_one_line(
        self, folder: Path, name: str, data: st.DataObject
    ) -> None:
        sound = (folder / name).read_bytes()
        damaged = bytearray(sound)
        # The beginning holds the structure.
        for _ in range(data.draw(st.integers(1, 3))):
            damaged[data.draw(st.integers(0, min(len(sound), 4000) - 1))] = data.draw(st.integers(0, 255))
        (folder / name).write_bytes(damaged[: data.draw(st.sampled_from([len(sound), len(sound) - 1]))])
        try:
            agent = LNDPAgent.from_pretrained(folder)
        except FileFormatError as error:
            answer = str(error)
        else:
            agent.birth(1)
            answer = str(agent.action_space.contains(agent.act(agent.observation_space.sample())))
        (folder / name).write_bytes(sound)
        assert answer == "True" or (answer.startswith(str(folder)) and "\n" not in answer)


def test_an_agent_of_an_environment_goes_back_to_it(tmp_path: Path) -> None:
    env = gymnasium.make("CartPole-v1")
    LNDPAgent(env.observation_space, env.action_space).save_pretrained(tmp_path)
    again = LNDPAgent.from_pretrained(tmp_path)
    assert (again.observation_space, again.action_space) == (env.observation_space, env.action_space)
    assert json.loads((tmp_path / "config.json").read_text())["format_version"] == FORMAT_VERSION


def test_a_link_that_somebody_puts_there_meanwhile_is_not_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").write_text("precious")
    unlink, links = Path.unlink, ["other"]

    def replaced(path: Path, missing_ok: bool = False) -> None:
        unlink(path, missing_ok=missing_ok)
        while links:  # the first time
            path.symlink_to(tmp_path / links.pop())

    monkeypatch.setattr(Path, "unlink", replaced)
    with pytest.raises(FileExistsError):
        persistence.write_file(tmp_path / "mine", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
    assert (tmp_path / "other").read_text() == "precious"
