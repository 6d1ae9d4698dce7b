"""Types of Gymnasium whose parameters are left open."""

from typing import Any, TypeAlias

import gymnasium

Env: TypeAlias = gymnasium.Env[Any, Any]
Space: TypeAlias = gymnasium.Space[Any]
Info: TypeAlias = dict[str, Any]
"""The info of a reset or a step."""
Options: TypeAlias = dict[str, Any]
"""The options of a reset."""
Observation: TypeAlias = Any
"""An observation of a space: an array, a number, or a dict or tuple of these."""
Action: TypeAlias = Any
"""An action of a space, as users give it."""
