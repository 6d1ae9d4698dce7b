"""Processes that load hostile files in little memory, and processes that are killed while they save."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from saved_files import CONFIG, FORMAT_1, MODEL, Files, edited, load, put, without_hash

from lndp_agents import LNDPAgent


def with_header(files: Files, header: dict[str, Any] | bytes, length: int | None = None) -> Files:
    """A model with another header, of an allowed size: a tensor "rest" takes what the others leave."""
    size = len(files[MODEL])
    if not isinstance(header, bytes):
        used = max((entry["data_offsets"][1] for entry in header.values() if "shape" in entry), default=0)
        rest = {"dtype": "U8", "shape": [size - used], "data_offsets": [used, size]}
        header = json.dumps(header | ({"rest": rest} if used < size else {})).encode()
    prefix = struct.pack("<Q", len(header) if length is None else length)
    return without_hash(files) | {MODEL: prefix + header + bytes(size)}


def with_shape(files: Files, name: str, axes: list[int]) -> Files:
    """A model with more axes for a parameter, which holds as many numbers as before."""
    (length,) = struct.unpack("<Q", files[MODEL][:8])
    header = json.loads(files[MODEL][8 : 8 + length])
    header[name]["shape"] = [*axes, *header[name]["shape"]]
    content = json.dumps(header).encode()
    return files | {MODEL: struct.pack("<Q", len(content)) + content + files[MODEL][8 + length :]}


def tensor(shape: list[int], kind: str = "F32", size: int = 0) -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": [0, size]}


SIZES = {
    "nodes": 10**9,
    "node_features": 10**9,
    "network_steps": 10**9,
    "observation_size": 10**9,
    "initial_density": 10**4000,
}
HEADERS: dict[str, Any] = {
    "tensor of a terabyte": {"a": tensor([2**38], size=2**40)},
    "tensor beyond all sizes": {"a": tensor([2**63, 2**63], size=2**40)},
    "no numbers of many": {"a": tensor([0, 2**62])},
    "no numbers of too many": {"a": tensor([0, 2**63])},
    "no numbers of a shape that overflows": {"a": tensor([2**62, 2**62, 0])},
    "an axis more than torch has": {"a": tensor([0] * 65)},
    "many axes": {"a": tensor([0] * 15_000)},
    "many tensors": {f"{k}": tensor([0]) for k in range(1000)},
    "names that are no lines": {"\n\0\u2028": tensor([0])},
    "names that leave the folder": {"../../model": tensor([0]), "/etc/passwd": tensor([0])},
    "a long name": {"a" * 60_000: tensor([0])},
    "a type that torch lacks": {"a": tensor([2], "F4", 1)},
    "a type that nobody has": {"a": tensor([2], "Q9", 1)},
    "much metadata": {"__metadata__": {"a": "b" * 60_000}},
    "metadata of numbers": {"__metadata__": {"a": 1}},
    "deep": b"[" * 60_000,
    "negative": {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [4, 0]}},
    "nothing": {},
    "no JSON": b"\x80\x05\x95",
}


def hostile(files: Files) -> dict[str, Files]:
    """Files that declare much and hold little."""
    found = {f"header: {name}": with_header(files, header) for name, header in HEADERS.items()}
    for length in (0, 2**31, 2**40, 2**63, 2**64 - 1):
        found[f"header of {length} bytes"] = with_header(files, {}, length)
    config = json.loads(files[CONFIG])["config"]
    for name, value in SIZES.items():
        found[name] = edited(files, lambda data, n=name, v=value: data["config"].update({n: v}))
    widest = {name: 1024 for name, value in config.items() if type(value) is int and name != "nodes"}
    widest |= {name: config[name] for name in ("observation_size", "action_size")}
    found["gigabytes of genome"] = edited(files, lambda data: data["config"].update(widest))
    spaces = {
        "long box": {"type": "Box", "shape": [10**9], "low": [0], "high": [1], "dtype": "float32"},
        "deep box": {"type": "Box", "shape": [2**31] * 32, "low": [], "high": [], "dtype": "float64"},
        "many choices": {"type": "Discrete", "n": 10**9, "start": 0, "dtype": "int64"},
    }
    for name, space in spaces.items():
        found[name] = edited(files, lambda data, s=space: data.update(observation_space=s))
    encodings = {
        "one-hot": {"kind": "one_hot", "num_values": 10**9, "start": 0},
        "place": {"kind": "place", "shape": [1], "low": [0], "high": [10**9]},
        "affine": {"kind": "affine", "shape": [10**9], "offset": [0.0], "scale": [1.0]},
    }
    for name, encoding in encodings.items():
        found[name] = edited(files, lambda data, e=encoding: data.update(encoding=e))
    found["a parameter of many axes"] = with_shape(files, "node_in.bias", [1] * 900)
    texts = {
        "deep": b"[" * 10**6,
        "deep objects": b'{"a":' * 10**5,
        "many lists": b"[" + b"[]," * 300_000 + b"[]]",
        "many objects": b'{"a": [' + b"{}," * 300_000 + b"{}]}",
        "many keys": b"{" + b",".join(b'"%d":0' % k for k in range(90_000)) + b"}",
        "digits": b"9" * 10**6,
        "spaces": b" " * 10**6,
        "a long string": b'{"format_version": "' + b"a" * 10**6 + b'"}',
    }
    return found | {name: files | {CONFIG: text} for name, text in texts.items()}


LOADED_IN_LITTLE_MEMORY = """
import json, pathlib, random, resource, sys
import numpy, torch
from lndp_agents import LNDPAgent
from lndp_agents.persistence import FileFormatError

