from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from components.errors import AlphabarError
from components.figures.figure import Figure, Origins
from components.figures.win_rate import WinRate
from components.spec.gate import Gate, MetricGate, PreferenceGate, better_by
from components.tracking.gate import Decision, decide
from tests.figures.made import made

Make = Callable[..., dict[str, Any]]
LOWER, HIGHER, GUARD = "fd_efficientnet_lite0", "clip_score_domain", "recall_efficientnet_lite0"


def one(metric: str, record: dict[str, Any], **more: Any) -> dict[str, Figure]:
    return {metric: made(metric, **record, **more)}


def asked(metric: str, **conditions: Any) -> Gate:
    return Gate(metrics={metric: MetricGate(**conditions)})


def passes(
    gate: Gate, candidate: dict[str, Figure], champion: dict[str, Figure] | None = None
) -> bool:
    return decide(gate, candidate, champion).promote


@pytest.mark.parametrize(
    ("metric", "candidate", "promoted"),
    [
        (LOWER, 80.0, True),
        (LOWER, 90.0, False),  # touches: [85, 95] against [95, 105]
        (LOWER, 89.9, True),
        (LOWER, 97.0, False),
        (LOWER, 130.0, False),
        (HIGHER, 120.0, True),
        (HIGHER, 103.0, False),
        (HIGHER, 80.0, False),
        ("recognised_svc", 120.0, True),
        ("kd_efficientnet_lite0", 80.0, True),
        ("authenticity_efficientnet_lite0", 120.0, True),
        ("cmmd_clip_b", 120.0, False),
    ],
)
def test_only_a_model_better_beyond_both_intervals_is_promoted(
    figure: Make, metric: str, candidate: float, promoted: bool
) -> None:
    champion, challenger = one(metric, figure(100.0)), one(metric, figure(candidate))
    assert passes(better_by(metric), challenger, champion) is promoted


@pytest.mark.parametrize(
    ("name", "clip", "words"),
    [
        (HIGHER, "none", "clip_score_domain was not measured, for the experiment has `evaluation."),
        (f"{HIGHER}/cat", "none", "or take clip_score_domain/cat out of the gate file"),
        (GUARD, "none", "no recall_efficientnet_lite0 in its record"),
        (HIGHER, "domain", "no clip_score_domain in its record"),
        (HIGHER, "", "no clip_score_domain in its record"),
    ],
)
def test_a_figure_by_a_clip_that_no_clip_was_to_read_is_missing_for_that_reason(
    figure: Make, name: str, clip: str, words: str
) -> None:
    decision = decide(asked(name, at_least=0.1), one(LOWER, figure(80.0)), None, clip=clip)
    assert not decision.promote
    assert words in decision.reason


@pytest.mark.parametrize(
    "changed",
    [
        {"n_generated": 2000},
        {"n_reference": 100},
        {"extractor": "inception"},
        {"resize": "clean 299px"},
        {"data_hash": "other"},
        {"confidence": 0.9},
        {"reference": "train"},
        {"settings": {"k": 3}},
    ],
)
@pytest.mark.parametrize("condition", ["better_than_champion", "not_worse_than_champion_by"])
def test_figures_measured_differently_are_not_compared(
    figure: Make, changed: dict[str, Any], condition: str
) -> None:
    gate = asked(LOWER, **{condition: True if condition.startswith("better") else 1e9})
    champion = one(LOWER, figure(100.0))
    decision = decide(gate, one(LOWER, figure(1.0, **changed)), champion)
    assert not decision.promote
    assert next(iter(changed)) in decision.reason
    assert passes(gate, one(LOWER, figure(1.0, seed=7)), champion)


def test_another_metric_is_not_compared(figure: Make) -> None:
    other = "kd_efficientnet_lite0"
    decision = decide(better_by(other), one(other, figure(1.0)), one(LOWER, figure(100.0)))
    assert not decision.promote
    assert other in decision.reason
    assert LOWER in decision.reason


def test_the_first_finite_figure_is_champion(figure: Make) -> None:
    assert passes(better_by(LOWER), one(LOWER, figure(1e9)))
    assert not passes(better_by(LOWER), one(LOWER, figure(float("nan"))))
    assert not passes(asked(LOWER, at_most=1.0), one(LOWER, figure(float("nan"))))


def test_no_figure_is_better_than_one_that_is_not_finite(figure: Make) -> None:
    nan, mine = one(LOWER, figure(float("nan"))), one(LOWER, figure(1.0))
    for gate in (better_by(LOWER), asked(LOWER, not_worse_than_champion_by=9.0)):
        decision = decide(gate, mine, nan)
        assert not decision.promote
        assert "is not finite" in decision.reason


