"""The picture of the README: one life of a brain that rewires and of one with fixed weights, both injured.

In the middle of life a third of the weights of each is zeroed. The life shown is typical: of lives of the
seeds 0 to 127 in which the food moves before and after, it is the one whose food after the injury, that of
both agents, is nearest to the medians of all 128.

Run it: python examples/hero/hero.py
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from patients import ENVIRONMENT, Fixed, Moment, Patient, Plastic
from picture import Page, Side, trailing_means

from lndp_agents import Intervention, Lesion, load_pretrained, write_gif
from lndp_agents.studies import Recovery, measure_recovery

HERE = Path(__file__).parent
STEPS, SHARE, LIVES = 100, 0.33, 128
CLEAR_STEPS = 10
"""Around the injury, in which the food must not move, so that one is not taken for the other."""
MEAN_STEPS = 10
"""That a point of the curves is the mean of: the longest trial."""
FPS, HELD_FRAMES = 7, 10
"""The moment of the injury is shown for so many frames."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Choose a life, film it, and print the numbers."""
    options = _options(arguments)
    lesion = Lesion(at=options.steps // 2, zero=SHARE)
    patients = Plastic(load_pretrained("foraging-reversal")), Fixed(load_pretrained(HERE / "agents" / "gru"))
    titles = ("LNDP: rewires while it lives", "LNDP"), ("GRU: fixed weights", "GRU")
    sides: list[Side] = []
    for patient, (title, name) in zip(patients, titles, strict=True):
        found = measure_recovery(patient.agent, ENVIRONMENT, lesion=lesion, lives=options.lives)
        print(row(name, found))
        rewards, end = found.lesioned.rewards[:, : options.steps], found.windows[-1]
        curve = trailing_means(rewards, min(MEAN_STEPS, options.steps))
        sides.append(Side(name, title, patient, curve, kept=end.lesioned.mean / end.intact.mean))
    ends = [
        [_last(patient, seed, options.steps, lesion) for seed in range(options.lives)] for patient in patients
    ]
    seed = typical(ends, lesion.at)
    eaten = [[int(meals(end, lesion.at)) for end in lives] for lives in ends]
    shown = ", ".join(
        f"{side.name} {own[seed]} (median {np.median(own):g})" for side, own in zip(sides, eaten, strict=True)
    )
    print(f"shown is the life of seed {seed}; food after the injury: {shown}")
    page = Page(sides, at=lesion.at, share=SHARE, lives=options.lives, width=options.width)
    write_gif(options.out, _frames(page, patients, seed, options.steps, lesion), FPS)
    print(f"wrote {options.out}", file=sys.stderr)


def row(name: str, found: Recovery) -> str:
    """Reward of a step before the injury, right after it and at the end, of the lives that are injured."""
    assert found.before is not None
    windows = {"before": found.before, "right after": found.after[0], "end": found.windows[-1]}
    parts = [f"{when} {own.lesioned} (intact {own.intact.mean:.3g})" for when, own in windows.items()]
    return f"{name}, reward of a step, {len(found.lesioned.steps)} lives: {'; '.join(parts)}"


def typical(ends: Sequence[Sequence[Moment]], at: int) -> int:
    """The life (index) whose food after the injury is nearest to the medians of both agents.

    Only lives are considered in which the food moves before and after the injury, and not around it, unless
    there are none.

    Args:
        ends: last moments of the same lives, of both agents.
        at: the step before which they were injured.
    """
    after = np.array([[meals(end, at) for end in lives] for lives in ends])
    distance = np.abs(after - np.median(after, axis=1, keepdims=True)).sum(0)
    is_clear = np.array([[_is_clear(end.food, at) for end in lives] for lives in ends]).all(0)
    if is_clear.any():
        distance[~is_clear] = np.inf
    return int(distance.argmin())


def meals(end: Moment, at: int) -> float:
    """How often a life found food from a step on."""
    return float(np.sum(np.array(end.rewards[at:]) > 0))


def _is_clear(food: Sequence[int], at: int) -> bool:
    moved = np.flatnonzero(np.diff(food)) + 1
    first, last = at - CLEAR_STEPS, at + CLEAR_STEPS
    return bool(
        (moved <= first).any() and (moved >= last).any() and not ((moved > first) & (moved < last)).any()
    )


def _last(patient: Patient, seed: int, steps: int, lesion: Intervention) -> Moment:
    *_, end = patient.live(seed, steps, lesion, is_drawn=False)
    return end


def _frames(
    page: Page, patients: Sequence[Patient], seed: int, steps: int, lesion: Intervention
) -> Iterator[NDArray[np.uint8]]:
    lives = [patient.live(seed, steps, lesion, is_drawn=True) for patient in patients]
    for number, moments in enumerate(zip(*lives, strict=True)):
        frame = page.draw(moments)
        for _ in range(HELD_FRAMES if number == lesion.at else 1):
            yield frame


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--out", type=Path, default=HERE / "hero.gif", help="(hero.gif beside the script)")
    parser.add_argument("--lives", type=int, default=LIVES, help="among which is chosen (128)")
    parser.add_argument("--steps", type=int, default=STEPS, help="of the life that are filmed (100)")
    parser.add_argument("--width", type=int, default=840, help="of the picture in pixels (840)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
