import numpy as np
import pytest
from scipy import stats

from components.errors import AlphabarError
from components.figures.statistics.intervals import Estimate
from components.figures.statistics.measured import Measured
from components.figures.statistics.paired import Difference, against_best, difference, holm
from components.figures.statistics.per_image import mean_of_images, share_of_images


def images(seed: int, n: int = 30, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n) + shift


def test_a_paired_difference_is_scipy_s_t_test_of_related_samples() -> None:
    common = images(0)
    a, b = common + 0.3 * images(1), common + 0.3 * images(2) + 0.1
    theirs = stats.ttest_rel(a, b)
    ours = difference(mean_of_images(a, 0.9), mean_of_images(b, 0.9), 0.9, same_seeds=True)
    ends = theirs.confidence_interval(0.9)
    assert (ours.low, ours.high, ours.p_value) == pytest.approx(
        (ends.low, ends.high, theirs.pvalue)
    )
    assert ours.value == pytest.approx(a.mean() - b.mean())
    assert ours.paired


@pytest.mark.parametrize(("n", "m", "same_seeds"), [(30, 30, False), (30, 22, True)])
def test_unrelated_sets_are_compared_by_scipy_s_welch_test(
    n: int, m: int, same_seeds: bool
) -> None:
    a, b = images(0, n), 2 * images(1, m, 0.4)
    theirs = stats.ttest_ind(a, b, equal_var=False)
    ours = difference(mean_of_images(a, 0.9), mean_of_images(b, 0.9), 0.9, same_seeds=same_seeds)
    ends = theirs.confidence_interval(0.9)
    assert (ours.low, ours.high, ours.p_value) == pytest.approx(
        (ends.low, ends.high, theirs.pvalue)
    )
    assert not ours.paired


def two_sets(value: float, generated: np.ndarray, reference: np.ndarray) -> Measured:
    return Measured(
        Estimate(value, value - 9, value + 9, 0.95, "far too wide"), generated, reference
    )


def test_both_sets_bring_their_part_to_the_variance() -> None:
    x, y = (images(0, 20), images(2, 20)), (images(1, 25), images(3, 25))
    a, b = two_sets(5.0, x[0], y[0]), two_sets(4.8, x[1], y[1])
    parts = [
        (np.var(each, ddof=1) / len(each), len(each) - 1) for each in (x[0] - x[1], y[0] - y[1])
    ]
    error = sum(part for part, _ in parts) ** 0.5
    freedom = error**4 / sum(part**2 / df for part, df in parts)
    ours = difference(a, b, 0.95, same_seeds=True, same_reference=True)
    assert ours.high - ours.value == pytest.approx(stats.t.ppf(0.975, freedom) * error)
    assert ours.p_value == pytest.approx(2 * stats.t.sf(0.2 / error, freedom))
    # another reference for each: what it brings does not cancel
    apart = difference(a, b, 0.95, same_seeds=True, same_reference=False)
    parts[1:] = [(np.var(each, ddof=1) / 25, 24) for each in y]
    error = sum(part for part, _ in parts) ** 0.5
    freedom = error**4 / sum(part**2 / df for part, df in parts)
    assert apart.high - apart.value == pytest.approx(stats.t.ppf(0.975, freedom) * error)


def test_a_figure_less_itself_is_nought_for_certain() -> None:
    a = two_sets(5.0, images(0, 20), images(1, 20))
    assert difference(a, a, 0.95, same_seeds=True) == Difference(0.0, 0.0, 0.0, 1.0, True)


def test_without_pseudo_values_the_intervals_tell_the_variance() -> None:
    z = stats.norm.ppf(0.975)
    a = Measured(Estimate(3.0, 3.0 - 0.4 * z, 3.0 + 0.4 * z, 0.95, "order statistics"))
    b = Measured(Estimate(2.0, 2.0 - 0.3 * z, 2.0 + 0.3 * z, 0.95, "order statistics"))
    ours = difference(a, b, 0.9, same_seeds=True)
    assert ours.high - ours.value == pytest.approx(0.5 * stats.norm.ppf(0.95))
    assert ours.p_value == pytest.approx(2 * stats.norm.sf(2.0))
    assert not ours.paired


def test_shares_of_one_hundred_per_cent_are_not_equal_for_certain() -> None:
    """All of 40 right says little: the pseudo-values do not vary, Wilson's interval is wide."""
    every, most = np.ones(40, np.bool_), np.arange(40) > 0
    a, b = share_of_images(every, 0.95), share_of_images(most, 0.95)
    same = difference(a, a, 0.95, same_seeds=True)
    assert same.low < -0.02 < 0.02 < same.high
    assert not same.paired
    assert 0.1 < difference(a, b, 0.95, same_seeds=True).p_value < 0.9