def test_a_metric_of_unknown_direction_is_refused() -> None:
    with pytest.raises(AlphabarError, match="vibes"):
        better_by("vibes")


@pytest.mark.parametrize(
    ("conditions", "passed"),
    [
        ({"at_most": 100.0}, True),
        ({"at_most": 99.9}, False),
        ({"at_least": 100.0}, True),
        ({"at_least": 100.1}, False),
        ({"at_most": 104.9, "certain": True}, False),  # the interval is [95, 105]
        ({"at_most": 105.0, "certain": True}, True),
        ({"at_least": 95.1, "certain": True}, False),
        ({"at_least": 95.0, "certain": True}, True),
        ({"at_least": 90.0, "at_most": 99.0}, False),
    ],
)
def test_an_absolute_limit_holds_of_the_value_or_for_certain_of_the_interval(
    figure: Make, conditions: dict[str, Any], passed: bool
) -> None:
    assert passes(asked(LOWER, **conditions), one(LOWER, figure(100.0))) is passed


@pytest.mark.parametrize(
    ("metric", "candidate", "certain", "passed"),
    [
        (HIGHER, 98.0, False, True),
        (HIGHER, 97.9, False, False),
        (HIGHER, 150.0, False, True),
        (LOWER, 102.0, False, True),
        (LOWER, 102.1, False, False),
        (LOWER, 50.0, False, True),
        (LOWER, 93.0, True, False),  # may be 3 worse: [88, 98] against [95, 105]
        (LOWER, 92.0, True, True),
        (HIGHER, 107.0, True, False),
        (HIGHER, 108.0, True, True),
    ],
)
def test_a_guard_may_lose_so_much_and_no_more(
    figure: Make, metric: str, candidate: float, certain: bool, passed: bool
) -> None:
    gate = asked(metric, not_worse_than_champion_by=2.0, certain=certain)
    assert passes(gate, one(metric, figure(candidate)), one(metric, figure(100.0))) is passed


def sampled(
    record: dict[str, Any], generated: Any, reference: Any, first_seed: int = 0, prompts: str = "p"
) -> dict[str, Figure]:
    seeds = np.arange(first_seed, first_seed + len(generated))
    return one(LOWER, record, origins=Origins(seeds, prompts), pseudo=(generated, reference))


def test_the_paired_difference_sees_what_the_intervals_hide(figure: Make) -> None:
    rng = np.random.default_rng(3)
    generated, reference = rng.normal(100, 60, 500), rng.normal(0, 10, 540)
    champion = sampled(figure(100.0), generated, reference)
    better = sampled(figure(98.0), generated - 2 + rng.normal(0, 1, 500), reference)
    decision = decide(better_by(LOWER), better, champion)
    (row,) = decision.conditions
    assert decision.promote
    assert row.difference is not None
    assert row.difference.paired
    assert row.difference.p_value is not None
    assert row.difference.p_value < 1e-6
    # Student's t of the differences, written out: 2 ± 1.965 · s / √500
    gaps = better[LOWER].measured.generated - generated  # type: ignore[operator]
    half = 1.9647 * gaps.std(ddof=1) / 500**0.5
    assert row.difference.high == pytest.approx(-2 + half, abs=1e-4)
    assert "paired" in decision.reason


def test_without_the_same_seeds_and_prompts_the_intervals_decide(figure: Make) -> None:
    rng = np.random.default_rng(3)
    generated, reference = rng.normal(100, 60, 500), rng.normal(0, 10, 540)
    champion = sampled(figure(100.0), generated, reference)
    for other in (
        sampled(figure(98.0), generated - 2, reference, first_seed=1),
        sampled(figure(98.0), generated[:400] - 2, reference),
        sampled(figure(98.0), generated - 2, reference, prompts="q"),
        sampled(figure(98.0, interval="bootstrap"), generated - 2, reference),
        one(LOWER, figure(98.0)),
    ):
        (row,) = decide(better_by(LOWER), other, champion).conditions
        assert not row.passed
        assert row.difference is not None
        assert not row.difference.paired


def test_another_kind_of_interval_is_compared_but_not_paired(figure: Make) -> None:
    champion = one(LOWER, figure(100.0))
    assert passes(better_by(LOWER), one(LOWER, figure(80.0, interval="bootstrap")), champion)
    assert not passes(better_by(LOWER), one(LOWER, figure(97.0, interval="bootstrap")), champion)


