import numpy as np
import pytest

from components.errors import AlphabarError
from components.figures.statistics.intervals import (
    Replicates,
    group_sizes,
    jackknife_variance,
    mean_interval,
    pseudo_values,
    share_interval,
    split_groups,
    two_set_interval,
)


def leave_out(values: np.ndarray, groups: list[np.ndarray]) -> Replicates:
    return Replicates(
        np.array([np.delete(values, rows).mean() for rows in groups]), group_sizes(groups)
    )


def test_groups_hold_every_row_once_and_differ_by_at_most_one() -> None:
    groups = split_groups(103)
    assert sorted(np.concatenate(groups)) == list(range(103))
    assert {len(rows) for rows in groups} == {5, 6}


def test_groups_mix_images_that_are_stored_by_class() -> None:
    classes = np.arange(500) % 10
    assert all(len(set(classes[rows])) > 4 for rows in split_groups(500))


def test_groups_are_the_same_every_time() -> None:
    assert all(map(np.array_equal, split_groups(57), split_groups(57)))


def test_too_few_images_are_named() -> None:
    with pytest.raises(AlphabarError, match="9 images are too few"):
        split_groups(9)


def test_leaving_out_single_values_gives_the_textbook_variance_of_a_mean() -> None:
    values = np.random.default_rng(0).normal(size=17)
    variance = jackknife_variance(values.mean(), leave_out(values, split_groups(17)))
    assert variance == pytest.approx(values.var(ddof=1) / 17)


def test_unequal_groups_still_estimate_the_variance_of_a_mean() -> None:
    generator = np.random.default_rng(1)
    samples = generator.normal(size=(400, 47))
    estimates = [
        jackknife_variance(values.mean(), leave_out(values, split_groups(47))) for values in samples
    ]
    assert np.mean(estimates) == pytest.approx(1 / 47, rel=0.1)


def test_a_bias_of_order_one_over_n_does_not_widen_the_interval() -> None:
    values, n = np.random.default_rng(2).normal(size=45), 45
    groups = split_groups(n)
    plain = leave_out(values, groups)
    biased = Replicates(plain.values + 1000 / (n - plain.sizes), plain.sizes)
    assert jackknife_variance(values.mean() + 1000 / n, biased) == pytest.approx(
        jackknife_variance(values.mean(), plain)
    )


def test_both_sets_widen_the_interval() -> None:
    values = np.random.default_rng(3).normal(size=60)
    moving = leave_out(values, split_groups(60))
    still = Replicates(np.full(20, values.mean()), moving.sizes)
    one = two_set_interval(values.mean(), moving, still, 0.95)
    both = two_set_interval(values.mean(), moving, moving, 0.95)
    assert both.high - both.low > 1.2 * (one.high - one.low)


def test_a_distance_never_has_a_negative_end() -> None:
    values = np.random.default_rng(4).normal(size=60)
    moving = leave_out(values, split_groups(60))
    estimate = two_set_interval(values.mean(), moving, moving, 0.95, floor=values.mean() - 0.01)
    assert estimate.low == values.mean() - 0.01


def test_a_statistic_that_never_moves_has_no_width() -> None:
    still = Replicates(np.full(20, 3.0), np.full(20, 5))
    estimate = two_set_interval(3.0, still, still, 0.95)
    assert (estimate.low, estimate.value, estimate.high) == (3.0, 3.0, 3.0)


def test_a_mean_of_one_value_is_refused() -> None:
    with pytest.raises(AlphabarError, match="too few"):
        mean_interval(np.array([1.0]), 0.95)


@pytest.mark.parametrize("successes", [0, 30])
def test_a_share_at_the_edge_has_one_end_there_and_the_other_inside(successes: int) -> None:
    estimate = share_interval(successes, 30, 0.95)
    assert 0.0 <= estimate.low <= estimate.value <= estimate.high <= 1.0
    assert estimate.high - estimate.low > 0.05


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(AlphabarError, match="no images"):
        share_interval(0, 0, 0.95)


def test_more_confidence_is_a_wider_interval() -> None:
    for make in (lambda c: share_interval(20, 50, c), lambda c: mean_interval(np.arange(9.0), c)):
        narrow, wide = make(0.8), make(0.99)
        assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


@pytest.mark.parametrize("n", [20, 60, 73, 107])
def test_pseudo_values_vary_by_the_jackknife_s_variance(n: int) -> None:
    """Also where groups differ in size; and for a mean they lie about it."""
    x = np.random.default_rng(n).exponential(size=n)
    groups = split_groups(n)
    without = np.array([np.delete(x, rows).mean() for rows in groups])
    replicates = Replicates(without, group_sizes(groups))
    pseudo = pseudo_values(float(x.mean()), replicates)
    variance = jackknife_variance(float(x.mean()), replicates)
    assert np.var(pseudo, ddof=1) / len(pseudo) == pytest.approx(variance, rel=1e-9)
    assert pseudo.mean() == pytest.approx(x.mean(), rel=1e-9)


def test_pseudo_values_of_a_mean_over_equal_groups_are_the_groups_means() -> None:
    x = np.random.default_rng(0).normal(size=60)
    groups = split_groups(60)
    without = np.array([np.delete(x, rows).mean() for rows in groups])
    pseudo = pseudo_values(float(x.mean()), Replicates(without, group_sizes(groups)))
    np.testing.assert_allclose(pseudo, [x[rows].mean() for rows in groups], rtol=1e-9)


def test_a_statistic_that_does_not_move_has_pseudo_values_all_alike() -> None:
    still = Replicates(np.full(7, 2.0), np.array([3, 3, 3, 3, 3, 4, 4]))
    np.testing.assert_allclose(pseudo_values(2.0, still), 2.0)
