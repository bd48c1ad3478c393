import numpy as np
import pytest
import torch

from components.errors import AlphabarError
from components.evaluation.images.pixels import batch_size, check_images, network_input

CPU = torch.device("cpu")


def test_black_and_white_become_minus_one_and_one() -> None:
    images = np.zeros((2, 8, 8, 3), np.uint8)
    images[1] = 255
    pixels = network_input(images, 16, CPU)
    assert pixels.shape == (2, 3, 16, 16)
    assert torch.equal(pixels[0], -torch.ones(3, 16, 16))
    assert torch.equal(pixels[1], torch.ones(3, 16, 16))


def test_grey_is_repeated_to_three_channels() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), dtype=np.uint8)
    colour = np.repeat(grey, 3, axis=3)
    assert torch.equal(network_input(grey, 20, CPU), network_input(colour, 20, CPU))


def test_images_of_the_right_size_are_not_resampled() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    pixels = network_input(images, 8, CPU).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose((pixels + 1) * 127.5, images, atol=1e-4)


def test_shrinking_averages_instead_of_skipping() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1, 128, 128, 1), dtype=np.uint8)
    shrunk = network_input(noise, 8, CPU)
    assert shrunk.std() < 0.1  # averages of 256 and more; four of them alone would leave 0.3


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 8, 8, 3), np.float32),
        np.zeros((8, 8, 3), np.uint8),
        np.zeros((2, 3, 8, 8), np.uint8),
        np.zeros((0, 8, 8, 3), np.uint8),
    ],
)
def test_what_is_no_batch_of_images_is_refused(images: np.ndarray) -> None:
    with pytest.raises(AlphabarError, match="cannot be evaluated"):
        check_images(images)


def test_large_images_go_in_small_batches() -> None:
    assert batch_size(64) == 256
    assert batch_size(1024) == 1
