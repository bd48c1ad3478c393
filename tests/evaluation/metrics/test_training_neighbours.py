import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.metrics import distances
from components.evaluation.metrics.training_neighbours import (
    ClosestPair,
    closest_pairs,
    training_gaps,
    training_neighbours,
)

LINE = np.array([[0.0], [1.0], [3.0], [3.0], [7.0]])


def test_gaps_reach_to_the_nearest_different_image() -> None:
    gaps = training_gaps(LINE)
    np.testing.assert_allclose(gaps.gap, [1.0, 1.0, 2.0, 2.0, 4.0])
    assert gaps.duplicated.tolist() == [False, False, True, True, False]


def test_neighbours_are_the_nearest_training_images_and_their_gaps() -> None:
    found = training_neighbours(np.array([[6.0], [0.0], [-2.0]]), LINE)
    assert found.index.tolist() == [4, 0, 0]
    np.testing.assert_allclose(found.distance, [1.0, 0.0, 2.0])
    np.testing.assert_allclose(found.gap, [4.0, 1.0, 1.0])
    assert not found.duplicated.any()


def test_neighbours_do_not_depend_on_the_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(40, 5)), generator.normal(size=(53, 5))
    whole = training_neighbours(x, y)
    monkeypatch.setattr(distances, "_HEIGHT", 7)
    monkeypatch.setattr(distances, "_WIDTH", 6)
    cut = training_neighbours(x, y)
    assert np.array_equal(cut.index, whole.index)
    np.testing.assert_allclose(cut.distance, whole.distance, rtol=1e-12)
    np.testing.assert_allclose(cut.gap, whole.gap, rtol=1e-12)


def test_the_training_set_itself_is_all_copies() -> None:
    x = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    found = training_neighbours(x, x)
    assert np.array_equal(found.index, np.arange(50))
    assert not found.distance.any()
    assert found.gap.all()


def test_what_another_batch_does_to_features_leaves_a_copy_a_copy() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(50, 8))
    moved = x * (1 + 4e-6 * generator.normal(size=x.shape))
    assert not training_neighbours(moved, x).distance.any()
    assert training_gaps(np.concatenate([x, moved])).duplicated.all()


def test_a_duplicate_is_one_of_both_sides_wherever_they_lie(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distances, "_TOGETHER", 8)
    monkeypatch.setattr(distances, "_HEIGHT", 8)
    monkeypatch.setattr(distances, "_WIDTH", 8)
    x = np.random.default_rng(0).normal(size=(20, 5))
    twice = np.concatenate([x, x[:6]])
    expected = [row < 6 or row >= 20 for row in range(26)]
    assert training_gaps(twice).duplicated.tolist() == expected


def test_gaps_that_are_known_are_used() -> None:
    gaps = training_gaps(LINE * 10)
    found = training_neighbours(LINE[:1], LINE, gaps)
    assert found.gap.tolist() == pytest.approx([10.0])


def test_the_closest_pairs_come_first_with_their_rows() -> None:
    found = training_neighbours(np.array([[6.0], [0.5], [-2.0], [3.0]]), LINE)
    assert closest_pairs(found, 2) == (
        ClosestPair(3, 2, 0.0, 0.0),
        ClosestPair(0, 4, pytest.approx(1.0), pytest.approx(0.25)),
    )
    assert [pair.generated for pair in closest_pairs(found, 10)] == [3, 0, 1, 2]


def test_a_training_set_of_one_image_again_and_again_is_refused() -> None:
    with pytest.raises(AlphabarError, match="4 training images, all the same"):
        training_gaps(np.ones((4, 3)))


def test_a_single_training_image_is_refused() -> None:
    with pytest.raises(AlphabarError, match="nothing to compare"):
        training_neighbours(np.ones((4, 3)), np.zeros((1, 3)))


def test_a_mirrored_copy_is_a_training_image_and_no_neighbour_of_its_own() -> None:
    training = np.array([[0.1], [2.0], [5.0]])
    both = np.concatenate([training, -training])
    gaps = training_gaps(both, mirrored=True)
    np.testing.assert_allclose(gaps.gap, [1.9, 1.9, 3.0] * 2)
    assert not gaps.duplicated.any()
    found = training_neighbours(np.array([[-5.1], [4.9]]), both, mirrored=True)
    assert (found.index.tolist(), found.mirrored.tolist()) == ([2, 2], [True, False])
    np.testing.assert_allclose(found.gap, [3.0, 3.0])
    assert [pair.mirrored for pair in closest_pairs(found, 2)] == [True, False]


def test_a_symmetric_drawing_is_no_duplicate_and_a_mirrored_twin_is_one() -> None:
    symmetric = np.array([[0.0], [3.0], [0.0], [-3.0]])
    assert not training_gaps(symmetric, mirrored=True).duplicated.any()
    twins = np.array([[1.0], [-1.0], [5.0], [-1.0], [1.0], [-5.0]])
    found = training_gaps(twins, mirrored=True).duplicated
    assert found.tolist() == [True, True, False] * 2
