from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.data.grids import VISIBLE, contact_sheet, save_png, tile


def batch(count: int, height: int = 4, width: int = 6, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(count)
    return rng.integers(0, 256, (count, height, width, channels), dtype=np.uint8)


def test_images_lie_row_by_row_with_gaps() -> None:
    images = batch(5)
    sheet = contact_sheet(images, columns=3, scale=1, background=7)
    assert sheet.shape == (4 + 1 + 4, 6 * 3 + 2, 3)
    for index in range(5):
        top, left = 5 * (index // 3), 7 * (index % 3)
        np.testing.assert_array_equal(sheet[top : top + 4, left : left + 6], images[index])
    assert (sheet[4] == 7).all()
    assert (sheet[:, 6] == 7).all()
    assert (sheet[5:, 14:] == 7).all()  # the short row's rest


def test_enlarging_keeps_pixels_square() -> None:
    images = batch(1, channels=1)
    sheet = contact_sheet(images, columns=4, scale=3)
    assert sheet.shape == (12, 18, 1)
    np.testing.assert_array_equal(sheet[::3, ::3], images[0])
    np.testing.assert_array_equal(sheet[2::3, 1::3], images[0])


def test_small_images_become_visible_and_large_ones_stay() -> None:
    assert contact_sheet(batch(1, 8, 8), 1).shape[0] == VISIBLE
    assert contact_sheet(batch(1, 100, 120), 1).shape == (100, 120, 3)


@pytest.mark.parametrize(
    "images", [np.zeros((2, 4, 4, 3)), np.zeros((4, 4, 3), np.uint8), batch(0), batch(1, 4, 4, 4)]
)
def test_what_is_no_batch_of_images_is_refused(images: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected|at least one image"):
        contact_sheet(images, 2)


@pytest.mark.parametrize(("columns", "scale"), [(0, None), (2, 0)])
def test_no_columns_and_no_scale_are_refused(columns: int, scale: int | None) -> None:
    with pytest.raises(ValueError, match="must be at least 1"):
        contact_sheet(batch(2), columns, scale)


@pytest.mark.parametrize("side", [4, 8, 47, 48, 64, 100])
@pytest.mark.parametrize(("count", "columns"), [(1, 10), (7, 10), (30, 10), (24, 12), (3, 1)])
def test_an_image_is_cut_out_of_its_sheet_as_it_stands_there(
    side: int, count: int, columns: int
) -> None:
    images = batch(count, side, side + side // 3)
    sheet = contact_sheet(images, columns)
    grid = -(-count // columns), min(count, columns)
    scale = tile(sheet, grid, (0, 0)).shape[0] // side
    for index, image in enumerate(images):
        found = tile(sheet, grid, divmod(index, columns))
        np.testing.assert_array_equal(found, image.repeat(scale, 0).repeat(scale, 1))


def test_what_is_no_such_sheet_gives_no_image() -> None:
    sheet = contact_sheet(batch(6), 3)
    for at in [(2, 0), (0, 3), (-1, 0)]:
        with pytest.raises(ValueError, match="2 rows and 3 columns has no image at"):
            tile(sheet, (2, 3), at)
    with pytest.raises(ValueError, match="is no sheet of 2 rows, 3 columns"):
        tile(sheet[:-1], (2, 3), (0, 0))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_has_the_same_bytes_twice_and_no_metadata(tmp_path: Path, channels: int) -> None:
    sheet = contact_sheet(batch(3, channels=channels), 2)
    save_png(tmp_path / "a.png", sheet)
    save_png(tmp_path / "b.png", sheet)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert not image.info
        np.testing.assert_array_equal(np.asarray(image), sheet.squeeze())
