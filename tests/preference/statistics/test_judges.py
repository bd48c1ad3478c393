"""How far a judge agrees with people: hand-made studies, plain loops beside them, and coverage."""

from itertools import combinations

import numpy as np
import pytest

from components.preference.statistics.choices import Answer, Choices, Outcome, choices_of
from components.preference.statistics.judges import agreement_with

L, R, TIE, BAD = Outcome.LEFT, Outcome.RIGHT, Outcome.TIE, Outcome.BOTH_BAD


def answer(person: str, pair: str, outcome: Outcome, **more: object) -> Answer:
    sides = {"left": "new", "right": "old"} | more
    return Answer(person, pair, outcome=outcome, **sides)


def study(said: dict[str, str]) -> Choices:
    """Pair → what persons a, b, c … chose: n(ew), o(ld), t(ie); sides change from one to another.

    The pair is its own prompt.
    """
    rows = []
    for number, (pair, words) in enumerate(said.items()):
        for place, word in enumerate(words):
            turned = (number + place) % 2 == 1
            left, right = ("old", "new") if turned else ("new", "old")
            chosen = {"n": left == "new", "o": left == "old"}.get(word)
            outcome = TIE if chosen is None else (L if chosen else R)
            rows.append(answer("abcdefgh"[place], pair, outcome, left=left, right=right))
    return choices_of(rows)


def favouring(**leads: float) -> dict[str, dict[str, float]]:
    """Pair → how much higher the new model's image is scored."""
    return {pair: {"new": 20 + lead, "old": 20.0} for pair, lead in leads.items()}


def test_shares_by_hand() -> None:
    choices = study({"p": "nnn", "q": "nno", "r": "noo", "s": "not"})
    found = agreement_with(choices, favouring(p=1.0, q=0.5, r=0.25, s=-1.0), draws=0)
    # p: 3 of 3, q: 2 of 3, r: 1 of 3, s: 1 of 2; the tie is left out
    assert (found.judged, found.left_out, found.ties) == (11, 0, 0)
    assert found.answers_value == pytest.approx(7 / 11)
    assert found.answers is not None
    assert found.answers.value == pytest.approx(7 / 11)
    assert found.answers.low < 7 / 11 < found.answers.high
    # p and q go with the majority, r against it, s has none
    assert found.decided_pairs == 3
    assert found.pairs_value == pytest.approx(2 / 3)
    assert found.pairs is not None
    assert found.pairs.method == "clustered by prompt, t"
    assert found.tau is None


def test_equal_scores_count_half() -> None:
    choices = study({"p": "nn", "q": "oo"})
    found = agreement_with(choices, favouring(p=0.0, q=-1.0), draws=0)
    assert (found.answers_value, found.pairs_value, found.ties) == (0.75, 0.75, 2)


@pytest.mark.parametrize("lead", [3.0, 1e-9])
def test_a_judge_that_says_as_people_do_agrees_wholly_however_little_it_leads(lead: float) -> None:
    choices = study({"p": "nnn", "q": "ooo", "r": "nnn", "s": "ooo"})
    scores = favouring(p=lead, q=-lead, r=lead, s=-lead)
    right = agreement_with(choices, scores, draws=50)
    assert (right.answers_value, right.pairs_value, right.people_value) == (1.0, 1.0, 1.0)
    assert right.tau_value == pytest.approx(1.0)
    wrong = agreement_with(
        choices, {pair: {"new": s["old"], "old": s["new"]} for pair, s in scores.items()}, draws=50
    )
    assert (wrong.answers_value, wrong.pairs_value, wrong.people_value) == (0.0, 0.0, 1.0)
    assert wrong.tau_value == pytest.approx(-1.0)


def test_who_agrees_with_most_others_is_counted_beside_the_judge() -> None:
    choices = study({"p": "nno", "q": "nn", "r": "n"})
    found = agreement_with(choices, favouring(p=1.0, q=1.0, r=1.0), draws=0)
    # of p: each n has one n and one o beside it (half), the o two n (none); of q both; r alone
    assert found.people_answers == 5
    assert found.people_value == pytest.approx((0.5 + 0.5 + 0 + 1 + 1) / 5)


