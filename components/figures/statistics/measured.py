"""A figure, its interval, and what each image adds to it."""

from dataclasses import dataclass

from components.figures.statistics.intervals import Estimate, Floats


@dataclass(frozen=True)
class Measured:
    """An estimate that can be compared with another cell's, image by image.

    A set's pseudo-values are k numbers, one an image or one a group of images in a fixed order,
    whose variance over k is the variance that the set brings to the figure. Where two cells
    were drawn from the same seeds, the differences of their pseudo-values give the variance of
    the figures' difference (`components.figures.statistics.paired`).

    Attributes:
        estimate: the figure with its interval.
        generated: (k,) pseudo-values of the generated images; None where there are none.
        reference: (m,) those of the reference; None where the figure has no reference that
            would be drawn again.
        crossed: what images of both sets bring together, whose squares' sum the variances of both
            sets contain (`components.figures.statistics.score_intervals`); None where they
            bring nothing, or it is not counted twice.
    """

    estimate: Estimate
    generated: Floats | None = None
    reference: Floats | None = None
    crossed: Floats | None = None
