"""The clean resize against clean-fid's own, to the bit: colour is its code, grey is ours."""

import numpy as np
import pytest
from cleanfid.resize import build_resizer

from components.evaluation.images.clean_resize import clean_resize

THEIRS = build_resizer("clean")


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "sides", [(8, 8), (32, 32), (299, 299), (17, 640), (512, 300), (1, 3), (300, 298), (299, 1)]
)
def test_it_is_clean_fid_s_to_the_bit(sides: tuple[int, int], channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, *sides, channels), dtype=np.uint8)
    images[0] = images[0] // 255 * 255  # black and white: bicubic overshoots on both sides
    expected = np.stack([THEIRS(np.broadcast_to(image, (*sides, 3))) for image in images])
    ours = clean_resize(images)
    assert ours.dtype == expected.dtype == np.float32
    assert ours.tobytes() == expected.tobytes()


def test_an_image_does_not_depend_on_those_beside_it() -> None:
    images = np.random.default_rng(1).integers(0, 256, (40, 9, 9, 3), dtype=np.uint8)
    assert np.array_equal(clean_resize(images)[17:18], clean_resize(images[17:18]))
