"""The bridge to EvoTorch: a population goes in, its fitness comes out."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch
from lndp_envs.randomness import key_of
from torch import Tensor

from lndp_agents.devices import find_device
from lndp_agents.evolution.actors import Actors, ray_session
from lndp_agents.evolution.fitness import WORST, fitness
from lndp_agents.evolution.run_folder import Description
from lndp_agents.evolution.search_library import Problem, SolutionBatch
from lndp_agents.evolution.workers import Workers
from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.policies.policy import Policy
from lndp_agents.rollout import Evolved, Report, Rollout, World, balanced_contexts, lifetime_keys, rollout
from lndp_agents.rollout.streams import HELD_OUT, SEARCH, TRAINING


@dataclass(frozen=True)
class Evaluation:
    """What came of a generation; a row for each of the P genomes."""

    fitness: Tensor
    """(P,) float64; `WORST` where it was not a number."""
    scores: Tensor
    """(P,) float64: mean episode return."""
    density: Tensor
    """(P,) float64."""
    steps: Tensor
    """(P,) float64: steps of all lives."""
    fittest: Tensor
    """(D,): the genome of the highest fitness."""

    @classmethod
    def of(cls, batch: SolutionBatch) -> "Evaluation":
        """What `LifeProblem` noted of a population."""
        columns = plain(batch.evals).double().T.unbind()
        return cls(*columns, fittest=plain(batch.values)[int(columns[0].argmax())].clone())

    @property
    def is_number(self) -> Tensor:
        """(P,) bool: whose fitness was a number."""
        return self.fitness > WORST


class LifeProblem(Problem):
    """Maximise the fitness of lives; all genomes of a generation share births, worlds and luck.

    All that is random follows from the seed and the generation, nothing from what was drawn before. So any
    process can live any of the lives: an actor gets the description of the run, and makes the rest itself.

    Args:
        description: the run.
        workers: who lives the lives.

    Attributes:
        report: told now and then how much of a generation is done, as in `live`; not while actors work.
    """

    def __init__(self, description: Description, workers: Workers) -> None:
        recipe = description.recipe
        super().__init__(
            "max",
            solution_length=genome_size(description.program),
            initial_bounds=(-recipe.sigma, recipe.sigma),
            dtype=torch.float32,
            eval_data_length=3,
            store_solution_stats=False,
        )
        self.description, self.workers = description, workers
        self.generation = 0
        self.report: Report | None = None
        self._crew: Actors | None = None

    @cached_property
    def world(self) -> World:
        """Where lives are lived."""
        return self.description.make_world()

    @cached_property
    def program(self) -> Policy[Any]:
        """What is lived."""
        return self.description.program.make_program("auto")

    def begin(self, generation: int) -> None:
        """Draw what follows, candidates and lives, from the streams of a generation."""
        self.generation = generation
        self.manual_seed(key_of(self.description.recipe.seed, SEARCH, generation))

    @contextmanager
    def at_work(self) -> Generator[None]:
        """Have the workers ready, and dismiss them at the end.

        Raises:
            ConnectionError: there is no Ray to be had, or its actors do not start.
            ValueError: an actor cannot make the world, or the device is not there.
        """
        if self.workers.actors == 1:
            self.settle()
            yield
            return
        with ray_session(self.workers.ray_address) as resources:
            self._crew = self._hire(resources)
            try:
                self._start(self._crew, int(resources.get("CPU", 1)))
                yield
            finally:
                self._crew.dismiss()
                self._crew = None

    def settle(self, num_threads: int | None = None) -> None:
        """Make in this process what lives need.

        Args:
            num_threads: that this process may use; torch's number if none.
        """
        if num_threads is not None:
            torch.set_num_threads(num_threads)
        find_device(self.workers.device)
        _ = self.world, self.program

    def held_out_score(self, genome: Tensor) -> float:
        """Mean score of a genome (D,) on lives that evolution never sees; the same ones at every call."""
        if self._crew is not None:
            return self._crew.share("held_out_score", [(genome,)])[0]
        tasks = balanced_contexts(self.world.dynamics, self.description.recipe.held_out_lives)
        return self._live(genome[None], HELD_OUT, 0, tasks).scores.mean().item()

    def evaluations(self, genomes: Tensor, generation: int) -> Tensor:
        """(P, 4): fitness, score, density and steps of genomes (P, D) in a generation."""
        recipe = self.description.recipe
        tasks = balanced_contexts(self.world.dynamics, recipe.lives, first=generation * recipe.lives)
        lives = self._live(genomes, TRAINING, generation, tasks)
        values = fitness(lives, tasks, recipe.worst_weight, recipe.density_penalty)
        notes = (lives.scores.mean(1), lives.density.mean(1), lives.steps.sum(1))
        return torch.stack([values, *notes], 1).float()

    def _evaluate_batch(self, batch: SolutionBatch) -> None:
        genomes = plain(batch.values)
        if self._crew is None:
            batch.set_evals(self.evaluations(genomes, self.generation))
            return
        shares = genomes.tensor_split(len(self._crew))  # copied, for a view would travel with all genomes
        parts = [(share.clone(), self.generation) for share in shares if len(share)]
        batch.set_evals(torch.cat(self._crew.share("evaluations", parts)))

    def _live(self, genomes: Tensor, stream: int, generation: int, tasks: Tensor) -> Rollout:
        """The lives 0 .. L-1 of a stream and generation, of tasks (L,), for genomes (P, D)."""
        device = self.workers.device
        parameters = genome_to_parameters(self.program.config, genomes.to(device))
        keys = lifetime_keys(
            self.description.recipe.seed, stream, generation, num_lifetimes=len(tasks), device=device
        )
        learner = Evolved(self.program, parameters)
        return rollout(learner, self.world, keys, tasks.to(device), report=self.report).cpu()

    def _hire(self, resources: Mapping[str, float]) -> Actors:
        """The actors, each with its share of the graphics processors."""
        num_actors = self.workers.actors
        options: dict[str, Any] = {"scheduling_strategy": "SPREAD"}
        if self.workers.device != "cpu":
            share = resources.get("GPU", 0) / num_actors
            if not share:
                raise ValueError(f"device={self.workers.device}: Ray has no GPU for actors; give cpu")
            options["num_gpus"] = share if share < 1 else int(share)
        return Actors(partial(LifeProblem, self.description, self.workers), num_actors, options)

    def _start(self, crew: Actors, num_processors: int) -> None:
        """Let each actor make what it needs, with its share of the processors."""
        try:
            crew.start("settle", max(1, num_processors // len(crew)))
        except ValueError as error:
            raise ValueError(f"{error} (an actor imports only the module of module:ENVIRONMENT)") from error


def plain(tensor: Tensor) -> Tensor:
    """EvoTorch's read-only tensors without their type, which makes every use of them slow."""
    return tensor.as_subclass(Tensor)
