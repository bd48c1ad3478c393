import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch

from components.errors import AlphabarError
from components.evaluation.extractors import efficientnet
from components.evaluation.extractors.efficientnet import (
    EfficientNetLite0,
    load_efficientnet_lite0,
)
from components.evaluation.extractors.weights import OFFLINE_CHOICE
from components.evaluation.features import feature_bank
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.features.feature_store import read_values, write_values
from components.evaluation.images.pixels import network_input

LITE = EfficientNetLite0.name
SIZE = 32


class Passes:
    """Progress that counts the images that a network really looked at."""

    def __init__(self) -> None:
        self.images = 0

    def __call__(self, done: int, total: int, note: str = "") -> None:
        self.images += total if done == total else 0


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)


@pytest.fixture
def passes() -> Passes:
    return Passes()


def stored(cache: Path) -> list[Path]:
    return sorted((cache / "features").iterdir())


def test_features_are_the_extractor_s(images: np.ndarray) -> None:
    found = FeatureBank("cpu").features(images, LITE, SIZE)
    expected = EfficientNetLite0(SIZE, torch.device("cpu"))(images)
    assert np.array_equal(found.values, expected)
    assert (found.extractor, found.resize) == (LITE, "bilinear-antialias 32px")


def test_a_set_is_looked_at_once_in_a_bank(images: np.ndarray, passes: Passes) -> None:
    bank = FeatureBank("cpu", progress=passes)
    first, second = (bank.features(images, LITE, SIZE) for _ in range(2))
    assert second is first
    assert bank.features(images.copy(), LITE, SIZE) is first
    assert passes.images == 12


def test_pixels_changed_in_place_are_looked_at_again(images: np.ndarray, passes: Passes) -> None:
    bank, mine = FeatureBank("cpu", progress=passes), images.copy()
    before = bank.features(mine, LITE, SIZE)
    mine[0] = 255 - mine[0]
    after = bank.features(mine, LITE, SIZE)
    assert after.key != before.key
    assert passes.images == 24


def test_another_bank_reads_them_from_disk(
    images: np.ndarray, passes: Passes, tmp_path: Path
) -> None:
    first = FeatureBank("cpu", tmp_path).features(images, LITE, SIZE)
    second = FeatureBank("cpu", tmp_path, passes).features(images, LITE, SIZE)
    assert passes.images == 0
    assert np.array_equal(second.values, first.values)
    assert second.key == first.key
    np.testing.assert_array_equal(second.probabilities(), first.probabilities())


