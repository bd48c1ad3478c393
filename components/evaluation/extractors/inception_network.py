"""The Inception network of the published FID and Inception Score, from either of its files.

Architecture: Szegedy et al., 2016, in the variant of TensorFlow's graph of 2015-12-05 (1,008
classes, averages without padding, one block that takes maxima), whose blocks are clean-fid's.
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
from torch import Tensor, nn
from torchvision.models import Inception3

FEATURES = 2048
CLASSES = 1008


@dataclass(frozen=True)
class InceptionNetwork:
    """Frozen, in evaluation mode, on the CPU.

    Attributes:
        layers: (b, 3, 299, 299) in about [-1, 1] to pooled features, 2,048 numbers an image.
        classifier: (1008, 2048), the classifier's weight; the published score omits its bias.
    """

    layers: nn.Module
    classifier: Tensor


def load_inception(path: Path) -> InceptionNetwork:
    """The network from clean-fid's TorchScript file (.pt) or from a file of tensors (.pth).

    It raises many kinds of errors where the file is broken or holds something else.
    """
    network = _from_torchscript(path) if path.suffix == ".pt" else _from_tensors(path)
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
    return InceptionNetwork(pooled_layers(network), network.fc.weight.detach())


def _from_torchscript(path: Path) -> InceptionNetwork:
    with warnings.catch_warnings():  # TorchScript is going out of use, but the file is what it is
        warnings.simplefilter("ignore", FutureWarning)
        script = torch.jit.load(str(path), map_location="cpu")
    if not hasattr(script, "layers"):
        raise ValueError("it has no `layers`")
    shape = (CLASSES, FEATURES)
    heads = [tensor for tensor in script.state_dict().values() if tuple(tensor.shape) == shape]
    if len(heads) != 1:
        raise ValueError(f"it has {len(heads)} classifiers of shape {shape}")
    return InceptionNetwork(script.layers, heads[0].detach())
