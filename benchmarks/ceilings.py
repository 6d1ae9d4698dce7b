"""What the machine allows: best rates of multiply-adds and exponentials, and the steps of life they permit.

python benchmarks/ceilings.py [--nodes 32] [--json]

The counts are of one step of the dense program with a given share of pairs connected; that the two kinds of
work cannot overlap is assumed.
"""

import argparse
import json
import time
from collections.abc import Callable

import torch

from lndp_agents.lndp.config import LNDPConfig


def best_rate(work: Callable[[], object], amount: float, seconds: float = 2.0) -> float:
    """How much is done per second in the best of repeated trials."""
    work()
    best, end = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        work()
        best = max(best, amount / (time.perf_counter() - started))
    return best


def operations(config: LNDPConfig, density: float) -> tuple[float, float]:
    """Floating-point operations, but for those within exponentials, and exponentials of one step of life."""
    pairs, edges = config.nodes**2, config.nodes**2 * density
    attention = config.attention_heads * (
        config.query_features + config.edge_features + 3 + config.value_features
    )
    synapse = 3 * config.edge_features * (config.edge_features + 1) + 4 * config.edge_features
    prune = config.decision_features * (config.edge_features + 1)
    grow = 2 * config.decision_features
    multiply_adds = (
        pairs * attention + edges * (synapse + prune + config.network_steps) + (pairs - edges) * grow
    )
    return 2 * multiply_adds, pairs * config.attention_heads + edges * 3 * config.edge_features


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--nodes", type=int, default=32)
    parser.add_argument("--density", type=float, default=0.4, help="share of pairs that are connected")
    parser.add_argument("--json", action="store_true", help="print pure JSON")
    arguments = parser.parse_args()
    size, numbers = 1536, torch.linspace(-1.0, 1.0, 2**18)
    matrix, target = torch.randn(size, size), torch.empty_like(numbers)
    product = torch.empty_like(matrix)
    flops = best_rate(lambda: torch.mm(matrix, matrix, out=product), 2 * size**3)
    exponentials = best_rate(lambda: torch.exp(numbers, out=target), len(numbers))
    config = LNDPConfig(observation_size=1, action_size=3, nodes=arguments.nodes)
    step_flops, step_exponentials = operations(config, arguments.density)
    result = {
        "matmul_gflops": round(flops / 1e9, 1),
        "giga_exponentials_per_second": round(exponentials / 1e9, 2),
        "mega_flop_per_step": round(step_flops / 1e6, 3),
        "exponentials_per_step": round(step_exponentials),
        "agent_steps_per_second": round(1 / (step_flops / flops + step_exponentials / exponentials)),
        "threads": torch.get_num_threads(),
    }
    print(
        json.dumps(result)
        if arguments.json
        else "\n".join(f"{key}: {value}" for key, value in result.items())
    )


if __name__ == "__main__":
    main()
