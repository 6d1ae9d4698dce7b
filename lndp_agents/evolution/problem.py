"""The bridge to EvoTorch: a population goes in, its fitness comes out."""

from dataclasses import dataclass

import torch
from lndp_envs.randomness import key_of
from torch import Tensor

from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.fitness import WORST, fitness
from lndp_agents.evolution.lives import (
    HELD_OUT,
    SEARCH,
    TRAINING,
    Lives,
    World,
    balanced_tasks,
    life_keys,
    live,
)
from lndp_agents.evolution.search_library import Problem, SolutionBatch
from lndp_agents.lndp import LNDP, genome_size, genome_to_parameters


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
        columns = _plain(batch.evals).double().T.unbind()
        return cls(*columns, fittest=_plain(batch.values)[int(columns[0].argmax())].clone())

    @property
    def is_number(self) -> Tensor:
        """(P,) bool: whose fitness was a number."""
        return self.fitness > WORST


class LifeProblem(Problem):
    """Maximise the fitness of lives; all genomes of a generation share births, worlds and luck.

    All that is random follows from the seed and the generation, nothing from what was drawn before.
    """

    def __init__(self, config: EvolutionConfig, program: LNDP, world: World) -> None:
        super().__init__(
            "max",
            solution_length=genome_size(program.config),
            initial_bounds=(-config.sigma, config.sigma),
            dtype=torch.float32,
            seed=config.seed,
            eval_data_length=3,
            store_solution_stats=False,
        )
        self.config, self.program, self.world = config, program, world
        self.begin(0)

    def begin(self, generation: int) -> None:
        """Draw what follows, candidates and lives, from the streams of a generation."""
        self.generation = generation
        self.manual_seed(key_of(self.config.seed, SEARCH, generation))

    def held_out_score(self, genome: Tensor) -> float:
        """Mean score of a genome (D,) on lives that evolution never sees; the same ones at every call."""
        tasks = balanced_tasks(self.world.dynamics, self.config.held_out_lives)
        return self._live(genome[None], HELD_OUT, 0, tasks).scores.mean().item()

    def _evaluate_batch(self, batch: SolutionBatch) -> None:
        config, dynamics = self.config, self.world.dynamics
        tasks = balanced_tasks(dynamics, config.lives, first=self.generation * config.lives)
        lives = self._live(_plain(batch.values), TRAINING, self.generation, tasks)
        values = fitness(lives, tasks, config.worst_weight, config.density_penalty)
        notes = (lives.scores.mean(1), lives.density.mean(1), lives.steps.sum(1))
        batch.set_evals(torch.stack([values, *notes], 1).float())

    def _live(self, genomes: Tensor, stream: int, generation: int, tasks: Tensor) -> Lives:
        """The lives 0 .. L-1 of a stream and generation, of tasks (L,), for genomes (P, D)."""
        keys = life_keys(self.config.seed, stream, generation, num_lives=len(tasks))
        return live(self.program, genome_to_parameters(self.program.config, genomes), self.world, keys, tasks)


def _plain(tensor: Tensor) -> Tensor:
    """EvoTorch's read-only tensors without their type, which makes every use of them slow."""
    return tensor.as_subclass(Tensor)
