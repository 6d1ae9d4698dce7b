"""What the files of a run say of each other, before anything is computed: tables, checkpoints and agents."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from lndp_agents.evolution.description import Description
from lndp_agents.evolution.evolution import Evolution, EvolutionState, hash_checkpoint
from lndp_agents.evolution.records import Counters
from lndp_agents.evolution.start import genome_sha256, published_genome
from lndp_agents.persistence import SavedAgent, load_agent
from lndp_agents.run.checkpoint import (
    CHECKPOINTS,
    generation_of,
    list_checkpoints,
    read_checkpoint,
)
from lndp_agents.run.folder import AGENTS, agent_folder
from lndp_agents.run.metrics import (
    HASHES,
    METRICS,
    TABLES,
    held_out_of,
    in_words,
    missing,
    read_table,
    rows_of,
    table_of,
    with_held_out,
)
from lndp_agents.spaces import space_to_json

_LOOKS = 20
"""How often the files are read anew, because a training that goes on there wrote some meanwhile."""
_MEANINGS = {
    "last": "the fittest genome of generation {}",
    "best": "the mean with the highest held-out score up to generation {}",
    "mean": "the mean of generation {}",
}


@dataclass(frozen=True)
class Files:
    """What lay in a run folder at one moment."""

    kept: Sequence[Path]
    """The checkpoints, the newest first."""
    texts: Mapping[str, str]
    """Of metrics.csv and hashes.csv."""
    agents: Mapping[str, SavedAgent | str]
    """By name; or why there is none."""

    @property
    def newest(self) -> int:
        """The generation of the newest checkpoint, by its name."""
        return generation_of(self.kept[0]) if self.kept else 0

    @property
    def rows(self) -> dict[str, dict[int, str]]:
        """Of the tables, by generation."""
        return {table: rows_of(table, text) for table, text in self.texts.items()}


@dataclass
class Inspection:
    """What came of looking at the files."""

    rows: dict[str, dict[int, str]]
    """Of metrics.csv and hashes.csv, by generation."""
    beginning: EvolutionState
    """Where the run began, around the genome that it started with."""
    checkpoints: dict[int, Path] = field(default_factory=dict[int, Path])
    """Those that hold what was recorded, by generation."""
    differences: list[str] = field(default_factory=list[str])
    final_score: str = ""
    """What metrics.csv has as the held-out score of an end between two evaluations; `rows` are without it."""
    best_is_mean_of: int = 0
    """The generation whose mean `best` holds because a final evaluation, off the schedule, may have found it;
    0 if `best` is that of a checkpoint."""


def inspect(folder: Path, description: Description, evolution: Evolution) -> Inspection:
    """Compare the files of a run with each other.

    Args:
        folder: of the run.
        description: what config.json says.
        evolution: of the description.

    Raises:
        ValueError: a table is no regular file, or too large.
        OSError: a file cannot be read.
    """
    files = read_files(folder)
    found = Inspection(files.rows, evolution.init(), differences=table_differences(files))
    if not files.kept:
        found.differences.append("no checkpoint is left")
    if found.differences:
        return found
    _set_final_score_aside(found, files.newest, description.recipe.evaluate_every)
    _begin(files, description, evolution, found)
    states = _inspect_checkpoints(files, description.identity, evolution, found)
    if not found.differences:
        _inspect_agents(files, states, description, found)
    return found


def read_files(folder: Path) -> Files:
    """The files of a run, of one moment though a training may go on there.

    Raises:
        ValueError: a table is no regular file, or too large.
        OSError: a file cannot be read, or they change too fast.
    """
    checkpoints, is_still = folder / CHECKPOINTS, False
    files = Files([], {}, {})
    for _ in range(_LOOKS):
        before = list_checkpoints(checkpoints)[:1]
        texts = {table: read_table(folder / table) for table in TABLES}
        files = Files(texts=texts, agents=_read_agents(folder), kept=list_checkpoints(checkpoints))
        is_still = before == files.kept[:1]
        if is_still and not any(isinstance(agent, str) for agent in files.agents.values()):
            break  # else one is damaged, or is being written just now: look again
    if not is_still:
        raise BlockingIOError(
            f"{folder} changes faster than it can be read: verify it when its training rests"
        )
    return files


def table_differences(files: Files) -> list[str]:
    """What is wrong with the tables.

    Rows are written before the checkpoint of their generation, in metrics.csv first: all up to the newest
    checkpoint are there, and at most one more.
    """
    found: list[str] = []
    for table, rows in files.rows.items():
        if gaps := missing(rows, files.newest):
            found.append(f"{table} lacks {in_words(gaps)}")
        if (last := max(rows, default=0)) > files.newest + 1:
            found.append(
                f"{table} goes on to generation {last}, but the newest checkpoint is of {files.newest}"
            )
        in_order = [rows[number] for number in sorted(rows)]
        if not gaps and files.texts[table] not in (table_of(table, in_order), ""):
            found.append(f"{table} holds other lines than one row of each generation, in their order")
    surplus = files.rows[HASHES].keys() - files.rows[METRICS].keys()
    return found or [f"{METRICS} lacks generation {number}, which {HASHES} has" for number in surplus]


def _read_agents(folder: Path) -> dict[str, SavedAgent | str]:
    found: dict[str, SavedAgent | str] = {}
    for name in AGENTS:
        try:
            found[name] = load_agent(agent_folder(folder, name))
        except (OSError, ValueError) as error:
            found[name] = str(error)
    return found


def _set_final_score_aside(found: Inspection, newest: int, evaluate_every: int) -> None:
    """Take the held-out score of an end off the schedule out of its row: the search does not depend on it."""
    metrics = found.rows[METRICS]
    if newest in metrics and newest % evaluate_every:
        found.final_score = held_out_of(metrics[newest])
        metrics[newest] = with_held_out(metrics[newest], None)


def _begin(files: Files, description: Description, evolution: Evolution, found: Inspection) -> None:
    """Begin around the genome in generation 0 that the run started around; is it the right one?"""
    name, oldest = description.recipe.start, files.kept[-1]
    if not name:
        return
    if generation_of(oldest):
        found.differences.append(
            f"the checkpoint of generation 0 is gone, and with it the genome of start={name!r}"
        )
        return
    try:
        expected = evolution.tensors(found.beginning)
        genome = read_checkpoint(oldest, description.identity, expected)[1]["best"]
    except (OSError, ValueError):
        return  # what is wrong with it is told with the other checkpoints
    found.beginning = evolution.init(genome.clone())
    published = published_genome(name)
    if description.start_sha256 not in ("", genome_sha256(genome)) or (
        published is not None and not torch.equal(published, genome)
    ):
        found.differences.append(f"{oldest.name} holds another genome than that of start={name!r}")


def _inspect_checkpoints(
    files: Files, run: str, evolution: Evolution, found: Inspection
) -> dict[int, dict[str, SavedAgent]]:
    """Compare each checkpoint with its rows; the agents of the newest two generations, the newest first."""
    looks, bests, agents = (
        _looks(found.rows[METRICS]),
        dict[int, Tensor](),
        dict[int, dict[str, SavedAgent]](),
    )
    expected = evolution.tensors(found.beginning)
    beginning = hash_checkpoint(evolution.counters(found.beginning), expected)
    for path in files.kept:
        try:
            counters, tensors = read_checkpoint(path, run, expected)
        except (OSError, ValueError) as error:
            if path.exists():  # else a training that goes on has just dropped it
                found.differences.append(f"{path.name}: {error}")
            continue
        generation = counters.generation
        hashes = found.rows[HASHES].get(generation, "").rstrip()
        recorded = hashes.rpartition(",")[2] if generation else beginning
        if recorded != hash_checkpoint(counters, tensors):
            found.differences.append(f"{path.name} does not hold the search that was recorded")
            continue
        if not found.differences:
            found.differences += _counter_differences(counters, found.rows[METRICS], looks)
        found.checkpoints[generation], bests[generation] = path, tensors["best"]
        if generation > files.newest - 2:
            agents[generation] = evolution.agents(evolution.restore(counters, tensors))
    since, _ = _highest(looks, files.newest)
    later = [best for generation, best in bests.items() if generation >= since > 0]
    if not found.differences and any(not torch.equal(best, later[0]) for best in later):
        found.differences.append(f"the checkpoints since generation {since} hold different best means")
    return agents


def _counter_differences(
    counters: Counters, metrics: Mapping[int, str], looks: Sequence[tuple[int, float]]
) -> list[str]:
    """How the counters of a checkpoint differ from metrics.csv."""
    generation, found = counters.generation, list[str]()
    steps = metrics[generation].split(",")[1] if generation else "0"
    if steps != str(counters.steps):
        found.append(f"{METRICS}, generation {generation}: steps {counters.steps} was recorded as {steps}")
    _, highest = _highest(looks, generation)
    score = -math.inf if counters.best_score is None else counters.best_score
    if highest != score and highest < math.inf:
        found.append(
            f"{METRICS}: the highest held-out score up to generation {generation} is {highest}, "
            f"but {score} in its checkpoint"
        )
    return found


def _inspect_agents(
    files: Files, states: Mapping[int, dict[str, SavedAgent]], description: Description, found: Inspection
) -> None:
    """Compare last, best and mean with the newest checkpoint, or, not yet written again, the one before."""
    off_schedule = [number for number in states if number % description.recipe.evaluate_every]
    for name, agent in files.agents.items():
        if isinstance(agent, str):
            found.differences.append(f"{name} is no agent: {agent}")
            continue
        if any(_is_same(agent, state[name]) for state in states.values()):
            continue
        means = [number for number in off_schedule if _is_same(agent, states[number]["mean"])]
        if name == "best" and means:
            found.best_is_mean_of = means[0]
        else:
            found.differences.append(f"{name} does not hold {_MEANINGS[name].format(files.newest)}")


def _looks(metrics: Mapping[int, str]) -> list[tuple[int, float]]:
    """Generations whose mean was scored on held-out lives, and the scores that are numbers."""
    cells = ((number, held_out_of(metrics[number])) for number in sorted(metrics))
    return [(number, float(cell)) for number, cell in cells if _is_number(cell)]


def _is_number(cell: str) -> bool:
    try:
        return not math.isnan(float(cell))
    except ValueError:
        return False


def _highest(looks: Sequence[tuple[int, float]], generation: int) -> tuple[int, float]:
    """The first generation with the highest score up to one, and the score; 0 and minus infinity if none."""
    earlier = [(score, -number) for number, score in looks if number <= generation]
    score, number = max(earlier, default=(-math.inf, 0))
    return -number, score


def _is_same(one: SavedAgent, other: SavedAgent) -> bool:
    spaces = [
        [space_to_json(space) for space in (agent.observation_space, agent.action_space)]
        for agent in (one, other)
    ]
    return (
        spaces[0] == spaces[1]
        and one.encoding.to_json() == other.encoding.to_json()
        and one.config == other.config
        and torch.equal(one.genome, other.genome)
    )
