import numpy as np
import pytest
from scipy import stats

from components.errors import AlphabarError
from components.evaluation.metrics import kernel, kernel_sums
from components.evaluation.metrics.kernel import kernel_distance, kernel_distances, kernel_estimate
from components.figures.statistics.intervals import Replicates, split_groups


@pytest.fixture
def sets() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(45, 20)), generator.normal(size=(61, 20)) + 0.4


def test_each_replicate_is_the_distance_without_its_group(
    sets: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = sets
    seen: list[Replicates] = []
    interval = kernel.two_set_interval

    def watched(value: float, first: Replicates, second: Replicates, confidence: float) -> object:
        seen.extend((first, second))
        return interval(value, first, second, confidence)

    monkeypatch.setattr(kernel, "two_set_interval", watched)
    kernel_estimate(x, y, 0.95)
    without_x = [kernel_distance(np.delete(x, g, axis=0), y) for g in split_groups(len(x))]
    without_y = [kernel_distance(x, np.delete(y, g, axis=0)) for g in split_groups(len(y))]
    np.testing.assert_allclose(seen[0].values, without_x, rtol=1e-9)
    np.testing.assert_allclose(seen[1].values, without_y, rtol=1e-9)


def test_the_distance_does_not_depend_on_how_it_is_cut_into_blocks(
    sets: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = kernel_distance(*sets)
    monkeypatch.setattr(kernel_sums, "_ROWS_A_TILE", 7)
    assert kernel_distance(*sets) == pytest.approx(whole, rel=1e-10)


def test_the_distance_is_symmetric(sets: tuple[np.ndarray, np.ndarray]) -> None:
    assert kernel_distance(*sets) == pytest.approx(kernel_distance(*sets[::-1]), rel=1e-10)


def test_sets_from_one_source_are_at_distance_nought_on_average() -> None:
    generator = np.random.default_rng(1)
    distances = [
        kernel_distance(generator.normal(size=(20, 10)), generator.normal(size=(30, 10)))
        for _ in range(300)
    ]
    error = np.std(distances) / 300**0.5
    assert abs(np.mean(distances)) < 3 * error
    assert min(distances) < 0


def test_the_interval_of_sets_apart_excludes_nought(sets: tuple[np.ndarray, np.ndarray]) -> None:
    estimate = kernel_estimate(*sets, 0.95).estimate
    assert 0.0 < estimate.low < estimate.value < estimate.high


def test_the_estimate_is_the_distance(sets: tuple[np.ndarray, np.ndarray]) -> None:
    assert kernel_estimate(*sets, 0.9).estimate.value == pytest.approx(
        kernel_distance(*sets), rel=1e-10
    )


def test_the_pseudo_values_vary_as_the_interval_says(sets: tuple[np.ndarray, np.ndarray]) -> None:
    """At equal degrees of freedom the half width is t times the root of the summed variance."""
    x, y = sets[0], sets[1][:45]
    found = kernel_estimate(x, y, 0.95)
    parts = [
        np.var(part, ddof=1) / 20 for part in (found.generated, found.reference) if part is not None
    ]
    assert len(parts) == 2
    freedom = sum(parts) ** 2 / sum(part**2 / 19 for part in parts)
    half = stats.t.ppf(0.975, freedom) * sum(parts) ** 0.5
    assert found.estimate.high - found.estimate.value == pytest.approx(half, rel=1e-9)


@pytest.mark.parametrize("scale", [1.0, 1.0078125])
def test_float32_features_give_the_distance_of_their_float64_selves(scale: float) -> None:
    """Rectified features with a large common part, from one source and from nearly one."""
    generator = np.random.default_rng(0)
    mixing = generator.normal(size=(50, 400)) / 7
    x, y = (
        np.maximum(generator.normal(size=(600, 50)) @ mixing + 1.0, 0.0).astype(np.float16)
        for _ in range(2)
    )
    exact = kernel_distance(scale * x.astype(np.float64), y.astype(np.float64))
    # 1 + 1/128 and x, cut to 16 bits, have a product of 24: what is compared is the kernel alone
    assert kernel_distance(np.float32(scale) * x, y) == pytest.approx(exact, rel=1e-9)


def test_one_pass_gives_the_whole_distance_too(sets: tuple[np.ndarray, np.ndarray]) -> None:
    both, alone = kernel_distances(*sets, 0.95, 0, 5, 30).whole, kernel_estimate(*sets, 0.95)
    assert both.estimate.value == pytest.approx(alone.estimate.value, rel=1e-9)
    assert both.estimate.high == pytest.approx(alone.estimate.high, rel=1e-9)


def test_too_few_images_are_named(sets: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(AlphabarError, match="4 reference images are too few"):
        kernel_estimate(sets[0], sets[1][:4], 0.95)
