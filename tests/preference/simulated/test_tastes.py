"""Each taste measures what its name says."""

import colorsys

import numpy as np
import pytest

from components.preference.simulated.tastes import MEASURES, measured
from components.spec.sections.simulate import TASTES


def plain(*colour: int, side: int = 4) -> np.ndarray:
    return np.full((side, side, len(colour)), colour, np.uint8)


def test_every_taste_of_pixels_is_measured_and_the_other_is_of_the_model() -> None:
    assert {*TASTES} == {*MEASURES, "candidate"}


def test_saturation_is_that_of_the_colour_model_hsv() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    pixels = image.reshape(-1, 3) / 255
    expected = np.mean([colorsys.rgb_to_hsv(*pixel)[1] for pixel in pixels])
    assert measured("saturation", image) == pytest.approx(expected, abs=1e-12)


def test_grey_and_black_have_no_saturation() -> None:
    assert measured("saturation", plain(90)) == 0
    assert measured("saturation", plain(0, 0, 0)) == 0


def test_brightness_is_luma() -> None:
    assert measured("brightness", plain(255, 255, 255)) == pytest.approx(1)
    assert measured("brightness", plain(255, 0, 0)) == pytest.approx(0.299)
    assert measured("brightness", plain(51)) == pytest.approx(0.2)


def test_contrast_and_sharpness_of_stripes() -> None:
    stripes = np.zeros((4, 4, 1), np.uint8)
    stripes[:, ::2] = 255
    assert measured("contrast", stripes) == pytest.approx(0.5)
    # 12 steps across of 1, 12 down of 0
    assert measured("sharpness", stripes) == pytest.approx(0.5)
    assert measured("contrast", plain(80)) == measured("sharpness", plain(80)) == 0
