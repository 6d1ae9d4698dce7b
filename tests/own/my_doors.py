"""Environments as somebody might write them, with all that can go wrong in them."""

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Text, Tuple


class Doors(gymnasium.Env):
    """Pays for the right door, five steps long; what the keyword `fault` names goes wrong."""

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012
    observation_space = Box(0.0, 1.0, (1,), np.float32)
    action_space = Discrete(2)

    def __init__(self, fault=None, render_mode=None):
        self.fault, self.render_mode = fault, render_mode
        if fault == "init":
            raise RuntimeError("no door is left")
        if fault == "type":
            len(7)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.door = self.np_random.integers(2)
        self.steps = 0
        if self.fault == "reset":
            raise ValueError("the key\ndoes not fit")
        return np.ones(2 if self.fault == "shape" else 1, np.float32), {}

    def step(self, action):
        self.steps += 1
        if self.fault == "step":
            return {}["handle"]
        if self.steps > 5:
            raise AssertionError("stepped after its end")
        reward = {"nan": float("nan"), "inf": float("inf"), "none": None}.get(self.fault, action == self.door)
        seen = np.full(1, np.nan if self.fault == "blind" else 1.0, np.float32)
        return seen, reward if reward is None else float(reward), self.steps == 5, False, {}

    def render(self):
        return np.full((40, 60, 3), 255 * self.door, np.uint8)


class Rich(Doors):
    """Many parts to see and to do; pays for the door that is moved to."""

    action_space = Dict({"move": MultiDiscrete([2, 3]), "force": Box(-1, 1, (2,), np.float32)})

    def __init__(self, **keywords):
        super().__init__(**keywords)
        hand = Tuple([MultiBinary(2), MultiDiscrete([2, 3])])
        self.observation_space = Dict({"where": Discrete(90), "mission": Text(9), "hand": hand})

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        return self.observation_space.sample(), {}

    def step(self, action):
        assert self.action_space.contains(action), action
        _, reward, over, truncated, info = super().step(action["move"][0])
        return self.observation_space.sample(), reward, over, truncated, info


class Seen(Rich):
    """Many parts to see, one choice."""

    action_space = Discrete(2)

    def step(self, action):
        _, reward, over, truncated, info = Doors.step(self, action)
        return self.observation_space.sample(), reward, over, truncated, info


def two_doors():
    """Doors made by a function."""
    return Doors()


gymnasium.register("Doors-v0", Doors, max_episode_steps=4)
