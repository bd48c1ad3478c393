"""What models are worth by paired comparisons: log-linear models, by maximum likelihood.

An answer about models i and j falls into one of the outcomes c, with probability

    P(c) = exp(x_c · θ) / Σ_d exp(x_d · θ),

where θ holds the models' log-worths (and what else the model has). The log-likelihood is concave;
Newton's steps, halved where they go too far, find its top wherever there is one. There is none,
but a direction in which it grows for ever, where the answers are separated (Albert and Anderson,
1984): for Bradley and Terry that is where some models never beat the others (Ford, 1957).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from components.preference.statistics.choices import Floats, Indices

MOST_STEPS = 200


class NoFiniteEstimateError(ValueError):
    """Maximum likelihood has no finite answer.

    Attributes:
        models: indices of the models whose worth falls to nothing beside the others'.
    """

    def __init__(self, message: str, models: tuple[int, ...] = ()) -> None:
        super().__init__(message)
        self.models = models


@dataclass(frozen=True)
class Table:
    """Outcomes of the duels of k models.

    Attributes:
        design: (duels, outcomes, parameters) x_c, the first k parameters the log-worths.
        counts: (duels, outcomes) how often each happened; sums of weights where these are used.
        models: k.
    """

    design: Floats
    counts: Floats
    models: int


@dataclass(frozen=True)
class Fit:
    """The top of the likelihood.

    Attributes:
        theta: (parameters,) the log-worths add up to 0.
        covariance: (parameters, parameters) the inverse of the observed information, which takes
            answers for independent.
        log_likelihood: at the top, without the multinomial coefficients.
    """

    theta: Floats
    covariance: Floats
    log_likelihood: float


def fit(table: Table, start: Floats | None = None) -> Fit:
    """Maximum likelihood by Newton's method.

    Raises:
        NoFiniteEstimateError: it did not converge; `unbounded` says beforehand whether it can.
    """
    gauge = np.zeros(table.design.shape[2])
    gauge[: table.models] = 1.0
    theta = np.zeros(len(gauge)) if start is None else start.copy()
    reached = log_likelihood(table, theta)
    for _ in range(MOST_STEPS):
        gradient, information = _derivatives(table, theta)
        # adding the gauge fixes the sum of the log-worths and leaves the rest of the step alone
        step = np.linalg.lstsq(information + np.outer(gauge, gauge), gradient, rcond=None)[0]
        if float(gradient @ step) < 1e-12 * max(1.0, abs(reached)):
            # what is left to climb is rounding; the last step squares the error once more
            theta = theta + step
            theta[: table.models] -= theta[: table.models].mean()
            covariance: Floats = np.linalg.pinv(information, hermitian=True).astype(np.float64)
            return Fit(theta, covariance, log_likelihood(table, theta))
        scale = 1.0
        while (ahead := log_likelihood(table, theta + scale * step)) < reached:
            scale /= 2
        theta, reached = theta + scale * step, ahead
    raise NoFiniteEstimateError("the likelihood has no top that Newton's steps reach")


def influences(table: Table, found: Fit, duel: Indices, outcome: Indices) -> Floats:
    """(n, parameters) how each answer moves θ: the inverse information times its score.

    Args:
        duel, outcome: (n,) places in ``table``.
    """
    probability = _probabilities(table, found.theta)
    expected = np.einsum("dc,dcp->dp", probability, table.design)
    score = table.design[duel, outcome] - expected[duel]
    moved: Floats = score @ found.covariance
    return moved


def log_likelihood(table: Table, theta: Floats) -> float:
    """Of the counts, without the multinomial coefficients."""
    utility = _utilities(table, theta)
    log = utility - np.log(np.exp(utility).sum(axis=1, keepdims=True))
    return float((table.counts * log).sum())


def with_pseudo(table: Table, pseudo: float) -> Table:
    """The table with so many answers more in every outcome of every duel."""
    return replace(table, counts=table.counts + pseudo)


def unbounded(table: Table) -> Floats | None:
    """(parameters,) a direction in which the likelihood never falls and somewhere grows; or None.

    Along it every outcome that happened has the greatest x_c · δ of its duel, and for one of them
    another outcome's is smaller. A linear programme finds the one with most of that.
    """
    rows = []
    for design, counts in zip(table.design, table.counts, strict=True):
        rows += [
            design[happened] - design[other]
            for happened in np.flatnonzero(counts > 0)
            for other in range(len(counts))
            if other != happened
        ]
    if not rows:
        return np.ones(table.design.shape[2])
    ahead = np.array(rows)
    found = optimize.linprog(
        -ahead.sum(axis=0), A_ub=-ahead, b_ub=np.zeros(len(ahead)), bounds=(-1.0, 1.0)
    )
    if -found.fun <= 1e-7:
        # a duel that nobody ever had tells no worth of either side; see the information's rank
        return None if _identified(table) else np.zeros(table.design.shape[2])
    direction: Floats = found.x
    return direction


def _identified(table: Table) -> bool:
    """Whether the answers tell all parameters, but for the sum of the log-worths."""
    _, information = _derivatives(table, np.zeros(table.design.shape[2]))
    return int(np.linalg.matrix_rank(information)) == len(information) - 1


def _utilities(table: Table, theta: Floats) -> Floats:
    utility: Floats = table.design @ theta
    utility -= utility.max(axis=1, keepdims=True)
    return utility


def _probabilities(table: Table, theta: Floats) -> Floats:
    power = np.exp(_utilities(table, theta))
    share: Floats = power / power.sum(axis=1, keepdims=True)
    return share


def _derivatives(table: Table, theta: Floats) -> tuple[Floats, Floats]:
    """The gradient and the information."""
    probability, n = _probabilities(table, theta), table.counts.sum(axis=1)
    expected = np.einsum("dc,dcp->dp", probability, table.design)
    gradient = np.einsum("dc,dcp->p", table.counts, table.design) - n @ expected
    second = np.einsum("d,dc,dcp,dcq->pq", n, probability, table.design, table.design)
    return gradient, second - np.einsum("d,dp,dq->pq", n, expected, expected)
