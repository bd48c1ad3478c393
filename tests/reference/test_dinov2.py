"""The DINOv2 extractor with seeded weights: the architecture, the files, dgm-eval's input."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision import transforms

from components.errors import AlphabarError
from components.evaluation.extractors.dinov2 import (
    DinoV2,
    dgm_eval_input,
    resized_positions,
)
from components.evaluation.weights_files import DINOV2, dinov2_files

CPU = torch.device("cpu")
SMALL = "vit_small_patch14_dinov2"


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 30, 20, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    """timm's own small network at its own 518 pixels, seeded."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = timm.create_model(SMALL, pretrained=False).eval()
        made.pos_embed.data.normal_()
    for block in made.blocks:  # they begin at 1e-5, where the class token ignores the image
        block.ls1.gamma.data.fill_(1.0)
        block.ls2.gamma.data.fill_(1.0)
    return made


@pytest.fixture(scope="module")
def weights(network: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    save_file(network.state_dict(), folder / dinov2_files(SMALL)[0])
    return folder


def test_features_are_the_class_token_of_timm_s_network_on_dgm_eval_s_input(
    network: torch.nn.Module, weights: Path, images: np.ndarray
) -> None:
    pixels = torch.stack([dgm_eval_input(Image.fromarray(image)) for image in images])
    expected_at_224 = timm.create_model(SMALL, img_size=224).eval()
    state = network.state_dict()
    state["pos_embed"] = resized_positions(state["pos_embed"], 16)
    expected_at_224.load_state_dict(state)
    with torch.inference_mode():
        expected = expected_at_224.forward_features(pixels)[:, 0].numpy()
    found = DinoV2(CPU, weights, SMALL)(images)
    assert found.shape == (3, 384)
    assert np.ptp(found, axis=0).mean() > 0.01
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_input_is_dgm_eval_s() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 300, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    theirs = transforms.Compose(
        [
            transforms.Resize((224, 224), transforms.InterpolationMode.BICUBIC),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    assert torch.equal(dgm_eval_input(image), theirs(image))


def test_meta_s_own_file_gives_the_same_features(
    network: torch.nn.Module, weights: Path, images: np.ndarray, tmp_path: Path
) -> None:
    name = dinov2_files(SMALL)[1]
    assert name == "dinov2_vits14_pretrain.pth"
    torch.save(network.state_dict() | {"mask_token": torch.zeros(1, 384)}, tmp_path / name)
    theirs, ours = DinoV2(CPU, tmp_path, SMALL), DinoV2(CPU, weights, SMALL)
    assert np.array_equal(theirs(images), ours(images))


def test_positions_are_read_where_dinov2_reads_them() -> None:
    """Bicubic with a = -0.75, without antialias, at places that the offset of 0.1 moves."""
    m, side = 37, 16
    grid = np.random.default_rng(0).normal(size=(m, m, 2)).astype(np.float32)
    places = (np.arange(side) + 0.5) * m / (side + 0.1) - 0.5
    weights = np.zeros((side, m))
    for row, place in enumerate(places):
        for neighbour in range(int(np.floor(place)) - 1, int(np.floor(place)) + 3):
            weights[row, np.clip(neighbour, 0, m - 1)] += _cubic(abs(place - neighbour))
    expected = np.einsum("im,jn,mnd->ijd", weights, weights, grid)
    positions = torch.cat(
        [torch.full((1, 1, 2), -7.0), torch.from_numpy(grid).reshape(1, -1, 2)], 1
    )
    found = resized_positions(positions, side)
    assert found[0, 0].tolist() == [-7.0, -7.0]
    np.testing.assert_allclose(found[0, 1:].reshape(side, side, 2), expected, atol=1e-4)


def _cubic(x: float, a: float = -0.75) -> float:
    """Keys, 1981, equation 4, with any a."""
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a


def test_the_default_is_the_large_network_of_dgm_eval() -> None:
    with torch.device("meta"):
        large = timm.create_model(DINOV2, img_size=224, num_classes=0)
    assert (large.num_features, len(large.blocks)) == (1024, 24)
    assert large.pos_embed.shape == (1, 257, 1024)
    assert dinov2_files(DINOV2)[1] == "dinov2_vitl14_pretrain.pth"


def test_missing_weights_are_named_with_their_folder_and_the_offline_choice(
    tmp_path: Path,
) -> None:
    with pytest.raises(AlphabarError, match="efficientnet_lite0") as caught:
        DinoV2(CPU, tmp_path)
    for part in (*dinov2_files(DINOV2), str(tmp_path)):
        assert part in caught.value.what


def test_weights_of_another_network_are_refused(tmp_path: Path, images: np.ndarray) -> None:
    save_file({"pos_embed": torch.zeros(1, 1370, 768)}, tmp_path / dinov2_files(SMALL)[0])
    with pytest.raises(AlphabarError, match=r"cannot load its weights .*\.safetensors"):
        DinoV2(CPU, tmp_path, SMALL)(images)
