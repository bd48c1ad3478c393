import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.metrics.gaussian import Gaussian, contrasts, from_contrasts, gaussian_of


def drawn(n: int, d: int) -> np.ndarray:
    return np.random.default_rng(n + d).normal(size=(n, d)) + 3.0


@pytest.mark.parametrize("n", [2, 3, 40])
def test_contrasts_have_the_rows_scatter_with_one_row_less(n: int) -> None:
    x = drawn(n, 50)
    x -= x.mean(axis=0)
    assert contrasts(x).shape == (n - 1, 50)
    np.testing.assert_allclose(contrasts(x).T @ contrasts(x), x.T @ x, atol=1e-11)


@pytest.mark.parametrize("n", [2, 3, 40])
def test_the_way_back_from_contrasts_gives_the_rows(n: int) -> None:
    x = drawn(n, 50)
    x -= x.mean(axis=0)
    np.testing.assert_allclose(from_contrasts(contrasts(x)), x, atol=1e-12)


def covariance(gaussian: Gaussian) -> np.ndarray:
    if gaussian.covariance is not None:
        return gaussian.covariance
    assert gaussian.rows is not None
    return gaussian.rows.T @ gaussian.rows


@pytest.mark.parametrize("n", [20, 50, 200])
def test_the_factor_times_itself_is_the_covariance(n: int) -> None:
    x = drawn(n, 50)
    gaussian = gaussian_of(x)
    np.testing.assert_allclose(covariance(gaussian), np.cov(x.T), atol=1e-12)
    np.testing.assert_allclose(gaussian.factor @ gaussian.factor.T, np.cov(x.T), atol=1e-12)
    assert gaussian.trace == pytest.approx(np.trace(np.cov(x.T)))


def test_a_direction_in_which_nothing_varies_is_left_out() -> None:
    x = drawn(200, 30)
    x[:, 4] = 2.0
    x[:, 7] = x[:, 8] - x[:, 9]
    assert gaussian_of(x).factor.shape == (30, 28)


def test_a_number_that_hardly_varies_keeps_its_digits() -> None:
    """Its variance is 1e-18 of the others', below all rounding of theirs."""
    x = drawn(200, 30) - 3.0
    x[:, 5] *= 1e-9
    covariance = np.cov(x.T)
    found = gaussian_of(x).factor
    assert found.shape == (30, 30)
    np.testing.assert_allclose((found @ found.T)[5], covariance[5], rtol=1e-9)


@pytest.mark.parametrize("n", [10, 100])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_features_that_are_no_numbers_are_refused(n: int, bad: float) -> None:
    x = drawn(n, 30)
    x[3, 3] = bad
    with np.errstate(invalid="ignore"), pytest.raises(AlphabarError, match="not finite"):
        gaussian_of(x)
