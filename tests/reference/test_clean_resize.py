"""The clean resize against clean-fid's own, to the bit."""

import numpy as np
import pytest
from cleanfid.resize import build_resizer

from components.evaluation.images.clean_resize import clean_resize

THEIRS = build_resizer("clean")


@pytest.mark.parametrize("sides", [(8, 8), (32, 32), (299, 299), (17, 640), (512, 300), (1, 3)])
def test_it_is_clean_fid_s_to_the_bit(sides: tuple[int, int]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, *sides, 3), dtype=np.uint8)
    expected = np.stack([THEIRS(image) for image in images])
    ours = clean_resize(images)
    assert ours.dtype == expected.dtype == np.float32
    assert ours.tobytes() == expected.tobytes()


def test_grey_is_what_clean_fid_makes_of_it_in_rgb() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (3, 40, 24, 1), dtype=np.uint8)
    expected = np.stack([THEIRS(np.repeat(image, 3, axis=2)) for image in grey])
    assert clean_resize(grey).tobytes() == expected.tobytes()


def test_an_image_does_not_depend_on_those_beside_it() -> None:
    images = np.random.default_rng(1).integers(0, 256, (40, 9, 9, 3), dtype=np.uint8)
    assert np.array_equal(clean_resize(images)[17:18], clean_resize(images[17:18]))
