"""The generated images that lie closest to a training image, beside it."""

import numpy as np

from components.errors import AlphabarError
from components.evaluation.images.image_files import alike
from components.evaluation.images.image_set import ImageSet
from components.evaluation.metrics.training_neighbours import closest_pairs
from components.evaluation.view import View
from components.figures.closest import ClosestPairs

SHOWN_PAIRS = 24


def closest(images: ImageSet, view: View, training: ImageSet | None) -> ClosestPairs | None:
    """The pairs of ``view``, whose generated images are ``images``; None where nobody looks for
    copies, or where they cannot be looked for."""
    try:
        copies = view.copies
    except AlphabarError:  # the figures of copies are left out for the same reason
        return None
    if copies is None or training is None:
        return None
    pairs = closest_pairs(copies, SHOWN_PAIRS)
    ours = images.thumbnails([pair.generated for pair in pairs])
    theirs = training.thumbnails([pair.training for pair in pairs])
    turned = np.array([pair.mirrored for pair in pairs])
    theirs[turned] = theirs[turned][:, :, ::-1]
    pictures = np.stack(alike(ours, theirs), axis=1)
    return ClosestPairs(view.generated.extractor, pairs, pictures)
