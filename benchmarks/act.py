"""Calls of `Agent.act` per second, and rows of `Agent.predict`, of an untrained agent in foraging.

Seconds are those that one processor works, so that what else the machine does counts little.

python benchmarks/act.py [--nodes 32] [--rows 1024] [--repeats 7] [--json]
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import torch
from lndp_envs import SenseReward

from lndp_agents import LNDPAgent
from lndp_agents.spaces import config_for

CALLS = 200


def measure(backend: str, *, nodes: int, rows: int, repeats: int) -> dict[str, Any]:
    """Median rates of a backend, on one thread."""
    torch.set_num_threads(1)
    env = SenseReward(gymnasium.make("lndp/Foraging-v0"))
    spaces = env.observation_space, env.action_space
    agent = LNDPAgent(*spaces, config_for(*spaces, nodes=nodes), backend=backend)
    agent.birth(0)
    observation = env.reset(seed=0)[0]
    batch = {name: np.repeat(values[None], rows, 0) for name, values in observation.items()}
    _, state = agent.predict(batch)
    act = seconds_of(lambda: agent.act(observation), CALLS, repeats)
    predict = seconds_of(lambda: agent.predict(batch, state), 3, repeats)
    return {
        "backend": backend,
        "nodes": nodes,
        "act_calls_per_second": round(1 / act, 1),
        "rows": rows,
        "predict_rows_per_second": round(rows / predict, 1),
    }


def seconds_of(call: Callable[[], Any], times: int, repeats: int) -> float:
    """Median seconds of a call, after a first one."""
    call()
    seconds: list[float] = []
    for _ in range(repeats):
        started = time.process_time()
        for _ in range(times):
            call()
        seconds.append((time.process_time() - started) / times)
    return sorted(seconds)[repeats // 2]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, default in (("nodes", 32), ("rows", 1024), ("repeats", 7)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each backend")
    arguments = vars(parser.parse_args())
    as_json = arguments.pop("json")
    for backend in ("eager", "native"):
        rates = measure(backend, **arguments)
        act, predict = (rates[f"{name}_per_second"] for name in ("act_calls", "predict_rows"))
        print(json.dumps(rates) if as_json else f"{act:,} calls of act, {predict:,} rows of predict; {rates}")


if __name__ == "__main__":
    main()
