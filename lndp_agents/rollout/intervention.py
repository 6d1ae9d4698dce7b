"""Interventions: hooks that a rollout calls in every step."""

from dataclasses import dataclass
from typing import Any, ClassVar

from gymnasium import Space
from torch import Tensor

from lndp_agents.rollout.learners import Network, StepInput
from lndp_agents.validation import is_integer, shorten

MAX_STEP = 10**9


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """A change of lifetimes from a step on. This one changes nothing: override the hooks.

    All hooks are pure: they depend on their arguments alone, so noise comes from the keys of the lifetimes.
    They are called in this order in every step, from the first one of a lifetime on.

    Raises:
        ValueError: a value is out of range.

    Example:
        >>> from dataclasses import dataclass
        >>> from lndp_agents import Intervention, fresh_rollout, load_pretrained, make_world
        >>> @dataclass(frozen=True, kw_only=True)
        ... class Anosmia(Intervention):
        ...     def on_senses(self, step, given):
        ...         return given if step < self.at else given._replace(observation=given.observation * 0)
        >>> agent = load_pretrained("foraging")
        >>> world = make_world("lndp/Foraging-v0", encoding=agent.encoding)
        >>> results = fresh_rollout(agent, world, lives=2, seed=0, interventions=[Anosmia(at=50)])
        >>> results.scores.shape
        torch.Size([1, 2])
    """

    kind: ClassVar[str] = "nothing"
    """Name of the intervention, that of the class unless it says otherwise."""
    at: int = 0
    """Index of the step of the lifetime before which it begins, from 0."""

    def __init_subclass__(cls) -> None:
        if "kind" not in vars(cls):
            cls.kind = cls.__name__

    def __post_init__(self) -> None:
        self.check("at", 0)

    def before_step(self, step: int, network: Network) -> Network:
        """Return the networks with which the step begins."""
        return network

    def on_senses(self, step: int, given: StepInput) -> StepInput:
        """Return what the learner receives in the step."""
        return given

    def on_state(self, step: int, network: Network) -> Network:
        """Return the networks as the step leaves them."""
        return network

    def on_action(self, step: int, action: Tensor, space: Space[Any]) -> Tensor:
        """Return the actions (P * L, *shape) of the action space that are done instead of these."""
        return action

    @property
    def value(self) -> Any:
        """Size of the intervention, as in JSON and in names of files; True without such a number."""
        return True

    def __str__(self) -> str:
        return f"{self.kind} at step {self.at}"

    def check(self, name: str, minimum: int, what: str | None = None) -> None:
        """Raise unless a field is an integer.

        Raises:
            ValueError: it is not, or too small or too large.
        """
        value = getattr(self, name)
        if not is_integer(value, minimum, MAX_STEP):
            raise ValueError(f"{what or name}={shorten(value)}: give an integer from {minimum}")
