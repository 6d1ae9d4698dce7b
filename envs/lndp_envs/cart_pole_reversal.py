"""A lifetime of CartPole in which the two pushes swap their meaning, without a sign, between two episodes."""

from dataclasses import dataclass, field

from lndp_envs.arrays import Array, namespace
from lndp_envs.cart_pole import CartPole, CartPoleState
from lndp_envs.lifetime import LifetimeDynamics, LifetimeState


@dataclass(frozen=True)
class CartPoleReversal(LifetimeDynamics[CartPoleState]):
    """A lifetime of several episodes of CartPole; from one of them on, left is right and right is left.

    ## Description

    Everything is as in `lndp/CartPoleLife-v0`, but from a hidden episode on the two pushes go the other way.
    The first episode is always ordinary; which later one is the first with swapped pushes is a fair draw.
    Nothing in the observation tells: only what the cart does. What was right before lets the pole fall.

    ## Action Space

    `Discrete(2)`: 0 pushes the cart to the left, 1 to the right, with 10 N; the other way after the reversal.

    ## Observation Space

    `Box((4,), float32)`

    | number | observation | min | max |
    |---|---|---|---|
    | 0 | cart position, m | -4.8 | 4.8 |
    | 1 | cart velocity, m/s | -inf | inf |
    | 2 | pole angle, rad | -0.418 | 0.418 |
    | 3 | pole angular velocity, rad/s | -inf | inf |

    ## Rewards

    1 for every step, also for the last of an inner episode. The return of a lifetime is the sum over its
    episodes. The `reward_threshold` of the id is 475 for each episode, as that of Gymnasium's `CartPole-v1`.

    ## Starting State

    All four numbers are uniform in ±0.05, at the start of every inner episode. Context k, each as likely,
    swaps the pushes from inner episode k + 1 on (they are counted from 0). `reset(options={"task": k})` fixes
    it.

    ## Episode End

    An inner episode ends when the cart is more than 2.4 m away or the pole leans more than 12 degrees, or
    after `episode_steps` steps. The lifetime terminates with the last of its inner episodes.

    ## Information

    `inner_episode`: episodes finished so far. `episode_start`: whether one has just begun. With `reveal=True`
    also `swapped`, whether the pushes go the other way.

    ## Arguments

    * `episodes` (4): inner episodes of a lifetime, at least 2.
    * `episode_steps` (500): most steps of one, at least 1.
    * `reveal` (False): see Information.
    * `render_mode` (None): `"human"` shows a window, `"rgb_array"` draws an array, `"ansi"` writes a line of
      text.

    ## Version History

    * v0: first version.
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
        """Number of contexts: context k swaps the pushes from episode k + 1 on, of episodes from 0."""
        return self.episodes - 1

    def step(
        self, state: LifetimeState[CartPoleState], action: Array
    ) -> tuple[LifetimeState[CartPoleState], Array, Array]:
        """A step of a lifetime, with the other push where they are swapped."""
        return super().step(state, namespace(action).where(self.is_swapped(state), 1 - action, action))

    def info(self, state: LifetimeState[CartPoleState]) -> dict[str, Array]:
        """That of a lifetime, and with ``reveal`` whether the pushes are ``swapped``."""
        info = super().info(state)
        return info | self.hidden(state) if self.reveal else info

    def hidden(self, state: LifetimeState[CartPoleState]) -> dict[str, Array]:
        """Return whether the pushes are ``swapped``."""
        return {"swapped": self.is_swapped(state)}

    def is_swapped(self, state: LifetimeState[CartPoleState]) -> Array:
        """(B,) bool: the pushes go the other way in this episode."""
        return state.episode > state.task
