"""Agents of the hub, from a server on this machine that speaks what huggingface_hub asks for."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
from gymnasium.spaces import Discrete
from huggingface_hub import constants, file_download
from huggingface_hub.utils import _http

from lndp_agents import LNDPAgent, cli, hub, load_pretrained
from lndp_agents.persistence import FileFormatError

AGENT = LNDPAgent(Discrete(2), Discrete(3))
OTHER = LNDPAgent(Discrete(2), Discrete(3), genome=AGENT.genome + 1)
NAME = "user/agent"
OLD, NEW = "1" * 40, "2" * 40
MODEL = "model.safetensors"


def files_of(agent: LNDPAgent, folder: Path) -> dict[str, bytes]:
    agent.save_pretrained(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def etag_of(name: str, content: bytes) -> str:
    """The hub names large files by their sha256 and small ones as git does."""
    if name == MODEL:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Hub(ThreadingHTTPServer):
    """A hub with one repository of two commits, and faults of the model."""

    daemon_threads = True

    def __init__(self, commits: dict[str, dict[str, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.commits = commits
        self.fault = ""
        self.asked: list[str] = []
        self.is_over = threading.Event()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def fetched(self) -> list[str]:
        """Names of the files that were sent."""
        return [line.rpartition("/")[2] for line in self.asked if line.startswith(f"GET /{NAME}")]


class Handler(BaseHTTPRequestHandler):
    """HEAD and GET of /USER/REPO/resolve/REVISION/FILE."""

    server: Hub

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def answer(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        repository, _, rest = self.path[1:].partition("/resolve/")
        revision, _, name = rest.partition("/")
        commit = {"main": NEW, "v1": OLD}.get(revision, revision)
        if repository != NAME:
            self.refuse("RepoNotFound")
        elif commit not in self.server.commits:
            self.refuse("RevisionNotFound")
        elif name not in self.server.commits[commit]:
            self.refuse("EntryNotFound", commit)
        else:
            self.send(name, commit)

    def refuse(self, code: str, commit: str = "") -> None:
        self.send_response(404)
        for key, value in {"X-Error-Code": code, "X-Repo-Commit": commit, "Content-Length": "0"}.items():
            self.send_header(key, value)
        self.end_headers()

    def send(self, name: str, commit: str) -> None:
        content = self.server.commits[commit][name]
        etag, size = etag_of(name, content), len(content)
        fault = self.server.fault if name == MODEL else ""
        if fault == "large":
            size = hub.MAX_BYTES + 1
        if fault == "short" and self.command == "GET":
            content, size = content[:-1], size - 1
        if fault == "corrupt":
            content = content[:-1] + bytes([content[-1] ^ 1])
        self.send_response(200)
        headers = {"X-Repo-Commit": commit, "ETag": f'"{etag}"', "Content-Length": str(size)}
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.send_body(content, fault)

    def send_body(self, content: bytes, fault: str) -> None:
        if fault in ("slow", "cut"):
            content = b"" if "Range" in self.headers else content[:100]
        self.wfile.write(content)
        self.wfile.flush()
        if fault == "slow":
            self.server.is_over.wait(60)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub, the only one that the library knows here; no waiting between tries; an empty cache."""
    old, new = (files_of(agent, tmp_path / name) for agent, name in ((OTHER, "old"), (AGENT, "new")))
    card = {"README.md": b"# A card", "results.json": b"{}", "pytorch_model.bin": b"never fetched"}
    server = Hub({OLD: old, NEW: new | card})
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setattr(constants, "ENDPOINT", server.endpoint)
    template = f"{server.endpoint}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "AGENT_HARNESSES_PATH", str(tmp_path / "harnesses.json"))
    for module in (file_download, _http):
        monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    monkeypatch.chdir(tmp_path)
    yield server
    server.is_over.set()
    server.shutdown()
    thread.join()
    server.server_close()
    huggingface_hub.close_session()


