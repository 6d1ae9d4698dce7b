"""PPO with an LSTM, of sb3-contrib: its memory lasts through a life and ends with it.

All is sb3-contrib's default but for: rewards scaled by `VecNormalize` for the learner, the CPU, and what
makes it several times as fast, as sb3-contrib steps through the sequences of a batch in Python (its issue
118): sequences of 32 steps instead of 128 (as rl-baselines3-zoo has for CartPole without velocities), from
64 copies of the world, and 16 of them in a batch instead of one. The LSTM's state goes on from one sequence
of a life to the next.
"""

from pathlib import Path

from sb3_contrib import RecurrentPPO

from lndp_agents.baselines.job import Job, Report
from lndp_agents.baselines.learning import learn, load_model, training_envs

NUM_ENVS, NUM_STEPS, BATCH_SIZE = 64, 32, 512


def train(job: Job, report: Report) -> RecurrentPPO:
    """Train a model; the arguments are those of `learn`."""
    model = RecurrentPPO(
        "MultiInputLstmPolicy",
        training_envs(job, NUM_ENVS),
        n_steps=NUM_STEPS,
        batch_size=BATCH_SIZE,
        seed=job.seed,
        device="cpu",
    )
    learn(model, model, job, report)
    return model


def load(file: Path) -> RecurrentPPO:
    """What was saved; see `load_model`."""
    return load_model(RecurrentPPO, file)
