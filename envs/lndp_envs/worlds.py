"""Registration of the environments of this package, and of those of Gymnasium that it has in batches."""

from lndp_envs.acrobot import Acrobot, acrobot_life
from lndp_envs.bandit import Bandit
from lndp_envs.bandit_render import BanditRenderer
from lndp_envs.cart_pole import CartPole, cart_pole_life
from lndp_envs.cart_pole_reversal import CartPoleReversal
from lndp_envs.foraging import Foraging
from lndp_envs.foraging_render import ForagingRenderer
from lndp_envs.life_render import (
    AcrobotRenderer,
    CartPoleRenderer,
    CartPoleReversalRenderer,
    PendulumGoalSwitchRenderer,
    PendulumRenderer,
)
from lndp_envs.pendulum import Pendulum, pendulum_life
from lndp_envs.pendulum_goal_switch import PendulumGoalSwitch
from lndp_envs.registration import Labels, register

_FORAGING = Labels(("position",), ("right", "left", "stay"), unit="cell")
_CART_POLE = Labels(("position", "velocity", "angle", "turning"), ("left", "right"))
_ACROBOT = Labels(
    ("cos inner", "sin inner", "cos outer", "sin outer", "inner speed", "outer speed"),
    ("torque -1", "torque 0", "torque +1"),
)
_PENDULUM = Labels(("cos", "sin", "speed"), ("torque",))

# The thresholds of foraging and of the bandit are exact optima (foraging_optimum.py, bandit_optimum.py).
for _name, _switch_probability, _optimum in (
    ("Foraging", 0.0, 490.0),
    ("ForagingReversal", 0.1, 4925 / 12),
    ("ForagingSwitch", 0.5, 248.7500000231197),
):
    register(
        f"lndp/{_name}-v0",
        Foraging,
        max_episode_steps=100,
        renderer=ForagingRenderer,
        labels=_FORAGING,
        reward_threshold=_optimum,
        kwargs={"switch_probability": _switch_probability} if _switch_probability else {},
    )
register(
    "lndp/Bandit-v0", Bandit, max_episode_steps=200, renderer=BanditRenderer, reward_threshold=170.66830858
)
register(
    "lndp/PendulumGoalSwitch-v0",
    PendulumGoalSwitch,
    max_episode_steps=200,
    renderer=PendulumGoalSwitchRenderer,
    labels=_PENDULUM,
)
# The threshold of a lifetime is that of Gymnasium's episode times its episodes.
register(
    "lndp/CartPoleReversal-v0",
    CartPoleReversal,
    renderer=CartPoleReversalRenderer,
    labels=_CART_POLE,
    reward_threshold=4 * 475.0,
)
register(
    "lndp/CartPoleLife-v0",
    cart_pole_life,
    renderer=CartPoleRenderer,
    labels=_CART_POLE,
    reward_threshold=3 * 475.0,
)
register(
    "lndp/AcrobotLife-v0",
    acrobot_life,
    renderer=AcrobotRenderer,
    labels=_ACROBOT,
    reward_threshold=3 * -100.0,
)
register("lndp/PendulumLife-v0", pendulum_life, renderer=PendulumRenderer, labels=_PENDULUM)
register("CartPole-v1", CartPole, max_episode_steps=500, labels=_CART_POLE)
register("Acrobot-v1", Acrobot, max_episode_steps=500, labels=_ACROBOT)
register("Pendulum-v1", Pendulum, max_episode_steps=200, labels=_PENDULUM)
