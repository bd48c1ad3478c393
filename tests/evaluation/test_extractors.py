from pathlib import Path

import numpy as np
import pytest
import torch

from components.errors import AlphabarError
from components.evaluation.extractors import EXTRACTORS, build_extractor
from components.evaluation.extractors.batches import Reader
from components.evaluation.extractors.efficientnet import EfficientNetLite0, load_efficientnet_lite0
from components.evaluation.extractors.engine import TorchEngine
from components.evaluation.weights_files import DINOV2, INCEPTION_FILES, dinov2_files
from components.files.digests import known_sha256

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
    assert extractor(images).tobytes() == alone.tobytes()


def test_the_same_images_give_the_same_bytes(
    extractor: EfficientNetLite0, images: np.ndarray
) -> None:
    assert extractor(images).tobytes() == extractor(images).tobytes()


def test_loading_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    load_efficientnet_lite0()
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_network_is_frozen_and_in_evaluation_mode() -> None:
    network = load_efficientnet_lite0()
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())


def test_progress_ends_at_the_number_of_images(
    extractor: EfficientNetLite0, images: np.ndarray
) -> None:
    seen: list[tuple[int, int]] = []
    extractor(images, lambda done, total, note="": seen.append((done, total)))
    assert seen[-1] == (30, 30)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "inception", "dinov2", "clip:ViT-B-32:w"])
def test_every_registered_extractor_is_called_by_its_own_name(name: str, one_folder: Path) -> None:
    assert name.partition(":")[0] in EXTRACTORS
    built = build_extractor(name, 32, CPU, one_folder)
    assert built.name == name
    assert str(built.size) in built.resize
    assert built.weights_digest == known_sha256(one_folder / "w") or name == "efficientnet_lite0"


def test_no_extractor_is_left_out_above() -> None:
    assert set(EXTRACTORS) == {"efficientnet_lite0", "inception", "dinov2", "clip"}


def test_only_efficientnet_leaves_its_size_open(one_folder: Path) -> None:
    sizes = {
        name: [build_extractor(name, size, CPU, one_folder).size for size in (32, 40, None)]
        for name in ("efficientnet_lite0", "inception", "dinov2", "clip:ViT-B-32:w")
    }
    assert sizes == {
        "efficientnet_lite0": [32, 40, 64],
        "inception": [299] * 3,
        "dinov2": [224] * 3,
        "clip:ViT-B-32:w": [224] * 3,
    }


def test_an_unknown_extractor_is_refused_with_the_known_ones() -> None:
    with pytest.raises(AlphabarError, match="efficientnet_lite0"):
        build_extractor("resnet", 299, CPU)


def test_a_network_that_gives_nan_names_the_first_image(images: np.ndarray) -> None:
    def network(batch: torch.Tensor) -> torch.Tensor:
        bad = (batch == torch.tensor(images[20])).all(dim=(1, 2, 3))
        return torch.where(bad, torch.nan, 1.0)[:, None].expand(-1, 3)

    reader = Reader("mine", 3, torch.tensor, TorchEngine(network, CPU, 7))
    with pytest.raises(AlphabarError, match="`mine` gives NaN or infinite features, .* image 20"):
        reader(images)


@pytest.fixture
def one_folder(tmp_path: Path) -> Path:
    """A folder with the same bytes under every name that weights may have."""
    for name in (*INCEPTION_FILES, *dinov2_files(DINOV2), "w"):
        (tmp_path / name).write_bytes(b"weights")
    return tmp_path
