"""An engine's features are those of timm's own network, and of that network in float64."""

from collections.abc import Iterator

import numpy as np
import open_clip
import pytest
import torch
from torch import nn

from components.evaluation.extractors.efficientnet import EfficientNetLite0, load_efficientnet_lite0
from components.evaluation.extractors.engine import TorchEngine
from components.evaluation.extractors.folding import fold
from components.evaluation.extractors.inception_network import fid_inception, pooled_layers
from components.evaluation.extractors.onnx_runtime import build_engine
from components.evaluation.images.pixels import network_input, probe_of
from components.evaluation.metrics.frechet import FrechetReference, frechet_parts
from components.evaluation.metrics.kernel import kernel_estimate

CPU = torch.device("cpu")
CLOSE = 1e-5


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def pictures(n: int, side: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Gradients with noise, so that features are neither all alike nor all of texture."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    waves = np.sin(random.uniform(1, 9, (n, 1, 1, channels)) * (x + y)[..., None])
    return (127 + 100 * waves + random.normal(0, 20, waves.shape)).clip(0, 255).astype(np.uint8)


def apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The larger of the greatest difference to the greatest feature, and of an image's difference
    to its own norm."""
    by_feature = np.abs(ours - theirs).max() / np.abs(theirs).max()
    by_image = np.linalg.norm(ours - theirs, axis=1) / np.linalg.norm(theirs, axis=1)
    return float(max(by_feature, by_image.max()))


@pytest.mark.parametrize(
    ("size", "stored", "channels", "n"),
    [(32, 32, 3, 37), (64, 64, 1, 19), (64, 28, 1, 11), (96, 128, 3, 7), (224, 224, 3, 3)],
)
def test_features_are_the_eager_network_s(
    threads: int, size: int, stored: int, channels: int, n: int
) -> None:
    images = pictures(n, stored, channels)
    found = EfficientNetLite0(size, CPU)(images)
    network, pixels = load_efficientnet_lite0(), network_input(images, size, CPU)
    with torch.inference_mode():
        eager = network(pixels).numpy()
        exact = network.double()(pixels.double()).numpy()
    assert apart(found, eager) < CLOSE
    assert apart(found, exact) < CLOSE


def test_figures_do_not_tell_the_engines_apart() -> None:
    sets = [pictures(60, 64, seed=seed) for seed in (1, 2)]
    found = [EfficientNetLite0(64, CPU)(each) for each in sets]
    network = load_efficientnet_lite0()
    with torch.inference_mode():
        eager = [network(network_input(each, 64, CPU)).numpy() for each in sets]
    for figures in (
        [frechet_parts(a, FrechetReference(b), 0.95).measured.estimate for a, b in (found, eager)],
        [kernel_estimate(a, b, 0.95).estimate for a, b in (found, eager)],
    ):
        for end in ("value", "low", "high"):
            one, other = (f"{getattr(figure, end):.4g}" for figure in figures)
            assert one == other


def seeded(network: nn.Module) -> nn.Module:
    """With weights and statistics that folding cannot overlook."""
    random = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and tensor.dim() == 1:
            lift = 1.0 if name.endswith(("weight", "running_var")) else 0.0
            tensor.copy_(lift + 0.1 * torch.randn(tensor.shape, generator=random).abs())
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module", params=["inception", "RN50"])
def convolutional(request: pytest.FixtureRequest) -> tuple[nn.Module, int, int]:
    """A network, its size, and how many normalisations it has."""
    torch.manual_seed(0)
    if request.param == "inception":
        network: nn.Module = nn.Sequential(pooled_layers(fid_inception()), nn.Flatten())
        return seeded(network), 299, 94
    return seeded(open_clip.create_model("RN50").visual), 224, 55


def test_folding_leaves_other_networks_as_they_are(
    convolutional: tuple[nn.Module, int, int],
) -> None:
    network, side, norms = convolutional
    probe = torch.cat([probe_of(side), probe_of(side).flip(3) * 0.5])
    before = network(probe)
    exact = network.double()(probe.double())
    network.float()
    assert fold(network, probe) == norms
    assert not [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert apart(network(probe).numpy(), before.numpy()) < CLOSE
    assert apart(network(probe).numpy(), exact.numpy()) < CLOSE


def test_an_exported_inception_gives_the_features_that_torch_gives() -> None:
    torch.manual_seed(0)
    network = seeded(nn.Sequential(pooled_layers(fid_inception()), nn.Flatten()))
    images = torch.randn(3, 3, 299, 299)
    eager = network(images).numpy()
    fold(network, images[:1])
    engine = build_engine(network, images[:1], CPU, 2)
    assert not isinstance(engine, TorchEngine)
    rows = np.arange(3)
    parts = [(rows[k : k + 1], images[k : k + 1].numpy()) for k in range(3)]
    found = np.concatenate([each for _, each in engine.run(parts, torch.from_numpy)])
    assert apart(found, eager) < CLOSE
