"""What happens to a life: one injury, at one step."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lndp_agents.spaces import Space, highest
from lndp_agents.validation import is_finite_number, is_integer, shorten

MAX_STEP = 10**9


@dataclass(frozen=True, kw_only=True)
class Lesion:
    """One injury of a life, of exactly one kind (protocols of Najarro and Risi, arXiv 2007.02686).

    Which weights or nodes are hit is drawn for each life: a function of its key and of the step.

    Raises:
        ValueError: there is no kind or more than one, or a value is out of range.
    """

    at: int = 0
    """The step of life before which it happens, from 0."""
    zero: float | None = None
    """The share of the weights that become 0, 0 to 1: neighbours in their order, from a drawn place on, round
    like a ring. An LNDP loses the whole state of existing edges, a Hebbian network its present weights, and
    both may regrow them. Other networks lose weights (not biases) that are the same all their lives."""
    freeze: bool = False
    """Whether weights and wiring never change again. Nothing happens to a policy that has no plasticity."""
    saturate: int | None = None
    """So many steps long every action is the upper bound, or the last of a choice. The policy does not know:
    inside, it acts as ever."""
    cut_reward: bool = False
    """Whether the sensed reward is 0 from now on. Where an episode begins is still sensed."""
    nodes: int | None = None
    """How many drawn hidden nodes fall silent for good and lose their edges."""

    def __post_init__(self) -> None:
        given = self._given
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"a lesion is of one kind, not {found}: give one of {', '.join(_KINDS)}")
        for name, minimum in (("at", 0), ("saturate", 1), ("nodes", 1)):
            value = getattr(self, name)
            if value is not None and not is_integer(value, minimum, MAX_STEP):
                raise ValueError(f"{name}={shorten(value)}: give an integer from {minimum}")
        if self.zero is not None and not (is_finite_number(self.zero) and 0 <= self.zero <= 1):
            raise ValueError(f"zero={shorten(self.zero)}: give a share from 0 to 1")
        for name in ("freeze", "cut_reward"):
            if type(getattr(self, name)) is not bool:
                raise ValueError(f"{name}={shorten(getattr(self, name))}: give true or false")

    def __str__(self) -> str:
        """What happens, for people."""
        share = "" if self.zero is None else f"{100 * self.zero:.4g} % of the weights zeroed"
        texts = {
            "zero": share,
            "freeze": "plasticity frozen",
            "saturate": f"actuators saturated for {self.saturate} steps",
            "cut_reward": "reward cut",
            "nodes": f"{self.nodes} hidden nodes lesioned",
        }
        return f"{texts[self.kind]} at step {self.at}"

    @property
    def kind(self) -> str:
        """The name of the field that says what happens."""
        return self._given[0]

    @property
    def value(self) -> Any:
        """What that field holds."""
        return getattr(self, self.kind)

    @property
    def _given(self) -> list[str]:
        values = {name: getattr(self, name) for name in _KINDS}
        return [name for name, value in values.items() if value is not None and value is not False]

    def cuts_reward(self, step: int) -> bool:
        """Whether no reward is sensed at this step of life."""
        return self.cut_reward and step >= self.at

    def forces_actions(self, step: int) -> bool:
        """Whether actuators are saturated at this step of life."""
        return self.saturate is not None and self.at <= step < self.at + self.saturate


_KINDS = tuple(field.name for field in fields(Lesion) if field.name != "at")


def saturated(space: Space, num_rows: int) -> NDArray[Any]:
    """Actions of saturated actuators, B rows: upper bounds, and the last of each choice."""
    return np.repeat(highest(space)[None], num_rows, 0)
