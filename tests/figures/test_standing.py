from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from components.figures.draws import Draws
from components.figures.figure import Figure
from components.figures.standing import (
    BEST,
    BETTER,
    NOISE,
    UNLIKE,
    WORSE,
    between,
    gaps_from,
    pairing_notes,
    standings,
    unpaired,
)
from components.reporting.results import Results

FD = "fd_x"
N = 60


def figure(
    value: float, own: int, metric: str = FD, alone: float = 1.0, half: float = 6.0
) -> Figure:
    """A figure whose pseudo-values share most of their noise with every other's."""
    shared = 20 * np.random.default_rng(0).standard_normal(N)
    generated = value + shared + alone * np.random.default_rng(1 + own).standard_normal(N)
    draws = Draws(np.arange(N, dtype=np.int64), "p", generated, np.arange(20.0))
    record = {"n_generated": N, "confidence": 0.95}
    return Figure(metric, value, value - half, value + half, record, draws)


def kinds(*figures: Figure, metric: str = FD, best: int | None = None) -> list[str]:
    return [s.kind for s in standings([{metric: f} for f in figures], metric, best)]


def test_pairs_tell_apart_what_intervals_cannot() -> None:
    one, other = figure(100, 0), figure(103, 1)
    assert one.overlaps(other)
    assert kinds(one, other) == [BEST, WORSE]
    assert kinds(replace(one, draws=None), other) == [BEST, NOISE]


def test_another_kind_of_interval_is_comparable_but_does_not_pair() -> None:
    one, other = figure(100, 0), figure(103, 1)
    record = {**other.record, "interval": "bootstrap"}
    assert kinds(one, replace(other, record=record)) == [BEST, NOISE]
    assert kinds(one, replace(other, record=record, low=110.0)) == [BEST, WORSE]
    assert unpaired(one, replace(other, record=record)) == "other kind of interval"


def test_the_difference_is_students_over_the_seeds() -> None:
    one, other = figure(100, 0), figure(101, 1)
    assert one.draws is not None
    assert other.draws is not None
    gap = gaps_from({0: one, 1: other}, 0)[1]
    assert one.draws.generated is not None
    assert other.draws.generated is not None
    error = float(np.std(other.draws.generated - one.draws.generated, ddof=1)) / N**0.5
    half = float(stats.t.ppf(0.975, N - 1)) * error
    assert (gap.value, gap.paired) == (1.0, True)
    assert gap.low == pytest.approx(1.0 - half, rel=1e-9)
    assert gap.high == pytest.approx(1.0 + half, rel=1e-9)
    assert gap.p == pytest.approx(2 * float(stats.t.sf(1.0 / error, N - 1)), rel=1e-9)
    turned = gaps_from({0: one, 1: other}, 1)[0]
    assert (turned.value, turned.low, turned.high) == (-1.0, -gap.high, -gap.low)


def test_p_values_are_adjusted_over_all_pairs() -> None:
    figures = {i: figure(100 + 0.2 * i, i) for i in range(4)}
    alone = {i: gaps_from({0: figures[0], i: figures[i]}, 0)[i].p for i in (1, 2, 3)}
    together = gaps_from(figures, 0)
    smallest = min(alone, key=lambda i: alone[i])
    assert together[smallest].p >= 3 * alone[smallest] - 1e-12
    assert all(together[i].p >= alone[i] for i in alone)


def test_other_seeds_prompts_or_references_do_not_pair() -> None:
    one, other = figure(100, 0), figure(103, 1)
    draws = other.draws
    assert draws is not None
    assert draws.seeds is not None
    assert unpaired(one, other) == ""
    cases = {
        "seeds are not known": replace(draws, seeds=None),
        "other seeds": replace(draws, seeds=draws.seeds + 1),
        "other prompts": replace(draws, prompts="q"),
        "prompts are not known": replace(draws, prompts=None),
        "other pseudo-values": replace(draws, generated=None),
        "pseudo-values are not recorded": None,
    }
    for reason, changed in cases.items():
        found = standings([{FD: one}, {FD: replace(other, draws=changed)}], FD)
        assert [s.kind for s in found] == [BEST, NOISE], reason
        assert found[1].reason == reason
        assert found[1].gap is None
    infinite = np.where(np.arange(N) == 3, np.inf, 1.0)
    assert unpaired(one, replace(other, draws=replace(draws, generated=infinite)))
    foreign = replace(other, record=other.record | {"data_hash": "other"})
    assert kinds(one, foreign) == [BEST, UNLIKE]
    foreign = replace(other, record=other.record | {"settings": {"k": 3}})
    assert kinds(one, foreign) == [BEST, UNLIKE]


def test_reasons_are_told_once_with_their_number() -> None:
    rows = [{FD: figure(100, 0)}] + [{FD: replace(figure(101, i), draws=None)} for i in (1, 2)]
    (note,) = pairing_notes(standings(rows, FD))
    assert note.startswith("2 compared with the best by whether intervals overlap")
    assert note.endswith("pseudo-values are not recorded")


def test_a_high_score_is_better_and_a_given_best_can_be_beaten() -> None:
    name = "recall_x"
    one, other = figure(0.5, 0, name, 0.001, 0.1), figure(0.6, 1, name, 0.001, 0.1)
    assert kinds(one, other, metric=name) == [WORSE, BEST]
    assert kinds(one, other, metric=name, best=0) == [BEST, BETTER]
    found = standings([{name: one}, {name: other}], name)[0].gap
    assert found is not None
    assert found.text().startswith("-10.")
    assert " points [" in found.text()


def test_a_figure_of_no_known_direction_ranks_nothing() -> None:
    for name in ("neighbour_ratio_x", "sharpness"):
        one, other = figure(1.0, 0, name), figure(9.0, 1, name)
        assert kinds(one, other, metric=name) == ["", ""]
    assert standings([{FD: figure(1, 0)}], None)[0].kind == ""


def test_one_figure_stands_to_another() -> None:
    assert between(figure(90, 0), figure(100, 1)).kind == BETTER
    assert between(figure(90, 0), figure(100, 1)).how == "beyond noise"
    old = replace(figure(80, 0), draws=None)
    assert between(old, figure(100, 1)).how == "outside the intervals"


def test_a_sweep_of_full_evaluations_is_compared_in_pairs(rich: Results) -> None:
    metric = rich.metric
    found = standings([cell.figures for cell in rich.cells], metric, rich.best)
    assert all(s.gap for i, s in enumerate(found) if i != rich.best)
    last = rich.cells[6].figures["fd_efficientnet_lite0"]
    assert last.overlaps(rich.chosen.figures["fd_efficientnet_lite0"])
    assert found[6].kind == WORSE