def cached_files(folder: Path) -> set[str]:
    """What a later load could take, or what a half file would be called."""
    cache = folder / "cache"
    return {path.name for path in cache.rglob("*") if path.is_file() and ".locks" not in path.parts}


class TestGood:
    def test_an_agent_is_loaded_and_nothing_else_is_fetched(self, server: Hub) -> None:
        agent = load_pretrained(NAME)
        assert torch.equal(agent.genome, AGENT.genome)
        assert server.fetched == ["config.json", MODEL]

    def test_all_files_are_of_one_commit(self, server: Hub) -> None:
        load_pretrained(NAME)
        assert {line for line in server.asked if line.endswith(MODEL)} == {
            f"{method} /{NAME}/resolve/{NEW}/{MODEL}" for method in ("HEAD", "GET")
        }

    @pytest.mark.parametrize("revision", ["v1", OLD])
    def test_a_pinned_revision_is_loaded(self, server: Hub, revision: str) -> None:
        assert torch.equal(load_pretrained(NAME, revision=revision).genome, OTHER.genome)
        assert torch.equal(load_pretrained(NAME).genome, AGENT.genome)

    def test_a_commit_in_the_cache_needs_no_server(self, server: Hub) -> None:
        load_pretrained(NAME, revision=OLD)
        asked = len(server.asked)
        assert torch.equal(load_pretrained(NAME, revision=OLD).genome, OTHER.genome)
        assert len(server.asked) == asked

    def test_a_folder_wins_over_the_hub(self, server: Hub, tmp_path: Path) -> None:
        OTHER.save_pretrained(tmp_path / NAME)
        assert torch.equal(load_pretrained(NAME).genome, OTHER.genome)
        assert server.asked == []

    def test_download_fetches_the_card_too(self, server: Hub, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.main(["zoo", "download", NAME]) == 0
        folder = Path(capsys.readouterr().out.strip())
        assert {path.name for path in folder.iterdir()} == {"config.json", MODEL, "README.md", "results.json"}
        assert folder.name == NEW
        assert torch.equal(load_pretrained(folder).genome, AGENT.genome)


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "message"),
        [
            ("short", r"cannot be fetched: .*should be of size \d+ but has size \d+"),
            ("cut", r"cannot be fetched: .*without sending complete message body"),
            ("slow", r"cannot be fetched: .*timed out"),
            ("corrupt", r"damaged, its hash is another; removed from the cache, fetch it again$"),
            ("large", r"16777217 bytes, expected at most 16777216; give an LNDP agent$"),
        ],
    )
    def test_it_is_told_in_one_line_and_leaves_nothing(
        self, server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, message: str
    ) -> None:
        server.fault = fault
        if fault == "slow":
            monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.1)
        for _ in range(2):
            with pytest.raises(ValueError, match=message) as error:
                load_pretrained(NAME)
            assert str(error.value).startswith(f"{MODEL} of {NAME} at http://127.0.0.1:")
            assert "\n" not in str(error.value)
            config = etag_of("config.json", server.commits[NEW]["config.json"])
            assert cached_files(tmp_path) == {"config.json", config, "main", "CACHEDIR.TAG"}
        server.fault = ""
        assert torch.equal(load_pretrained(NAME).genome, AGENT.genome)

    def test_a_file_that_is_damaged_in_the_cache_is_fetched_again(self, server: Hub, tmp_path: Path) -> None:
        load_pretrained(NAME)
        (path,) = (tmp_path / "cache").rglob("config.json")
        path.resolve().write_bytes(path.read_bytes().replace(b'"nodes": 32', b'"nodes": 33'))
        with pytest.raises(FileFormatError, match=r"config\.json of user/agent .*damaged"):
            load_pretrained(NAME)
        assert torch.equal(load_pretrained(NAME).genome, AGENT.genome)

    def test_files_of_two_agents_are_refused(self, server: Hub) -> None:
        server.commits[NEW][MODEL] = server.commits[OLD][MODEL]
        with pytest.raises(FileFormatError, match=r"not the model that config\.json was saved with"):
            load_pretrained(NAME)

    @pytest.mark.parametrize(
        ("name", "revision", "message"),
        [
            ("user/nobody", None, "no such repository; check the name, or log in with `hf auth login`"),
            (NAME, "v9", "no such revision; give a branch, a tag or a commit"),
        ],
    )
    def test_what_is_not_there_is_named(
        self, server: Hub, name: str, revision: str | None, message: str
    ) -> None:
        with pytest.raises(ValueError, match=f"^config.json of {name} at {server.endpoint}: {message}$"):
            load_pretrained(name, revision=revision)

    def test_a_repository_without_an_agent_is_named(self, server: Hub) -> None:
        del server.commits[NEW][MODEL]
        with pytest.raises(
            ValueError, match=r"model.safetensors of user/agent .* no such file; give the repos"
        ):
            load_pretrained(NAME)

    @pytest.mark.parametrize("name", ["foraging", "./mine"])
    def test_a_revision_is_of_the_hub(self, name: str) -> None:
        with pytest.raises(ValueError, match=f"revision 'v1' of '{name}': only an agent of the hub"):
            load_pretrained(name, revision="v1")


