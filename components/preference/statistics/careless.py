"""Who clicked at random: a stated rule with a known rate of error.

Four signs are counted for each person: attention checks failed, hidden repeats answered otherwise
than at first, answers against what others chose on the same pair, and choices too quick to have
looked. Each is binomial under care and under clicking, with chances that `Rule` states or the study
itself gives, and adds its log-likelihood ratio of clicking against care (Neyman and Pearson, 1933)
to a score. A person is flagged where the score is at or above the least one that careful people
reach in at most `Rule.level` of cases; that one is found by exact enumeration of the four counts.
So both error rates are known for every person, and stand beside the flag. A flag excludes nobody by
itself.

In simulated studies with six checks and six repeats a person it flagged 0 to 0.5 of 100 careful
people; of 100 clickers 91 to 97 who hurry, and 80 to 90 who take the time of a careful person.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from components.preference.statistics.agreement import same_again
from components.preference.statistics.choices import Choices, Floats

SIGNS = ("attention checks failed", "repeats unlike", "against others", "too quick")

QUICK = 3
ALIKE = (2, QUICK)
"""Signs that go together within a person, by taste or haste."""

MOST_ODDS = 1e6
"""Odds that are told in digits."""

GRID = 0.01
"""What scores are rounded to, so that all of them can be enumerated."""


@dataclass(frozen=True)
class Rule:
    """What is taken for granted of people.

    Attributes:
        level: careful people flagged, at most.
        slip: how often careful people fail an attention check, at most.
        passed: how often random clicks pass one: one of two sides, at best.
        looks: seconds below which nobody has looked at two images.
        quick, hasty: how often careful people and clickers answer below that.
        spread: the correlation between one person's answers against others: careful people differ
            in taste. Counts against others are worth so many fewer.
        least: the least chance to flag a clicker at which the flag's absence says anything.
    """

    level: float = 0.02
    slip: float = 0.05
    passed: float = 0.5
    looks: float = 1.0
    quick: float = 0.02
    hasty: float = 0.2
    spread: float = 0.05
    least: float = 0.8


@dataclass(frozen=True)
class Verdict:
    """What the rule says of a person.

    Attributes:
        person: the name.
        flagged: whether the answers look like random clicks.
        score: the log-likelihood ratio of clicking against care.
        threshold: the least flagged score.
        level: how often a careful person with as many checks, repeats and pairs is flagged.
        power: how often such a random clicker is flagged who takes the time of a careful person.
        counts: (happened, of) for each of `SIGNS`.
        enough: whether the power reaches the rule's least; where not, no flag says little.
        looks: seconds below which a choice was too quick.
    """

    person: str
    flagged: bool
    score: float
    threshold: float
    level: float
    power: float
    counts: tuple[tuple[int, int], ...]
    enough: bool
    looks: float = Rule.looks

    @property
    def reason(self) -> str:
        """A sentence for the list of exclusions."""
        parts = [
            f"{sign}{f' (below {self.looks:g} s)' * (sign == SIGNS[QUICK])} {happened} of {of}"
            for sign, (happened, of) in zip(SIGNS, self.counts, strict=True)
            if of
        ]
        return f"{', '.join(parts)}: {odds_in_words(self.score)}"


def odds_in_words(score: float) -> str:
    """A log-likelihood ratio of random clicks against care."""
    odds = "likelier from random clicks than from care"
    if score < 0:
        score, odds = -score, "likelier from care than from random clicks"
    if score > np.log(MOST_ODDS):
        return f"more than a million times {odds}"
    times = float(np.exp(score))
    return f"about {times:.1f} times {odds}" if times < 10 else f"about {times:,.0f} times {odds}"


@dataclass(frozen=True)
class Exclusion:
    """Somebody whose answers an analysis leaves out, and why; the answers stay."""

    person: str
    reason: str


def judged(choices: Choices, rule: Rule | None = None) -> tuple[Verdict, ...]:
    """What the rule says of everybody who answered, in the order of their names.

    How often careful people repeat themselves and agree with others hangs on the models, so both
    chances are the median person's; that stands as long as most people are careful.

    Args:
        choices: of all questions, with hidden repeats and attention checks.
        rule: `Rule` as it stands where None.
    """
    rule = rule or Rule()
    counts = _counts(choices, rule)
    care, click = _chances(choices, counts, rule)
    present = np.unique(choices.person)
    return tuple(_verdict(choices.people[p], counts[p], care, click, rule) for p in present)


def exclusions(verdicts: Sequence[Verdict]) -> tuple[Exclusion, ...]:
    """Everybody flagged, with the reason."""
    return tuple(Exclusion(each.person, each.reason) for each in verdicts if each.flagged)


def _counts(choices: Choices, rule: Rule) -> np.ndarray:
    """(people, signs, 2) how often each sign was seen, of how many times."""
    people = len(choices.people)
    checks = choices.where(choices.attention)
    same, whose = same_again(choices)
    against, among = _against_others(choices)
    timed = choices.where(~np.isnan(choices.seconds))
    seen = [
        (checks.outcome != checks.expected, checks.person),
        (~same, whose),
        (against, among),
        (timed.seconds < rule.looks, timed.person),
    ]
    return np.stack(
        [
            np.stack([np.bincount(w[h], minlength=people), np.bincount(w, minlength=people)], 1)
            for h, w in seen
        ],
        axis=1,
    )


def _against_others(choices: Choices) -> tuple[np.ndarray, np.ndarray]:
    """(n,) whether a decided answer is against most others' on its pair, and whose it is.

    Pairs on which the others are split, or which nobody else decided, say nothing.
    """
    decided = choices.shown().decided()
    first = np.where(decided.winner < decided.loser, 1.0, -1.0)
    place = decided.pair * (int(choices.question.max(initial=0)) + 1) + decided.question
    others = np.bincount(place, weights=first)[place] - first if len(first) else first
    told = others != 0
    return (first * others < 0)[told], decided.person[told]


def _chances(choices: Choices, counts: np.ndarray, rule: Rule) -> tuple[Floats, Floats]:
    """(signs,) how often each sign is seen of careful people, and of clickers."""
    shares = np.full(counts.shape[:2], np.nan)
    np.divide(counts[..., 0], counts[..., 1], out=shares, where=counts[..., 1] > 0)
    outcomes = choices.where(~choices.attention).outcome
    clicks = np.bincount(outcomes, minlength=4) / max(len(outcomes), 1)
    alike = float((np.r_[[clicks[:2].mean()] * 2, clicks[2:]] ** 2).sum())
    # where everybody always says the same, such as tie, a repeat tells nobody from anybody
    unlike = min(max(1 - alike, 0.04), 0.96)
    middle = [
        float(np.nanmedian(shares[:, sign])) if counts[:, sign, 1].any() else 0.0 for sign in (1, 2)
    ]
    repeats = min(max(middle[0], 0.02), unlike - 0.02)
    against = min(max(middle[1], 0.02), 0.48)
    care = np.array([rule.slip, repeats, against, rule.quick])
    return care, np.array([1 - rule.passed, unlike, 0.5, rule.hasty])


def _verdict(name: str, counts: np.ndarray, care: Floats, click: Floats, rule: Rule) -> Verdict:
    gains = [_gain(sign, int(of), care, click, rule) for sign, of in enumerate(counts[:, 1])]
    scored = sum(int(gain[seen]) for gain, seen in zip(gains, counts[:, 0], strict=True))
    careful, clicking, least = _enumerated(gains, care, click, rule)
    tail = np.cumsum(careful[::-1])[::-1]
    # the greatest score itself where even that is too common
    at = int(np.argmax(tail <= rule.level)) if tail[-1] <= rule.level else len(tail)
    power = float(clicking[at:].sum())
    return Verdict(
        person=name,
        flagged=scored >= at + least,
        score=scored * GRID,
        threshold=(at + least) * GRID,
        level=float(careful[at:].sum()),
        power=power,
        counts=tuple((int(seen), int(of)) for seen, of in counts),
        enough=power >= rule.least,
        looks=rule.looks,
    )


def _gain(sign: int, of: int, care: Floats, click: Floats, rule: Rule) -> NDArray[np.int64]:
    """(of + 1,) what each count of a sign adds to the score, in steps of `GRID`.

    Taking one's time shows no care, since clickers may, so slow answers add nothing.
    """
    seen, chances = np.arange(of + 1), (care[sign], click[sign])
    yes, no = np.log(chances[1] / chances[0]), np.log((1 - chances[1]) / (1 - chances[0]))
    own = seen * yes + (0.0 if sign == QUICK else (of - seen) * no)
    if sign in ALIKE:
        own = own / (1 + max(of - 1, 0) * rule.spread)
    steps: NDArray[np.int64] = np.round(own / GRID).astype(np.int64)
    return steps


def _enumerated(
    gains: Sequence[NDArray[np.int64]], care: Floats, click: Floats, rule: Rule
) -> tuple[Floats, Floats, int]:
    """(scores,) the chance of each under care and under clicking, and the least score.

    Clickers are those who take their time: whoever hurries is flagged more often.
    """
    careful, clicking, least = np.ones(1), np.ones(1), 0
    for sign, gain in enumerate(gains):
        theirs = care[sign] if sign == QUICK else click[sign]
        careful, clicking = (
            np.convolve(old, np.bincount(gain - gain.min(), _pmf(sign, gain, chance, rule)))
            for old, chance in ((careful, care[sign]), (clicking, theirs))
        )
        least += int(gain.min())
    return careful, clicking, least


def _pmf(sign: int, gain: NDArray[np.int64], chance: float, rule: Rule) -> Floats:
    """(n + 1,) the chance of each count: beta-binomial where answers go together."""
    n, seen = len(gain) - 1, np.arange(len(gain))
    if sign not in ALIKE or n < 2:
        pmf: Floats = stats.binom.pmf(seen, n, chance)
        return pmf
    total = 1 / rule.spread - 1
    spread: Floats = stats.betabinom.pmf(seen, n, chance * total, (1 - chance) * total)
    return spread
