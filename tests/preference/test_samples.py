from pathlib import Path

import numpy as np
import pytest

from components.errors import AlphabarError
from components.preference.samples import Row, read_samples, spread


def test_images_and_rows_are_read_in_order(models: dict[str, Path]) -> None:
    samples = read_samples(models["baseline"])
    assert samples.images.shape == (40, 8, 8, 1)
    assert samples.rows[13] == Row(13, 113, 3, "3", "")


def test_rows_that_do_not_fit_the_images_are_refused(models: dict[str, Path]) -> None:
    np.save(models["baseline"] / "images.npy", np.zeros((3, 8, 8, 1), np.uint8))
    with pytest.raises(AlphabarError, match="does not fit the 40 rows"):
        read_samples(models["baseline"])


def test_a_missing_or_broken_file_is_named(models: dict[str, Path]) -> None:
    (models["baseline"] / "samples.csv").write_text("index,seed\n1,2\n")
    with pytest.raises(AlphabarError, match=r"samples\.csv is broken"):
        read_samples(models["baseline"])
    (models["baseline"] / "images.npy").unlink()
    with pytest.raises(AlphabarError, match=r"images\.npy does not exist"):
        read_samples(models["baseline"])


def test_positions_are_spread_over_the_classes() -> None:
    rows = tuple(Row(i, i, c, "", "") for i, c in enumerate([0] * 10 + [1] * 3 + [2] * 1))
    order = list(range(14))[::-1]
    chosen = spread(rows, 7, order)
    assert [rows[p].class_index for p in chosen] == [2, 1, 0, 1, 0, 1, 0]
    assert chosen[:3] == [13, 12, 9]
    assert sorted(spread(rows, 99, order)) == list(range(14))
