"""The bold digits against SciPy's grey dilation, and whether they can be read."""

import numpy as np
from scipy.ndimage import grey_dilation
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from components.data.sources.digits import embolden


def test_bold_is_the_grey_dilation_by_a_row_of_two() -> None:
    images = load_digits().images.astype(np.uint8)
    footprint = np.array([[[True, True, False]]])[:, :, ::-1]  # a pixel and its left neighbour
    reference = grey_dilation(images, footprint=footprint, mode="constant", cval=0)
    np.testing.assert_array_equal(embolden(images), reference)


def test_an_svc_reads_held_out_bold_digits() -> None:
    digits = load_digits()
    bold = embolden(digits.images.astype(np.uint8)).reshape(-1, 64)
    x, held_x, y, held_y = train_test_split(bold, digits.target, test_size=0.3, random_state=0)
    assert SVC().fit(x, y).score(held_x, held_y) >= 0.97
