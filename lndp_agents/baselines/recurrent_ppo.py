"""PPO with an LSTM, of sb3-contrib: its memory lasts through a lifetime and ends with it.

All is sb3-contrib's default but for: rewards scaled by `VecNormalize` for the learner, the CPU, and what
makes it eight times as fast, as sb3-contrib steps through the sequences of a batch in Python (its issue 118):
sequences of 32 steps (as rl-baselines3-zoo has for CartPole without velocities) from 128 copies of the world,
32 of them in a batch, and one LSTM of 64 units for actor and critic instead of two of 256. The LSTM's state
goes on from one sequence of a lifetime to the next.
"""

from typing import Any

from sb3_contrib import RecurrentPPO

from lndp_agents.baselines.learning import Trainer

NUM_ENVS, NUM_STEPS, BATCH_SIZE = 128, 32, 1024
LSTM: dict[str, Any] = {"lstm_hidden_size": 64, "shared_lstm": True, "enable_critic_lstm": False}


def trainer() -> Trainer:
    """Return the trainer: the algorithm and its settings other than the defaults."""
    keywords = {"n_steps": NUM_STEPS, "batch_size": BATCH_SIZE, "policy_kwargs": LSTM}
    return Trainer(RecurrentPPO, "MultiInputLstmPolicy", NUM_ENVS, keywords)
