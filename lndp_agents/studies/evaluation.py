"""Evaluation: reductions over rollouts on fresh lifetimes, with an interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from lndp_envs.randomness import key_of
from numpy.typing import NDArray
from torch import Tensor

from lndp_agents.agent import Agent
from lndp_agents.rollout import (
    Intervention,
    Learner,
    Predicting,
    PredictPolicy,
    Rollout,
    World,
    balanced_contexts,
    lifetime_keys,
    make_world,
    rollout,
)
from lndp_agents.rollout.generators import lent_generators
from lndp_agents.rollout.records import Record
from lndp_agents.rollout.streams import EVALUATION
from lndp_agents.studies.statistics import bootstrap_interval

MAX_LIVES = 10**6
BATCH_LIVES = 1024
"""Lifetimes that are rolled out at once; no lifetime depends on it."""
_NOISE = 2  # folded into the seed for actions that are sampled


@dataclass(frozen=True)
class Score:
    """Mean episode returns of an agent's lifetimes."""

    scores: NDArray[np.float64]
    """(L,): one number a lifetime."""
    episode_means: tuple[float, ...] = ()
    """Mean return of the first episode of a lifetime, of the second and so on, where that was measured."""

    @property
    def mean(self) -> float:
        """Mean over lifetimes."""
        return float(self.scores.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean, by percentile bootstrap over lifetimes (always the same resamples)."""
        return bootstrap_interval(self.scores[None])


@dataclass(frozen=True)
class PolicyLives:
    """L lifetimes of a policy, T steps at most."""

    rewards: NDArray[np.float64]
    """(L, T): reward of each step; 0 after the end of a lifetime."""
    steps: NDArray[np.int64]
    """(L,): number of steps of each lifetime."""
    changes: NDArray[np.bool_] | None
    """(L, T): true at the first step under changed rules; None if the world hides nothing."""
    episodes: int
    """Number of episodes of a lifetime."""
    returns: NDArray[np.float64] | None = None
    """(L, episodes): return of each episode, 0 for those not reached; None if they were not kept."""

    @classmethod
    def of(cls, results: Rollout) -> "PolicyLives":
        """Reduce a rollout of one genome with the records "rewards" and "hidden"."""
        hidden, steps = (values[0].cpu().numpy() for values in (results.records["hidden"], results.steps))
        differs = (hidden[:, 1:] != hidden[:, :-1]).any(-1)
        goes_on = np.arange(1, hidden.shape[1], dtype=np.int64) < steps[:, None]
        changes = np.pad(differs & goes_on, ((0, 0), (1, 0))) if hidden.shape[-1] else None
        returns = results.returns[0].cpu().numpy()
        rewards = results.records["rewards"][0].cpu().numpy()
        return cls(rewards, steps, changes, returns.shape[1], returns)

    @property
    def scores(self) -> NDArray[np.float64]:
        """(L,): mean episode return of each lifetime."""
        return self.rewards.sum(1) / self.episodes

    @property
    def score(self) -> Score:
        """Their mean and its interval."""
        return Score(self.scores)


def evaluate(
    agent: Agent[Any],
    environment: str | World,
    keywords: Mapping[str, Any] | None = None,
    *,
    lives: int = 128,
    seed: int = 0,
    episodes: int = 1,
) -> Score:
    """Score an agent on fresh lifetimes, spread evenly over the contexts of the environment.

    Its networks are those of `Agent.act` and `Agent.predict`, natively bit for bit: the same inputs from
    birth on give the same outputs. (Environments in gymnasium compute with NumPy, these with torch: sines,
    and so classic control, may differ in the last bit.)

    Initial states are sampled from the seed, in a stream of their own: evolution has seen none of them.

    Args:
        agent: the agent to evaluate.
        environment: id of the environment, or the world.
        keywords: keyword arguments of the environment.
        lives: number of lifetimes, L.
        seed: random seed of initial states and environments.
        episodes: episodes of a lifetime, for environments that have no lifetimes of their own.

    Returns:
        Mean episode return of each lifetime, and what each of its episodes brings.

    Raises:
        ValueError: the environment is unknown, or its spaces are not the agent's; or there are no lifetimes,
            or more than a million; or a reward was no finite number.

    Example:
        >>> from lndp_agents import evaluate, load_pretrained
        >>> score = evaluate(load_pretrained("foraging"), "lndp/Foraging-v0", lives=4)
        >>> score.scores.shape, score.mean > 300
        ((4,), True)
    """
    world = world_of(agent, environment, keywords, episodes)
    returns = fresh_rollout(agent, world, lives=lives, seed=seed).returns[0].cpu()
    if not returns.isfinite().all():
        raise ValueError(
            f"{world.name} gave rewards that are no finite numbers: there is no score of its lives"
        )
    return Score(returns.mean(-1).numpy(), tuple(mean.item() for mean in returns.mean(0)))


def evaluate_policy_lives(
    policy: PredictPolicy,
    environment: str | World,
    keywords: Mapping[str, Any] | None = None,
    *,
    lives: int = 128,
    seed: int = 0,
    episodes: int = 1,
    stream: int = EVALUATION,
    deterministic: bool = True,
    lesion: Intervention | None = None,
) -> PolicyLives:
    """Roll out any policy in the lifetimes that `evaluate` gives to an agent: the same worlds.

    An agent has the same initial networks and scores there and here. The caller's random generators are left
    alone.

    Args:
        policy: an agent, or anything with stable-baselines3's `predict`.
        environment: id of the environment, or the world.
        keywords: keyword arguments of the environment.
        lives: number of lifetimes, L.
        seed: random seed of initial states, environments and sampled actions.
        episodes: episodes of a lifetime, for environments that have no lifetimes of their own.
        stream: random stream of the seed: `EVALUATION`, or `HELD_OUT` for evaluations during training.
        deterministic: whether the likeliest actions are taken, as stable-baselines3 evaluates.
        lesion: an intervention on all lifetimes; they are intact if None.

    Raises:
        ValueError: the environment is unknown, or does not fit the policy; or there are no lifetimes, or more
            than a million; or the lesion comes too late or does not fit the policy.
    """
    world = world_of(policy, environment, keywords, episodes)
    if lesion is not None and lesion.at >= world.num_steps:
        last = world.num_steps - 1
        raise ValueError(f"at={lesion.at}: a life has {world.num_steps} steps; give 0 to {last}")
    is_agent = isinstance(policy, Agent)
    results = fresh_rollout(
        cast("Agent[Any]", policy) if is_agent else Predicting(policy, deterministic),
        world,
        lives=lives,
        seed=seed,
        stream=stream,
        interventions=[] if lesion is None else [lesion],
        record=["rewards", "hidden"],
    )
    return PolicyLives.of(results)


def world_of(
    policy: PredictPolicy,
    environment: str | World,
    keywords: Mapping[str, Any] | None = None,
    episodes: int = 1,
) -> World:
    """Make the world of a policy; an agent brings its observation encoder.

    The arguments are those of `evaluate_policy_lives`; a world is returned as it is.

    Raises:
        ValueError: the environment is unknown, or does not fit the policy.
    """
    is_agent = isinstance(policy, Agent)
    world = environment
    if isinstance(world, str):
        encoding = cast("Agent[Any]", policy).encoding if is_agent else None
        world = make_world(world, keywords, episodes, encoding)
    whose, how = ("the agent", "evolved") if is_agent else ("the policy", "trained")
    world.check_actions(policy.action_space, whose, f"name the environment that it was {how} on")
    return world


def fresh_rollout(
    learner: Agent[Any] | Learner,
    world: World,
    *,
    lives: int,
    seed: int,
    stream: int = EVALUATION,
    interventions: Sequence[Intervention] = (),
    record: Sequence[Record] = (),
) -> Rollout:
    """Roll out a learner in the lifetimes that `evaluate` scores.

    Args:
        learner: an agent, or what `rollout` takes.
        world: the world of the lifetimes.
        lives: number of lifetimes, L.
        seed: random seed of initial states, environments and sampled actions.
        stream: random stream of the seed.
        interventions: as in `rollout`.
        record: as in `rollout`.

    Raises:
        ValueError: there are no lifetimes, or more than a million; or as in `rollout`.

    Example:
        >>> from lndp_agents import Lesion, fresh_rollout, load_pretrained, make_world
        >>> agent = load_pretrained("foraging")
        >>> world = make_world("lndp/Foraging-v0", encoding=agent.encoding)
        >>> results = fresh_rollout(
        ...     agent, world, lives=2, seed=0, interventions=[Lesion(at=50, zero=0.33)], record=["rewards"]
        ... )
        >>> results.records["rewards"].shape  # genomes, lifetimes, steps
        torch.Size([1, 2, 100])
    """
    device = learner.device if isinstance(learner, Agent) else "cpu"
    keys, contexts = fresh_lifetimes(world, lives, seed, stream, device)
    own = learner.learner if isinstance(learner, Agent) else learner
    options: dict[str, Any] = {"interventions": interventions, "record": record}
    starts = range(0, lives, BATCH_LIVES)
    with lent_generators(key_of(seed, stream, _NOISE)):
        parts = [
            rollout(own, world, keys[start:][:BATCH_LIVES], contexts[start:][:BATCH_LIVES], **options)
            for start in starts
        ]
    return Rollout.cat(parts, 1)


def fresh_lifetimes(
    world: World, lives: int, seed: int, stream: int = EVALUATION, device: Any = "cpu"
) -> tuple[Tensor, Tensor]:
    """Return the keys and contexts (L,) of the lifetimes that `evaluate` scores.

    Raises:
        ValueError: there are no lifetimes, or more than a million.
    """
    if not 1 <= lives <= MAX_LIVES:
        raise ValueError(f"lives={lives}: give 1 to {MAX_LIVES}")
    keys = lifetime_keys(seed, stream, num_lifetimes=lives, device=device)
    return keys, balanced_contexts(world.dynamics, lives, device)
