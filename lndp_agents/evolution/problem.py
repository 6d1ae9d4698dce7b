"""The bridge to EvoTorch: a population goes in, its fitness comes out."""

from dataclasses import dataclass

import torch

from torch import Tensor

from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.evolution.fitness import fitness, rank_worst
from lndp_agents.evolution.lives import Lives, World, balanced_tasks, life_keys, live
from lndp_agents.evolution.search_library import Problem, SolutionBatch
from lndp_agents.lndp import LNDP, genome_size, genome_to_parameters

SEARCH, TRAINING, HELD_OUT = 0, 1, 2  # streams of randomness of a run


@dataclass(frozen=True)
class Evaluation:
    """What a generation showed beside its fitness."""

    fitness: Tensor
    """(P,) float64, worst where it was not a number."""
    scores: Tensor
    """(P,): mean episode return."""
    steps: int
    density: float
    nan_count: int


class LifeProblem(Problem):
    """Maximise the fitness of lives; all genomes of a generation share births, worlds and luck."""

    def __init__(self, config: EvolutionConfig, program: LNDP, world: World) -> None:
        super().__init__(
            "max",
            solution_length=genome_size(program.config),
            initial_bounds=(-config.sigma, config.sigma),
            dtype=torch.float32,
            device="cpu",
            seed=config.seed,
        )
        self.config, self.program, self.world = config, program, world
        self.generation = 0
        self.last: Evaluation | None = None

    def live(self, genomes: Tensor, stream: int, generation: int, num_lives: int) -> Lives:
        """The lives 0 .. num_lives-1 of (seed, stream, generation) for genomes (P, D)."""
        keys = life_keys(self.config.seed, stream, generation, num_lives=num_lives)
        parameters = genome_to_parameters(self.program.config, genomes)
        return live(self.program, parameters, self.world, keys, balanced_tasks(self.world.dynamics, num_lives))

    def held_out_score(self, genome: Tensor) -> float:
        """Mean score of a genome (D,) on lives that evolution never sees; the same ones at every call."""
        return self.live(genome[None], HELD_OUT, 0, self.config.held_out_lives).scores.mean().item()

    def _evaluate_batch(self, solutions: SolutionBatch) -> None:
        config = self.config
        lives = self.live(solutions.values, TRAINING, self.generation, config.lives)
        tasks = balanced_tasks(self.world.dynamics, config.lives)
        values, nan_count = rank_worst(fitness(lives, tasks, config.worst_weight, config.density_penalty))
        self.last = Evaluation(
            values, lives.scores.mean(1), int(lives.steps.sum()), lives.density.mean().item(), nan_count
        )
        solutions.set_evals(values.to(solutions.eval_dtype))
