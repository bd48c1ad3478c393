from pathlib import Path

import numpy as np
import pytest

from components.errors import AlphabarError
from components.files.samples import COLUMNS, SampleRow, read_samples, spread
from components.files.tables import write_table


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    np.save(tmp_path / "images.npy", np.zeros((40, 8, 8, 1), np.uint8))
    rows = [(i, 100 + i, i % 10, str(i % 10), "=cat" if i else "") for i in range(40)]
    write_table(tmp_path / "samples.csv", COLUMNS, rows)
    return tmp_path


def test_images_and_rows_are_read_in_order(samples: Path) -> None:
    found = read_samples(samples)
    assert found.images.shape == (40, 8, 8, 1)
    assert found.rows[0] == SampleRow(0, 100, 0, "0", "")


def test_a_caption_that_looks_like_a_formula_keeps_its_value(samples: Path) -> None:
    assert ",'=cat\n" in (samples / "samples.csv").read_text()
    assert read_samples(samples).rows[13] == SampleRow(13, 113, 3, "3", "=cat")


def test_rows_that_do_not_fit_the_images_are_refused(samples: Path) -> None:
    np.save(samples / "images.npy", np.zeros((3, 8, 8, 1), np.uint8))
    with pytest.raises(AlphabarError, match="does not fit the 40 rows"):
        read_samples(samples)


def test_a_missing_or_broken_file_is_named(samples: Path) -> None:
    (samples / "samples.csv").write_text("index,seed\n1,2\n")
    with pytest.raises(AlphabarError, match=r"samples\.csv is broken"):
        read_samples(samples)
    (samples / "images.npy").unlink()
    with pytest.raises(AlphabarError, match=r"images\.npy does not exist") as caught:
        read_samples(samples)
    assert "delete" not in caught.value.remedy  # it may be any folder of the user's
    with pytest.raises(AlphabarError, match=r"samples\.csv/images\.npy does not exist"):
        read_samples(samples / "samples.csv")


def test_positions_are_spread_over_the_classes() -> None:
    rows = tuple(SampleRow(i, i, c, "", "") for i, c in enumerate([0] * 10 + [1] * 3 + [2] * 1))
    order = list(range(14))[::-1]
    chosen = spread(rows, 7, order)
    assert [rows[p].class_index for p in chosen] == [2, 1, 0, 1, 0, 1, 0]
    assert chosen[:3] == [13, 12, 9]
    assert sorted(spread(rows, 99, order)) == list(range(14))