class TestOffline:
    def test_the_cache_is_used(self, server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        load_pretrained(NAME)
        asked = len(server.asked)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        huggingface_hub.close_session()
        assert torch.equal(load_pretrained(NAME).genome, AGENT.genome)
        assert len(server.asked) == asked

    def test_what_is_not_in_the_cache_is_named(self, server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        with pytest.raises(
            ValueError, match=r"^config\.json of user/agent .*`HF_HUB_OFFLINE`[^\n]*; try again$"
        ):
            load_pretrained(NAME)
        assert server.asked == []

    def test_no_server_is_told(self, server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", "http://127.0.0.1:9/{repo_id}/{filename}"
        )
        with pytest.raises(ValueError, match=r"is not in the cache and cannot be fetched: .*; try again$"):
            load_pretrained(NAME)


def download(server: Hub, folder: Path, **variables: str) -> tuple[int, str, str]:
    """`lndp zoo download` in a process of its own."""
    environment = {"HF_ENDPOINT": server.endpoint, "HF_HOME": str(folder / "home"), "PATH": ""} | variables
    command = [sys.executable, "-m", "lndp_agents.cli", "zoo", "download", NAME, "--revision", "v1"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=folder)
    return done.returncode, done.stdout.strip(), done.stderr


def test_the_endpoint_and_the_home_of_the_environment_are_honoured(server: Hub, tmp_path: Path) -> None:
    code, out, err = download(server, tmp_path)
    assert code == 0, err
    assert Path(out).is_relative_to(tmp_path / "home")
    assert Path(out).name == OLD
    assert set(server.fetched) == {"config.json", MODEL}


@pytest.mark.slow  # as the one above, with another variable
def test_offline_in_the_environment_is_honoured(server: Hub, tmp_path: Path) -> None:
    code, out, err = download(server, tmp_path, HF_HUB_OFFLINE="1")
    assert (code, out) == (2, "")
    assert err.startswith("lndp: error: config.json of user/agent at http://127.0.0.1:")
    assert err.count("\n") == 1
    assert server.asked == []


def test_the_library_is_an_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert cli.main(["zoo", "download", NAME]) == 2
    assert capsys.readouterr().err == (
        "lndp: error: no folder 'user/agent', and the hub needs huggingface_hub: "
        'pip install "lndp-agents[hub]"\n'
    )


@pytest.mark.parametrize("name", ["foraging", "a/b/c", "./a", "../a", "/a/b", "a/", "a b/c"])
def test_what_is_no_name_of_the_hub_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert not hub.is_hub_name(name)
    assert cli.main(["zoo", "download", name]) == 2
    assert capsys.readouterr().err == f"lndp: error: {name!r} is no name of the hub: give USER/REPO\n"
