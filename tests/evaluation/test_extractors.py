import numpy as np
import pytest
import torch

from components.errors import AlphabarError
from components.evaluation.extractors import EXTRACTORS, build_extractor
from components.evaluation.extractors.efficientnet import EfficientNetLite0, load_efficientnet_lite0

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (30, 8, 8, 1), dtype=np.uint8)


def test_features_have_the_stated_shape_and_differ_between_images(
    extractor: EfficientNetLite0, images: np.ndarray
) -> None:
    features = extractor(images)
    assert features.shape == (30, extractor.dimension)
    assert features.dtype == np.float32
    assert np.ptp(features, axis=0).max() > 0.1


def test_features_do_not_depend_on_the_batch(
    extractor: EfficientNetLite0, images: np.ndarray
) -> None:
    alone = np.concatenate([extractor(images[k : k + 7]) for k in range(0, 30, 7)])
    np.testing.assert_allclose(extractor(images), alone, rtol=1e-4, atol=1e-4)


def test_the_same_images_give_the_same_bytes(
    extractor: EfficientNetLite0, images: np.ndarray
) -> None:
    assert extractor(images).tobytes() == extractor(images).tobytes()


def test_loading_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    load_efficientnet_lite0()
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_network_is_frozen_and_in_evaluation_mode(extractor: EfficientNetLite0) -> None:
    assert not extractor.network.training
    assert not any(p.requires_grad for p in extractor.network.parameters())


def test_progress_ends_at_the_number_of_images(
    extractor: EfficientNetLite0, images: np.ndarray
) -> None:
    seen: list[tuple[int, int]] = []
    extractor(images, lambda done, total, note="": seen.append((done, total)))
    assert seen[-1] == (30, 30)


def test_every_registered_extractor_is_called_by_its_own_name() -> None:
    for name in EXTRACTORS:
        built = build_extractor(name, 32, CPU)
        assert (built.name, built.size) == (name, 32)


def test_an_unknown_extractor_is_refused_with_the_known_ones() -> None:
    with pytest.raises(AlphabarError, match="efficientnet_lite0"):
        build_extractor("inception", 299, CPU)
