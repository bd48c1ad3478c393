"""Recognition: the share of class-conditional images that a classifier of real ones recognises."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.svm import SVC
from torch.nn.functional import interpolate

from components.errors import AlphabarError
from components.evaluation.images.image_set import ImageSet
from components.figures.protocol import NOTHING
from components.figures.statistics.intervals import Estimate, Rows, share_interval
from components.figures.statistics.measured import Measured
from components.figures.statistics.per_image import share_of_images
from components.spec.metric_family import Judge

_LARGEST_SIDE = 32  # more pixels cost time and add nothing that an RBF kernel can use


@dataclass(frozen=True)
class Recogniser:
    """A support vector machine (RBF kernel on pixels) trained on real images.

    Attributes:
        accuracy: its share of right answers on real held-out images, with its interval.
    """

    classifier: SVC
    accuracy: Estimate

    def share(
        self, images: NDArray[np.uint8], classes: NDArray[np.int64], confidence: float
    ) -> Measured:
        """The share of images recognised as the class that they were asked for, with Wilson's
        interval.

        Raises:
            AlphabarError: an image has no class.
        """
        pixels, known = _pixels(images), self.classifier.n_features_in_
        if pixels.shape[1] != known:
            raise AlphabarError(
                f"images of shape {images.shape[1:]} are not those that the classifier was "
                f"trained on: {pixels.shape[1]} numbers an image, not {known}",
                "judge images of the data's own size and channels, or set "
                "`evaluation.classifier: none`",
            )
        right = self.classifier.predict(pixels) == _labelled(classes)
        return share_of_images(right, confidence)


@dataclass(frozen=True)
class Recognition:
    """Images with their classes, and who recognises them.

    Attributes:
        recogniser: gives the classifier, trained when it is first asked for.
        n_training: images that it was trained on.
        confidence: level of the interval.
    """

    images: ImageSet
    recogniser: Callable[[], Recogniser]
    n_training: int
    confidence: float

    kind: ClassVar[Judge] = "classifier"
    judge = extractor = "svc"
    resize = NOTHING
    engine = None

    def rows(self, generated: Rows, _reference: Rows) -> "Recognition":
        """Some of the images."""
        return replace(self, images=self.images.rows(generated))


def train_recogniser(train: ImageSet, holdout: ImageSet, confidence: float) -> Recogniser:
    """Train on ``train`` and test on ``holdout``.

    Raises:
        AlphabarError: an image has no class, or all have the same.
    """
    classes = _labelled(train.classes)
    if len(np.unique(classes)) < 2:
        raise AlphabarError(
            "the training images are all of one class: there is nothing to recognise",
            "set `evaluation.classifier: none`",
        )
    classifier = SVC(C=10.0, kernel="rbf", gamma="scale").fit(_pixels(train.array()), classes)
    right = classifier.predict(_pixels(holdout.array())) == _labelled(holdout.classes)
    return Recogniser(classifier, share_interval(int(right.sum()), len(right), confidence))


def _labelled(classes: NDArray[np.int64]) -> NDArray[np.int64]:
    if (classes < 0).any():
        raise AlphabarError(
            f"{int((classes < 0).sum())} images have no class, so recognition cannot be counted",
            "set `evaluation.classifier: none`, or give every image a label",
        )
    return classes


def _pixels(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, features) in [0, 1]; larger images are shrunk first."""
    values = torch.tensor(images).permute(0, 3, 1, 2).float() / 255.0
    side = min(_LARGEST_SIDE, *values.shape[2:])
    if max(values.shape[2:]) > _LARGEST_SIDE:
        values = interpolate(values, (side, side), mode="bilinear", antialias=True)
    flat: NDArray[np.float32] = values.flatten(1).numpy()
    return flat