def test_repeats_checks_and_pairs_without_scores_are_left_out() -> None:
    rows = [
        *(answer(person, pair, L) for person in "ab" for pair in ("p", "q", "r", "s")),
        answer("a", "p", R, repeat=True),
        answer("a", "check", L, left="", right="", expected=L),
    ]
    scores = favouring(p=1.0, q=1.0, s=float("nan")) | {"r": {"new": 1.0}}
    found = agreement_with(choices_of(rows), scores, draws=0)
    assert (found.judged, found.left_out, found.answers_value) == (4, 4, 1.0)


@pytest.mark.parametrize("scores", [{}, favouring(other=1.0)])
def test_a_judge_of_other_pairs_says_nothing(scores: dict[str, dict[str, float]]) -> None:
    found = agreement_with(study({"p": "nn", "q": "oo"}), scores)
    assert (found.judged, found.left_out, found.decided_pairs) == (0, 4, 0)
    assert found.answers is found.answers_value is found.pairs is found.people is None
    assert found.tau is found.tau_value is found.p_value is None


@pytest.mark.parametrize("said", [{"p": "n", "q": "o"}, {"p": "nno"}])
def test_one_person_or_one_prompt_gives_a_share_without_an_interval(said: dict[str, str]) -> None:
    found = agreement_with(study(said), favouring(p=1.0, q=-1.0))
    assert found.answers_value is not None
    assert found.answers is found.p_value is found.tau is None


def test_a_study_without_answers_has_no_agreement() -> None:
    found = agreement_with(choices_of([]), favouring(p=1.0))
    assert (found.judged, found.answers_value) == (0, None)
    only_ties = agreement_with(study({"p": "tt"}), favouring(p=1.0))
    assert (only_ties.judged, only_ties.left_out) == (0, 0)


def drawn_study(rng: np.random.Generator, pairs: int, people: int, models: int) -> Choices:
    rows = []
    for pair in range(pairs):
        one, other = rng.choice(models, 2, replace=False)
        for person in rng.choice(people, min(3, people), replace=False):
            outcome = Outcome(int(rng.choice(4, p=[0.4, 0.4, 0.15, 0.05])))
            names = {"left": f"m{one}", "right": f"m{other}"}
            rows.append(Answer(f"a{person}", f"p{pair}", outcome=outcome, **names))
    return choices_of(rows)


@pytest.mark.parametrize("models", [2, 4])
def test_every_figure_is_that_of_plain_loops(models: int) -> None:
    rng = np.random.default_rng(models)
    choices = drawn_study(rng, 40, 9, models)
    scores = {
        f"p{pair}": {f"m{k}": float(np.round(rng.normal(), 0)) for k in range(models)}
        for pair in range(35)
    }
    agreed, margins = [], dict[tuple[str, str, str], float]()
    for k in range(len(choices)):
        pair = choices.pairs[choices.pair[k]]
        if choices.winner[k] < 0 or pair not in scores:
            continue
        won, lost = choices.models[choices.winner[k]], choices.models[choices.loser[k]]
        lead = scores[pair][won] - scores[pair][lost]
        agreed.append(1.0 if lead > 0 else 0.5 if lead == 0 else 0.0)
        duel = (pair, *sorted((won, lost)))
        margins.setdefault(duel, 0.0)
        margins[duel] += 1 if won == duel[1] else -1
    found = agreement_with(choices, scores, draws=20)
    assert found.judged == len(agreed)
    assert found.answers_value == pytest.approx(np.mean(agreed))
    majorities = [
        0.5 + 0.5 * np.sign(margin) * np.sign(scores[pair][one] - scores[pair][other])
        for (pair, one, other), margin in margins.items()
        if margin
    ]
    assert found.decided_pairs == len(majorities)
    assert found.pairs_value == pytest.approx(np.mean(majorities))
    assert found.tau is not None
    assert found.tau.low <= found.tau.value == found.tau_value <= found.tau.high
    assert found == agreement_with(choices, scores, draws=20), "the seed says what is drawn"


