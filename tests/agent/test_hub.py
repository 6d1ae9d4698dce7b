"""Agents of the hub, from a server on this machine that speaks what huggingface_hub asks for."""

import gzip
import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
from gymnasium.spaces import Discrete
from huggingface_hub import constants

from lndp_agents import LNDPAgent, cli, hub, load_pretrained
from lndp_agents.persistence import FileFormatError

AGENT = LNDPAgent(Discrete(2), Discrete(3))
OTHER = LNDPAgent(Discrete(2), Discrete(3), genome=AGENT.genome + 1)
NAME = "user/agent"
ON_HUB = f"hf:{NAME}"
OLD, NEW = "1" * 40, "2" * 40
MODEL = "model.safetensors"
BOMB = gzip.compress(bytes(3 * hub.MAX_BYTES), 1)
LNDP = Path(sys.executable).with_name("lndp")


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
        self.said: dict[str, str] = {}
        """Headers of every file that are not the true ones."""
        self.asked: list[str] = []
        self.tokens: list[str | None] = []
        self.fetched: list[str] = []
        """Names of the files that were sent."""
        self.is_over = threading.Event()

    @property
    def elsewhere(self) -> str:
        return f"http://localhost:{self.server_port}/elsewhere"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """GET of /USER/REPO/resolve/REVISION/FILE."""

    server: Hub

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        self.server.tokens.append(self.headers.get("Authorization"))
        if self.path == "/elsewhere":
            self.send_plainly(self.server.commits[NEW][MODEL])
            return
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
            with suppress(ConnectionError):  # they have heard enough
                self.send(name, commit)

    def send_plainly(self, content: bytes) -> None:
        """As a server that only stores files, and knows nothing of commits."""
        self.send_response(200)
        for key, value in {"ETag": '"one-of-its-own"', "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)

    def refuse(self, code: str, commit: str = "") -> None:
        self.send_response(404)
        for key, value in {"X-Error-Code": code, "X-Repo-Commit": commit, "Content-Length": "0"}.items():
            self.send_header(key, value)
        self.end_headers()

    def send(self, name: str, commit: str) -> None:
        self.server.fetched.append(name)
        content = self.server.commits[commit][name]
        etag, fault = etag_of(name, content), self.server.fault if name == MODEL else ""
        if fault == "corrupt":
            content = content[:-1] + bytes([content[-1] ^ 1])
        if fault in ("bomb", "bombed circle"):
            content = BOMB
        size = {"large": hub.MAX_BYTES + 1, "short": len(content) - 1}.get(fault, len(content))
        headers = {"X-Repo-Commit": commit, "ETag": f'"{etag}"', "Content-Length": str(size)}
        headers |= {
            "bomb": {"Content-Encoding": "gzip"},
            "circle": {"Location": self.path},
            "endless circle": {"Location": self.path},
            "bombed circle": {"Location": self.path, "Content-Encoding": "gzip"},
            "elsewhere": {
                "Location": self.server.elsewhere,
                "X-Linked-ETag": f'"{etag}"',
                "ETag": '"of the redirect"',
            },
        }.get(fault, {})
        if fault.startswith("endless"):
            del headers["Content-Length"]
        self.send_response(
            302 if "Location" in headers | self.server.said else {"endless error": 500}.get(fault, 200)
        )
        for key, value in (headers | self.server.said).items():
            self.send_header(key, value)
        if fault == "slow header":
            self.flush_headers()
            self.drip(b"X-Wait: " + b"." * 10_000)
        self.end_headers()
        self.send_body(content, fault)

    def send_body(self, content: bytes, fault: str) -> None:
        if fault.startswith("endless"):
            for _ in range(5 * hub.MAX_BYTES // 2**20):
                self.wfile.write(bytes(2**20))
        if fault == "slow body":
            self.drip(content)
        self.wfile.write(content[:100] if fault in ("stuck", "cut") else content)
        self.wfile.flush()
        if fault == "stuck":
            self.server.is_over.wait(60)

    def drip(self, content: bytes) -> None:
        """A byte now and then, each sooner than the library's limit of a single read."""
        for byte in content:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.is_over.wait(0.02):
                break


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub, the only one that the library knows here, and an empty cache."""
    old, new = (files_of(agent, tmp_path / name) for agent, name in ((OTHER, "old"), (AGENT, "new")))
    card = {"README.md": b"# A card", "results.json": b"{}", "pytorch_model.bin": b"never fetched"}
    server = Hub({OLD: old, NEW: new | card})
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setattr(constants, "ENDPOINT", server.endpoint)
    template = f"{server.endpoint}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
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
        agent = load_pretrained(ON_HUB)
        assert torch.equal(agent.genome, AGENT.genome)
        assert server.fetched == ["config.json", MODEL]

    def test_all_files_are_of_one_commit(self, server: Hub) -> None:
        load_pretrained(ON_HUB)
        assert server.asked == [f"GET /{NAME}/resolve/main/config.json", f"GET /{NAME}/resolve/{NEW}/{MODEL}"]

    @pytest.mark.parametrize("revision", ["v1", OLD])
    def test_a_pinned_revision_is_loaded(self, server: Hub, revision: str) -> None:
        assert torch.equal(load_pretrained(ON_HUB, revision=revision).genome, OTHER.genome)
        assert torch.equal(load_pretrained(ON_HUB).genome, AGENT.genome)

    def test_a_commit_in_the_cache_needs_no_server(self, server: Hub) -> None:
        load_pretrained(ON_HUB, revision=OLD)
        asked = len(server.asked)
        assert torch.equal(load_pretrained(ON_HUB, revision=OLD).genome, OTHER.genome)
        assert len(server.asked) == asked

    def test_a_file_that_lies_on_another_server_is_what_the_hub_says(
        self, server: Hub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And that server is not told who asks."""
        server.fault = "elsewhere"
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        assert torch.equal(load_pretrained(ON_HUB).genome, AGENT.genome)
        assert server.asked[-2:] == [f"GET /{NAME}/resolve/{NEW}/{MODEL}", "GET /elsewhere"]
        assert server.tokens == ["Bearer hf_secret", "Bearer hf_secret", None]

    def test_a_model_in_the_cache_is_not_fetched_again(self, server: Hub) -> None:
        for _ in range(2):
            assert torch.equal(load_pretrained(ON_HUB).genome, AGENT.genome)
        assert server.fetched == ["config.json", MODEL, "config.json"]

    def test_the_cache_is_that_of_the_library(self, server: Hub) -> None:
        load_pretrained(ON_HUB)
        for name in ("config.json", MODEL):
            for revision in (None, NEW):
                path = huggingface_hub.try_to_load_from_cache(NAME, name, revision=revision)
                assert isinstance(path, str)
                assert Path(path).read_bytes() == server.commits[NEW][name]
        (found,) = huggingface_hub.scan_cache_dir(constants.HF_HUB_CACHE).repos
        assert (found.repo_id, found.nb_files, {revision.commit_hash for revision in found.revisions}) == (
            NAME,
            2,
            {NEW},
        )

    def test_without_the_prefix_it_is_a_folder(self, server: Hub, tmp_path: Path) -> None:
        OTHER.save_pretrained(tmp_path / NAME)
        assert torch.equal(load_pretrained(NAME).genome, OTHER.genome)
        assert server.asked == []

    def test_where_there_are_no_links(self, server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any) -> None:
            raise OSError(1, "Operation not permitted")

        monkeypatch.setattr(Path, "symlink_to", refuse)
        for _ in range(2):
            assert torch.equal(load_pretrained(ON_HUB, revision=OLD).genome, OTHER.genome)
        assert server.fetched == ["config.json", MODEL]

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
            ("short", r"damaged, its hash is another; fetch it again$"),
            ("corrupt", r"damaged, its hash is another; fetch it again$"),
            ("bomb", r"damaged, its hash is another; fetch it again$"),
            ("cut", r"cannot be fetched: .*without sending complete message body.*; try again$"),
            ("stuck", r"cannot be fetched: .*timed out; try again$"),
            ("circle", r"cannot be fetched: http\S* has sent on 10 times; try again$"),
            ("endless circle", r"cannot be fetched: http\S* has sent on 10 times; try again$"),
            ("bombed circle", r"cannot be fetched: http\S* has sent on 10 times; try again$"),
            ("endless error", r"cannot be fetched: HTTP status 500; try again$"),
            ("large", r"more than 16777216 bytes; give an LNDP agent$"),
            ("endless", r"more than 16777216 bytes; give an LNDP agent$"),
            ("slow body", r"is not there after 0\.3 seconds; try again later$"),
            ("slow header", r"is not there after 0\.3 seconds; try again later$"),
        ],
    )
    def test_it_is_told_in_one_line_and_leaves_nothing(
        self, server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, message: str
    ) -> None:
        server.fault = "corrupt"
        with pytest.raises(FileFormatError, match="damaged"):
            load_pretrained(ON_HUB)
        server.fault = fault  # from now on only the model is asked for
        if fault.startswith("slow"):
            monkeypatch.setattr(hub, "MAX_SECONDS", 0.3)
        if fault == "stuck":
            monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.1)
        for _ in range(2):
            with pytest.raises(ValueError, match=message) as error:
                load_pretrained(ON_HUB, revision=NEW)
            assert str(error.value).startswith(f"{MODEL} of {NAME} at http://127.0.0.1:")
            assert "\n" not in str(error.value)
            config = etag_of("config.json", server.commits[NEW]["config.json"])
            assert cached_files(tmp_path) == {"config.json", config, "main"}
        server.fault = ""
        monkeypatch.setattr(hub, "MAX_SECONDS", 60)
        monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 60)
        assert torch.equal(load_pretrained(ON_HUB).genome, AGENT.genome)

    @pytest.mark.parametrize("name", ["config.json", MODEL])
    def test_a_file_that_is_damaged_in_the_cache_is_fetched_again(
        self, server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        load_pretrained(ON_HUB)
        (path,) = (tmp_path / "cache").rglob(name)
        path.resolve().write_bytes(path.read_bytes().replace(b'"nodes": 32', b'"nodes": 33') + b" ")
        with monkeypatch.context() as patch:
            patch.setattr(constants, "HF_HUB_OFFLINE", True)
            with pytest.raises(ValueError, match=f"^{name} of user/agent .* is not in the cache and cannot"):
                load_pretrained(ON_HUB)
        assert torch.equal(load_pretrained(ON_HUB).genome, AGENT.genome)
        assert path.read_bytes() == server.commits[NEW][name]

    def test_files_of_two_agents_are_refused(self, server: Hub) -> None:
        server.commits[NEW][MODEL] = server.commits[OLD][MODEL]
        with pytest.raises(FileFormatError, match=r"not the model that config\.json was saved with"):
            load_pretrained(ON_HUB)

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
            load_pretrained(f"hf:{name}", revision=revision)

    def test_a_repository_without_an_agent_is_named(self, server: Hub) -> None:
        del server.commits[NEW][MODEL]
        with pytest.raises(
            ValueError, match=r"model.safetensors of user/agent .* no such file; give the repos"
        ):
            load_pretrained(ON_HUB)

    @pytest.mark.parametrize("name", ["foraging", "./mine"])
    def test_a_revision_is_of_the_hub(self, name: str) -> None:
        with pytest.raises(
            ValueError, match=f"revision 'v1' of '{name}': only an agent of the hub, hf:USER/REPO"
        ):
            load_pretrained(name, revision="v1")


def everything(folder: Path) -> dict[str, bytes | str]:
    """All files and where all links lead."""
    return {
        str(path): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


class TestHostile:
    """Whatever a hub says, no file of the user is written or removed."""

    @pytest.mark.parametrize("header", ["ETag", "X-Linked-ETag", "X-Repo-Commit"])
    @pytest.mark.parametrize(
        ("file", "said"),
        [
            *((MODEL, said) for said in ("{home}/precious", "../../../precious")),
            *(("config.json", said) for said in ("{home}/precious", "../../precious", "..", "", "main")),
            *(("config.json", said) for said in ("0" * 39, "0" * 41, "g" * 40, "0" * 40 + "/../x", "A" * 64)),
        ],
    )
    def test_names_that_are_no_hashes_are_refused_before_they_are_paths(
        self, server: Hub, tmp_path: Path, file: str, header: str, said: str
    ) -> None:
        if file == MODEL:
            load_pretrained(ON_HUB)
            (model,) = (tmp_path / "cache").rglob(MODEL)
            model.unlink()
        (tmp_path / "precious").write_bytes(b"a life's work")
        (tmp_path / "cache").mkdir(exist_ok=True)
        before = everything(tmp_path)
        server.said = {header: said.format(home=tmp_path)}
        kind = "commit" if "Commit" in header else "ETag"
        with pytest.raises(FileFormatError, match=f"its {kind} '.*' is no hash; give another hub$") as error:
            load_pretrained(ON_HUB)
        assert "\n" not in str(error.value)
        assert everything(tmp_path) == before

    @pytest.mark.parametrize(
        "place",
        ["http://[", "gopher://127.0.0.1/", "http://127.0.0.1:99999/", "//", "http://%zz/", "file:///etc"],
    )
    def test_who_sends_on_to_nowhere_is_told_in_one_line(
        self, server: Hub, tmp_path: Path, place: str
    ) -> None:
        server.said = {"Location": place}
        with pytest.raises(
            ValueError, match=r"^config\.json of user/agent .* cannot be fetched: [^\n]*; try"
        ):
            load_pretrained(ON_HUB)
        assert cached_files(tmp_path) == set()

    def test_another_commit_than_the_pinned_one_is_refused(self, server: Hub, tmp_path: Path) -> None:
        server.said = {"X-Repo-Commit": NEW}
        with pytest.raises(FileFormatError, match=f"it is of commit {NEW}, not {OLD}"):
            load_pretrained(ON_HUB, revision=OLD)
        assert cached_files(tmp_path) == set()

    @pytest.mark.parametrize("target", ["{home}/precious", "../../../../precious"])
    def test_links_that_leave_the_cache_stay_unused(self, server: Hub, tmp_path: Path, target: str) -> None:
        """Left by another program, or by an earlier version of this one."""
        load_pretrained(ON_HUB)
        (model,) = (tmp_path / "cache").rglob(MODEL)
        model.unlink()
        (tmp_path / "precious").write_bytes(b"a life's work")
        model.symlink_to(target.format(home=tmp_path))
        assert torch.equal(load_pretrained(ON_HUB).genome, AGENT.genome)
        assert (tmp_path / "precious").read_bytes() == b"a life's work"

    @pytest.mark.parametrize("revision", ["../../precious", "..", "/etc", "a/../b", "a//b", "-", "a b", "\n"])
    def test_a_revision_that_is_a_path_is_refused(self, server: Hub, revision: str) -> None:
        with pytest.raises(
            ValueError, match=r"revision .* of hf:user/agent: give a branch, a tag or a commit"
        ):
            load_pretrained(ON_HUB, revision=revision)
        assert server.asked == []

    @pytest.mark.parametrize("content", [b"", b"..", b"../../x", b"\xff" * 40, b"0" * 10_000])
    def test_a_branch_that_leads_elsewhere_is_not_followed(
        self, server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
    ) -> None:
        load_pretrained(ON_HUB)
        (ref,) = (tmp_path / "cache").rglob("main")
        ref.write_bytes(content)
        with monkeypatch.context() as patch:
            patch.setattr(constants, "HF_HUB_OFFLINE", True)
            with pytest.raises(ValueError, match=r"^config\.json of user/agent .*is not in the cache"):
                load_pretrained(ON_HUB)
        assert torch.equal(load_pretrained(ON_HUB).genome, AGENT.genome)


class TestOffline:
    def test_the_cache_is_used(self, server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        load_pretrained(ON_HUB)
        asked = len(server.asked)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        huggingface_hub.close_session()
        assert torch.equal(load_pretrained(ON_HUB).genome, AGENT.genome)
        assert len(server.asked) == asked

    def test_what_is_not_in_the_cache_is_named(self, server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        with pytest.raises(
            ValueError, match=r"^config\.json of user/agent .*`HF_HUB_OFFLINE`[^\n]*; try again$"
        ):
            load_pretrained(ON_HUB)
        assert server.asked == []

    def test_no_server_is_told(self, server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", "http://127.0.0.1:9/{repo_id}/{filename}"
        )
        with pytest.raises(ValueError, match=r"is not in the cache and cannot be fetched: .*; try again$"):
            load_pretrained(ON_HUB)


def download(server: Hub, folder: Path, **variables: str) -> tuple[int, str, str]:
    """The installed `lndp zoo download` in a process of its own."""
    environment = {"HF_ENDPOINT": server.endpoint, "HF_HOME": str(folder / "home"), "PATH": ""} | variables
    command = [LNDP, "zoo", "download", NAME, "--revision", "v1"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=folder)
    return done.returncode, done.stdout.strip(), done.stderr


def test_the_endpoint_and_the_home_of_the_environment_are_honoured(server: Hub, tmp_path: Path) -> None:
    code, out, err = download(server, tmp_path)
    assert code == 0, err
    assert Path(out).is_relative_to(tmp_path / "home")
    assert Path(out).name == OLD
    assert set(server.fetched) == {"config.json", MODEL}


def test_the_command_of_a_hostile_hub_is_one_line(server: Hub, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"a life's work")
    server.said = {"ETag": f"{tmp_path / 'precious'}"}
    code, out, err = download(server, tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith(f"lndp: error: config.json of {NAME} at {server.endpoint}: its ETag ")
    assert err.count("\n") == 1
    assert (tmp_path / "precious").read_bytes() == b"a life's work"


@pytest.mark.slow  # as the one above, with another variable
def test_offline_in_the_environment_is_honoured(server: Hub, tmp_path: Path) -> None:
    code, out, err = download(server, tmp_path, HF_HUB_OFFLINE="1")
    assert (code, out) == (2, "")
    assert err.startswith("lndp: error: config.json of user/agent at http://127.0.0.1:")
    assert err.count("\n") == 1
    assert server.asked == []


@pytest.mark.parametrize(
    "command",
    [
        "evaluate {}",
        "diagnose {}",
        "watch {} --gif x.gif",
        "lesion {} --freeze --at 5",
        "resume {}",
        "verify {}",
        "compare --env lndp/Bandit-v0 --policies agent:{} --out out",
        "train lndp/Bandit-v0 --start {} --generations 1",
        "zoo show {}",
    ],
)
def test_a_mistyped_folder_is_looked_up_nowhere(
    server: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "runs" / "MyEnv-v0_2").mkdir(parents=True)
    assert cli.main(command.format("runs/MyEnv-v0_1").split()) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "runs/MyEnv-v0_1" in line
    if command.split()[0] not in ("resume", "verify"):
        assert line.endswith(
            "no folder 'runs/MyEnv-v0_1': give that of a run or an agent; did you mean 'runs/MyEnv-v0_2'?\n"
        )
    assert server.asked == []


def test_a_name_of_the_hub_without_its_prefix_is_told(
    server: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["evaluate", NAME]) == 2
    assert capsys.readouterr().err == (
        "lndp: error: no folder 'user/agent': for an agent of the hub write hf:user/agent\n"
    )
    assert server.asked == []


def test_an_agent_of_the_hub_is_evaluated(server: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", ON_HUB, "--env", "FrozenLake-v1", "--lives", "1"]) == 2
    assert "FrozenLake-v1 gives observations" in capsys.readouterr().err
    assert server.fetched == ["config.json", MODEL]


def test_the_library_is_an_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert cli.main(["zoo", "download", NAME]) == 2
    assert capsys.readouterr().err == (
        'lndp: error: the hub needs huggingface_hub: pip install "lndp-agents[hub]"\n'
    )


@pytest.mark.parametrize(
    "name", ["foraging", "a/b/c", "./a", "../a", "/a/b", "a/", "a b/c", "hf:a", "hf:../a"]
)
def test_what_is_no_name_of_the_hub_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert not hub.is_hub_name(name)
    assert cli.main(["zoo", "download", name]) == 2
    assert capsys.readouterr().err == f"lndp: error: {name!r} is no name of the hub: give hf:USER/REPO\n"
    with pytest.raises(ValueError, match="is no name of the hub"):
        load_pretrained(f"hf:{name.removeprefix('hf:')}")
