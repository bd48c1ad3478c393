"""Davidson's model of paired comparisons with ties.

With worths π_i and ν ≥ 0 (Davidson, 1970, equations 2.4 and 2.5),

    P(i) = π_i / s,  P(tie) = ν √(π_i π_j) / s,  s = π_i + π_j + ν √(π_i π_j).
"""

import numpy as np

from components.preference.statistics.choices import Choices, Floats, Outcome
from components.preference.statistics.ranking import Ranking, duels, rank
from components.preference.statistics.worths import NoFiniteEstimateError


def davidson(
    choices: Choices,
    confidence: float = 0.95,
    *,
    pseudo: float = 0.0,
    draws: int = 0,
    seed: int = 0,
) -> Ranking:
    """The models' worths and ν; answers that find both bad are apart and only counted.

    Args:
        choices: of one question; hidden repeats and attention checks are left out here.
        pseudo: pseudo-answers for either model and for a tie in every pair of models; above 0
            there is always a finite estimate, drawn towards equal worths and marked so.
        draws: of the crossed bootstrap; 0 for none.

    Raises:
        NoFiniteEstimateError: there are no ties, or nothing else; some models were never
            chosen over the others, or never compared.
        ValueError: there are fewer than two people or prompts.
    """
    shown = choices.shown()
    ties = int((shown.outcome == Outcome.TIE).sum())
    if not pseudo and not ties:
        raise NoFiniteEstimateError("nobody called a tie, so ν is 0: take Bradley-Terry")
    if not pseudo and not shown.is_decided.any():
        raise NoFiniteEstimateError("nobody preferred any model, so ν has no finite estimate")
    x = design(len(choices.models))
    return rank(shown, x, confidence, pseudo=pseudo, draws=draws, seed=seed)


def design(models: int) -> Floats:
    """(duels, 3, models + 1): the winner's log-worth, or the mean of both and log ν."""
    x = np.zeros((len(duels(models)), 3, models + 1))
    for duel, (one, other) in enumerate(duels(models)):
        x[duel, 0, one] = x[duel, 1, other] = 1.0
        x[duel, 2, [one, other]] = 0.5
        x[duel, 2, -1] = 1.0
    return x