def generators():
    return random.getstate(), str(numpy.random.get_state()), torch.get_rng_state().tolist()

random.seed(1), numpy.random.seed(1), torch.manual_seed(1)
before = generators()
folder = pathlib.Path(sys.argv[1])
LNDPAgent.from_pretrained(folder / "sound")
in_use = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (in_use + 64 * 2**20,) * 2)
answers = {}
for path in sorted(folder.iterdir()):
    try:
        LNDPAgent.from_pretrained(path)
        answers[path.name] = "loaded"
    except FileFormatError as error:
        answers[path.name] = str(error)
try:
    bytearray(80 * 2**20)
except MemoryError:
    answers["too much"] = "no memory"
answers["generators"] = "as before" if generators() == before else "changed"
print(json.dumps(answers))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process as Linux does")
def test_what_declares_much_is_refused_in_little_memory(originals: list[Files], tmp_path: Path) -> None:
    """In a process with 64 MiB to spare; and it draws from no global generator, refused or not."""
    files = hostile(originals[0])
    for name, content in files.items():
        put(tmp_path / name.replace("/", " "), content)
    for name in (CONFIG, MODEL):
        os.truncate(put(tmp_path / f"64 GiB of {name}", originals[0]) / name, 2**36)
    put(tmp_path / "sound", originals[0])
    command = [sys.executable, "-c", LOADED_IN_LITTLE_MEMORY, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stderr == ""
    answers = json.loads(run.stdout)
    assert (answers.pop("sound"), answers.pop("too much")) == ("loaded", "no memory")
    assert answers.pop("generators") == "as before"
    assert len(answers) == len(files) + 2
    for name, answer in answers.items():
        assert answer.startswith(str(tmp_path / name)), (name, answer)
        assert answer.isprintable(), (name, answer)
        assert len(answer) < 500, (name, answer)


KILLED_WHILE_SAVING = """
import os, pathlib, signal, sys
from lndp_agents import LNDPAgent

agent = LNDPAgent.from_pretrained(sys.argv[1])
for folder in pathlib.Path(sys.argv[2]).iterdir():
    if child := os.fork():
        os.waitpid(child, 0)
        continue
    steps = int(folder.name[-1])

    def dying(function):
        def count_and_call(*arguments):
            global steps
            if not steps:
                os.kill(os.getpid(), signal.SIGKILL)
            steps -= 1
            return function(*arguments)
        return count_and_call

    os.fsync, pathlib.Path.replace = dying(os.fsync), dying(pathlib.Path.replace)
    agent.save_pretrained(folder)
    os._exit(0)
"""


def test_killed_between_any_two_steps_of_saving(originals: list[Files], tmp_path: Path) -> None:
    """Both files are seen on disk, then both are renamed: there is the old agent, the new one, or none."""
    new, old = originals[:2]
    for steps in range(5):
        put(tmp_path / f"format 2, killed after {steps}", old)
        put(tmp_path / f"format 1, killed after {steps}", without_hash(old))
    subprocess.run([sys.executable, "-c", KILLED_WHILE_SAVING, FORMAT_1, tmp_path], check=True)
    genomes = {new[MODEL]: "new", old[MODEL]: "old"}
    for folder in tmp_path.iterdir():
        agent = load(folder)
        found = genomes[(folder / MODEL).read_bytes()] if isinstance(agent, LNDPAgent) else agent
        refusal = f"{folder / MODEL}: not the model that config.json was saved with; give the two files of"
        assert found.startswith(("old", "old", "old", refusal, "new")[int(folder.name[-1])])
        LNDPAgent.from_pretrained(FORMAT_1).save_pretrained(folder)
        assert {name: (folder / name).read_bytes() for name in new} == new
