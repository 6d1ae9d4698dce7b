"""Steps of life that the evolution loop evaluates per second: whole foraging lives of a random population.

python benchmarks/throughput.py --population 256 --nodes 32 --steps 100 [--lives 1] [--backend auto] [--json]
"""

import argparse
import json
import time
from typing import Any

import torch
from lndp_envs.foraging import Foraging

from lndp_agents.genome import genome_size, genome_to_parameters
from lndp_agents.lndp import make_lndp
from lndp_agents.rollout import Evolved, World, balanced_contexts, lifetime_keys, rollout
from lndp_agents.spaces import ObservationEncoding, config_for


def measure(
    *,
    population: int = 256,
    nodes: int = 32,
    steps: int = 100,
    lives: int = 1,
    repeats: int = 5,
    backend: str = "auto",
    device: str = "cpu",
    **program: Any,
) -> dict[str, Any]:
    """Median rate over the repeats, and the seconds of the first lives, which build what must be built."""
    task = Foraging()
    encoding = ObservationEncoding.of(task.observation_space)
    config = config_for(task.observation_space, task.action_space, encoding, nodes=nodes, **program)
    world = World("foraging", task, steps, 1, encoding)
    generator = torch.Generator().manual_seed(0)
    genomes = torch.randn(population, genome_size(config), generator=generator) * 0.5
    keys = lifetime_keys(0, num_lifetimes=lives, device=device)
    parameters = genome_to_parameters(config, genomes.to(device))
    tasks = balanced_contexts(task, lives, device)
    started = time.perf_counter()
    lndp = make_lndp(config, backend)
    rollout(Evolved(lndp, parameters), world, keys, tasks)
    first = time.perf_counter() - started
    rates: list[float] = []
    for _ in range(repeats):
        started = time.perf_counter()
        lived = rollout(Evolved(lndp, parameters), world, keys, tasks)
        rates.append(int(lived.steps.sum()) / (time.perf_counter() - started))
    return {
        "agent_steps_per_second": round(sorted(rates)[len(rates) // 2], 1),
        "first_lives_seconds": round(first, 2),
        "backend": backend,
        "population": population,
        "lives": lives,
        "nodes": nodes,
        "steps": steps,
        "threads": torch.get_num_threads(),
        "mean_density": round(lived.density.mean().item(), 3),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, default in (("population", 256), ("nodes", 32), ("steps", 100), ("lives", 1), ("repeats", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--backend", default="auto", choices=["auto", "eager", "native"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true", help="print pure JSON")
    arguments = vars(parser.parse_args())
    as_json = arguments.pop("json")
    result = measure(**arguments)
    rate = result["agent_steps_per_second"]
    print(json.dumps(result) if as_json else f"{rate:,} agent-steps per second; {result}")


if __name__ == "__main__":
    main()
