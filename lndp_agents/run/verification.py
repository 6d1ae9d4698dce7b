"""Verification of a run: recorded generations are computed again and compared."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lndp_agents.evolution.evolution import Evolution, EvolutionState, Rows
from lndp_agents.evolution.objective import make_objective
from lndp_agents.run.folder import AGENTS, require_plain
from lndp_agents.run.inspection import Inspection, inspect
from lndp_agents.run.metrics import (
    HASHES,
    METRICS,
    TABLES,
    in_words,
    table_row,
)
from lndp_agents.run.origin import system_changes
from lndp_agents.run.view import RunView
from lndp_agents.workers.sharing import at_work
from lndp_agents.workers.workers import Workers

_ALONE = Workers()


@dataclass(frozen=True)
class Verdict:
    """The result of a verification; as a string, one line for the user."""

    folder: Path
    generations: range
    """The generations to compute again; none if the files alone show a difference."""
    num_checkpoints: int
    """Number of checkpoints that hold what was recorded."""
    differences: list[str]

    def __str__(self) -> str:
        if self.differences:
            changes = system_changes(self.folder)
            hint = f" ({changes})" if changes else ""
            return f"{self.folder} differs: {'; '.join(self.differences)}{hint}"
        return (
            f"{self.folder}: {_in_words(self.generations)} computed again with the same metrics and hashes; "
            f"{self.num_checkpoints} checkpoints and {len(AGENTS)} agents hold what was recorded"
        )


def verify(
    folder: Path,
    generation: int | None = None,
    *,
    everything: bool = False,
    seed: int | None = None,
    workers: Workers = _ALONE,
    say: Callable[[str], None] = lambda text: None,
    trust: bool = False,
) -> Verdict:
    """Compare the files of a run with each other, then compute a generation again and compare it.

    Tables must have one row for each generation, checkpoints the hashes that were recorded, and last, best
    and mean must be those of the newest checkpoint. It is computed from the nearest checkpoint before the
    generation; the generations between are compared too. Nothing in the folder is changed, and a training
    that goes on there is not disturbed.

    What it cannot detect: a generation that was invented together with all checkpoints after it, unless it
    is computed (`everything` computes all); a run that was invented from the beginning, or is the best of
    many, and one that was cut after an earlier generation with its agents; that a folder or an agent of the
    hub that the search started around is the one of that name (one of the zoo is compared); and whatever
    nothing is computed from: timings.csv, events, command.txt, system.json. A training that was killed while
    it wrote an agent or a row leaves a difference; `lndp resume` mends it.

    Args:
        folder: of the run.
        generation: the one to verify; if None, one of those recorded, at random.
        everything: whether to verify all that is recorded instead.
        seed: random seed of that choice; if None, another at every call.
        workers: processes and device of the rollouts.
        say: takes a line that says which generations will be computed.
        trust: as for `Run.open`.

    Raises:
        FileNotFoundError: the folder holds no run.
        ValueError: its description is damaged, a file is a link or the like, or the generation is not
            recorded.
        OSError: a file cannot be read, or there are no actors to be had.
    """
    view = RunView(folder, trust)
    description = view.description
    require_plain(folder)
    evolution = Evolution(description)
    found = inspect(view, evolution)
    if found.differences:
        return Verdict(folder, range(0), len(found.checkpoints), found.differences)
    first, last = _chosen(folder, sorted(found.rows[HASHES]), generation, everything, seed)
    with at_work(evolution.objective, partial(make_objective, description), workers):
        differences = _final_differences(evolution, found, view)
        state = _nearest(first, evolution, found, view)
        generations = range(state.generation + 1, last + 1)
        say(f"computing {_in_words(generations)} again ({len(generations)} in all)")
        while state.generation < last and not differences:
            state, rows = evolution.advance(state)
            differences = _differences(rows, found)
    return Verdict(folder, generations, len(found.checkpoints), differences)


def _chosen(
    folder: Path, recorded: list[int], generation: int | None, everything: bool, seed: int | None
) -> tuple[int, int]:
    """Return the first and the last of the generations to verify."""
    if not recorded:
        raise ValueError(f"{folder} has done no generation yet: `lndp resume` it, and there is one to verify")
    if generation is not None and generation not in recorded:
        raise ValueError(f"generation={generation}: {folder} has hashes of {recorded[0]} to {recorded[-1]}")
    if everything:
        return recorded[0], recorded[-1]
    chosen = random.Random(seed).choice(recorded) if generation is None else generation
    return chosen, chosen


def _final_differences(evolution: Evolution, found: Inspection, view: RunView) -> list[str]:
    """Compute final evaluations again: the score of the newest, and whether one made its mean the best."""
    newest, differences = max(found.checkpoints), list[str]()
    expected = evolution.tensors(found.beginning)
    for generation in {newest if found.final_score else 0, found.best_is_mean_of} - {0}:
        state = evolution.restore(*view.read_checkpoint(found.checkpoints[generation], expected))
        score, before = evolution.evaluate_mean(state)[1].scores.item(), state.best_score
        if generation == newest and found.final_score not in ("", str(score)):  # older versions recorded none
            differences.append(
                f"{METRICS}, generation {newest}: held_out {score} was recorded as {found.final_score}"
            )
        elif generation == found.best_is_mean_of and score <= before:
            differences.append(
                f"best holds the mean of generation {generation}, with {score} no better than {before}"
            )
    return differences


def _nearest(generation: int, evolution: Evolution, found: Inspection, view: RunView) -> EvolutionState:
    """Return the state of the nearest checkpoint before a generation, or that of the beginning."""
    expected = evolution.tensors(found.beginning)
    for number in sorted((number for number in found.checkpoints if number < generation), reverse=True):
        try:
            return evolution.restore(*view.read_checkpoint(found.checkpoints[number], expected))
        except FileNotFoundError:  # a training that goes on has just dropped it
            continue
    return found.beginning


def _differences(rows: Rows, found: Inspection) -> list[str]:
    """Return how the computed rows of a generation differ from the recorded ones."""
    differences: list[str] = []
    for table, row in ((METRICS, rows.record), (HASHES, rows.hashes)):
        recorded, computed = found.rows[table][row.generation], table_row(row)
        pairs = zip(TABLES[table], recorded.rstrip().split(","), computed.rstrip().split(","), strict=True)
        columns = [f"{name} {now} was recorded as {then}" for name, then, now in pairs if then != now]
        if columns:
            differences.append(f"{table}, generation {row.generation}: {', '.join(columns)}")
    return differences


def _in_words(generations: range) -> str:
    return in_words([(generations[0], generations[-1])])
