import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.metrics import distances
from components.evaluation.metrics.distances import closer, distance_tiles, unit_rows


def whole(x: np.ndarray, y: np.ndarray | None, **options: object) -> np.ndarray:
    """The tiles put together; every pair must be in exactly one."""
    full = np.full((len(x), len(x if y is None else y)), np.nan)
    for tile in distance_tiles(x, y, **options):  # type: ignore[arg-type]
        assert np.isnan(full[np.ix_(tile.rows, tile.columns)]).all()
        full[np.ix_(tile.rows, tile.columns)] = tile.squared
    return full


@pytest.fixture
def sets() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(23, 6)), generator.normal(size=(31, 6))


def test_tiles_hold_every_pair_s_squared_distance_once(
    sets: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = sets
    monkeypatch.setattr(distances, "_HEIGHT", 5)
    monkeypatch.setattr(distances, "_WIDTH", 4)
    direct = ((x[:, None] - y) ** 2).sum(axis=2)
    np.testing.assert_allclose(whole(x, y), direct, rtol=1e-12)
    groups = [np.arange(0, 31, 2), np.arange(1, 31, 2)]
    np.testing.assert_allclose(whole(x, y, groups=groups), direct, rtol=1e-12)


def test_no_tile_is_larger_than_its_sides(
    sets: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distances, "_HEIGHT", 5)
    monkeypatch.setattr(distances, "_WIDTH", 4)
    shapes = [tile.squared.shape for tile in distance_tiles(*sets)]
    assert max(shapes) == (5, 4)


def test_a_tile_s_columns_are_of_its_group(sets: tuple[np.ndarray, np.ndarray]) -> None:
    groups = [np.array([0, 30]), np.arange(1, 30)]
    assert [tile.group for tile in distance_tiles(*sets, groups)] == [0, 1]


def test_within_a_set_a_row_is_infinitely_far_from_itself_only(
    sets: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distances, "_HEIGHT", 5)
    monkeypatch.setattr(distances, "_WIDTH", 4)
    monkeypatch.setattr(distances, "_TOGETHER", 9)
    x = sets[0]
    direct = ((x[:, None] - x) ** 2).sum(axis=2)
    np.fill_diagonal(direct, np.inf)
    groups = [np.arange(0, 23, 2), np.arange(1, 23, 2)]
    for found in (whole(x, None), whole(x, None, groups=groups)):
        np.testing.assert_allclose(found, direct, rtol=1e-12)
    assert not np.isinf(whole(sets[0], sets[0])).any()


def test_equal_rows_are_at_distance_nought_exactly(sets: tuple[np.ndarray, np.ndarray]) -> None:
    x = sets[0] + 1e3
    squared = whole(x, x[::-1].copy())
    assert (np.fliplr(squared).diagonal() == 0.0).all()
    assert (squared == 0.0).sum() == 23


def test_a_large_common_offset_costs_few_digits(sets: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = sets
    np.testing.assert_allclose(whole(x + 1e4, y + 1e4), whole(x, y), rtol=1e-9)


def test_what_differs_by_rounding_is_a_tie() -> None:
    one = np.array([1.0, 1.0, 1.0, 0.0, 1.0])
    other = np.array([1.0 + 1e-13, 1.0, 1.0 + 1e-6, 0.0, np.inf])
    assert closer(one, other).tolist() == [False, False, True, False, True]


def test_unit_rows_have_length_one() -> None:
    rows = unit_rows(np.array([[3.0, 4.0], [-2.0, 0.0]], np.float32))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [-1.0, 0.0]])


def test_an_embedding_of_length_nought_is_named() -> None:
    with pytest.raises(AlphabarError, match="1 of 2 embeddings are nought"):
        unit_rows(np.array([[0.0, 0.0], [1.0, 0.0]]))
