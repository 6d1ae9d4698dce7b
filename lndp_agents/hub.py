"""Agents of the Hugging Face hub, through the library huggingface_hub (the extra `hub`).

The library gives addresses, session (with token, proxies, HF_ENDPOINT, HF_HUB_OFFLINE) and the place of the
cache (HF_HOME). The few small files of an agent are fetched here, because nothing that the other side says is
believed: the names that it gives to a commit and to a file (ETag) must be hashes before they become paths; at
most `MAX_BYTES` are taken in `MAX_SECONDS`, as they come, not decompressed; and only what has its hash
is written, in the layout of the library's cache. All files are of one commit, and each is compared with its
hash at every use. Nothing is ever removed.
"""

import hashlib
import re
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple, TypeVar

from lndp_agents.persistence import (
    CONFIG_FILE,
    MODEL_FILE,
    FileFormatError,
    read_file,
    write_file,
    write_link,
)
from lndp_agents.validation import shorten
from lndp_agents.version import __version__

PREFIX = "hf:"
"""What a name of the hub begins with wherever an agent is named."""
CARD_FILES = ("README.md", "results.json", "life.gif")
"""What an agent may have beside its two files."""
MAX_BYTES = 2**24
"""Of a file: a thousand times what an agent takes."""
MAX_SECONDS = 120
"""For a file, from the first name that is looked up to the last byte."""
MAX_REPLIES = 10
"""That send on to another place."""
MAIN = "main"
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_REVISION = re.compile(r"[\w][\w.-]*(/[\w][\w.-]*)*")
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""A commit, or the content of a file: sha256, or git's sha1 of small text."""
T = TypeVar("T")


class MissingFileError(ValueError):
    """The repository is there, but not this file of it."""


class _Found(NamedTuple):
    """A file whose content has its hash."""

    commit: str
    etag: str
    content: bytes


def is_hub_name(text: str) -> bool:
    """Whether a text looks like USER/REPO."""
    return _HUB_NAME.fullmatch(text) is not None


def fetch_agent(name: str, revision: str | None = None, *, with_card: bool = False) -> Path:
    """The files of an agent on the hub, from the cache where they are there already.

    Args:
        name: USER/REPO, with or without `PREFIX`.
        revision: a branch, a tag or, to be sure of the bytes, a commit; the main branch if none.
        with_card: whether `CARD_FILES` are wanted too, as far as the repository has them.

    Returns:
        The folder of that commit in the cache of huggingface_hub.

    Raises:
        ValueError: it is no such name, there are no such files, or they cannot be fetched.
        FileFormatError: a file is not what its hash says, or too large.
        ImportError: huggingface_hub is not installed.
    """
    repository = name.removeprefix(PREFIX)
    if not is_hub_name(repository):
        raise ValueError(f"{name!r} is no name of the hub: give {PREFIX}USER/REPO")
    if not _REVISION.fullmatch(revision or MAIN) or ".." in (revision or MAIN):
        raise ValueError(f"revision {revision!r} of {name}: give a branch, a tag or a commit")
    folder = _fetch(repository, CONFIG_FILE, revision or MAIN).parent
    _fetch(repository, MODEL_FILE, folder.name)  # the folder is named after the commit
    for filename in CARD_FILES if with_card else ():
        with suppress(MissingFileError):
            _fetch(repository, filename, folder.name)
    return folder


def _fetch(name: str, filename: str, revision: str) -> Path:
    """A sound file in the cache; of a branch or a tag the newest, unless the hub cannot be reached."""
    try:
        from huggingface_hub import constants
        from huggingface_hub.errors import HTTPError  # httpx's # pyright: ignore[reportPrivateImportUsage]
    except ImportError as error:
        raise ImportError(f'the hub needs {error.name}: pip install "lndp-agents[hub]"') from error
    what = f"{filename} of {name} at {constants.ENDPOINT}"
    cached = _cached(name, filename, revision)
    if cached is not None and _HASH.fullmatch(revision):
        return cached
    try:
        found = _in_time(lambda: _download(name, filename, revision, what), what)
    except (OSError, HTTPError) as error:
        if cached is not None:
            return cached
        reason = " ".join(str(error.__cause__ or error).split()).rstrip(".") or type(error).__name__
        raise ValueError(f"{what} is not in the cache and cannot be fetched: {reason}; try again") from error
    return _keep(name, filename, revision, found)


