"""Ray's actors: the bytes of one process, whatever is stopped; what goes wrong is told in one line."""

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from lndp_agents import cli
from lndp_agents.devices import find_device
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.objective import WorldObjective, make_objective
from lndp_agents.genome import genome_size
from lndp_agents.run.run import Run
from lndp_agents.run.view import RunView
from lndp_agents.workers import actors
from lndp_agents.workers.sharing import Worker
from lndp_agents.workers.workers import Workers

COMMAND = [sys.executable, "-m", "lndp_agents.cli"]
TINY = ["nodes=11", "node_features=3", "edge_features=2", "attention_heads=1", "query_features=2"]
TINY += ["value_features=2", "decision_features=3", "initial_density=0.5"]
TRAIN = ["train", "lndp/Foraging-v0", "--encoding", "place", "--population", "9", "--lives", "2"]
TRAIN += ["--evaluate-every", "2", "--held-out-lives", "4", "--generations", "4", "--program", *TINY]
CAR = ["train", "MountainCar-v0", "--program", "nodes=16", "--population", "5", "--lives", "1"]
CAR += ["--generations", "2", "--held-out-lives", "2", "--evaluate-every", "1"]
FILES = ("metrics.csv", "hashes.csv", "last/model.safetensors", "best/model.safetensors")
TWO_ACTORS = """
import sys
from pathlib import Path
from lndp_agents.run.run import Run
from lndp_agents.run.view import RunView
from lndp_agents.workers.workers import Workers

recipe = RunView(Path(sys.argv[1])).description.recipe
with Run.create(recipe, Path(sys.argv[2]), Workers(actors=2)) as run:
    assert [record.generation for record in run.generations()] == [1, 2, 3, 4]
"""


FROZEN = """
import os, signal, sys
from pathlib import Path
import psutil
from lndp_agents.workers import actors
from lndp_agents.run.run import Run
from lndp_agents.run.view import RunView
from lndp_agents.workers.workers import Workers

actors.PULSE_SECONDS = actors.PATIENCE_SECONDS = 0.5
recipe = RunView(Path(sys.argv[1])).description.recipe
with Run.create(recipe, Path(sys.argv[2]), Workers(actors=2)) as run:
    generations = run.generations()
    next(generations)
    children = psutil.Process().children(recursive=True)
    listening = [
        connection.laddr.ip
        for process in [psutil.Process(), *children]
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    print(len(listening) > 3, {address.removeprefix("::ffff:") for address in listening})
    print(oct((Path.home() / ".ray" / "auth_token").stat().st_mode & 0o777))
    print(os.umask(0o022) == 0o022)
    frozen = next(child for child in children if "LifeActor" in " ".join(child.cmdline()))
    frozen.send_signal(signal.SIGSTOP)
    try:
        next(generations)
    except ConnectionError as error:
        print(error)
gone, alive = psutil.wait_procs(children, timeout=60)
print(len(alive), "left")
"""


