"""Bradley and Terry's model: how often i beats j is π_i / (π_i + π_j), ties apart."""

import numpy as np

from components.preference.statistics.choices import Choices, Floats
from components.preference.statistics.ranking import Ranking, duels, rank


def bradley_terry(
    choices: Choices,
    confidence: float = 0.95,
    *,
    pseudo: float = 0.0,
    draws: int = 0,
    seed: int = 0,
) -> Ranking:
    """The models' worths from the answers in which one was chosen (Bradley and Terry, 1952, eq. 1).

    With two models the first one's worth is its win rate. Crossed intervals are the sandwich of the
    likelihood's scores clustered by person and prompt; they are about the worths that fit all
    people's answers best, which need not be Bradley and Terry's.

    Args:
        choices: of one question; hidden repeats and attention checks are left out here.
        pseudo: pseudo-answers for either model of every pair of models; above 0 there is always a
            finite estimate, drawn towards equal worths and marked so.
        draws: of the crossed bootstrap; 0 for none.

    Raises:
        NoFiniteEstimateError: some models were never chosen over the others, or never compared.
        ValueError: there are fewer than two people or prompts.
    """
    return rank(
        choices.shown(),
        design(len(choices.models)),
        confidence,
        pseudo=pseudo,
        draws=draws,
        seed=seed,
    )


def design(models: int) -> Floats:
    """(duels, 2, models): the winner's log-worth."""
    x = np.zeros((len(duels(models)), 2, models))
    for duel, (one, other) in enumerate(duels(models)):
        x[duel, 0, one] = x[duel, 1, other] = 1.0
    return x