def test_another_size_version_or_kind_of_weights_is_another_key(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [FeatureBank("cpu").features(images, LITE, size).key for size in (32, 33)]
    monkeypatch.setattr(feature_bank, "VERSION", feature_bank.VERSION + 1)
    keys.append(FeatureBank("cpu").features(images, LITE, 32).key)
    monkeypatch.undo()
    bank = FeatureBank("cpu")
    bank.extractor(LITE, 32).__dict__["weights_digest"] = "other weights"
    keys.append(bank.features(images, LITE, 32).key)
    assert len(set(keys)) == 4


@pytest.mark.parametrize("fault", ["cut", "nan", "empty", "folder"])
def test_a_broken_file_is_made_anew(
    images: np.ndarray, passes: Passes, tmp_path: Path, fault: str
) -> None:
    first = FeatureBank("cpu", tmp_path).features(images, LITE, SIZE)
    (path,) = stored(tmp_path)
    whole = path.read_bytes()
    if fault == "nan":
        np.save(path, np.full((12, 1280), np.nan, np.float32))
    elif fault == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(whole[:1000] if fault == "cut" else b"")
    again = FeatureBank("cpu", tmp_path, passes).features(images, LITE, SIZE)
    assert passes.images == 12
    assert np.array_equal(again.values, first.values)
    if fault != "folder":
        assert path.read_bytes() == whole


def test_a_cache_that_cannot_be_written_does_not_stop_an_evaluation(
    images: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    found = FeatureBank("cpu", tmp_path / "file").features(images, LITE, SIZE)
    assert found.values.shape == (12, 1280)


def test_features_that_are_not_finite_are_refused_and_not_stored(
    images: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = FeatureBank("cpu", tmp_path)
    network = load_efficientnet_lite0()
    with torch.no_grad():
        network.conv_stem.weight[0, 0, 0, 0] = torch.nan
    monkeypatch.setattr(efficientnet, "load_efficientnet_lite0", lambda: network)
    with pytest.raises(AlphabarError, match="`efficientnet_lite0` gives NaN"):
        bank.features(images, LITE, SIZE)
    assert not (tmp_path / "features").exists()


def test_the_classifier_s_probabilities_are_the_whole_network_s(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_bank, "_ROWS", 5)  # three passes, the last one short
    probabilities = FeatureBank("cpu").features(images, LITE, SIZE).probabilities()
    with torch.inference_mode():
        pixels = network_input(images, SIZE, torch.device("cpu"))
        expected = load_efficientnet_lite0(classifier=True)(pixels).softmax(dim=1).numpy()
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, expected, rtol=1e-3, atol=1e-7)


def test_features_cannot_be_written_to(images: np.ndarray) -> None:
    found = FeatureBank("cpu").features(images, LITE, SIZE)
    with pytest.raises(ValueError, match="read-only"):
        found.values[0] = 0


def test_memory_keeps_the_newest_sets_only(
    images: np.ndarray, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_bank, "MEMORY", 2 * 4 * 1280 * 4)
    bank = FeatureBank("cpu", progress=passes)
    sets = [images[k : k + 4] for k in (0, 4, 8)]
    for members in sets:
        bank.features(members, LITE, SIZE)
    bank.features(sets[2], LITE, SIZE)
    bank.features(sets[1], LITE, SIZE)
    assert passes.images == 12
    bank.features(sets[0], LITE, SIZE)
    assert passes.images == 16
    bank.features(images, LITE, SIZE)  # more than the limit alone: kept until the next
    bank.features(images, LITE, SIZE)
    assert passes.images == 28


def test_memory_is_the_features_and_a_batch(tmp_path: Path) -> None:
    """Reading or writing makes no second copy: 50,000 times 2,048 numbers are 0.38 GiB."""
    values = np.ones((4_000, 2048), np.float32)
    tracemalloc.start()
    write_values(tmp_path / "key.npy", values)
    assert tracemalloc.get_traced_memory()[1] < values.nbytes / 10
    tracemalloc.reset_peak()
    read = read_values(tmp_path / "key.npy", values.shape)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read is not None
    assert peak < 1.3 * values.nbytes  # and a byte a number, while they are checked


@pytest.mark.parametrize("name", ["resnet", "inception:a", "clip", ""])
def test_an_unknown_extractor_is_refused_with_the_known_ones(images: np.ndarray, name: str) -> None:
    with pytest.raises(AlphabarError, match=OFFLINE_CHOICE):
        FeatureBank("cpu").features(images, name, SIZE)


def test_what_are_no_images_is_refused_before_anything_is_loaded() -> None:
    with pytest.raises(AlphabarError, match="cannot be evaluated"):
        FeatureBank("cpu").features(np.zeros((2, 8, 8, 3), np.float32), LITE, SIZE)


def test_what_follows_from_features_is_made_once_and_a_broken_file_is_made_anew(
    tmp_path: Path,
) -> None:
    bank = FeatureBank("cpu", tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1), np.uint8)
    features = bank.features(images, "efficientnet_lite0", 32)
    made: list[bool] = []
    shapes = {"gap": (3,), "duplicated": (2,)}

    def make() -> dict[str, np.ndarray]:
        made.append(True)
        return {"gap": np.arange(3.0), "duplicated": np.array([True, False])}

    for _ in range(2):
        found = FeatureBank("cpu", tmp_path).derived(features, "gaps", shapes, make)
        assert found["gap"].tolist() == [0.0, 1.0, 2.0]
        assert found["duplicated"].tolist() == [True, False]
    assert len(made) == 1
    (path,) = (tmp_path / "features").glob("*-gaps-*.npz")
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    assert bank.derived(features, "gaps", shapes, make)["gap"].tolist() == [0.0, 1.0, 2.0]
    assert len(made) == 2
    np.savez(path, gap=np.arange(4.0), duplicated=np.array([True, False]))  # of another shape
    assert bank.derived(features, "gaps", shapes, make)["gap"].tolist() == [0.0, 1.0, 2.0]
    assert len(made) == 3
