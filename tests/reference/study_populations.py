"""Simulated populations whose truth is known, for the proofs of a study's statistics."""

import numpy as np

from components.preference.statistics import bradley_terry, davidson
from components.preference.statistics.minds import Population, outcome_shares
from components.preference.statistics.ranking import duels
from components.preference.statistics.worths import Table, fit

HARD = Population(utilities=(0.0, 0.6), clickers=0.2, side=0.4)
"""Ties, a liking for the left side, a fifth of random clickers."""

FIVE = Population(utilities=(0.0, 0.2, 0.4, 0.6, 0.8), clickers=0.2, side=0.4)


def true_rate(population: Population) -> float:
    """How often all people prefer model 1 to model 0, where they prefer either."""
    won, lost = outcome_shares(population)[1, 0, :2]
    return float(won / (won + lost))


def true_worths(population: Population, ties: bool) -> np.ndarray:
    """The worths (and ν) that fit all people's answers best."""
    shares, models = outcome_shares(population), len(population.utilities)
    counts = np.array([shares[i, j, : 3 if ties else 2] for i, j in duels(models)])
    design = (davidson if ties else bradley_terry).design(models)
    theta = fit(Table(design, 1e4 * counts, models)).theta
    worths = np.exp(theta[:models]) / np.exp(theta[:models]).sum()
    return np.r_[worths, np.exp(theta[models:])]
