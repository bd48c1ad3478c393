"""What two sets of features must be before they are compared."""

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError

Features = NDArray[np.floating]


def check_comparable(generated: Features, reference: Features, at_least: int) -> None:
    """Check two sets of features (n, d).

    Raises:
        AlphabarError: a set has fewer than ``at_least`` rows, or the dimensions differ.
    """
    for name, features in (("generated", generated), ("reference", reference)):
        if len(features) < at_least:
            raise AlphabarError(
                f"{len(features)} {name} images are too few to compare with others",
                f"give at least {at_least}",
            )
    if generated.shape[1:] != reference.shape[1:]:
        raise AlphabarError(
            f"features of shape {generated.shape[1:]} and {reference.shape[1:]} cannot be compared",
            "take both sets' features with the same extractor",
        )
