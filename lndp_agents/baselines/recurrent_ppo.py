"""PPO with an LSTM, of sb3-contrib: its memory lasts through a life and ends with it.

All is sb3-contrib's default, also 128 steps between updates, but for: 16 copies of the world, rewards scaled
by `VecNormalize` for the learner, and the CPU.
"""

from pathlib import Path

from sb3_contrib import RecurrentPPO

from lndp_agents.baselines.job import Job, Report
from lndp_agents.baselines.learning import NUM_STEPS, learn, load_model, training_envs


def train(job: Job, report: Report) -> RecurrentPPO:
    """Train a model; the arguments are those of `learn`."""
    model = RecurrentPPO(
        "MultiInputLstmPolicy", training_envs(job), n_steps=NUM_STEPS, seed=job.seed, device="cpu"
    )
    learn(model, model, job, report)
    return model


def load(file: Path) -> RecurrentPPO:
    """What was saved; see `load_model`."""
    return load_model(RecurrentPPO, file)
