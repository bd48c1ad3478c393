import numpy as np
import pytest
from scipy import stats

from components.figures.statistics.intervals import (
    Replicates,
    jackknife_variance,
    share_interval,
    two_set_interval,
)
from components.figures.statistics.score_intervals import (
    Jackknifed,
    count_of_two_sets,
    share_of_two_sets,
)


def figure(value: float, spread: float) -> Jackknifed:
    """Replicates that scatter about ``value`` by ``spread``, the same for both sets."""
    each = value + spread * np.linspace(-1.0, 1.0, 20)
    replicates = Replicates(each, np.full(20, 10))
    apart = each - value
    return Jackknifed(value, replicates, replicates, value + apart[:, None] + apart)


@pytest.mark.parametrize("value", [0.3, 0.7])
def test_a_small_variance_gives_the_same_interval_as_for_distances(value: float) -> None:
    moving = figure(value, 1e-4)
    symmetric = two_set_interval(value, moving.generated, moving.reference, 0.95)
    share = share_of_two_sets(moving, 10**9, 0.95)
    assert (share.low, share.high) == pytest.approx((symmetric.low, symmetric.high), rel=1e-5)
    count = count_of_two_sets(moving, 1e-12, 0.95)
    assert (count.low, count.high) == pytest.approx((symmetric.low, symmetric.high), rel=1e-5)


def test_the_ends_of_a_small_share_are_the_shares_that_just_explain_it() -> None:
    """(value - p)² = t² p (1 - p) / worth at both ends; worth is value (1 - value) / variance."""
    moving = figure(0.1, 0.004)
    share = share_of_two_sets(moving, 10**9, 0.95)
    variance, _ = moving.variance()
    t_squared = [(0.1 - p) ** 2 * 0.09 / variance / (p * (1 - p)) for p in (share.low, share.high)]
    assert t_squared[0] == pytest.approx(t_squared[1])
    assert 2.0**2 < t_squared[0] < 2.1**2
    assert share.high - 0.1 > 0.1 - share.low > 0.0


def test_a_large_share_has_the_jackknife_s_interval_cut_at_one() -> None:
    moving = figure(0.9, 0.02)
    symmetric = two_set_interval(0.9, moving.generated, moving.reference, 0.95)
    share = share_of_two_sets(moving, 10**6, 0.95)
    assert share.low == pytest.approx(symmetric.low)
    assert share.high == 1.0 < symmetric.high


def test_the_ends_of_a_count_are_the_means_that_just_explain_it() -> None:
    moving = figure(0.2, 0.004)
    count = count_of_two_sets(moving, 1e-12, 0.95)
    variance, _ = moving.variance()
    t_squared = [(0.2 - p) ** 2 * 0.2 / variance / p for p in (count.low, count.high)]
    assert t_squared[0] == pytest.approx(t_squared[1])
    assert 2.0**2 < t_squared[0] < 2.1**2
    assert count.high - 0.2 > 0.2 - count.low > 0.0


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_share_at_the_edge_has_wilson_s_interval(value: float) -> None:
    still = figure(value, 0.0)
    assert share_of_two_sets(still, 80, 0.9) == share_interval(int(80 * value), 80, 0.9)


@pytest.mark.parametrize("hits", [8, 40, 72])
def test_a_share_is_never_surer_than_that_of_as_many_independent_images(hits: int) -> None:
    wilson = share_interval(hits, 80, 0.95)
    share = share_of_two_sets(figure(hits / 80, 1e-9), 80, 0.95)
    assert share.low <= wilson.low
    assert share.high >= wilson.high


def test_a_count_of_nothing_has_an_upper_end() -> None:
    """A Poisson count of 0 among images that each add a unit: t² units, 3.84 at 95 %."""
    count = count_of_two_sets(figure(0.0, 0.0), 0.01, 0.95)
    assert (count.value, count.low) == (0.0, 0.0)
    assert count.high == pytest.approx(0.0384, rel=1e-3)


def test_what_both_sets_do_together_is_counted_once() -> None:
    """Additive effects a, b and a product: F_(gr) = 1 + a_g + b_r + c_g d_r, each exactly."""
    rng = np.random.default_rng(1)
    a, b, c, d = rng.normal(0.0, 0.01, (4, 20))
    a, b, c, d = (each - each.mean() for each in (a, b, 10 * c, d))
    sizes = np.full(20, 10)
    both = 1.0 + a[:, None] + b + np.outer(c, d)
    sides = Replicates(1.0 + a, sizes), Replicates(1.0 + b, sizes)
    found = Jackknifed(1.0, *sides, both)
    crossed = found.crossed()
    assert crossed == pytest.approx((19 / 20) * np.outer(c, d).ravel())
    whole = (19 / 20) * (np.sum(a**2) + np.sum(b**2))
    lesser = (19 / 20) * min(np.sum(a**2), np.sum(b**2))
    assert 0 < np.sum(crossed**2) < whole - lesser
    assert found.variance()[0] == pytest.approx(whole - np.sum(crossed**2))
    far = Jackknifed(1.0, *sides, 1.0 + a[:, None] + b + 10 * np.outer(c, d))
    assert far.variance()[0] == pytest.approx(lesser)


def test_sets_of_unequal_groups_weigh_as_their_jackknives_do() -> None:
    sizes = np.array([9, 9, 10, 12])
    each = Replicates(np.array([0.1, -0.2, 0.3, -0.2]), sizes)
    still = Replicates(np.zeros(3), np.array([5, 5, 5]))
    found = Jackknifed(0.0, each, still, np.tile(each.values[:, None], 3))
    assert found.crossed() == pytest.approx(np.zeros(12))
    assert found.variance()[0] == pytest.approx(jackknife_variance(0.0, each))


@pytest.mark.parametrize(("worth", "taken_off"), [(20.0, 0.0), (37.5, 0.5), (60.0, 1.0)])
def test_what_counts_twice_is_taken_off_a_small_share_as_far_as_it_is_worth_enough(
    worth: float, taken_off: float
) -> None:
    value, n = 0.2, 10_000
    whole = value * (1 - value) / worth
    crossed = 0.4 * whole  # of which each of the sets' own parts, a half each, has more
    e = np.linspace(-1.0, 1.0, 20)
    own = e * (whole / 2 / (19 / 20 * np.sum(e**2))) ** 0.5
    cross = np.outer(e, e) * (crossed / (19 / 20 * np.sum(e**2)) ** 2) ** 0.5
    sides = Replicates(value + own, np.full(20, 500)), Replicates(value + own, np.full(20, 500))
    figure = Jackknifed(value, *sides, value + own[:, None] + own + cross)
    assert figure.variance()[0] == pytest.approx(whole - crossed)
    found = share_of_two_sets(figure, n, 0.95)
    t = stats.t.ppf(0.975, 38)
    variance = whole - taken_off * crossed
    # the ends are the shares p with (value - p)² = t² variance p (1 - p) / value (1 - value)
    for end in (found.low, found.high):
        implied = variance * end * (1 - end) / (value * (1 - value))
        assert (value - end) ** 2 == pytest.approx(t**2 * implied)
