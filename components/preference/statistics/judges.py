"""How far an automatic judge agrees with people: which of two images each of them prefers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from components.preference.statistics.choices import Choices, Floats, Indices
from components.preference.statistics.crossed import (
    Interval,
    clustered_interval,
    percentile,
)
from components.preference.statistics.win_rate import crossed_rate

Scores = Mapping[str, Mapping[str, float]]
"""Pair → model → the score of that model's image; higher is better."""


@dataclass(frozen=True)
class Agreement:
    """How often a judge prefers what people prefer; ½ is what a coin reaches.

    Attributes:
        judged, left_out: decided answers about pairs that have scores, and about others.
        answers: share of the decided answers in which the chosen image has the higher score, with
            the crossed interval; None without one or with fewer than two people or prompts.
        answers_value: the same share alone; None where no answer is judged.
        p_value: of answers that agree by chance alone; None without an interval.
        pairs: share of the pairs with a majority in which that has the higher score, about other
            prompts; None with fewer than two prompts.
        pairs_value, decided_pairs: that share alone, and how many such pairs there are.
        ties: judged answers about pairs whose two scores are equal; each counts half.
        people: share of the same answers that agree with the majority of the other people who
            decided that pair: what a judge may be held against. Without an interval where `answers`
            has none; None as a whole where no pair was decided by two people.
        people_value, people_answers: that share alone, and of how many answers.
        tau: Kendall's τ_b of how far the scores and people's shares lie apart, over pairs: whether
            a judge that is surer is right more often; about other people and prompts. None without
            draws, or as `answers`.
        tau_value: the figure alone; None where all leads or all shares are alike.
    """

    judged: int
    left_out: int
    answers: Interval | None
    answers_value: float | None
    p_value: float | None
    pairs: Interval | None
    pairs_value: float | None
    decided_pairs: int
    ties: int
    people: Interval | None
    people_value: float | None
    people_answers: int
    tau: Interval | None
    tau_value: float | None


@dataclass(frozen=True)
class _Answers:
    """n decided answers about m duels: a pair with the two models that were shown.

    Attributes:
        first: (n,) 1 where the duel's model of the lower index was chosen, else 0.
        person, duel: (n,) whose answer, and about which duel.
        lead: (m,) the score of the model of the lower index less the other's; not finite where it
            is not known.
        prompt: (m,) of the duel's pair.
    """

    first: Floats
    person: Indices
    duel: Indices
    lead: Floats
    prompt: Indices

    @classmethod
    def of(cls, choices: Choices, scores: Scores) -> "_Answers":
        low, high = np.minimum(choices.left, choices.right), np.maximum(choices.left, choices.right)
        named = np.stack([choices.pair, low, high], axis=1).reshape(-1, 3)
        duels, duel = np.unique(named, axis=0, return_inverse=True)
        leads = np.full(len(duels), np.nan)
        for at, (pair, one, other) in enumerate(duels.tolist()):
            of_pair = scores.get(choices.pairs[pair], {})
            names = choices.models[one], choices.models[other]
            if all(name in of_pair for name in names):
                leads[at] = of_pair[names[0]] - of_pair[names[1]]
        first = (choices.winner == low).astype(np.float64)
        prompt = choices.prompt_of[duels[:, 0]]
        return cls(first, choices.person, duel.reshape(-1), leads, prompt)

    def known(self) -> "_Answers":
        """Those about duels whose lead is known, and no other duels."""
        kept = np.isfinite(self.lead[self.duel])
        duels, duel = np.unique(self.duel[kept], return_inverse=True)
        answers = self.first[kept], self.person[kept], duel
        return _Answers(*answers, self.lead[duels], self.prompt[duels])

    def margins(self, weights: Floats) -> Floats:
        """(m,) share that chose the first model less that of the other; NaN where nobody did."""
        m = len(self.lead)
        asked = np.bincount(self.duel, weights, m)
        chosen = np.bincount(self.duel, weights * self.first, m)
        nobody = np.full(m, np.nan)
        found: Floats = np.divide(2 * chosen - asked, asked, out=nobody, where=asked > 0)
        return found


