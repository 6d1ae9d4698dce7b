"""An objective in one file: how well one genome does in two worlds, by its ranks in the population.

lndp train lndp/Foraging-v0 --objective examples/plugins/objective.py:with_bandit

The genome grows into a network of its own in each world. metrics.csv has the mean of the normalized
scores, worlds.csv the scores in each world; `RunView(folder).agent("best", "lndp/Bandit-v0")` is the
agent of the second one. Built in is the same for any number of worlds: --objective mean_of_ranks.
"""

from lndp_agents import Description, Objective, WorldObjective, mean_of_ranks

FORAGING, BANDIT = (0.0, 490.0), (100.0, 170.7)
"""Scores that count as 0 and as 1: of random actions, and of the optimum."""


def with_bandit(description: Description, *, lives: int = 16) -> Objective:
    """Mean of the ranks in the run's own world, a foraging one, and in a bandit.

    Args:
        description: what is evolved, and where.
        lives: of a genome in the bandit in a generation; an option: --objective-options lives=8.
    """
    bandit = description.in_world("lndp/Bandit-v0", lives=lives)
    worlds = [WorldObjective(description), WorldObjective(bandit)]
    return mean_of_ranks(worlds, [FORAGING, BANDIT])
