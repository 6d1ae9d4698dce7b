"""Make an entry of the zoo from runs of one recipe: python tools/make_zoo_entry.py NAME RUN...

The runs differ in their seeds. The agent shipped is the one with the best score on held-out lives (the
run's own choice). Its published score, and that of every other seed, is measured here on lives that no
evolution has used: 128 of seed 7, which `lndp evaluate NAME --lives 128 --seed 7` repeats, and 2,048
others, since 128 still leave some luck.

Without any run, the life of an entry that exists is filmed anew: python tools/make_zoo_entry.py NAME
"""

import argparse
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
from safetensors.torch import load_file

from lndp_agents import LNDPAgent, load_pretrained
from lndp_agents.evolution.config import EvolutionConfig
from lndp_agents.persistence import write_file
from lndp_agents.run.view import RunView
from lndp_agents.studies.evaluation import Score, evaluate
from lndp_agents.watching import frames_of_life, write_gif
from lndp_agents.zoo_results import PublishedScore, TrainingScore, ZooResults
from lndp_agents.zoo_verification import hashes_of

ZOO = Path(__file__).parent.parent / "zoo"
LIVES, SEED = 128, 7
MANY_LIVES, MANY_SEED = 2048, 8
FILM_SEED, FILM_STEPS, FILM_BYTES = 1, 100, 300_000
INNATE_ROLES = """\
Input and output nodes have the same states at every birth (`innate_roles`), an extension of the paper: so the
program can tell inputs and outputs apart. All else is sampled at every birth.

"""


def main() -> None:
    """Write config.json, model.safetensors, results.json, README.md and life.gif, and the recipe."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name")
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN")
    parser.add_argument(
        "--steps-before", type=int, default=0, help="steps of life of all searches that found their start"
    )
    arguments = parser.parse_args()
    if not arguments.runs:
        film_again(ZOO / arguments.name)
        return
    runs = [RunView(folder) for folder in arguments.runs]
    scores = [measure(run.agent(), run.recipe, LIVES, SEED) for run in runs]
    chosen = max(range(len(runs)), key=lambda index: runs[index].best_score)
    folder = ZOO / arguments.name
    runs[chosen].agent().save_pretrained(folder)
    many = measure(runs[chosen].agent(), runs[chosen].recipe, MANY_LIVES, MANY_SEED)
    results = describe(runs, scores, chosen, many, arguments.steps_before)
    if runs[chosen].recipe.start:
        start_of(runs[chosen]).save_pretrained(folder / "start")
        results.recipe["start"] = f"{arguments.name}/start"
    film(folder, runs[chosen].agent(), results)
    recipe_text = json.dumps(results.recipe, indent=1) + "\n"
    write_file(ZOO / "recipes" / f"{arguments.name}.json", recipe_text.encode())
    write_file(folder / "README.md", card(arguments.name, results).encode())
    print(results.score.mean, results.score.interval, [run.mean for run in results.evolution_seeds])


def film(folder: Path, agent: LNDPAgent, results: ZooResults) -> None:
    """Write life.gif, the first seconds of a lifetime ten steps a second, and results.json."""
    env = gymnasium.make(results.environment, render_mode="rgb_array", **results.environment_keywords)
    frames = frames_of_life(agent, env, FILM_SEED, max_steps=FILM_STEPS, width=640)
    write_gif(folder / "life.gif", frames, fps=10, max_bytes=FILM_BYTES)
    env.close()
    replace(results, sha256=hashes_of(folder)).write(folder)


def film_again(folder: Path) -> None:
    """Write life.gif, and its hash in the results."""
    agent = load_pretrained(folder)
    assert isinstance(agent, LNDPAgent)
    film(folder, agent, ZooResults.read(folder))


def measure(agent: LNDPAgent, config: EvolutionConfig, lives: int, seed: int) -> Score:
    """The score of an agent on fresh lives."""
    return evaluate(
        agent,
        config.environment,
        config.environment_keywords,
        lives=lives,
        seed=seed,
        episodes=config.episodes,
    )


def describe(
    runs: list[RunView], scores: list[Score], chosen: int, many: Score, steps_before: int
) -> ZooResults:
    """The results of all seeds: raw scores, budget, recipe, versions; hashes are not yet known."""
    config = runs[chosen].recipe
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return ZooResults(
        environment=config.environment,
        environment_keywords=config.environment_keywords,
        episodes=config.episodes,
        score=PublishedScore(seed=SEED, lives=LIVES, **numbers(scores[chosen])),
        evolution_seeds=tuple(
            TrainingScore(
                seed=run.recipe.seed,
                generations=len(run.metrics["generation"]),
                steps=int(run.metrics["steps"][-1]),
                held_out=run.best_score,
                **numbers(score),
            )
            for run, score in zip(runs, scores, strict=True)
        ),
        recipe=config.to_json(),
        commit=commit,
        system=json.loads((runs[chosen].folder / "system.json").read_text()),
        steps_before=steps_before,
        score_of_many=PublishedScore(
            seed=MANY_SEED, lives=MANY_LIVES, mean=many.mean, interval=many.interval
        ),
        sha256={},
    )


def start_of(run: RunView) -> LNDPAgent:
    """What the search started around: the mean of its checkpoint 0, which every run keeps."""
    tensors = load_file(run.folder / "checkpoints" / f"generation_{0:09d}" / "search.safetensors")
    best = run.agent()
    spaces = best.observation_space, best.action_space
    return LNDPAgent(*spaces, best.config, genome=tensors["best"], encoding=best.encoding)


def numbers(score: Score) -> dict[str, Any]:
    """Mean, interval, means of the episodes of a life, and raw scores."""
    return {
        "mean": score.mean,
        "interval": score.interval,
        "episode_means": score.episode_means,
        "scores": score.scores.tolist(),
    }


def card(name: str, results: ZooResults) -> str:
    """The model card, with the front matter that the Hugging Face hub reads."""
    score, environment, recipe = results.score, results.environment, results.recipe
    low, high = score.interval
    scores, seeds = "\n".join(results.score_rows), "\n".join(results.seed_rows)
    episodes = ", ".join(f"{mean:.1f}" for mean in score.episode_means)
    by_episode = (
        f"Its episodes bring, in their order within a lifetime: {episodes}.\n\n" if "," in episodes else ""
    )
    program = ", ".join(f"{field}={value}" for field, value in recipe["program"].items())
    roles = INNATE_ROLES if recipe["program"].get("innate_roles") else ""
    started = (
        f"It started around the genome of `{recipe['start']}`, after {results.steps_before:,} steps of "
        "earlier searches."
        if "start" in recipe
        else "It started at zero."
    )
    shipped = next(entry for entry in results.evolution_seeds if entry.mean == score.mean)
    return f"""---
