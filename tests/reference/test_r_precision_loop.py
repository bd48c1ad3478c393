"""CLIP R-precision against a loop over images and captions."""

import numpy as np

from components.evaluation.metrics.r_precision import clip_r_precision


def test_it_is_the_loop_over_all_captions_and_ties_are_misses() -> None:
    generator = np.random.default_rng(0)
    captions = generator.normal(size=(30, 6))
    captions[7] = captions[8]  # indistinguishable: neither can be found
    of = generator.integers(0, 30, 200)
    images = captions[of] + 0.6 * generator.normal(size=(200, 6))
    found = 0
    for image, own in zip(images, of, strict=True):
        cosines = [image @ c / np.linalg.norm(image) / np.linalg.norm(c) for c in captions]
        found += all(cosines[own] > cosines[other] for other in range(30) if other != own)
    result = clip_r_precision(images.astype("f4"), captions.astype("f4"), of, 0, 0.95)
    assert result.top1.value == found / 200
    assert 0.3 < result.top1.value < 0.95
