"""The Inception extractor against clean-fid's own code, with the same seeded weights."""

import os
from pathlib import Path

import cleanfid.inception_pytorch
import numpy as np
import pytest
import torch
from cleanfid import fid
from cleanfid.inception_torchscript import InceptionV3W
from PIL import Image
from scipy.special import softmax
from torch import Tensor, nn

from components.errors import AlphabarError
from components.evaluation.extractors.inception import Inception
from components.evaluation.extractors.inception_network import fid_inception, pooled_layers
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.clean_resize import clean_resize
from components.evaluation.weights_files import INCEPTION_FILES

CPU = torch.device("cpu")
SCRIPT, TENSORS = INCEPTION_FILES


class Script(nn.Module):
    """As clean-fid's file is built: ``layers`` up to the pooled features, then ``output``."""

    def __init__(self, layers: nn.Module, output: nn.Linear) -> None:
        super().__init__()
        self.layers = layers
        self.output = output

    def forward(self, images: Tensor) -> Tensor:
        return self.output(self.layers(images).flatten(1)).softmax(dim=1)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Coloured gradients and noise, 40 by 56 pixels."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:40, :56]
    waves = [np.sin(x / a + y / b) for a, b in random.uniform(2, 9, (15, 2))]
    stack = np.stack(waves).reshape(5, 3, 40, 56).transpose(0, 2, 3, 1)
    noisy = 127 + 90 * stack + random.normal(0, 20, stack.shape)
    return noisy.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def weights(images: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with seeded weights in both of the published forms."""
    folder = tmp_path_factory.mktemp("weights")
    network = fid_inception()
    generator = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        wide = (2 / tensor[0].numel()) ** 0.5 if tensor.dim() == 4 else 0.1  # He's, or a tenth
        centre = 1.0 if name.endswith(("bn.weight", "running_var")) else 0.0
        if tensor.is_floating_point():
            tensor.copy_(centre + wide * torch.randn(tensor.shape, generator=generator))
    pixels = (torch.from_numpy(clean_resize(images)).permute(0, 3, 1, 2) - 128) / 128
    with torch.no_grad():
        torch.save(network.state_dict(), folder / TENSORS)
        traced = torch.jit.trace(pooled_layers(network).eval(), pixels[:2])
        torch.jit.script(Script(traced, network.fc).eval()).save(str(folder / SCRIPT))
    return folder


@pytest.fixture(scope="module")
def by_script(weights: Path) -> Inception:
    return Inception(CPU, weights)


@pytest.fixture(scope="module")
def by_tensors(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Inception:
    folder = tmp_path_factory.mktemp("tensors")
    (folder / TENSORS).symlink_to(weights / TENSORS)
    return Inception(CPU, folder)


def test_features_are_those_of_clean_fid_on_a_folder_of_the_images(
    by_script: Inception, weights: Path, images: np.ndarray, tmp_path: Path
) -> None:
    for k, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{k}.png")
    theirs = fid.get_folder_features(
        str(tmp_path),
        InceptionV3W(str(weights), download=False),
        num_workers=0,
        mode="clean",
        device=CPU,
        verbose=False,
    )
    assert np.ptp(theirs, axis=0).mean() > 0.03  # the images differ by far more than rounding
    np.testing.assert_allclose(by_script(images), theirs, rtol=1e-5, atol=1e-6)
    assert isinstance(by_script.network.layers, InceptionV3W)


def test_the_file_of_tensors_gives_clean_fid_s_pytorch_network(
    by_tensors: Inception, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensors = torch.load(by_tensors.path, weights_only=True)
    monkeypatch.setattr(
        cleanfid.inception_pytorch, "load_state_dict_from_url", lambda url, progress: tensors
    )
    theirs = cleanfid.inception_pytorch.InceptionV3(resize_input=False).eval()
    pixels = torch.from_numpy(clean_resize(images)).permute(0, 3, 1, 2)
    scaled = (pixels - 128) / 128  # that network's own input, but with the script's scaling
    expected = theirs((scaled + 1) / 2)[0].flatten(1).numpy()
    np.testing.assert_allclose(by_tensors(images), expected, rtol=1e-4, atol=1e-5)


def test_both_files_give_the_same_features(
    by_script: Inception, by_tensors: Inception, images: np.ndarray
) -> None:
    assert by_script.path.name == SCRIPT
    assert by_tensors.path.name == TENSORS
    np.testing.assert_allclose(by_script(images), by_tensors(images), rtol=1e-5, atol=1e-5)


def test_probabilities_are_those_without_the_classifier_s_bias(
    by_tensors: Inception, images: np.ndarray
) -> None:
    tensors = torch.load(by_tensors.path, weights_only=True)
    weight, bias = tensors["fc.weight"].numpy(), tensors["fc.bias"].numpy()
    bank = FeatureBank(CPU, weights=by_tensors.path.parent)
    found = bank.features(images, "inception")
    probabilities = found.probabilities()
    assert probabilities.shape == (5, 1008)
    np.testing.assert_allclose(probabilities, softmax(found.values @ weight.T, axis=1), rtol=1e-5)
    biased = softmax(found.values @ weight.T + bias, axis=1)
    assert np.abs(probabilities - biased).max() > 1e-3
    assert found.resize == "clean-fid bicubic 299px"


def test_both_files_have_the_same_classifier(by_script: Inception, by_tensors: Inception) -> None:
    assert torch.equal(by_script.network.classifier, by_tensors.network.classifier)


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine where nobody has ever had the weights."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(shared))
    return tmp_path


def test_missing_weights_are_named_with_their_folders_and_the_offline_choice(
    empty_home: Path,
) -> None:
    with pytest.raises(AlphabarError, match="efficientnet_lite0") as caught:
        Inception(CPU, empty_home / "mine")
    for part in (SCRIPT, TENSORS, *(str(empty_home / of) for of in ("mine", "home", "shared"))):
        assert part in caught.value.what


def test_the_given_folder_comes_before_the_user_s_and_that_before_clean_fid_s(
    empty_home: Path,
) -> None:
    places = ("shared", "home/.cache/alphabar/weights", "mine")
    for place in places:
        path = empty_home / place / SCRIPT
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        assert Inception(CPU, empty_home / "mine").path == path


def test_another_user_s_file_among_the_temporary_ones_is_not_taken(empty_home: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root may give files away")
    path = empty_home / "shared" / SCRIPT
    path.write_bytes(b"")
    assert Inception(CPU).path == path
    os.chown(path, 12345, -1)
    with pytest.raises(AlphabarError, match="has no weights"):
        Inception(CPU)


@pytest.mark.parametrize("name", INCEPTION_FILES)
@pytest.mark.parametrize("content", ["cut", "garbage", "empty", "other"])
def test_broken_weights_are_refused(
    weights: Path, tmp_path: Path, name: str, content: str, images: np.ndarray
) -> None:
    path = tmp_path / name
    if content == "cut":
        path.write_bytes((weights / name).read_bytes()[:1_000_000])
    elif content == "other":
        torch.save({"a": torch.zeros(3)}, path)
    else:
        path.write_bytes(b"no weights" if content == "garbage" else b"")
    with pytest.raises(AlphabarError, match=name):
        Inception(CPU, tmp_path)(images)


def test_weights_that_would_run_code_when_loaded_are_refused(
    tmp_path: Path, images: np.ndarray
) -> None:
    torch.save({"fc.weight": Path(tmp_path)}, tmp_path / TENSORS)  # a class of the file's choice
    with pytest.raises(AlphabarError, match="cannot load"):
        Inception(CPU, tmp_path)(images)