library_name: lndp-agents
license: mit
tags: [reinforcement-learning, neuroevolution, plasticity, {environment}]
model-index:
- name: {name}
  results:
  - task: {{type: reinforcement-learning}}
    dataset: {{name: {environment}, type: {environment}}}
    metrics: [{{type: mean_reward, value: "{score.mean:.1f} (95 % interval {low:.1f} to {high:.1f})"}}]
---
# {name}

A Lifelong Neural Developmental Program (arXiv 2406.09787) evolved on `{environment}` by this project (not the
authors' weights). Mean return over fresh lifetimes, whose initial states and environments its
evolution never used:

| lifetimes | seed | score | 95 % bootstrap interval |
|---|---|---|---|
{scores}

`lndp evaluate {name} --lives {score.lives} --seed {score.seed}` repeats the first row. (Another
processor may round otherwise, and single lifetimes then part: there, expect the interval and not the digits.)

{by_episode}{roles}![one lifetime](life.gif)

```python
import gymnasium
from lndp_agents import load_pretrained

agent = load_pretrained("{name}")
agent.birth(seed=0)
```

| evolution seed | generations | environment steps | score | 95 % interval |
|---|---|---|---|---|
{seeds}

Shipped: seed {shipped.seed}, chosen by its score on other held-out lifetimes ({shipped.held_out:.1f}).
{recipe["searcher"]}: sigma {recipe["sigma"]}, {recipe["population"]} genomes x {recipe["lives"]} lifetimes.
Program: {program}.
{started}
`lndp train --recipe {name}` repeats its evolution. Raw scores, commit and versions are in `results.json`.
"""


if __name__ == "__main__":
    main()
