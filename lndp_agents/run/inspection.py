"""Compare what the files of a run say of each other, before anything is computed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from lndp_agents.evolution.evolution import Evolution, EvolutionState, hash_checkpoint
from lndp_agents.evolution.records import Counters
from lndp_agents.evolution.start import genome_sha256, published_genome
from lndp_agents.persistence import SavedAgent
from lndp_agents.run.checkpoint import generation_of
from lndp_agents.run.metrics import HASHES, METRICS, held_out_of, with_held_out
from lndp_agents.run.snapshot import Snapshot, table_differences, take_snapshot
from lndp_agents.run.view import RunView
from lndp_agents.spaces import space_to_json

_MEANINGS = {
    "last": "the fittest genome of generation {}",
    "best": "the mean with the highest held-out score up to generation {}",
    "mean": "the mean of generation {}",
}


@dataclass
class Inspection:
    """The result of comparing the files."""

    rows: dict[str, dict[int, str]]
    """Rows of metrics.csv and hashes.csv, by generation."""
    beginning: EvolutionState
    """State before the first generation, around the genome that the run started with."""
    checkpoints: dict[int, Path] = field(default_factory=dict[int, Path])
    """Checkpoints that hold what was recorded, by generation."""
    differences: list[str] = field(default_factory=list[str])
    final_score: str = ""
    """Held-out score in metrics.csv of an end between two evaluations; `rows` are without it."""
    best_is_mean_of: int = 0
    """The generation whose mean `best` holds because a final evaluation, off the schedule, may have found it;
    0 if `best` is that of a checkpoint."""


def inspect(view: RunView, evolution: Evolution) -> Inspection:
    """Compare the files of a run with each other.

    Args:
        view: the run.
        evolution: of its description.

    Raises:
        ValueError: a table is no regular file, or too large.
        OSError: a file cannot be read.
    """
    files = take_snapshot(view)
    found = Inspection(files.rows, evolution.init(), differences=table_differences(files))
    if not files.checkpoints:
        found.differences.append("no checkpoint is left")
    if found.differences:
        return found
    _set_final_score_aside(found, files.newest, view.recipe.evaluate_every)
    _begin(files, view, evolution, found)
    states = _inspect_checkpoints(files, view, evolution, found)
    if not found.differences:
        _inspect_agents(files, states, view.recipe.evaluate_every, found)
    return found


def _set_final_score_aside(found: Inspection, newest: int, evaluate_every: int) -> None:
    """Move the held-out score of an end off the schedule out of its row: the search does not depend on it."""
    metrics = found.rows[METRICS]
    if newest in metrics and newest % evaluate_every:
        found.final_score = held_out_of(metrics[newest])
        metrics[newest] = with_held_out(metrics[newest], None)


def _begin(files: Snapshot, view: RunView, evolution: Evolution, found: Inspection) -> None:
    """Begin around the genome of generation 0, and compare it with the one that the run started around."""
    name, oldest = view.recipe.start, files.checkpoints[-1]
    if not name:
        return
    if generation_of(oldest):
        found.differences.append(
            f"the checkpoint of generation 0 is gone, and with it the genome of start={name!r}"
        )
        return
    try:
        expected = evolution.tensors(found.beginning)
        genome = view.read_checkpoint(oldest, expected)[1]["best"]
    except (OSError, ValueError):
        return  # what is wrong with it is told with the other checkpoints
    found.beginning = evolution.init(genome.clone())
    published = published_genome(name)
    if view.description.start_sha256 not in ("", genome_sha256(genome)) or (
        published is not None and not torch.equal(published, genome)
    ):
        found.differences.append(f"{oldest.name} holds another genome than that of start={name!r}")


def _inspect_checkpoints(
    files: Snapshot, view: RunView, evolution: Evolution, found: Inspection
) -> dict[int, dict[str, SavedAgent]]:
    """Compare each checkpoint with its rows; return the agents of the newest two generations."""
    scores, bests = _held_out_scores(found.rows[METRICS]), dict[int, Tensor]()
    agents: dict[int, dict[str, SavedAgent]] = {}
    expected = evolution.tensors(found.beginning)
    beginning = hash_checkpoint(evolution.counters(found.beginning), expected)
    for path in files.checkpoints:
        try:
            counters, tensors = view.read_checkpoint(path, expected)
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
            found.differences += _counter_differences(counters, found.rows[METRICS], scores)
        found.checkpoints[generation], bests[generation] = path, tensors["best"]
        if generation > files.newest - 2:
            agents[generation] = evolution.agents(evolution.restore(counters, tensors))
    since, _ = _highest(scores, files.newest)
    later = [best for generation, best in bests.items() if generation >= since > 0]
    if not found.differences and any(not torch.equal(best, later[0]) for best in later):
        found.differences.append(f"the checkpoints since generation {since} hold different best means")
    return agents


def _counter_differences(
    counters: Counters, metrics: Mapping[int, str], scores: Sequence[tuple[int, float]]
) -> list[str]:
    """Return how the counters of a checkpoint differ from metrics.csv."""
    generation, found = counters.generation, list[str]()
    steps = metrics[generation].split(",")[1] if generation else "0"
    if steps != str(counters.steps):
        found.append(f"{METRICS}, generation {generation}: steps {counters.steps} was recorded as {steps}")
    _, highest = _highest(scores, generation)
    score = -math.inf if counters.best_score is None else counters.best_score
    if highest != score and highest < math.inf:
        found.append(
            f"{METRICS}: the highest held-out score up to generation {generation} is {highest}, "
            f"but {score} in its checkpoint"
        )
    return found


def _inspect_agents(
    files: Snapshot, states: Mapping[int, dict[str, SavedAgent]], evaluate_every: int, found: Inspection
) -> None:
    """Compare the agents with the newest checkpoint or, if not yet written again, with the one before."""
    off_schedule = [number for number in states if number % evaluate_every]
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


def _held_out_scores(metrics: Mapping[int, str]) -> list[tuple[int, float]]:
    """Return the generations whose mean was evaluated on held-out rollouts, with its scores."""
    cells = ((number, held_out_of(metrics[number])) for number in sorted(metrics))
    return [(number, float(cell)) for number, cell in cells if _is_number(cell)]


def _is_number(cell: str) -> bool:
    try:
        return not math.isnan(float(cell))
    except ValueError:
        return False


def _highest(scores: Sequence[tuple[int, float]], generation: int) -> tuple[int, float]:
    """Return the first generation with the highest score up to one, and its score; 0 and -inf if none."""
    earlier = [(score, -number) for number, score in scores if number <= generation]
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
