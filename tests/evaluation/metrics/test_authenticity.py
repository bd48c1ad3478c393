import numpy as np
import pytest
from scipy import stats

from components.errors import AlphabarError
from components.evaluation.metrics.authenticity import authenticity, neighbour_ratio
from components.evaluation.metrics.training_neighbours import training_neighbours

LINE = np.array([[0.0], [1.0], [3.0], [3.0], [7.0]])


def test_an_image_farther_than_the_training_images_are_apart_is_authentic() -> None:
    near = training_neighbours(np.array([[6.0], [1.9], [-2.0], [12.0]]), LINE)
    assert authenticity(near, 0.95).estimate.value == 0.5  # 1 of 4, 0.9 of 1; 2 of 1, 5 of 4


def test_an_image_as_far_as_they_are_apart_is_not_authentic() -> None:
    assert authenticity(training_neighbours(np.array([[-1.0]]), LINE), 0.95).estimate.value == 0.0


def test_of_duplicates_only_the_copy_is_seen_by_authenticity_the_rest_by_the_ratio() -> None:
    near = training_neighbours(np.array([[3.0], [3.2]]), LINE)
    assert authenticity(near, 0.95).estimate.value == 0.5
    assert neighbour_ratio(near, 0.95).estimate.value == pytest.approx(0.05)


def test_the_ratio_is_the_median_of_the_distances_over_the_gaps() -> None:
    near = training_neighbours(np.array([[6.0], [1.9], [-2.0], [12.0], [17.0]]), LINE)
    ratio = neighbour_ratio(near, 0.95)
    assert ratio.estimate.value == pytest.approx(1.25)  # of 0.25, 0.9, 2, 1.25, 2.5


def test_the_median_lies_between_order_statistics_that_hold_it_often_enough() -> None:
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        near = training_neighbours(1.0 + generator.exponential(size=(41, 1)), LINE[:2])
        median = neighbour_ratio(near, 0.9).estimate  # the gap is 1: ratios are exponential
        held += median.low <= np.log(2.0) <= median.high
        assert median.low < median.value < median.high
    assert stats.binomtest(held, 400, 0.9, alternative="less").pvalue > 0.01
    assert held < 0.97 * 400


def test_few_images_leave_the_median_between_the_least_and_the_largest() -> None:
    ratio = neighbour_ratio(training_neighbours(np.array([[1.5], [-1.0], [9.0]]), LINE), 0.95)
    assert (ratio.estimate.low, ratio.estimate.high) == pytest.approx((0.5, 1.0))


def test_no_images_have_no_authenticity() -> None:
    near = training_neighbours(LINE[:1], LINE)
    nobody = type(near)(*(values[:0] for values in vars(near).values()))
    with pytest.raises(AlphabarError, match="no images"):
        authenticity(nobody, 0.95)
    with pytest.raises(AlphabarError, match="no images"):
        neighbour_ratio(nobody, 0.95)
