"""Files by an attacker or from a dying disk: they give the agent that was saved, or one line."""

import hashlib
import json
import os
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from saved_files import CONFIG, MODEL, Files, load, put, saved, without_hash
from strategies import agents

from lndp_agents import LNDPAgent, load_pretrained

NAMES = pytest.mark.parametrize("name", [CONFIG, MODEL])
in_one_folder = partial(settings, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_lives(agent: LNDPAgent) -> None:
    """Unless its brain is too large for a test."""
    if max(agent.config.nodes, agent.config.graph_layers, agent.config.development_steps) > 100:
        return
    agent.birth(1)
    agent.observation_space.seed(1)
    for _ in range(2):
        assert agent.action_space.contains(agent.act(agent.observation_space.sample(), 1.0))
    assert all(part.isfinite().all() for part in agent.state)


class TestRoundTrip:
    @in_one_folder(max_examples=50)
    @given(agents())
    def test_every_agent_comes_back_bit_for_bit(self, tmp_path: Path, agent: LNDPAgent) -> None:
        files = saved(agent, tmp_path / "agent")
        again = load(tmp_path / "agent")
        assert isinstance(again, LNDPAgent)
        assert again.genome.numpy().tobytes() == agent.genome.numpy().tobytes()  # -0.0 is not 0.0 here
        assert (again.config, again.encoding) == (agent.config, agent.encoding)
        assert again.observation_space == agent.observation_space
        assert again.action_space == agent.action_space
        assert saved(again, tmp_path / "again") == files
        assert isinstance(load(put(tmp_path / "old", without_hash(files))), LNDPAgent)

    def test_one_agent_has_one_form(self, originals: list[Files], tmp_path: Path) -> None:
        for files in originals:
            assert saved(LNDPAgent.from_pretrained(put(tmp_path, files)), tmp_path / "again") == files


@st.composite
def damages(draw: st.DrawFn, content: bytes) -> bytes:
    """The content after a few accidents, most of them near the beginning, where the structure is."""
    damaged = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        last = len(damaged)
        place = draw(st.integers(0, min(last, 2000)) | st.integers(0, last))
        kind = draw(st.sampled_from(["flip", "insert", "cut", "truncate", "zero", "copy"]))
        if kind == "flip" and place < last:
            damaged[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "insert":
            damaged[place:place] = draw(st.binary(min_size=1, max_size=9))
        elif kind == "cut":
            del damaged[place : place + draw(st.integers(1, 500))]
        elif kind == "truncate":
            del damaged[place:]
        elif kind == "zero":  # a block that never reached the disk
            size = len(damaged[place : place + 512])
            damaged[place : place + size] = bytes(size)
        else:
            damaged[place:place] = damaged[: draw(st.integers(0, 500))]
    return bytes(damaged)


class TestDamage:
    @in_one_folder(max_examples=200)
    @given(st.integers(0, 4), st.booleans(), st.data())
    def test_of_bytes(
        self, originals: list[Files], tmp_path: Path, which: int, is_old: bool, data: st.DataObject
    ) -> None:
        name = data.draw(st.sampled_from([CONFIG, MODEL]))
        sound = without_hash(originals[which]) if is_old else originals[which]
        files = sound | {name: data.draw(damages(sound[name]))}
        agent = load(put(tmp_path / "agent", files))
        if isinstance(agent, LNDPAgent):
            original = LNDPAgent.from_pretrained(put(tmp_path / "original", sound))
            for name, parameter in original.parameters.items():
                assert agent.parameters[name].shape == parameter.shape
            assert agent.genome.isfinite().all()
            assert is_old or torch.equal(agent.genome, original.genome)
            assert_lives(agent)

    def test_every_flipped_bit_of_a_model_is_noticed(self, originals: list[Files], tmp_path: Path) -> None:
        files = originals[3]
        for place in range(0, len(files[MODEL]), 97):
            damaged = bytearray(files[MODEL])
            damaged[place] ^= 1 << place % 8
            assert isinstance(load(put(tmp_path, files | {MODEL: bytes(damaged)})), str)

    @pytest.mark.parametrize("name", [CONFIG, MODEL])
    def test_of_every_length(self, originals: list[Files], tmp_path: Path, name: str) -> None:
        files = originals[0]
        size = len(files[name])
        for length in {*range(0, size, 61), *range(size - 9, size - 1)}:  # the last byte is a line break
            assert isinstance(load(put(tmp_path, files | {name: files[name][:length]})), str)

    def test_files_of_two_agents(self, originals: list[Files], tmp_path: Path) -> None:
        for i, one in enumerate(originals):
            for j, other in enumerate(originals):
                answer = load(put(tmp_path, {CONFIG: one[CONFIG], MODEL: other[MODEL]}))
                assert isinstance(answer, LNDPAgent) == (i == j)
        twins = load(put(tmp_path, {CONFIG: originals[0][CONFIG], MODEL: originals[1][MODEL]}))
        assert "not the model that config.json was saved with; give the two files of one agent" in str(twins)

    @NAMES
    def test_the_other_file_under_this_name(self, originals: list[Files], tmp_path: Path, name: str) -> None:
        for content in originals[0].values():
            answer = load(put(tmp_path, originals[0] | {name: content}))
            assert isinstance(answer, LNDPAgent) == (content == originals[0][name])

    @NAMES
    def test_a_file_that_is_gone(self, originals: list[Files], tmp_path: Path, name: str) -> None:
        put(tmp_path, originals[0])
        (tmp_path / name).unlink()
        assert f"{name}: no such file; give a folder that save_pretrained wrote" in str(load(tmp_path))


NASTY = st.sampled_from(
    [
        *(
            10**9,
            2**31,
            2**63,
            -(2**63),
            2**64,
            10**400,
            -1,
            0,
            1e308,
            5e-324,
            -0.0,
            0.5,
            [],
            {},
            [2**31] * 32,
        ),
        *("", "lndp", "Box", "Discrete", "int8", "uint64", "float16", "bool", "place", "affine", "one_hot"),
        *("Dict", "Tuple", "MultiDiscrete", "MultiBinary", "Unread", "parts", "bits", "pixels"),
    ]
)
JSON = st.recursive(
    NASTY | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=8), values, max_size=4),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something could be replaced in a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


class TestForeignJson:
    @in_one_folder(max_examples=150)
    @given(st.integers(0, 4), st.data())
    def test_anything_anywhere(
        self, originals: list[Files], tmp_path: Path, which: int, data: st.DataObject
    ) -> None:
        value = json.loads(originals[which][CONFIG])
        for _ in range(data.draw(st.integers(1, 2))):
            value = replaced(value, data.draw(st.sampled_from([*places(value)])), data.draw(JSON))
        agent = load(put(tmp_path, originals[which] | {CONFIG: json.dumps(value).encode()}))
        if isinstance(agent, LNDPAgent):
            digest = hashlib.sha256(originals[which][MODEL]).hexdigest()
            assert saved(agent, tmp_path / "again")[MODEL] == originals[which][MODEL]
            assert value["model_sha256"] == digest
            assert_lives(agent)

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            (b'"policy": "lndp"', b'"policy": "lndp", "policy": "lndp"', "the key 'policy' is there twice"),
            (b'"nodes": 16', b'"nodes": 16, "nodes": 17', "the key 'nodes' is there twice"),
            (b'"initial_density": 0.5', b'"initial_density": NaN', "NaN is no number of JSON"),
            (b'"initial_density": 0.5', b'"initial_density": -Infinity', "-Infinity is no number of JSON"),
            (b'"initial_density": 0.5', b'"initial_density": 1e999', "initial_density=inf: give a number"),
            (b'"nodes": 16', b'"nodes": ' + b"9" * 4000, "nodes=999999"),
            (b'"nodes": 16', b'"nodes": ' + b"9" * 900_000, "not JSON (Exceeds the limit"),
            (b'"nodes": 16', b'"nodes": 16.0', "nodes=16.0: give an integer"),
            (b'"nodes": 16', b'"nodes": 0x10', "not JSON (Expecting"),
            (b'"policy"', b"'policy'", "not JSON (Expecting property name"),
            (b'"policy"', b'/* */ "policy"', "not JSON (Expecting property name"),
            (b'"policy"', b'"\\ud800": 1, "policy"', r"agent has the unknown key '\ud800'"),
            (b'"policy"', b'"\xff": 1, "policy"', "not JSON ('utf-8' codec"),
            (b"\n}\n", b"\n}\n{}", "not JSON (Extra data"),
            (b"\n}\n", b"\n}\n\0", "not JSON (Extra data"),
        ],
    )
    def test_almost_json(
        self, originals: list[Files], tmp_path: Path, old: bytes, new: bytes, message: str
    ) -> None:
        files = originals[0]
        assert files[CONFIG].count(old) == 1
        assert message in str(load(put(tmp_path, files | {CONFIG: files[CONFIG].replace(old, new)})))

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
    def test_another_unicode_is_read_and_cut_short_refused(
        self, originals: list[Files], tmp_path: Path, encoding: str
    ) -> None:
        content = originals[0][CONFIG].decode().encode(encoding)
        assert isinstance(load(put(tmp_path, originals[0] | {CONFIG: content})), LNDPAgent)
        assert isinstance(load(put(tmp_path, originals[0] | {CONFIG: content[:-7]})), str)


