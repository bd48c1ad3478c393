import numpy as np

from components.evaluation.metrics.r_precision import clip_r_precision


def test_images_at_their_captions_find_them_whatever_the_lengths() -> None:
    points = np.diag(np.arange(1.0, 6.0)).astype(np.float32)
    found = clip_r_precision(points, points[::-1].copy(), np.arange(5)[::-1], 0, 0.95)
    assert (found.top1.value, found.candidates, found.chance) == (1.0, 5, 0.2)


def test_a_long_caption_is_not_nearer_for_being_long() -> None:
    images = np.array([[1.0, 0.1]], np.float32)
    captions = np.array([[1.0, 0.0], [50.0, 50.0]], np.float32)
    assert clip_r_precision(images, captions, np.array([0]), 0, 0.95).top1.value == 1.0


def test_a_model_that_is_blind_to_captions_reaches_nought() -> None:
    images = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    captions = np.ones((10, 4), np.float32)
    found = clip_r_precision(images, captions, np.arange(50) % 10, 0, 0.95)
    assert (found.top1.value, found.chance) == (0.0, 0.1)


def test_shuffled_captions_lower_it_to_chance() -> None:
    generator = np.random.default_rng(0)
    captions = generator.normal(size=(150, 16)).astype(np.float32)
    caption_of = generator.integers(0, 150, 3000)
    images = captions[caption_of] + 0.7 * generator.normal(size=(3000, 16)).astype(np.float32)
    right = clip_r_precision(images, captions, caption_of, 0, 0.99)
    shuffled = clip_r_precision(images, captions, generator.permutation(caption_of), 0, 0.99)
    assert (right.candidates, right.chance) == (100, 0.01)
    assert right.top1.value > 0.6
    assert shuffled.top1.low < shuffled.chance < shuffled.top1.high < 0.03
