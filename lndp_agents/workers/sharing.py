"""Rollouts of the worlds of an objective: in this process, or shared by Ray's actors."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lndp_agents.devices import find_device
from lndp_agents.evolution.objective import Objective, WorldObjective, worlds_of
from lndp_agents.rollout import Report
from lndp_agents.workers.actors import Actors, ray_session
from lndp_agents.workers.workers import Workers


class Worker:
    """The worlds of an objective in a process: this one, or an actor's, which makes the same ones.

    Args:
        make: makes the objective; it travels.
        device: of the rollouts.
    """

    def __init__(self, make: Callable[[], Objective], device: str) -> None:
        self._make, self._device = make, device
        self._worlds: Sequence[WorldObjective] = ()

    def settle(self, num_threads: int | None = None) -> None:
        """Make in this process all that rollouts need.

        Args:
            num_threads: number of threads of this process; that of torch if None.

        Raises:
            ValueError: a world cannot be made, or the device is not there.
        """
        if num_threads is not None:
            torch.set_num_threads(num_threads)
        find_device(self._device)
        self._worlds = worlds_of(self._make())
        for each in self._worlds:
            each.device = self._device
            _ = each.world, each.policy

    def rollouts(self, index: int, genomes: Tensor, generation: int | None) -> Tensor:
        """Do `WorldObjective.rollouts` in one of the worlds."""
        return self._worlds[index].rollouts(genomes, generation)


@contextmanager
def at_work(objective: Objective, make: Callable[[], Objective], workers: Workers) -> Generator[None]:
    """Prepare the worlds of an objective for rollouts, and dismiss the actors at the end.

    Args:
        objective: its worlds must have made no rollouts yet.
        make: makes the same objective in an actor.
        workers: processes and device of the rollouts.

    Raises:
        ConnectionError: there is no Ray to be had, or its actors do not start.
        ValueError: a world cannot be made, or the device is not there.
    """
    if workers.actors == 1:
        Worker(lambda: objective, workers.device).settle()
        yield
        return
    worlds = worlds_of(objective)
    with ray_session(workers.ray_address) as resources:
        crew = Actors(partial(Worker, make, workers.device), workers.actors, _options(workers, resources))
        try:
            _start(crew, int(resources.get("CPU", 1)))
            for index, each in enumerate(worlds):
                each.columns = partial(_share, crew, index)
            yield
        finally:
            _work_alone(worlds)
            crew.dismiss()


def report_to(objective: Objective, report: Report | None) -> None:
    """Call `report` now and then with the share of an evaluation that is done (not while actors work)."""
    worlds = worlds_of(objective)
    for index, each in enumerate(worlds):
        each.report = None if report is None else partial(_report_part, report, index, len(worlds))


def _report_part(report: Report, index: int, number: int, share: float) -> None:
    """Report the share of all worlds that is done, given the share of one of them."""
    report((index + share) / number)


def _work_alone(worlds: Sequence[WorldObjective]) -> None:
    for each in worlds:
        each.columns = each.rollouts


def _share(crew: Actors, index: int, genomes: Tensor, generation: int | None) -> Tensor:
    """Do the rollouts of one world, each actor with some of the genomes."""
    shares = genomes.tensor_split(len(crew))  # copied, for a view would travel with all genomes
    parts = [(index, share.clone(), generation) for share in shares if len(share)]
    return torch.cat(crew.share("rollouts", parts))


def _options(workers: Workers, resources: Mapping[str, float]) -> dict[str, Any]:
    """Return Ray's options of each actor, with its share of the GPUs."""
    options: dict[str, Any] = {"scheduling_strategy": "SPREAD"}
    if workers.device != "cpu":
        share = resources.get("GPU", 0) / workers.actors
        if not share:
            raise ValueError(f"device={workers.device}: Ray has no GPU for actors; give cpu")
        options["num_gpus"] = share if share < 1 else int(share)
    return options


def _start(crew: Actors, num_processors: int) -> None:
    """Start the actors, each with its share of the processors."""
    try:
        crew.start("settle", max(1, num_processors // len(crew)))
    except ValueError as error:
        raise ValueError(f"{error} (an actor imports only the module of module:NAME)") from error
