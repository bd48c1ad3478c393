import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.metrics import distances
from components.evaluation.metrics.manifold import manifold


def test_radii_reach_to_the_kth_other_image_without_each_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distances, "_HEIGHT", 7)
    monkeypatch.setattr(distances, "_WIDTH", 2)
    x = np.random.default_rng(0).normal(size=(61, 3))
    balls = manifold(x, k=4)
    for row in range(len(x)):
        apart = ((x - x[row]) ** 2).sum(axis=1)
        apart[row] = np.inf
        for group, members in enumerate([*balls.groups, []]):
            kept = np.delete(apart, members)
            assert balls.radii[row, group] == pytest.approx(np.sort(kept)[3], rel=1e-9)


def test_groups_say_which_rows_are_theirs() -> None:
    balls = manifold(np.random.default_rng(0).normal(size=(45, 3)))
    for group, rows in enumerate(balls.groups):
        assert np.array_equal(np.flatnonzero(balls.group_of == group), rows)


def test_the_smallest_set_has_a_radius_without_any_group() -> None:
    for k in (1, 5, 12):
        n = max(10, 2 * (k + 1))
        balls = manifold(np.random.default_rng(k).normal(size=(n, 3)), k)
        assert np.isfinite(balls.radii).all()


@pytest.mark.parametrize(("n", "k"), [(11, 5), (9, 1), (30, 0)])
def test_too_few_images_for_k_are_named(n: int, k: int) -> None:
    with pytest.raises(AlphabarError, match=f"neighbour {k} cannot be drawn round {n}"):
        manifold(np.zeros((n, 2)), k)
