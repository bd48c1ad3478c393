"""How far a model's images have gone from those of the model that it was tuned from."""

from components.errors import AlphabarError
from components.evaluation.features.comparable import Features
from components.evaluation.metrics.distances import unit_rows
from components.figures.statistics.measured import Measured
from components.figures.statistics.per_image import mean_of_images


def feature_drift(tuned: Features, base: Features, confidence: float) -> Measured:
    """The mean of 1 − cos(f(x), f(x')), x and x' drawn by the two models from the same seed for the
    same prompt: 0 where nothing has changed, at most 2.

    Args:
        tuned, base: (n, d), row for row of the same seed and prompt.

    Raises:
        AlphabarError: they are not as many, there are fewer than two, or a row is nought.
    """
    if len(tuned) != len(base):
        raise AlphabarError(
            f"{len(tuned)} images cannot be held against {len(base)} of the base model one by one",
            "draw both from the same seeds and prompts",
        )
    cosines = (unit_rows(tuned) * unit_rows(base)).sum(axis=1)
    return mean_of_images(1.0 - cosines, confidence)