UNKNOWN_TO_ACTORS = """
import sys
from pathlib import Path
import gymnasium
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.run.run import Run
from lndp_agents.workers.workers import Workers

car = gymnasium.spec("MountainCar-v0")
gymnasium.register("Mine-v0", car.entry_point, max_episode_steps=9)
try:
    Run.create(EvolutionConfig(environment="Mine-v0"), Path(sys.argv[1]), Workers(actors=2))
except ValueError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 4 generations in one process, which nothing disturbed."""
    folder = tmp_path_factory.mktemp("runs") / "alone"
    assert cli.main([*TRAIN, "--out", str(folder)]) == 0
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    newest = sorted((folder / "checkpoints").iterdir())[-1]
    files = [folder / name for name in FILES] + sorted(newest.iterdir())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def run_child(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """A process with one thread, as this one."""
    return subprocess.run(
        [str(part) for part in command],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_actors_give_the_bytes_of_one_process(alone: Path, tmp_path: Path) -> None:
    done = run_child(sys.executable, "-c", TWO_ACTORS, alone, tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stderr == ""
    assert contents(tmp_path / "run") == contents(alone)


@pytest.mark.slow
@pytest.mark.parametrize("has_open_token", [False, True])
def test_a_frozen_actor_is_not_waited_for_and_nobody_else_reaches_ray(
    alone: Path, tmp_path: Path, has_open_token: bool
) -> None:
    home = tmp_path / "home"
    (home / ".ray").mkdir(parents=True)
    if has_open_token:
        (home / ".ray" / "auth_token").write_text(64 * "a")
        (home / ".ray" / "auth_token").chmod(0o644)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(
        ["bash", "-c", 'umask 022; exec "$@"', "", sys.executable, "-c", FROZEN, alone, tmp_path / "run"],
        env=environment | {"OMP_NUM_THREADS": "1", "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "True {'127.0.0.1'}",
        "0o600",
        "True",
        "1 of 2 actors have shown no sign of life for 1 seconds: whole generations are kept, resume the run",
        "0 left",
    ]
    with Run.open(tmp_path / "run") as run:
        assert run.generation == 1
        list(run.generations())
    assert contents(tmp_path / "run") == contents(alone)


@pytest.mark.parametrize("pieces", [2, 3])
@pytest.mark.parametrize("environment", ["lndp/Foraging-v0", "CartPole-v1", "MountainCar-v0"])
def test_what_travels_to_an_actor_lives_the_same_lives(tmp_path: Path, environment: str, pieces: int) -> None:
    recipe = EvolutionConfig(environment=environment, population=9, lives=2, program={"nodes": 14})
    with Run.create(recipe, tmp_path / "run"):
        description = RunView(tmp_path / "run").description
    objective = WorldObjective(description)
    genomes = torch.randn(9, genome_size(description.program), generator=torch.Generator().manual_seed(0))
    expected = objective(genomes, 3)
    travels = pickle.dumps(partial(Worker, partial(make_objective, description), "cpu"))
    evaluated: list[torch.Tensor] = []
    for share in genomes.tensor_split(pieces):
        there = pickle.loads(travels)()
        assert not vars(there)["_worlds"]
        there.settle(1)
        evaluated.append(there.rollouts(0, share, 3))
    assert torch.equal(torch.cat(evaluated), expected.columns)
    assert expected.steps.min() > 0
    assert torch.equal(expected.fitness, torch.cat(evaluated)[:, 0].double())


@pytest.mark.slow
@pytest.mark.parametrize("options", [TRAIN, CAR])
def test_the_command_line_with_actors_is_silent_and_exact(options: list[str], tmp_path: Path) -> None:
    one = run_child(*COMMAND, *options, "--out", tmp_path / "one", "--json")
    two = run_child(*COMMAND, *options, "--out", tmp_path / "two", "--json", "--actors", "2")
    assert two.returncode == 0, two.stderr
    assert json.loads(two.stdout) == json.loads(one.stdout) | {"run": str(tmp_path / "two")}
    starts = ("generation ", "run folder: ", options[1])
    assert all(line.startswith(starts) for line in two.stderr.splitlines()), two.stderr
    assert contents(tmp_path / "two") == contents(tmp_path / "one")


@pytest.mark.slow
def test_actors_stopped_and_resumed_in_a_fresh_process_give_the_bytes_of_one(
    alone: Path, tmp_path: Path
) -> None:
    begun = run_child(*COMMAND, *TRAIN, "--generations", "2", "--out", tmp_path / "two", "--actors", "3")
    resumed = run_child(*COMMAND, "resume", tmp_path / "two", "--generations", "4", "--actors", "2")
    assert (begun.returncode, resumed.returncode) == (0, 0), begun.stderr + resumed.stderr
    assert contents(tmp_path / "two") == contents(alone)
    verified = run_child(*COMMAND, "verify", tmp_path / "two", "--all", "--actors", "2")
    assert verified.returncode == 0, verified.stdout
    assert verified.stderr == "computing generations 1 to 4 again (4 in all)\n"


@pytest.mark.slow
def test_an_environment_that_only_the_script_knows_is_told(tmp_path: Path) -> None:
    done = run_child(sys.executable, "-c", UNKNOWN_TO_ACTORS, tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "environment 'Mine-v0'" in done.stdout
    assert done.stdout.endswith("(an actor imports only the module of module:NAME)\n")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_child_with_actors_stops_at_ctrl_c_of_its_terminal(alone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [*COMMAND, *TRAIN, "--actors", "2", "--generations", "100000", "--out", str(folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        wait_for_rows(child, folder, 2)
        os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to all processes of the group
        out, err = child.communicate()
    assert (child.returncode, out) == (130, ""), err
    assert "Traceback" not in err
    assert err.endswith(f"go on with: lndp resume {folder}\n")
    with Run.open(folder) as run:
        assert run.generation >= 2
    assert (folder / "metrics.csv").read_bytes().startswith((alone / "metrics.csv").read_bytes()[:200])
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)


@pytest.mark.slow
def test_a_lost_actor_costs_the_unfinished_generation_only(alone: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [*COMMAND, *TRAIN, "--actors", "2", "--generations", "100000", "--out", str(folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        wait_for_rows(child, folder, 1)
        os.kill(actor_of_group(child.pid), signal.SIGKILL)
        _, err = child.communicate()
    assert child.returncode == 2, err
    last = err.splitlines()[-1]
    assert last.startswith("lndp: error: an actor was lost"), err
    assert last.endswith("resume the run")
    assert run_child(*COMMAND, "verify", folder).returncode == 0


def wait_for_rows(child: subprocess.Popen[str], folder: Path, number: int) -> None:
    path = folder / "hashes.csv"
    while not path.exists() or len(path.read_text().splitlines()) <= number:
        assert child.poll() is None, child.communicate()[1]
        time.sleep(0.05)


def actor_of_group(group: int) -> int:
    """An actor among the processes of a group."""
    listed = subprocess.run(["ps", "-eo", "pid,sid,args"], capture_output=True, text=True, check=True).stdout
    lines = [line.split(None, 2) for line in listed.splitlines()]
    return next(int(pid) for pid, sid, args in lines if sid == str(group) and "ray::LifeActor" in args)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"actors": 0}, "actors=0: give an integer from 1 to 4096"),
        ({"actors": -2}, "actors=-2: give an integer"),
        ({"actors": True}, "actors=True: give an integer"),
        ({"ray_address": "ray://host:1"}, "ray_address='ray://host:1' with one actor: give two or more"),
        ({"actors": 2, "ray_address": "127.0.0.1:6379"}, "give ray://HOST:PORT"),
        ({"actors": 2, "ray_address": "ray://nowhere"}, "give ray://HOST:PORT"),
        ({"actors": 2, "ray_address": "ray://host:99999999"}, "give ray://HOST:PORT"),
        ({"device": "cuda:77"}, "device 'cuda:77' is not there"),
        ({"device": "gpu"}, "device 'gpu' is not there"),
        ({"device": "meta"}, "device 'meta' is not there"),
        ({"device": ""}, "device '' is not there"),
    ],
)
def test_workers_that_cannot_be_are_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        Workers(**options)
    assert "\n" not in str(caught.value)


def test_a_cluster_that_does_not_answer_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"ray://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ConnectionError, match=f"nobody answers at {address} .*start Ray there"):
        Workers(actors=2, ray_address=address)


def test_where_ray_does_not_start_no_folder_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import ray

    def refuse(**options: Any) -> None:
        raise RuntimeError("no room\nfor a store")

    monkeypatch.setattr(ray, "init", refuse)
    assert cli.main([*TRAIN, "--actors", "2", "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err == (
        "lndp: error: Ray on this machine cannot be used (RuntimeError: no room for a store): "
        "use one process\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("asked", "listens_everywhere"), [(None, False), ("0", False), ("1", True)])
def test_ray_listens_on_loopback_unless_asked_and_writes_for_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str | None, listens_everywhere: bool
) -> None:
    constants = SimpleNamespace(ENABLE_RAY_CLUSTER=True)
    ray = SimpleNamespace(_private=SimpleNamespace(ray_constants=constants))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", raising=False)
    if asked is not None:
        monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", asked)
    token = tmp_path / ".ray" / "auth_token"
    token.parent.mkdir()
    token.touch(0o644)
    before = os.umask(0o022)
    with actors._for_nobody_else(ray):
        assert constants.ENABLE_RAY_CLUSTER is listens_everywhere
        (tmp_path / "new").touch()
    assert constants.ENABLE_RAY_CLUSTER is True
    assert [path.stat().st_mode & 0o777 for path in (token, tmp_path / "new")] == [0o600, 0o600]
    assert os.umask(before) == 0o022


def test_the_processor_is_a_device() -> None:
    assert find_device("cpu") == torch.device("cpu")


@pytest.mark.cuda
def test_a_run_on_another_device_is_a_run(alone: Path, tmp_path: Path) -> None:
    options = [*TRAIN, "--device", "cuda", "--out"]
    assert cli.main([*options, str(tmp_path / "one")]) == cli.main([*options, str(tmp_path / "two")]) == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert RunView(tmp_path / "one").description.identity == RunView(alone).description.identity
