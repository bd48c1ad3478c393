"""The sentence about which of two fine-tunes adapts more and which drifts more."""

from components.figures.standing import Standing, between
from components.reporting.words.adaptation import adaptation
from tests.figures import made

FD, DRIFT, CLIP = "fd_x", "drift_x", "clip_score_domain"


def less(metric: str, other: float, chosen: float, half: float = 0.01) -> Standing:
    """The other's figure less the chosen one's."""
    figures = [made.made(metric, v, v - half, v + half) for v in (other, chosen)]
    return between(*figures)


def test_who_is_nearer_to_the_new_holdout_adapts_more() -> None:
    told = adaptation("full", "rank=4", less(FD, 120.0, 100.0, 2.0), less(DRIFT, 0.1, 0.3))
    assert told.startswith("full adapts more than rank=4 (Fréchet distance (x) lower by 20")
    assert "and drifts more than rank=4 (feature drift (x) higher by 0.20" in told
    assert told.count("outside the intervals") == 2
    assert told.endswith(").")


def test_turned_round_it_adapts_and_drifts_less() -> None:
    told = adaptation("rank=4", "full", less(FD, 100.0, 120.0, 2.0), less(DRIFT, 0.3, 0.1))
    assert told.startswith("rank=4 adapts less than full (Fréchet distance (x) higher by 20")
    assert "and drifts less than full (feature drift (x) lower by 0.20" in told


def test_where_higher_is_better_the_higher_one_adapts_more() -> None:
    told = adaptation("full", "rank=4", less(CLIP, 0.2, 0.4), None)
    assert told.startswith("full adapts more than rank=4 (CLIP score (domain) higher by")
    assert "drifts" not in told


def test_what_noise_explains_is_no_difference() -> None:
    told = adaptation("full", "rank=4", less(FD, 101.0, 100.0, 9.0), less(DRIFT, 0.3, 0.3))
    assert "full cannot be told from rank=4 in adaptation (" in told
    assert "cannot be told from rank=4 in drift (" in told
    assert told.count("within the intervals") == 2
    assert "more" not in told
    assert "less" not in told


def test_nothing_is_said_of_what_was_not_measured() -> None:
    assert adaptation("full", "rank=4", None, None) == ""