def agreement_with(
    choices: Choices,
    scores: Scores,
    confidence: float = 0.95,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> Agreement:
    """A judge's agreement with first answers about pairs of the study.

    A score higher by however little counts as a preference; equal ones count half. Ties and both
    bad are left out, as in `win_rate`: no judge says them.

    Args:
        choices: of one question; hidden repeats and attention checks are left out here.
        scores: of one judge; answers about pairs or models that it lacks, or whose scores are not
            finite, are left out and counted.
        confidence: of every interval.
        draws: of the bootstrap of `tau`; 0 for none.
        seed: of it.
    """
    everything = _Answers.of(choices.shown().decided(), scores)
    found = everything.known()
    lead = np.sign(found.lead[found.duel])
    agrees = _same_way(lead, found.first - 0.5)
    prompt = found.prompt[found.duel]
    answers, p_value = _crossed(agrees, found.person, prompt, confidence)
    others = _of_others(found)
    heard = ~np.isnan(others)
    people, _ = _crossed(others[heard], found.person[heard], prompt[heard], confidence)
    of_pairs, prompts = _of_majorities(found)
    value = _tau(found.lead, found.margins(np.ones(len(found.first))))
    return Agreement(
        judged=len(agrees),
        left_out=len(everything.first) - len(agrees),
        answers=answers,
        answers_value=_mean(agrees),
        p_value=p_value,
        pairs=_by_prompt(of_pairs, prompts, confidence),
        pairs_value=_mean(of_pairs),
        decided_pairs=len(of_pairs),
        ties=int((lead == 0.0).sum()),
        people=people,
        people_value=_mean(others[heard]),
        people_answers=int(heard.sum()),
        tau=None
        if value is None or answers is None
        else _drawn(found, value, confidence, draws, seed),
        tau_value=value,
    )


def _same_way(one: Floats, other: Floats) -> Floats:
    """1 where both have one sign, ½ where either is 0, else 0."""
    both: Floats = 0.5 + 0.5 * np.sign(one) * np.sign(other)
    return both


def _of_others(found: _Answers) -> Floats:
    """(n,) whether each answer is that of most others about its duel; NaN where there are none."""
    m = len(found.lead)
    asked = np.bincount(found.duel, minlength=m)[found.duel] - 1
    chosen = np.bincount(found.duel, found.first, m)[found.duel] - found.first
    same = _same_way(chosen - asked / 2, found.first - 0.5)
    return np.where(asked > 0, same, np.nan)


def _of_majorities(found: _Answers) -> tuple[Floats, Indices]:
    """(k,) whether scores go with the majority of each duel that has one, and the duel's prompt."""
    margin = found.margins(np.ones(len(found.first)))
    decided = np.flatnonzero(np.nan_to_num(margin) != 0.0)
    return _same_way(found.lead[decided], margin[decided]), found.prompt[decided]


def _tau(leads: Floats, margins: Floats) -> float | None:
    """Kendall's τ_b (Kendall, 1945) of how far scores and people's shares lie apart.

    Every duel is taken both ways round, so that nothing hangs on which model comes first.
    """
    known = ~np.isnan(margins)
    lead, margin = leads[known], margins[known]
    if not len(lead):
        return None
    both = np.concatenate([lead, -lead]), np.concatenate([margin, -margin])
    value = float(stats.kendalltau(*both).statistic)
    return None if np.isnan(value) else value


def _drawn(
    found: _Answers, value: float, confidence: float, draws: int, seed: int
) -> Interval | None:
    """The middle of τ in studies with people and prompts drawn again, apart from each other."""
    rng, drawn = np.random.default_rng(seed), []
    people, person = np.unique(found.person, return_inverse=True)
    prompts, prompt = np.unique(found.prompt, return_inverse=True)
    for _ in range(draws):
        weights = rng.multinomial(len(people), np.full(len(people), 1 / len(people)))[person]
        counts = rng.multinomial(len(prompts), np.full(len(prompts), 1 / len(prompts)))[prompt]
        margins = found.margins(weights.astype(np.float64))
        again = _tau(np.repeat(found.lead, counts), np.repeat(margins, counts))
        drawn.append(np.nan if again is None else again)
    if not drawn or np.isnan(drawn).all():
        return None
    return percentile(value, np.array(drawn), confidence, "bootstrap over people and prompts")


def _crossed(
    values: Floats, person: Indices, prompt: Indices, confidence: float
) -> tuple[Interval | None, float | None]:
    if min(len(np.unique(each)) for each in (person, prompt)) < 2:
        return None, None
    return crossed_rate(values, person, prompt, confidence)


def _by_prompt(values: Floats, prompt: Indices, confidence: float) -> Interval | None:
    found = clustered_interval(values, prompt, confidence) if len(values) else None
    return found and replace(found, method="clustered by prompt, t")


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None