def test_figures_that_are_certain_and_different_differ_for_certain() -> None:
    a, b = (Measured(Estimate(v, v, v, 0.95, "exact"), np.full(5, v)) for v in (1.0, 2.0))
    assert difference(a, b, 0.95, same_seeds=True).p_value == 0.0


def test_a_figure_that_is_not_finite_is_refused() -> None:
    broken = Measured(Estimate(np.nan, np.nan, np.nan, 0.95, "none"), images(0))
    with pytest.raises(AlphabarError, match="no difference"):
        difference(broken, mean_of_images(images(1), 0.95), 0.95, same_seeds=True)


def test_holm_s_steps() -> None:
    """Holm, 1979: the least times 4, the next times 3 and no less, and so on, up to 1."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([0.04]) == [0.04]
    assert holm([]) == []


def test_holm_refuses_what_is_no_p_value() -> None:
    with pytest.raises(AlphabarError, match="1.2"):
        holm([0.1, 1.2])
    with pytest.raises(AlphabarError, match="nan"):
        holm([float("nan")])


def cells() -> dict[str, Measured]:
    common = images(0, 200)
    shifts = {"bad": 1.0, "close": 0.03, "best": 0.0}
    return {
        name: mean_of_images(common + 0.3 * images(k, 200) + shift, 0.95)
        for k, (name, shift) in enumerate(shifts.items(), 1)
    }


def test_cells_are_compared_with_the_lowest_where_lower_is_better() -> None:
    found = against_best(cells(), lower=True, confidence=0.95, same_seeds=True)
    assert list(found) == ["bad", "close", "best"]
    assert {name: each.within_noise for name, each in found.items()} == {
        "bad": False,
        "close": True,
        "best": True,
    }
    assert found["bad"].difference.value == pytest.approx(1.0, abs=0.1)
    assert 0.9 < found["bad"].difference.low < found["bad"].difference.high < 1.1
    assert found["best"].difference == Difference(0.0, 0.0, 0.0, 1.0, True)
    assert all(each.adjusted >= each.difference.p_value for each in found.values())


def test_cells_are_compared_with_the_highest_where_higher_is_better() -> None:
    found = against_best(cells(), lower=False, confidence=0.95, same_seeds=True)
    assert [found[name].within_noise for name in ("bad", "close", "best")] == [True, False, False]
    assert found["best"].difference.high < 0.0


def test_the_family_is_all_pairs_of_cells() -> None:
    measured = cells()
    pairs = [("bad", "close"), ("bad", "best"), ("close", "best")]
    p = [difference(measured[a], measured[b], 0.95, same_seeds=True).p_value for a, b in pairs]
    found = against_best(measured, lower=True, confidence=0.95, same_seeds=True)
    best = min(measured, key=lambda name: measured[name].estimate.value)
    expected = {
        (a if b == best else b): q
        for (a, b), q in zip(pairs, holm(p), strict=True)
        if best in (a, b)
    }
    assert {n: each.adjusted for n, each in found.items() if n != best} == pytest.approx(expected)


def test_a_given_best_is_what_all_are_compared_with() -> None:
    """Of the same family: the p-value of a pair does not depend on which of it is called best."""
    free = against_best(cells(), lower=True, confidence=0.95, same_seeds=True)
    (best,) = [name for name, each in free.items() if each.difference.value == 0.0]
    found = against_best(cells(), lower=True, confidence=0.95, same_seeds=True, best="bad")
    assert list(found) == ["bad", "close", "best"]
    assert found["bad"].difference == Difference(0.0, 0.0, 0.0, 1.0, True)
    turned, straight = found[best], free["bad"]
    assert turned.difference.value == -straight.difference.value
    assert (turned.difference.low, turned.difference.high) == (
        *(-straight.difference.high, -straight.difference.low),
    )
    assert turned.adjusted == straight.adjusted
    with pytest.raises(AlphabarError, match="worst is none of the cells"):
        against_best(cells(), lower=True, confidence=0.95, same_seeds=True, best="worst")


def test_each_pair_says_for_itself_whether_it_shares_seeds() -> None:
    def related(a: str, b: str) -> bool:
        return "bad" not in (a, b)

    found = against_best(cells(), lower=True, confidence=0.95, same_seeds=related, best="best")
    assert {name: each.difference.paired for name, each in found.items()} == {
        "bad": False,
        "close": True,
        "best": True,
    }
    every = against_best(cells(), lower=True, confidence=0.95, same_seeds=True, best="best")
    assert found["close"].difference == every["close"].difference
    assert found["bad"].difference != every["bad"].difference


def test_a_single_cell_is_the_best() -> None:
    found = against_best({"it": cells()["bad"]}, lower=True, confidence=0.95, same_seeds=True)
    assert found["it"].within_noise
    with pytest.raises(AlphabarError, match="no cells"):
        against_best({}, lower=True, confidence=0.95, same_seeds=True)
