import numpy as np

from components.evaluation.images.image_files import digest_of


def test_the_digest_tells_pixels_and_shapes_apart() -> None:
    images = np.arange(96, dtype=np.uint8).reshape(2, 4, 4, 3)
    other = images.copy()
    other[1, 3, 3, 2] += 1
    digests = {
        digest_of(images),
        digest_of(other),
        digest_of(images[::-1]),
        digest_of(images.reshape(4, 2, 4, 3)),
        digest_of(images.reshape(2, 6, 8, 1)),
    }
    assert len(digests) == 5
    strided = np.repeat(images, 2, axis=1)[:, ::2]
    assert digest_of(strided) == digest_of(images)
