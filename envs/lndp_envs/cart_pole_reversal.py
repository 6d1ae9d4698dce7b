"""A life of CartPole in which the two pushes swap their meaning, without a sign, between two episodes."""

from dataclasses import dataclass, field

from lndp_envs.arrays import Array, namespace
from lndp_envs.cart_pole import CartPole, CartPoleState
from lndp_envs.lifetime import LifetimeDynamics, LifetimeState


@dataclass(frozen=True)
class CartPoleReversal(LifetimeDynamics[CartPoleState]):
    """Balance a pole through several episodes; from one of them on, the pushes go the other way.

    The first episode is always an ordinary one.

    Args:
        episodes: how many make a life, at least 2.
        episode_steps: most steps of one, at least 1.
        reveal: put it into the info whether the pushes are swapped.

    Raises:
        ValueError: a number is too small.
    """

    inner: CartPole = field(default=CartPole(), init=False)
    episodes: int = 4
    reveal: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.episodes < 2:
            raise ValueError(f"episodes is {self.episodes}, but a reversal needs at least 2")

    @property
    def num_tasks(self) -> int:
        """One for each episode but the first: task k swaps the pushes from episode k + 1 on."""
        return self.episodes - 1

    def step(
        self, state: LifetimeState[CartPoleState], action: Array
    ) -> tuple[LifetimeState[CartPoleState], Array, Array]:
        """A step of a life, with the other push where they are swapped."""
        return super().step(state, namespace(action).where(self.is_swapped(state), 1 - action, action))

    def info(self, state: LifetimeState[CartPoleState]) -> dict[str, Array]:
        """That of a life, and with ``reveal`` whether the pushes are ``swapped``."""
        info = super().info(state)
        return info | self.hidden(state) if self.reveal else info

    def hidden(self, state: LifetimeState[CartPoleState]) -> dict[str, Array]:
        """Whether the pushes are ``swapped``."""
        return {"swapped": self.is_swapped(state)}

    def is_swapped(self, state: LifetimeState[CartPoleState]) -> Array:
        """(B,) bool: the pushes go the other way in this episode."""
        return state.episode > state.task