def _in_time(work: Callable[[], T], what: str) -> T:
    """What `work` returns or raises, within `MAX_SECONDS`.

    The library's limits are of single reads, so that a byte now and then would do for ever. The work is done
    by a thread, which is left behind when its time is over, and ends with what it reads next.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    Thread(target=run, daemon=True).start()
    try:
        return outcome.result(MAX_SECONDS)
    except TimeoutError:
        if outcome.done():  # it is the work's own
            raise
        raise _too_slow(what) from None


def _too_slow(what: str) -> ValueError:
    return ValueError(f"{what} is not there after {MAX_SECONDS} seconds; try again later")


def _download(name: str, filename: str, revision: str, what: str) -> _Found:
    from huggingface_hub import hf_hub_url

    end, content = time.monotonic() + MAX_SECONDS, bytearray()
    with _reply(hf_hub_url(name, filename, revision=revision)) as (response, headers):
        _require_success(response, what)
        commit, etag = _names(headers, what)
        if _HASH.fullmatch(revision) and commit != revision:
            raise FileFormatError(f"{what}: it is of commit {commit}, not {revision}; give another hub")
        _require_small(int(response.headers.get("Content-Length") or 0), what)
        for chunk in response.iter_raw():
            content += chunk
            _require_small(len(content), what)
            if time.monotonic() > end:
                raise _too_slow(what)
    if not _has_hash(bytes(content), etag):
        raise FileFormatError(f"{what}: damaged, its hash is another; fetch it again")
    return _Found(commit, etag, bytes(content))


@contextmanager
def _reply(url: str) -> Generator[tuple[Any, Mapping[str, str]]]:
    """The last reply, not read yet, and the headers of the hub, which may have sent on to another server.

    The session would follow as well, but read the bodies on the way, however large.
    """
    from huggingface_hub import constants, get_session, get_token

    client: Any = get_session()
    # The headers that the library would make ask the hub for more, and read whatever it answers.
    headers = {"User-Agent": f"lndp-agents/{__version__}", "Accept-Encoding": "identity"}
    if (token := get_token()) and not constants.HF_HUB_DISABLE_IMPLICIT_TOKEN:
        headers["Authorization"] = f"Bearer {token}"
    request = client.build_request("GET", url, headers=headers, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT)
    said: Mapping[str, str] = {}
    for _ in range(MAX_REPLIES):
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            said = said if "X-Repo-Commit" in said else response.headers
            if response.next_request is None:
                yield response, said
                return
        finally:
            response.close()
        request = response.next_request
    raise OSError(f"{url} has sent on {MAX_REPLIES} times")


def _require_success(response: Any, what: str) -> None:
    """As the library has it, which would read the body of an error, however large."""
    code, status = response.headers.get("X-Error-Code"), response.status_code
    if code == "EntryNotFound":
        raise MissingFileError(f"{what}: no such file; give the repository of an LNDP agent")
    if code == "RevisionNotFound":
        raise ValueError(f"{what}: no such revision; give a branch, a tag or a commit")
    if code in ("RepoNotFound", "GatedRepo") or status in (401, 403):
        raise ValueError(f"{what}: no such repository; check the name, or log in with `hf auth login`")
    if status != 200:
        raise OSError(f"HTTP status {status}")


def _names(headers: Mapping[str, str], what: str) -> tuple[str, str]:
    """Commit and ETag."""
    commit = headers.get("X-Repo-Commit", "")
    etag = headers.get("X-Linked-ETag", headers.get("ETag", "")).removeprefix("W/").strip('"')
    for kind, name in (("commit", commit), ("ETag", etag)):
        if not _HASH.fullmatch(name):
            raise FileFormatError(f"{what}: its {kind} {shorten(name)} is no hash; give another hub")
    return commit, etag


def _require_small(size: int, what: str) -> None:
    if size > MAX_BYTES:
        raise FileFormatError(f"{what}: more than {MAX_BYTES} bytes; give an LNDP agent")


def _keep(name: str, filename: str, revision: str, found: _Found) -> Path:
    """Note what a branch or a tag is now, and write the file unless it is in the cache already."""
    storage = _storage(name)
    path = _cached(name, filename, found.commit)
    if path is None:
        path = storage / "snapshots" / found.commit / filename
        _write(storage / "blobs" / found.etag, path, found.content)
    if revision != found.commit:
        ref = storage / "refs" / revision
        ref.parent.mkdir(parents=True, exist_ok=True)
        write_file(ref, found.commit.encode())
    return path


def _write(blob: Path, path: Path, content: bytes) -> None:
    """As huggingface_hub does: under the hash, with a link to it."""
    for folder in (blob.parent, path.parent):
        folder.mkdir(parents=True, exist_ok=True)
    write_file(blob, content)
    try:
        write_link(path, Path("..", "..", "blobs", blob.name))
    except OSError:  # a file system without links
        write_file(path, content)


def _cached(name: str, filename: str, revision: str) -> Path | None:
    """A file that lies in the cache and is sound.

    Where the file system has no links nothing can be said about a file there; the model is then compared with
    its sha256 in config.json alone, as at every load.
    """
    commit = revision
    if not _HASH.fullmatch(revision):
        try:
            commit = read_file(_storage(name) / "refs" / revision, 128).decode("ascii")
        except ValueError:
            return None
    if not _HASH.fullmatch(commit):
        return None
    path = _storage(name) / "snapshots" / commit / filename
    with suppress(FileFormatError):
        content = read_file(path, MAX_BYTES)
        return path if not path.is_symlink() or _has_hash(content, path.readlink().name) else None
    return None


def _storage(name: str) -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE, constants.REPO_ID_SEPARATOR.join(("models", *name.split("/"))))


def _has_hash(content: bytes, expected: str) -> bool:
    """Whether a content has the hash that the hub named."""
    if len(expected) == hashlib.sha256().digest_size * 2:
        return hashlib.sha256(content).hexdigest() == expected
    git = b"blob %d\0" % len(content)
    return hashlib.sha1(git + content, usedforsecurity=False).hexdigest() == expected
