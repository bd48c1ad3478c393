"""How many pairs and people a study needs, before anything is drawn and while it runs.

A share p of decided answers has the crossed variance (Kish, 1965, section 5.4, for two clusterings)

    V = p (1 - p) / n · (1 + (m - 1) ρ_person + (r - 1) ρ_prompt),

where each of the n decided answers shares a person with m - 1 others and a prompt with r - 1, and ρ
are correlations of answers that do. About ρ_person / people of it stays however many pairs there
are: few people can make a power unreachable, and then it says so.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from components.preference.statistics.choices import Choices, Floats, Indices
from components.preference.statistics.win_rate import scores


@dataclass(frozen=True)
class Spread:
    """How answers go together.

    The defaults are those of `simulate.Population` as it stands (standard deviations of 1 between
    prompts, ½ between people and 1 between their meetings, on the log-odds scale, and a liking for
    a side of 0.3), as `measured_spread` finds them in simulated studies of 60 people and 200
    prompts: 0.028 and 0.131, and 0.032 and 0.082 where a fifth click at random. Ties lie between
    the 11.5 % of ImageReward (Xu et al., 2023) and the 26 % of GenAI-Arena (Jiang et al., 2024).

    Attributes:
        person, prompt: correlations of two answers of one person, and about one prompt.
        ties: share of answers that prefer neither model.
    """

    person: float = 0.04
    prompt: float = 0.13
    ties: float = 0.2


@dataclass(frozen=True)
class Plan:
    """A study's size.

    Attributes:
        pairs, raters, people: pairs, people a pair, people in all.
        answers: pairs times raters.
        each: answers of a person.
        power: of the crossed test at that size.
        effect: the win rate that it is the power for.
    """

    pairs: int
    raters: int
    people: int
    answers: int
    each: float
    power: float
    effect: float


@dataclass(frozen=True)
class Needed:
    """What a running study lacks.

    Attributes:
        answers, pairs: still needed; 0 where the power is reached.
        power: of the crossed test with the answers so far, for the effect planned for.
        spread: what was reckoned with.
        plan: the whole study that is enough; None where these people cannot reach the power.
    """

    answers: int
    pairs: int
    power: float
    spread: Spread
    plan: Plan | None


def power(
    effect: float,
    pairs: int,
    raters: int,
    people: int,
    spread: Spread | None = None,
    confidence: float = 0.95,
) -> float:
    """How often the crossed interval leaves out one half where the win rate is ``effect``.

    By the noncentral t, with the degrees of freedom of `crossed.crossed_variance` as expected.
    """
    spread = spread or Spread()
    raters = min(raters, people)
    n = pairs * raters * (1 - spread.ties)
    if people < 2 or pairs < 2 or n == 0:
        return 0.0
    m, r = n / people, raters * (1 - spread.ties)
    p, q = effect, 1 - effect
    by_person = p * q / n * (1 + max(m - 1, 0) * spread.person)
    by_prompt = p * q / n * max(r - 1, 0) * spread.prompt
    lean = abs(p - 0.5)
    by_person += lean**2 / (people * max(people - 1, 1))
    variance = by_person + by_prompt
    freedom = variance**2 / (by_person**2 / (people - 1) + by_prompt**2 / (pairs - 1))
    edge, away = float(stats.t.ppf(0.5 + confidence / 2, freedom)), lean / variance**0.5
    # Johnson and Welch's (1940) normal approximation of the noncentral t: good to 0.01, never NaN
    scale = (1 + edge**2 / (2 * freedom)) ** 0.5
    return float(stats.norm.sf((edge * (1 - 1 / (4 * freedom)) - away) / scale))


def plan(
    effect: float = 0.6,
    wanted: float = 0.8,
    raters: int = 3,
    *,
    each: int = 40,
    people: int | None = None,
    spread: Spread | None = None,
    confidence: float = 0.95,
    most: int = 20_000,
) -> Plan:
    """The fewest pairs that reach the power.

    Args:
        effect: the true win rate that is to be told from one half.
        wanted: the power.
        raters: people a pair.
        each: answers that are asked of a person, where the number of people is free.
        people: how many there are, where it is fixed; each then answers whatever is needed.
        most: pairs that are not thought of beyond.

    Raises:
        ValueError: the effect is one half or outside (0, 1), raters exceed people, or no number of
            pairs up to ``most`` is enough.
    """
    if not 0.0 < effect < 1.0 or effect == 0.5:
        raise ValueError(f"an effect of {effect} cannot be planned for: give a win rate beside ½")
    if people is not None and raters > people:
        raise ValueError(f"{raters} raters a pair need as many people, and there are {people}")

    def at(pairs: int) -> Plan:
        many = people or max(-(-pairs * raters // each), raters, 2)
        reached = power(effect, pairs, raters, many, spread, confidence)
        answers = pairs * raters
        return Plan(pairs, raters, many, answers, answers / many, reached, effect)

    if at(most).power < wanted:
        raise ValueError(
            f"{at(most).people} people reach a power of {at(most).power:.2f} for a win rate of "
            f"{effect} with {most} pairs: answers of one person go together, so ask more people"
        )
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if at(middle).power >= wanted else (middle, high)
    return at(high)


def measured_spread(choices: Choices, candidate: int, baseline: int) -> Spread:
    """The correlations of decided answers so far, by the moments of answers that share a cluster.

    The mean product of two residuals of one person and different prompts, over r (1 - r), and of
    one prompt and different people; within [0, 1]. Without such pairs of answers the default.
    """
    asked = choices.shown().between(candidate, baseline)
    if not len(asked):
        return Spread()
    decided = asked.decided()
    ties = 1 - len(decided) / len(asked)
    values = scores(decided, candidate)
    rate = float(values.mean()) if len(values) else 0.5
    if not 0.0 < rate < 1.0:
        return Spread(ties=ties)
    apart = (values - rate) / (rate * (1 - rate)) ** 0.5
    cell = decided.person * len(choices.prompts) + decided.prompt
    person, prompt = (
        _together(apart, cluster, cell, other)
        for cluster, other in (
            (decided.person, Spread().person),
            (decided.prompt, Spread().prompt),
        )
    )
    return Spread(person, prompt, ties)


def still_needed(
    choices: Choices,
    candidate: int,
    baseline: int,
    effect: float = 0.6,
    wanted: float = 0.8,
    *,
    people: int | None = None,
    raters: int | None = None,
    confidence: float = 0.95,
) -> Needed:
    """The answers that lack for a power, by the ties so far and the correlations.

    Of each correlation the greater of the one so far and `Spread`'s is taken: a small study often
    measures none, which would promise too much.

    The effect is the one planned for, never the one seen: a power for the rate seen is the p-value
    in other words (Hoenig and Heisey, 2001).

    Args:
        people: how many will have answered in the end; as many as have where None.
        raters: people a pair in the end; as many as so far where None.
    """
    asked = choices.shown().between(candidate, baseline)
    here, pairs = len(np.unique(asked.person)), len(np.unique(asked.pair))
    now = max(round(len(asked) / max(pairs, 1)), 1)
    seen, usual = measured_spread(choices, candidate, baseline), Spread()
    spread = Spread(max(seen.person, usual.person), max(seen.prompt, usual.prompt), seen.ties)
    many = people or here
    reached = power(effect, max(pairs, 1), now, here, spread, confidence) if here else 0.0
    try:
        whole = plan(
            effect,
            wanted,
            min(raters or now, max(many, 2)),
            people=max(many, 2),
            spread=spread,
            confidence=confidence,
        )
    except ValueError:
        return Needed(0, 0, reached, spread, None)
    lack = max(whole.answers - len(asked), 0)
    return Needed(lack, max(whole.pairs - pairs, 0), reached, spread, whole)


def _together(apart: Floats, cluster: Indices, cell: Indices, otherwise: float) -> float:
    """The mean product of residuals that share a cluster and no cell."""
    totals = []
    for each in (cluster, cell):
        place = np.unique(each, return_inverse=True)[1]
        sums, counts = np.bincount(place, apart), np.bincount(place)
        totals.append((float((sums**2).sum()), float((counts.astype(float) ** 2).sum())))
    products, pairs = totals[0][0] - totals[1][0], totals[0][1] - totals[1][1]
    return float(np.clip(products / pairs, 0.0, 1.0)) if pairs > 0 else otherwise
