"""The Inception network of the published FID and Inception Score, from either of its files.

Architecture: Szegedy et al., 2016, in the variant of TensorFlow's graph of 2015-12-05 (1,008
classes, averages without padding, one block that takes maxima). From the published TorchScript file
it is clean-fid's own module; from a file of tensors, which clean-fid only reads by download, it is
torchvision's with clean-fid's blocks, and a test holds the two together.
"""

import warnings
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import torch
from cleanfid.inception_pytorch import (
    FIDInceptionA,
    FIDInceptionC,
    FIDInceptionE_1,
    FIDInceptionE_2,
)
from cleanfid.inception_torchscript import InceptionV3W
from torch import Tensor, nn
from torchvision.models import Inception3

FEATURES = 2048
CLASSES = 1008
SCRIPT = ".pt"
"""How the TorchScript file's name ends."""


@dataclass(frozen=True)
class InceptionNetwork:
    """Frozen, in evaluation mode, on the CPU.

    Attributes:
        layers: (b, 3, 299, 299) in [0, 255] to pooled features (b, 2048).
        classifier: (1008, 2048), the classifier's weight; the published score omits its bias.
    """

    layers: nn.Module
    classifier: Tensor


def load_inception(path: Path) -> InceptionNetwork:
    """The network from clean-fid's TorchScript file (.pt) or from a file of tensors (.pth).

    It raises many kinds of errors where the file is broken or holds something else.
    """
    network = _from_torchscript(path) if path.suffix == SCRIPT else _from_tensors(path)
    network.layers.eval()
    for parameter in network.layers.parameters():
        parameter.requires_grad_(False)
    return network


def fid_inception() -> Inception3:
    """torchvision's Inception with the blocks that differ in FID's; not trained.

    It has the names of pytorch-fid's file pt_inception-2015-12-05-6726825d.pth.
    """
    with torch.random.fork_rng(devices=[]):  # the random start is replaced
        network = Inception3(num_classes=CLASSES, aux_logits=False, init_weights=False)
        for name, channels, pooled in (("5b", 192, 32), ("5c", 256, 64), ("5d", 288, 64)):
            setattr(network, f"Mixed_{name}", FIDInceptionA(channels, pool_features=pooled))
        for name, inner in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
            setattr(network, f"Mixed_{name}", FIDInceptionC(768, channels_7x7=inner))
        network.Mixed_7b = FIDInceptionE_1(1280)
        network.Mixed_7c = FIDInceptionE_2(FEATURES)
    return network


def pooled_layers(network: Inception3) -> nn.Sequential:
    """All of the network up to and with the average over positions."""
    return nn.Sequential(
        OrderedDict(
            (name, module)
            for name, module in network.named_children()
            if name not in ("dropout", "fc")
        )
    )


def _from_tensors(path: Path) -> InceptionNetwork:
    network = fid_inception()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    layers = nn.Sequential(_Scale(), pooled_layers(network), nn.Flatten())
    return InceptionNetwork(layers, network.fc.weight.detach())


class _Scale(nn.Module):
    """Levels in [0, 255] as the network reads them, in clean-fid's order of operations."""

    def forward(self, pixels: Tensor) -> Tensor:
        return (pixels - 128) / 128


def _from_torchscript(path: Path) -> InceptionNetwork:
    with warnings.catch_warnings():  # TorchScript is going out of use, but the file is what it is
        warnings.simplefilter("ignore", FutureWarning)
        network = InceptionV3W(str(path.parent), download=False)
    shape = (CLASSES, FEATURES)
    heads = [each for each in network.base.state_dict().values() if tuple(each.shape) == shape]
    if len(heads) != 1:
        raise ValueError(f"it has {len(heads)} classifiers of shape {shape}")
    return InceptionNetwork(network, heads[0].detach())
