"""How much an image has of what simulated annotators like."""

from collections.abc import Callable, Mapping

import numpy as np

from components.preference.statistics.choices import Floats

LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in brightness (ITU-R BT.601)."""


def saturation(image: Floats) -> float:
    """Mean of (max − min)/max over the colours of each pixel (Smith 1978, HSV); of grey, and of
    black, 0."""
    most, least = image.max(-1), image.min(-1)
    return float(np.divide(most - least, most, out=np.zeros_like(most), where=most > 0).mean())


def brightness(image: Floats) -> float:
    """Mean luma."""
    return float(_luma(image).mean())


def contrast(image: Floats) -> float:
    """Standard deviation of luma."""
    return float(_luma(image).std())


def sharpness(image: Floats) -> float:
    """Mean absolute difference of neighbouring pixels' luma."""
    luma = _luma(image)
    steps = [np.abs(np.diff(luma, axis=axis)) for axis in (0, 1)]
    return float(sum(each.sum() for each in steps) / max(1, sum(each.size for each in steps)))


MEASURES: Mapping[str, Callable[[Floats], float]] = {
    "saturation": saturation,
    "brightness": brightness,
    "contrast": contrast,
    "sharpness": sharpness,
}
"""Taste → how much an image (height, width, 3), 0 to 1, has of it."""


def measured(taste: str, image: np.ndarray) -> float:
    """How much a uint8 (height, width, channel) image has of what a taste likes."""
    whole = np.broadcast_to(image, (*image.shape[:2], 3)) if image.shape[2] == 1 else image
    return MEASURES[taste](whole[..., :3] / 255.0)


def _luma(image: Floats) -> Floats:
    luma: Floats = image @ LUMA
    return luma
