import dataclasses
from pathlib import Path

import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.images.image_set import ImageSet
from components.evaluation.recognition import Recogniser, train_recogniser


@pytest.fixture(scope="module")
def recogniser(digits: Path) -> Recogniser:
    return train_recogniser(ImageSet.load(digits, "train"), ImageSet.load(digits, "holdout"), 0.95)


def test_real_digits_are_recognised(recogniser: Recogniser) -> None:
    assert recogniser.accuracy.value > 0.93


def test_noise_is_recognised_no_more_often_than_chance(recogniser: Recogniser) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 8, 8, 1), dtype=np.uint8)
    assert recogniser.share(noise, np.arange(200) % 10, 0.95).estimate.low < 0.1


def test_images_of_another_class_are_not_counted(recogniser: Recogniser, digits: Path) -> None:
    holdout = ImageSet.load(digits, "holdout")
    assert recogniser.share(holdout.images, (holdout.classes + 1) % 10, 0.95).estimate.value < 0.05


def test_images_without_a_class_are_refused(recogniser: Recogniser, digits: Path) -> None:
    images = ImageSet.load(digits, "holdout").images[:3]
    with pytest.raises(AlphabarError, match="2 images have no class"):
        recogniser.share(images, np.array([1, -1, -1]), 0.95)


def test_a_single_class_leaves_nothing_to_recognise(digits: Path) -> None:
    train = ImageSet.load(digits, "train")
    same = dataclasses.replace(train, classes=np.zeros_like(train.classes))
    with pytest.raises(AlphabarError, match="one class"):
        train_recogniser(same, same, 0.95)


def test_large_colour_images_are_recognised_too(digits: Path) -> None:
    def enlarged(split: str) -> object:
        real = ImageSet.load(digits, split)  # type: ignore[arg-type]
        images = np.repeat(real.images.repeat(5, axis=1).repeat(5, axis=2), 3, axis=3)
        return dataclasses.replace(real, images=images)

    assert train_recogniser(enlarged("train"), enlarged("holdout"), 0.95).accuracy.value > 0.93
