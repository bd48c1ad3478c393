import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation import kernel
from components.evaluation.intervals import Replicates, split_groups
from components.evaluation.kernel import kernel_distance, kernel_estimate


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
    monkeypatch.setattr(kernel, "_ROWS_A_BLOCK", 7)
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
    estimate = kernel_estimate(*sets, 0.95)
    assert 0.0 < estimate.low < estimate.value < estimate.high


def test_the_estimate_is_the_distance(sets: tuple[np.ndarray, np.ndarray]) -> None:
    assert kernel_estimate(*sets, 0.9).value == pytest.approx(kernel_distance(*sets), rel=1e-10)


def test_too_few_images_are_named(sets: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(AlphabarError, match="4 reference images are too few"):
        kernel_estimate(sets[0], sets[1][:4], 0.95)
