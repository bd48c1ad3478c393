"""Which fine-tune is chosen, and what is said of the choice."""

import pytest

from components.figures.figure import Figure
from components.figures.likeness import Likeness, Value
from components.figures.limits import Gain, Limits, choose, drift_in, gain_of, reason
from tests.figures.made import made as made_with

FD, DRIFT = "fd_efficientnet_lite0", "drift_efficientnet_lite0"
NAMES = ["rank=4", "rank=16", "rank=64"]


def made(metric: str, value: float, extractor: str = "efficientnet_lite0") -> Figure:
    return made_with(metric, value, 0.9 * value, 1.1 * value, extractor=extractor)


def models(*pairs: tuple[float, float, float]) -> tuple[list[dict[str, Figure]], ...]:
    """(distance to the new holdout, drift, distance to the base's) of each."""
    adapted = [{FD: made(FD, gained)} for gained, _, _ in pairs]
    drifted = [{DRIFT: made(DRIFT, lost), FD: made(FD, own)} for _, lost, own in pairs]
    return adapted, drifted


BEFORE = {FD: made(FD, 100.0)}
THREE = models((300.0, 0.1, 110.0), (200.0, 0.2, 150.0), (100.0, 0.4, 400.0))


@pytest.mark.parametrize(
    ("limits", "best", "kept", "words"),
    [
        (Limits(), 2, 3, "Of 3 fine-tunes, rank=64 has the best"),
        (Limits(drift=0.3), 1, 2, "2 of 3 keep that, of which rank=16 has the best"),
        (Limits(drift=0.15), 0, 1, "of 3, rank=4 alone keeps that"),
        (Limits(base_distance=2.0), 1, 2, "at most 2 times the distance to the base's holdout"),
        (Limits(0.3, 1.2), 0, 1, "drift of at most 0.3 and at most 1.2 times"),
        (Limits(drift=0.05), 0, 0, "none of 3 keeps that; rank=4 exceeds it least"),
        (Limits(base_distance=1.0), 0, 0, "none of 3 keeps that; rank=4 exceeds it least"),
    ],
)
def test_the_best_of_those_that_keep_the_limits_is_chosen(
    limits: Limits, best: int, kept: int, words: str
) -> None:
    adapted, drifted = THREE
    gain = gain_of(adapted, [{}] * 3, FD)
    choice = choose(gain, drifted, BEFORE, FD, limits)
    assert (choice.best, choice.kept) == (best, kept)
    assert words in reason(choice, NAMES, gain, limits)


def test_the_drift_is_that_of_who_judges_the_distance() -> None:
    """Also where the distance's name does not say who that is, as FID's."""
    inception = {"extractor": "inception"}
    found = {
        "fid": made("fid", 100.0, **inception),
        "drift_inception": made("drift_inception", 0.4, **inception),
        "drift_dinov2": made("drift_dinov2", 0.1, extractor="dinov2"),
    }
    drift = drift_in(found, "fid")
    assert drift is not None
    assert drift.value == 0.4
    before = {"fid": made("fid", 100.0, **inception)}
    assert Limits(drift=0.2).excess(found, before, "fid") == pytest.approx(1.0)
    assert drift_in({"drift_dinov2": found["drift_dinov2"]}, "fid") is None


def test_one_alone_is_only_spoken_of_where_there_are_limits() -> None:
    adapted, drifted = models((300.0, 0.1, 110.0))
    gain = gain_of(adapted, [{}], FD)
    choice = choose(gain, drifted, BEFORE, FD, Limits())
    assert reason(choice, [""], gain, Limits()) == ""
    for most, words in ((0.2, "which the fine-tune keeps"), (0.05, "fine-tune does not keep")):
        choice = choose(gain, drifted, BEFORE, FD, Limits(drift=most))
        assert words in reason(choice, [""], gain, Limits(drift=most))


def test_what_was_not_measured_wins_nothing_and_is_not_asked_for_without_limits() -> None:
    adapted, _ = THREE
    broken = [{FD: made(FD, float("nan"))}, *adapted[1:]]
    gain = gain_of(broken, [{}] * 3, FD)
    assert gain.values == [None, 200.0, 100.0]
    assert choose(gain, [{}, {}, {}], BEFORE, FD, Limits()).best == 2