def test_a_metric_that_was_not_measured_fails_and_names_the_nearest(figure: Make) -> None:
    decision = decide(asked("fd_inception", at_most=9.0), one(LOWER, figure(1.0)), None)
    assert not decision.promote
    assert "no fd_inception" in decision.reason
    assert LOWER in decision.reason


def test_every_condition_must_hold_and_those_that_fail_are_the_reason(figure: Make) -> None:
    gate = Gate(
        metrics={LOWER: MetricGate(better_than_champion=True), GUARD: MetricGate(at_least=0.5)}
    )
    champion = one(LOWER, figure(100.0))
    good, bad = figure(0.9, 0.1), figure(0.3, 0.1)
    for recall, promoted in ((good, True), (bad, False)):
        candidate = one(LOWER, figure(50.0)) | one(GUARD, recall)
        decision = decide(gate, candidate, champion)
        assert decision.promote is promoted
        assert [condition.passed for condition in decision.conditions] == [True, promoted]
        assert (GUARD in decision.reason, LOWER in decision.reason) == (True, promoted)


def preferred(study: WinRate | None, **asked: Any) -> Decision:
    return decide(Gate(preference=PreferenceGate(**asked)), {}, None, study)


def test_the_win_rate_must_lie_above_with_its_lower_end() -> None:
    assert preferred(WinRate(0.7, 0.51, 0.85, 0.95, 40)).promote
    assert not preferred(WinRate(0.7, 0.5, 0.85, 0.95, 40)).promote
    assert not preferred(WinRate(0.7, 0.55, 0.85, 0.95, 40), win_rate_above=0.6).promote
    nobody = WinRate(None, None, None, 0.95, 0, without="nobody preferred either model")
    undecided = preferred(nobody, required=False)
    assert not undecided.promote
    assert "nobody" in undecided.reason


def test_one_persons_win_rate_does_not_pass() -> None:
    alone = WinRate(1.0, None, None, 0.95, 40, without="one person preferred either model")
    for study in (alone, alone.of_other()):
        decision = preferred(study, win_rate_above=0.0)
        assert not decision.promote
        assert "no interval: one person preferred either model" in decision.reason


def test_the_baseline_s_win_rate_is_what_the_other_model_left(figure: Make) -> None:
    lost = WinRate(0.8, 0.63, 0.9, 0.95, 30)
    rate = lost.of_other()
    assert (rate.value, rate.low, rate.high) == pytest.approx((0.2, 0.1, 0.37))
    assert (rate.choices, rate.confidence, rate.model) == (30, 0.95, "baseline")
    assert preferred(lost).promote
    refused = preferred(rate)
    assert not refused.promote
    assert "of baseline over finetuned" in refused.reason
    assert preferred(WinRate(0.2, 0.1, 0.37, 0.95, 30).of_other()).promote
    nobody = WinRate(None, None, None, 0.95, 0).of_other()
    assert (nobody.value, nobody.model) == (None, "baseline")


def test_simulated_annotators_pass_only_where_the_gate_allows_them() -> None:
    rate = WinRate(0.8, 0.63, 0.9, 0.95, 30, simulated=True)
    refused = preferred(rate)
    assert not refused.promote
    assert "simulated annotators answered the study, not people" in refused.reason
    assert preferred(rate, allow_simulated=True).promote


def test_before_its_end_only_the_always_valid_interval_counts() -> None:
    early = WinRate(0.8, 0.63, 0.9, 0.95, 30, missing=10, look=(0.45, 1.0))
    refused = preferred(early)
    assert not refused.promote
    assert "[0.45, 1]" in refused.reason
    assert "10 answers before its planned end" in refused.reason
    assert preferred(replace(early, look=(0.52, 1.0))).promote
    assert not preferred(replace(early, look=None)).promote
    turned = early.of_other()
    assert turned.look == (0.0, pytest.approx(0.55))


def test_without_a_study_only_a_preference_that_is_not_required_passes() -> None:
    assert not preferred(None).promote
    assert preferred(None, required=False).promote
    assert "no study" in preferred(None, required=False).reason


def test_a_group_can_be_asked_about(figure: Make) -> None:
    evidence = one(f"{LOWER}/seven", figure(30.0))
    assert passes(asked(f"{LOWER}/seven", at_most=40.0), evidence)
    assert not passes(asked(f"{LOWER}/seven", at_most=20.0), evidence)