def test_tau_is_kendalls_by_counting_pairs_of_duels() -> None:
    said = {"p": "nnn", "q": "nno", "r": "noo", "s": "ooo", "u": "nno"}
    leads = {"p": 0.1, "q": 2.0, "r": -0.3, "s": -1.0, "u": 0.1}
    found = agreement_with(study(said), favouring(**leads), draws=0)
    shares = {pair: words.count("n") / 3 - 0.5 for pair, words in said.items()}
    x = [*leads.values(), *(-each for each in leads.values())]
    y = [*shares.values(), *(-each for each in shares.values())]
    both, in_x, in_y = 0.0, 0, 0
    for i, j in combinations(range(len(x)), 2):
        both += np.sign(np.round(x[i] - x[j], 9)) * np.sign(np.round(y[i] - y[j], 9))
        in_x += abs(x[i] - x[j]) > 1e-9
        in_y += abs(y[i] - y[j]) > 1e-9
    assert found.tau_value == pytest.approx(both / (in_x * in_y) ** 0.5)


def test_which_model_comes_first_in_the_alphabet_changes_nothing() -> None:
    rng = np.random.default_rng(5)
    choices = drawn_study(rng, 30, 6, 2)
    scores = {f"p{k}": {"m0": rng.normal(), "m1": rng.normal()} for k in range(30)}
    renamed = {"m0": "z", "m1": "m1"}
    rows = [
        Answer(
            choices.people[choices.person[k]],
            choices.pairs[choices.pair[k]],
            renamed[choices.models[choices.left[k]]],
            renamed[choices.models[choices.right[k]]],
            Outcome(int(choices.outcome[k])),
        )
        for k in range(len(choices))
    ]
    turned = {pair: {renamed[m]: s for m, s in each.items()} for pair, each in scores.items()}
    one = agreement_with(choices, scores, draws=0)
    other = agreement_with(choices_of(rows), turned, draws=0)
    assert one.answers_value == pytest.approx(other.answers_value)
    assert one.pairs_value == pytest.approx(other.pairs_value)
    assert one.people_value == pytest.approx(other.people_value)
    assert one.tau_value == pytest.approx(other.tau_value)


def test_the_crossed_interval_holds_a_judges_true_agreement() -> None:
    """People and pairs differ: a judge that is right on 70 of 100 of another study's answers."""
    rng, held, studies = np.random.default_rng(11), 0, 120
    truth = _true_agreement()
    for _ in range(studies):
        found = agreement_with(*_simulated(rng, pairs=40, people=12), draws=0)
        assert found.answers is not None
        held += found.answers.low <= truth <= found.answers.high
    assert 0.90 <= held / studies <= 0.99


def _chance(rng: np.random.Generator, pairs: int, people: int) -> tuple[np.ndarray, np.ndarray]:
    """(pairs, people) the chance that each prefers the new image, and (pairs,) the judge's lead."""
    worth, lean = rng.normal(0.0, 1.2, pairs), rng.normal(0.0, 0.5, people)
    lead = worth + rng.normal(0.0, 1.2, pairs)
    return 1 / (1 + np.exp(-(worth[:, None] + lean))), lead


def _true_agreement() -> float:
    chance, lead = _chance(np.random.default_rng(0), 20_000, 200)
    return float(np.where(lead[:, None] > 0, chance, 1 - chance).mean())


def _simulated(
    rng: np.random.Generator, pairs: int, people: int
) -> tuple[Choices, dict[str, dict[str, float]]]:
    chance, lead = _chance(rng, pairs, people)
    rows = [
        answer(f"a{person:02}", f"p{pair:02}", L if rng.random() < chance[pair, person] else R)
        for pair in range(pairs)
        for person in rng.choice(people, 4, replace=False)
    ]
    return choices_of(rows), favouring(**{f"p{k:02}": lead[k] for k in range(pairs)})
