import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.metrics import cmmd as module
from components.evaluation.metrics import kernel_sums
from components.evaluation.metrics.cmmd import cmmd_estimate
from components.figures.statistics.intervals import Replicates, split_groups


@pytest.fixture
def sets() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(45, 12)) + 0.5, generator.normal(size=(61, 12)) + 0.9


def test_each_replicate_is_the_distance_without_its_group(
    sets: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = sets
    seen: list[Replicates] = []
    interval = module.two_set_interval

    def watched(value: float, first: Replicates, second: Replicates, confidence: float) -> object:
        seen.extend((first, second))
        return interval(value, first, second, confidence)

    monkeypatch.setattr(module, "two_set_interval", watched)
    cmmd_estimate(x, y, 0.95)
    first, second = seen
    without_x = [
        cmmd_estimate(np.delete(x, g, axis=0), y, 0.9).estimate.value for g in split_groups(45)
    ]
    without_y = [
        cmmd_estimate(x, np.delete(y, g, axis=0), 0.9).estimate.value for g in split_groups(61)
    ]
    np.testing.assert_allclose(first.values, without_x, rtol=1e-9)
    np.testing.assert_allclose(second.values, without_y, rtol=1e-9)


def test_the_distance_does_not_depend_on_the_tiles(
    sets: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = cmmd_estimate(*sets, 0.95).estimate
    monkeypatch.setattr(kernel_sums, "_ROWS_A_TILE", 7)
    cut = cmmd_estimate(*sets, 0.95).estimate
    assert (cut.value, cut.low) == pytest.approx((whole.value, whole.low), rel=1e-9)


def test_only_the_direction_of_an_embedding_counts(sets: tuple[np.ndarray, np.ndarray]) -> None:
    lengths = np.random.default_rng(1).uniform(0.1, 9.0, size=(45, 1))
    longer = cmmd_estimate(sets[0] * lengths, sets[1], 0.95).estimate
    assert longer.value == pytest.approx(cmmd_estimate(*sets, 0.95).estimate.value, rel=1e-9)


def test_sets_from_one_source_are_at_distance_nought_on_average() -> None:
    generator = np.random.default_rng(1)
    values = [
        cmmd_estimate(
            generator.normal(size=(20, 6)), generator.normal(size=(30, 6)), 0.95
        ).estimate.value
        for _ in range(200)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / 200**0.5
    assert min(values) < 0


def test_the_interval_of_sets_apart_excludes_nought(sets: tuple[np.ndarray, np.ndarray]) -> None:
    estimate = cmmd_estimate(*sets, 0.95).estimate
    assert 0.0 < estimate.low < estimate.value < estimate.high


def test_too_few_images_are_named(sets: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(AlphabarError, match="4 reference images are too few"):
        cmmd_estimate(sets[0], sets[1][:4], 0.95)


def test_an_embedding_of_nought_is_named(sets: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = sets
    x[3] = 0.0
    with pytest.raises(AlphabarError, match="nought"):
        cmmd_estimate(x, y, 0.95)
