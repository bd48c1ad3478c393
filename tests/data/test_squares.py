"""Images of any sides become squares: each way by what it keeps."""

import numpy as np
import pytest
from PIL import Image

from components.data.squares import FITS, crop, pad, stretch

WIDE = np.tile(np.arange(12, dtype=np.uint8) * 20, (4, 1))
"""4 high, 12 wide, every column of its own level."""


def shown(fit: str, array: np.ndarray, size: int) -> np.ndarray:
    made = FITS[fit](Image.fromarray(array), size)
    assert made.size == (size, size)
    return np.asarray(made).astype(int)


def test_a_crop_is_the_middle_bit_for_bit() -> None:
    np.testing.assert_array_equal(shown("crop", WIDE, 4), WIDE[:, 4:8])
    np.testing.assert_array_equal(shown("crop", WIDE.T.copy(), 4), WIDE.T[4:8])


def test_padding_keeps_the_whole_on_white() -> None:
    found = shown("pad", WIDE, 12)
    np.testing.assert_array_equal(found[4:8], WIDE)
    assert (np.delete(found, range(4, 8), axis=0) == 255).all()
    coloured = np.stack([WIDE.T] * 3, axis=2)
    found = shown("pad", coloured, 12)
    np.testing.assert_array_equal(found[:, 4:8], coloured)
    assert (np.delete(found, range(4, 8), axis=1) == 255).all()


def test_stretching_keeps_the_longer_side_and_draws_out_the_shorter() -> None:
    np.testing.assert_array_equal(shown("stretch", WIDE, 12), np.tile(WIDE[:1], (12, 1)))


@pytest.mark.parametrize("fit", FITS)
def test_a_square_of_that_size_keeps_its_values_and_another_is_one_for_all(fit: str) -> None:
    values = np.random.default_rng(0).integers(0, 256, (7, 7), dtype=np.uint8)
    np.testing.assert_array_equal(shown(fit, values, 7), values)
    np.testing.assert_array_equal(shown(fit, values, 5), shown("crop", values, 5))


@pytest.mark.parametrize("sides", [(1, 50_000), (50_000, 1), (3, 2)])
def test_a_thin_image_is_a_square_of_the_size_that_is_asked_for(sides: tuple[int, int]) -> None:
    image = Image.new("RGB", sides, "black")
    for made in (crop(image, 8), pad(image, 8), stretch(image, 8)):
        assert made.size == (8, 8)
        assert np.asarray(made).min() == 0
