"""Agents of the Hugging Face hub, through the library huggingface_hub (the extra `hub`).

The library honours HF_ENDPOINT, HF_HUB_OFFLINE, HF_HOME and its timeouts, keeps the commits of a repository
apart in its cache, and writes a file under a name of its own before it renames it. What it does not do is
done here: all files are of one commit, none is larger than `MAX_BYTES` (as announced), and each is compared
with its hash at every use, also where it lay in the cache.
"""

import hashlib
import re
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from lndp_agents.persistence import CONFIG_FILE, MODEL_FILE, FileFormatError

CARD_FILES = ("README.md", "results.json", "life.gif")
"""What an agent may have beside its two files."""
MAX_BYTES = 2**24
"""Of a file: a thousand times what an agent takes."""
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


class MissingFileError(ValueError):
    """The repository is there, but not this file of it."""


def is_hub_name(text: str) -> bool:
    """Whether a text looks like USER/REPO."""
    return _HUB_NAME.fullmatch(text) is not None


def fetch_agent(name: str, revision: str | None = None, *, with_card: bool = False) -> Path:
    """The files of an agent on the hub, from the cache where they are there already.

    Args:
        name: USER/REPO.
        revision: a branch, a tag or, to be sure of the bytes, a commit; the main branch if none.
        with_card: whether `CARD_FILES` are wanted too, as far as the repository has them.

    Returns:
        The folder of that commit in the cache of huggingface_hub.

    Raises:
        ValueError: there are no such files, or they cannot be fetched.
        FileFormatError: a file is not what its hash says (it is then removed from the cache), or too large.
        ImportError: huggingface_hub is not installed.
    """
    folder = _fetch(name, CONFIG_FILE, revision).parent
    _fetch(name, MODEL_FILE, folder.name)  # the folder is named after the commit
    for filename in CARD_FILES if with_card else ():
        with suppress(MissingFileError):
            _fetch(name, filename, folder.name)
    return folder


def _fetch(name: str, filename: str, revision: str | None) -> Path:
    try:
        from huggingface_hub import constants
        from huggingface_hub import hf_hub_download as download  # pyright: ignore[reportUnknownVariableType]
        # (its signature names a class of tqdm, which has no types)
    except ImportError as error:
        raise ImportError(
            f'no folder {name!r}, and the hub needs {error.name}: pip install "lndp-agents[hub]"'
        ) from error
    what = f"{filename} of {name} at {constants.ENDPOINT}"
    with _in_one_line(what):
        size = download(name, filename, revision=revision, dry_run=True).file_size
    if size is None or size > MAX_BYTES:
        raise FileFormatError(f"{what}: {size} bytes, expected at most {MAX_BYTES}; give an LNDP agent")
    with _in_one_line(what):
        path = Path(download(name, filename, revision=revision))
    if not _is_intact(path):
        blob = path.resolve() if path.is_symlink() else path
        path.unlink()
        blob.unlink(missing_ok=True)
        raise FileFormatError(f"{what}: damaged, its hash is another; removed from the cache, fetch it again")
    return path


@contextmanager
def _in_one_line(what: str) -> Generator[None]:
    """Errors of the library as a ValueError that says what could not be fetched, why, and the remedy."""
    from huggingface_hub import errors
    from huggingface_hub.errors import HTTPError  # httpx's # pyright: ignore[reportPrivateImportUsage]

    try:
        yield
    except errors.RepositoryNotFoundError:
        raise ValueError(
            f"{what}: no such repository; check the name, or log in with `hf auth login`"
        ) from None
    except errors.RevisionNotFoundError:
        raise ValueError(f"{what}: no such revision; give a branch, a tag or a commit") from None
    except errors.RemoteEntryNotFoundError:
        raise MissingFileError(f"{what}: no such file; give the repository of an LNDP agent") from None
    except (OSError, HTTPError, ValueError) as error:
        reason = " ".join(str(error.__cause__ or error).split()).rstrip(".")
        raise ValueError(f"{what} is not in the cache and cannot be fetched: {reason}; try again") from error


def _is_intact(path: Path) -> bool:
    """Whether a file of the cache has the hash that the hub named: sha256, or git's sha1 for small text.

    The cache keeps a file under its hash, with a link to it. Where the file system has no links nothing can
    be said here; the model is then compared with its sha256 in config.json alone, as at every load.
    """
    if not path.is_symlink():
        return True
    content, expected = path.read_bytes(), path.readlink().name
    if len(expected) == hashlib.sha256().digest_size * 2:
        return hashlib.sha256(content).hexdigest() == expected
    git = b"blob %d\0" % len(content)
    return hashlib.sha1(git + content, usedforsecurity=False).hexdigest() == expected