NAN = float("nan")
GOOD = {DRIFT: made(DRIFT, 0.1), FD: made(FD, 110.0)}
UNKNOWN = {
    "a drift that is no number": GOOD | {DRIFT: made(DRIFT, NAN)},
    "an infinite drift": GOOD | {DRIFT: made(DRIFT, float("inf"))},
    "the drift by another network": {
        FD: GOOD[FD],
        "drift_dinov2": made("drift_dinov2", 0.1, extractor="dinov2"),
    },
    "no drift": {FD: GOOD[FD]},
    "nothing": {},
}


@pytest.mark.parametrize("fault", UNKNOWN)
def test_a_limit_is_not_kept_by_what_was_not_measured(fault: str) -> None:
    """Its gain is the best, and it is not chosen; alone it counts as not keeping the limit."""
    limits, gain = Limits(drift=0.3), Gain("distance", [10.0, 20.0, 30.0])
    choice = choose(gain, [UNKNOWN[fault], GOOD, GOOD], BEFORE, FD, limits)
    assert (choice.best, choice.kept, choice.unknown) == (1, 2, (0,))
    told = reason(choice, NAMES, gain, limits)
    assert "2 of 3 keep that, of which rank=16 has the best distance. What is limited was" in told
    assert told.endswith("was not measured, or is no finite number, of rank=4.")
    alone = choose(gain, [UNKNOWN[fault]], BEFORE, FD, limits)
    assert alone.kept == 0
    told = reason(alone, [""], gain, limits)
    assert "the fine-tune does not count as keeping that. What is limited was not measur" in told


def test_of_none_that_is_known_to_keep_the_limits_the_best_is_taken_and_that_is_said() -> None:
    limits, gain = Limits(base_distance=2.0), Gain("distance", [30.0, None, 10.0])
    lost = [{FD: made(FD, NAN)}, {}, {FD: made(FD, 110.0)}]
    choice = choose(gain, lost, {FD: made(FD, NAN)}, FD, limits)
    assert (choice.best, choice.kept, choice.unknown) == (2, 0, (0, 1, 2))
    told = reason(choice, NAMES, gain, limits)
    assert "none of 3 counts as keeping that; rank=64 has the best distance. What is" in told
    choice = choose(gain, lost, BEFORE, FD, limits)
    assert (choice.best, choice.kept) == (2, 1)
    assert "rank=64 alone keeps that. What is limited" in reason(choice, NAMES, gain, limits)


def test_a_likeness_that_is_no_number_wins_nothing() -> None:
    adapted, drifted = THREE
    gain = gain_of(adapted, [likeness(NAN), likeness(0.2), likeness(0.6)], FD)
    assert gain.values == [None, -0.2, -0.6]
    assert choose(gain, drifted, BEFORE, FD, Limits()).best == 2


def likeness(value: float) -> dict[str, Likeness]:
    of_each = Value(value, value - 0.1, value + 0.1)
    return {"efficientnet_lite0": Likeness(of_each, of_each, of_each, of_each)}


def test_who_has_learnt_a_subject_is_ranked_by_likeness_and_not_by_standing_still() -> None:
    """The one that has changed least is nearest to the base's holdout, and has learnt nothing."""
    adapted, drifted = models((100.0, 0.01, 100.0), (150.0, 0.2, 150.0), (300.0, 0.5, 300.0))
    shown = [likeness(0.2), likeness(0.6), likeness(0.7)]
    gain = gain_of(adapted, shown, FD)
    assert gain == Gain("likeness to the subject", [-0.2, -0.6, -0.7], "efficientnet_lite0")
    for limits, best in ((Limits(), 2), (Limits(drift=0.3), 1)):
        choice = choose(gain, drifted, BEFORE, FD, limits)
        assert choice.best == best
        assert "has the best likeness to the subject" in reason(choice, NAMES, gain, limits)
    assert gain_of(adapted, [likeness(0.2), {}, {}], FD).values == [100.0, 150.0, 300.0]
