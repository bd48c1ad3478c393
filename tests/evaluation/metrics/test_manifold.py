import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.metrics import distances
from components.evaluation.metrics.manifold import manifold


def test_radii_reach_to_the_kth_other_image_and_half_as_many_either_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distances, "_HEIGHT", 7)
    monkeypatch.setattr(distances, "_WIDTH", 2)
    x = np.random.default_rng(0).normal(size=(61, 3))
    balls = manifold(x, k=4)
    for row in range(len(x)):
        apart = ((x - x[row]) ** 2).sum(axis=1)
        apart[row] = np.inf
        assert balls.radii[row] == pytest.approx(np.sort(apart)[[1, 3, 5]], rel=1e-9)


def test_members_are_neighbours_of_each_other_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "_HEIGHT", 7)
    monkeypatch.setattr(distances, "_WIDTH", 2)
    x = np.random.default_rng(0).normal(size=(61, 3))
    balls = manifold(x, k=4)
    for row in range(len(x)):
        apart = ((x - x[row]) ** 2).sum(axis=1)
        apart[row] = np.inf
        counts = np.bincount(balls.group_of[np.argsort(apart)[:4]], minlength=20)
        counts[balls.group_of[row]] = 0
        assert np.array_equal(balls.members[row], counts)


def test_a_ball_to_the_nearest_neighbour_grows_from_nothing() -> None:
    balls = manifold(np.random.default_rng(0).normal(size=(45, 3)), k=1)
    assert balls.step == 1
    assert (balls.radii[:, 0] == 0.0).all()
    assert (balls.radii[:, 1] < balls.radii[:, 2]).all()


def test_groups_say_which_rows_are_theirs() -> None:
    balls = manifold(np.random.default_rng(0).normal(size=(45, 3)))
    for group, rows in enumerate(balls.groups):
        assert np.array_equal(np.flatnonzero(balls.group_of == group), rows)


def test_the_smallest_set_has_all_radii() -> None:
    for k in (1, 5, 12):
        n = max(10, 2 * (k + 1))
        balls = manifold(np.random.default_rng(k).normal(size=(n, 3)), k)
        assert np.isfinite(balls.radii).all()


@pytest.mark.parametrize(("n", "k"), [(11, 5), (9, 1), (30, 0)])
def test_too_few_images_for_k_are_named(n: int, k: int) -> None:
    with pytest.raises(AlphabarError, match=f"neighbour {k} cannot be drawn round {n}"):
        manifold(np.zeros((n, 2)), k)
