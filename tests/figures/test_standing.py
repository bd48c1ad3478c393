from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from components.figures.comparison import unpaired
from components.figures.figure import Figure, Origins
from components.figures.standing import (
    BEST,
    BETTER,
    NOISE,
    UNLIKE,
    WORSE,
    between,
    pairing_notes,
    standings,
)
from components.figures.statistics.measured import Measured
from components.reporting.results import Results
from tests.figures.made import made

FD = "fd_x"
N = 60


def figure(
    value: float, own: int, metric: str = FD, alone: float = 1.0, half: float = 6.0
) -> Figure:
    """A figure whose pseudo-values share most of their noise with every other's."""
    shared = 20 * np.random.default_rng(0).standard_normal(N)
    generated = value + shared + alone * np.random.default_rng(1 + own).standard_normal(N)
    origins = Origins(np.arange(N, dtype=np.int64), "p")
    pseudo = generated, np.arange(20.0)
    return made(metric, value, value - half, value + half, origins=origins, pseudo=pseudo)


def alone(figure: Figure) -> Figure:
    """The figure without what its images add."""
    return replace(figure, measured=Measured(figure.measured.estimate))


def with_generated(figure: Figure, *pseudo: np.ndarray) -> Figure:
    """The figure with other pseudo-values."""
    own = dict(zip(("generated", "reference"), pseudo, strict=False))
    return replace(figure, measured=replace(figure.measured, **own))  # type: ignore[arg-type]


def changed(figure: Figure, **estimate: object) -> Figure:
    """The figure with another estimate."""
    own = replace(figure.measured.estimate, **estimate)  # type: ignore[arg-type]
    return replace(figure, measured=replace(figure.measured, estimate=own))


def kinds(*figures: Figure, metric: str = FD, best: int | None = None) -> list[str]:
    return [s.kind for s in standings([{metric: f} for f in figures], metric, best)]


def test_pairs_tell_apart_what_intervals_cannot() -> None:
    one, other = figure(100, 0), figure(103, 1)
    assert other.low < one.high
    assert kinds(one, other) == [BEST, WORSE]
    assert kinds(alone(one), other) == [BEST, NOISE]


def test_another_kind_of_interval_is_comparable_but_does_not_pair() -> None:
    one, other = figure(100, 0), figure(103, 1)
    assert kinds(one, changed(other, method="bootstrap")) == [BEST, NOISE]
    assert kinds(one, changed(other, method="bootstrap", low=110.0)) == [BEST, WORSE]
    assert unpaired(one, changed(other, method="bootstrap")) == "other kind of interval"


def test_the_difference_is_students_over_the_seeds() -> None:
    one, other = figure(100, 0), figure(101, 1)
    standing = standings([{FD: one}, {FD: other}], FD)[1]
    gap = standing.difference
    assert gap is not None
    assert one.measured.generated is not None
    assert other.measured.generated is not None
    apart = other.measured.generated - one.measured.generated
    error = float(np.std(apart, ddof=1)) / N**0.5
    half = float(stats.t.ppf(0.975, N - 1)) * error
    assert (gap.value, gap.paired) == (1.0, True)
    assert gap.low == pytest.approx(1.0 - half, rel=1e-9)
    assert gap.high == pytest.approx(1.0 + half, rel=1e-9)
    assert standing.p == pytest.approx(2 * float(stats.t.sf(1.0 / error, N - 1)), rel=1e-9)
    turned = between(one, other).difference
    assert turned is not None
    assert (turned.value, turned.low, turned.high) == (-1.0, -gap.high, -gap.low)


def test_p_values_are_adjusted_over_all_pairs() -> None:
    figures = [figure(100 + 0.2 * i, i) for i in range(4)]
    single = {i: between(figures[i], figures[0]).p or 0.0 for i in (1, 2, 3)}
    together = [standing.p or 0.0 for standing in standings([{FD: f} for f in figures], FD)]
    smallest = min(single, key=lambda i: single[i])
    assert together[smallest] >= 3 * single[smallest] - 1e-12
    assert all(together[i] >= single[i] for i in single)


def test_other_seeds_prompts_or_references_do_not_pair() -> None:
    one, other = figure(100, 0), figure(103, 1)
    seeds = np.arange(N, dtype=np.int64)
    assert unpaired(one, other) == ""
    infinite = np.where(np.arange(N) == 3, np.inf, 1.0)
    cases = {
        "seeds are not known": replace(other, origins=None),
        "other seeds": replace(other, origins=Origins(seeds + 1, "p")),
        "other prompts": replace(other, origins=Origins(seeds, "q")),
        "other pseudo-values": with_generated(other, infinite),
        "pseudo-values do not vary": with_generated(other, np.ones(N), np.ones(20)),
        "pseudo-values are not recorded": alone(other),
    }
    for reason, unlike in cases.items():
        found = standings([{FD: one}, {FD: unlike}], FD)
        assert [s.kind for s in found] == [BEST, NOISE], reason
        assert found[1].reason == reason
        assert not found[1].paired
        assert found[1].p is None
    for part, value in {"data_hash": "other", "settings": {"k": 3}}.items():
        protocol = replace(other.protocol, **{part: value})
        assert kinds(one, replace(other, protocol=protocol)) == [BEST, UNLIKE]


def test_reasons_are_told_once_with_their_number() -> None:
    rows = [{FD: figure(100, 0)}] + [{FD: alone(figure(101, i))} for i in (1, 2)]
    (note,) = pairing_notes(standings(rows, FD))
    assert note.startswith("2 compared with the best by whether intervals overlap")
    assert note.endswith("pseudo-values are not recorded")


def test_a_high_score_is_better_and_a_given_best_can_be_beaten() -> None:
    name = "recall_x"
    one, other = figure(0.5, 0, name, 0.001, 0.1), figure(0.6, 1, name, 0.001, 0.1)
    assert kinds(one, other, metric=name) == [WORSE, BEST]
    assert kinds(one, other, metric=name, best=0) == [BEST, BETTER]
    found = standings([{name: one}, {name: other}], name)[0]
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
    old = alone(figure(80, 0))
    assert between(old, figure(100, 1)).how == "outside the intervals"


def test_a_sweep_of_full_evaluations_is_compared_in_pairs(rich: Results) -> None:
    metric = rich.metric
    found = standings([cell.figures for cell in rich.cells], metric, rich.best)
    assert all(s.paired for i, s in enumerate(found) if i != rich.best)
    last = rich.cells[6].figures["fd_efficientnet_lite0"]
    assert last.low < rich.chosen.figures["fd_efficientnet_lite0"].high
    assert found[6].kind == WORSE
