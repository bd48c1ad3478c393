"""A mixed logistic model: who answers and about what, as crossed random effects.

    logit P(candidate chosen) = β + γ s + a_person + b_prompt,  a ~ N(0, σ_a²),  b ~ N(0, σ_b²),

s = ½ where the candidate stands left and -½ where right. It assumes that people and prompts add up
on the log-odds scale, each normally distributed (so nobody clicks at random), that answers are
independent beside them, and that ties may be left out. It is fitted by variational Bayes, with
normal priors; that takes the parameters for independent after the data, so its intervals are too
narrow, the more the fewer people there are: read `Rate.crossed` for a decision, and this for how
much of the variation is people's and prompts'.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse, special, stats

from components.preference.statistics.choices import Choices, Indices
from components.preference.statistics.crossed import Interval
from components.preference.statistics.win_rate import scores

ASSUMES = (
    "people and prompts add up on the log-odds scale and are normally distributed; ties are left "
    "out; variational Bayes makes the interval too narrow"
)


@dataclass(frozen=True)
class Mixed:
    """What the model says.

    Attributes:
        lean: β, the log-odds that the typical person prefers the candidate for the typical prompt.
        side: γ, the log-odds that standing left is worth.
        person_sd, prompt_sd: σ_a and σ_b.
        rate: of all people and prompts: the model's mean over both, with β's interval.
        answers: decided ones that were counted.
        assumes: in words.
    """

    lean: Interval
    side: Interval
    person_sd: float
    prompt_sd: float
    rate: Interval
    answers: int
    assumes: str = ASSUMES


def mixed_logistic(
    choices: Choices, candidate: int, baseline: int, confidence: float = 0.95
) -> Mixed:
    """The model fitted to decided first answers, by statsmodels' BinomialBayesMixedGLM.

    Raises:
        ValueError: there are fewer than two people or prompts, or everybody decided alike.
    """
    from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM

    decided = choices.shown().between(candidate, baseline).decided()
    values = scores(decided, candidate)
    clusters = [
        np.unique(each, return_inverse=True)[1] for each in (decided.person, decided.prompt)
    ]
    if not len(values) or min(int(each.max()) for each in clusters) < 1:
        raise ValueError("a mixed model needs two people and two prompts")
    if values.min() == values.max():
        raise ValueError("everybody decided alike: the log-odds have no finite estimate")
    side = np.where(decided.left == candidate, 0.5, -0.5)
    exog = np.column_stack([np.ones(len(values)), side])
    random = sparse.hstack([_indicators(each) for each in clusters]).tocsr()
    ident = np.repeat([0, 1], [int(each.max()) + 1 for each in clusters])
    model: Any = BinomialBayesMixedGLM(values, exog, random, ident, vcp_p=1.0, fe_p=2.0)
    # the start is drawn by numpy's global state unless it is given
    size = exog.shape[1] + 2 + random.shape[1]
    found = model.fit_vb(mean=np.zeros(size), sd=np.full(size, 0.5))
    sds = np.exp(found.vcp_mean)
    lean, on_left = (
        _normal(float(mean), float(sd), confidence)
        for mean, sd in zip(found.fe_mean, found.fe_sd, strict=True)
    )
    spread = float((sds**2).sum() ** 0.5)
    value, low, high = (marginal(each, spread) for each in (lean.value, lean.low, lean.high))
    rate = Interval(value, low, high, confidence, "mixed logistic, variational Bayes")
    return Mixed(lean, on_left, float(sds[0]), float(sds[1]), rate, len(values))


def marginal(lean: float, spread: float) -> float:
    """The mean of σ(lean + spread · z) over a standard normal z, by Gauss and Hermite."""
    z, weight = np.polynomial.hermite_e.hermegauss(40)
    return float((weight * special.expit(lean + spread * z)).sum() / weight.sum())


def _indicators(cluster: Indices) -> Any:
    n = len(cluster)
    return sparse.csr_matrix((np.ones(n), (np.arange(n), cluster)))


def _normal(mean: float, sd: float, confidence: float) -> Interval:
    half = float(stats.norm.ppf(0.5 + confidence / 2)) * sd
    return Interval(mean, mean - half, mean + half, confidence, "posterior, variational Bayes")