def place_special(kind: str, path: Path) -> None:
    """Put something that is no file where a file should be."""
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        server = socket.socket(socket.AF_UNIX)
        here = Path.cwd()
        os.chdir(path.parent)  # its names are short
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)
            server.close()
    elif kind == "link to a pipe":
        os.mkfifo(path.with_name("pipe"))
        path.symlink_to("pipe")
    else:
        target = {"loop": path.name, "link to nothing": "nothing", "link to a folder": "."}.get(kind, kind)
        path.symlink_to(target)


class TestNoFiles:
    @NAMES
    @pytest.mark.parametrize(
        "kind",
        [
            *("folder", "pipe", "socket", "link to a pipe", "loop", "link to nothing", "link to a folder"),
            *("/dev/zero", "/dev/null", "/dev/tty", "/proc/self/mem"),
        ],
    )
    def test_what_is_no_file(self, originals: list[Files], tmp_path: Path, name: str, kind: str) -> None:
        (put(tmp_path, originals[0]) / name).unlink()
        place_special(kind, tmp_path / name)
        assert str(load(tmp_path)).startswith(f"{tmp_path / name}: ")

    def test_a_link_to_a_file_is_followed(self, originals: list[Files], tmp_path: Path) -> None:
        """Caches such as huggingface_hub's are made of links."""
        put(tmp_path / "blobs", originals[0])
        (tmp_path / "agent").mkdir()
        for name in (CONFIG, MODEL):
            (tmp_path / "agent" / name).symlink_to(tmp_path / "blobs" / name)
        assert isinstance(load(tmp_path / "agent"), LNDPAgent)

    @pytest.mark.parametrize("kind", ["file", "pipe", "loop", "link to nothing", "/dev/zero"])
    def test_a_folder_that_is_none(self, tmp_path: Path, kind: str) -> None:
        (tmp_path / "agent").touch() if kind == "file" else place_special(kind, tmp_path / "agent")
        assert "config.json: no such file; give a folder" in str(load(tmp_path / "agent"))
        with pytest.raises(ValueError, match=r"no folder .*: give that of a run or an agent"):
            load_pretrained(str(tmp_path / "agent"))

    def test_a_disk_that_cannot_be_read(
        self, originals: list[Files], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: Any) -> None:
            raise OSError(5, "Input/output error")

        put(tmp_path, originals[0])
        monkeypatch.setattr(Path, "open", broken)
        assert load(tmp_path) == f"{tmp_path / CONFIG}: Input/output error; give files that can be read"
