import numpy as np

from components.evaluation.asked_for import coverage_words
from components.evaluation.images.image_set import ImageSet

NAMES = ("zero", "one", "two")


def images(classes: list[int], captions: list[str] | None = None, named: bool = False) -> ImageSet:
    n = len(classes)
    pixels = np.zeros((n, 4, 4, 1), np.uint8)
    texts = captions or [""] * n
    return ImageSet(pixels, np.array(classes), texts, "set", class_names=NAMES if named else ())


def test_all_of_one_class_against_several_is_said() -> None:
    (said,) = coverage_words(images([1, 1]), images([0, 1, 2], named=True))
    assert said == (
        "the images were asked for 1 of the 3 classes of the real images (one), and not for zero, "
        "two: figures of the whole set hold them against all 3; those of a group hold it against "
        "its own"
    )


def test_classes_go_before_captions_and_captions_are_held_where_there_are_no_classes() -> None:
    real = images([0, 1], ["a cat", "a dog"])
    assert coverage_words(images([1, 0], ["x", "y"]), real) == []
    bare = images([-1, -1], ["a cat", "a dog"])
    (said,) = coverage_words(images([-1], ["a dog"]), bare)
    assert "1 of the 2 captions of the real images, and not for a cat" in said
    assert coverage_words(images([-1, -1], ["a dog", "a cat"]), bare) == []


def test_of_what_nobody_knows_nothing_is_said() -> None:
    assert coverage_words(images([-1]), images([0, 1])) == []
    assert coverage_words(images([1]), images([-1])) == []
