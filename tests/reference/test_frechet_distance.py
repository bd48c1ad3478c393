"""The Fréchet distance against clean-fid, torchmetrics, SciPy and closed forms."""

import numpy as np
import pytest
import torch
from cleanfid.fid import frechet_distance as cleanfid_distance
from torchmetrics.image.fid import FrechetInceptionDistance

from components.evaluation.metrics.frechet import frechet_distance, frechet_of_moments
from components.evaluation.metrics.moments import moments_of


def sets(n: int, m: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(n * m + d)
    mixing = generator.normal(size=(d, d)) / d**0.5
    return generator.normal(size=(n, d)) @ mixing + 0.2, generator.normal(size=(m, d))


@pytest.mark.parametrize(("n", "m", "d"), [(200, 300, 64), (900, 700, 256), (65, 400, 64)])
def test_it_is_clean_fid_s(n: int, m: int, d: int) -> None:
    x, y = sets(n, m, d)
    theirs = cleanfid_distance(x.mean(0), np.cov(x.T), y.mean(0), np.cov(y.T))
    assert frechet_distance(x, y) == pytest.approx(theirs, rel=1e-8)
    assert frechet_of_moments(moments_of(x), moments_of(y)) == pytest.approx(theirs, rel=1e-8)


def nuclear(x: np.ndarray, y: np.ndarray) -> float:
    """The distance by singular values of all rows' products: exact whatever the ranks."""
    apart = x.mean(0) - y.mean(0)
    x, y = (part - part.mean(0) for part in (x, y))
    x, y = x / (len(x) - 1) ** 0.5, y / (len(y) - 1) ** 0.5
    root = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    return float(apart @ apart + (x**2).sum() + (y**2).sum() - 2 * root)


def plain(x: np.ndarray) -> np.ndarray:
    return x


def duplicated(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x[: len(x) // 3]] * 3)


def constant(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x[:, ::4] = 5.0
    return x


def dependent(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    half = x.shape[1] // 2
    x[:, half : 2 * half] = 2 * x[:, :half]
    return x


@pytest.mark.parametrize("first", [plain, duplicated, constant, dependent])
@pytest.mark.parametrize("second", [plain, duplicated, constant, dependent])
@pytest.mark.parametrize(("n", "m", "d"), [(300, 240, 60), (60, 90, 120), (60, 300, 120)])
def test_sets_of_any_rank_are_as_far_as_singular_values_say(
    first: object, second: object, n: int, m: int, d: int
) -> None:
    x, y = sets(n, m, d)
    x, y = first(x), second(y)  # type: ignore[operator]
    expected = nuclear(x, y)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-8)
    assert frechet_distance(y, x) == pytest.approx(expected, rel=1e-8)
    assert frechet_of_moments(moments_of(x), moments_of(y)) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("n", "m"), [(500, 400), (100, 400), (90, 70)])
def test_a_spectrum_that_falls_by_many_decades_costs_no_digits(n: int, m: int) -> None:
    """Variances from 1 to 1e-7, as real features have; their product falls by 14 decades."""
    x, y = sets(n, m, 100)
    scale = np.logspace(0, -3.5, 100)
    x, y = x * scale, y * scale
    expected = nuclear(x, y)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-8)
    assert frechet_of_moments(moments_of(x), moments_of(y)) == pytest.approx(expected, rel=1e-8)


def test_it_is_torchmetrics_on_the_same_features() -> None:
    x, y = sets(300, 250, 48)
    network = torch.nn.Flatten()
    network.num_features = 48
    metric = FrechetInceptionDistance(network, normalize=True, input_img_size=(3, 4, 4))
    metric.set_dtype(torch.float64)
    metric.update(torch.tensor(y).reshape(-1, 3, 4, 4), real=True)
    metric.update(torch.tensor(x).reshape(-1, 3, 4, 4), real=False)
    assert frechet_distance(x, y) == pytest.approx(metric.compute().item(), rel=1e-5)


@pytest.mark.parametrize(("n", "d"), [(400, 30), (40, 300)])
def test_a_scaled_and_shifted_copy_is_at_the_closed_form_distance(n: int, d: int) -> None:
    """Σ2 = a² Σ1, so d² = |μ1 - μ2|² + (1 - a)² tr Σ1; more numbers than images included."""
    x, _ = sets(n, n, d)
    y = 1.7 * x + 0.3
    expected = np.sum((x.mean(0) - y.mean(0)) ** 2) + 0.7**2 * np.trace(np.cov(x.T))
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-9)


def test_sets_in_orthogonal_planes_share_no_covariance() -> None:
    """Σ1 Σ2 = 0, so d² = |μ1 - μ2|² + tr Σ1 + tr Σ2."""
    generator = np.random.default_rng(0)
    x, y = np.zeros((20, 100)), np.zeros((30, 100))
    x[:, :50], y[:, 50:] = generator.normal(size=(20, 50)), generator.normal(size=(30, 50))
    traces = x.var(0, ddof=1).sum() + y.var(0, ddof=1).sum()
    expected = np.sum((x.mean(0) - y.mean(0)) ** 2) + traces
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-12)


def test_with_fewer_images_than_numbers_it_is_the_square_root_s_trace() -> None:
    """Against eigenvalues of Σ1^½ Σ2 Σ1^½, with Σ1^½ from an eigendecomposition."""
    x, y = sets(40, 70, 120)
    first, second = np.cov(x.T), np.cov(y.T)
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    trace = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(0)).sum()
    apart = np.sum((x.mean(0) - y.mean(0)) ** 2)
    expected = apart + np.trace(first) + np.trace(second) - 2 * trace
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-6)
