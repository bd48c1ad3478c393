"""New models, and their exports."""

from pathlib import Path
from typing import Any

import torch

from components.networks.checkpoint import new_checkpoint, save_checkpoint
from components.networks.codecs.autoencoder import config_of
from components.networks.codecs.autoencoder_files import write_autoencoder, write_scale
from components.networks.export.folder import save_diffusers
from components.spec.catalogue import CODECS
from components.spec.sections.codec import CodecSpec
from components.spec.sections.network import NetworkSpec
from components.spec.sections.sampling import SamplingSpec
from components.training.autoencoder import new_autoencoder
from tests.model_config import model_config

NETWORKS = {
    "unet": {"kind": "unet", "channels": [16], "layers_per_block": 1},
    "transformer": {"kind": "transformer", "patch": 2, "depth": 1, "width": 16, "heads": 2},
}
STRONGER = ("conv_out.weight", "class_embedding", "time_emb_proj", "attn2.to_out")
DOGS = "two dogs " + "that run after another dog " * 10
PROMPTS = {
    "class": ["a", "c"],
    "none": ["", ""],
    **dict.fromkeys(("minilm", "clip", "t5", "pair"), ["a red ball", DOGS]),
}


def export(
    folder: Path,
    process: dict[str, Any],
    encoder: str,
    codec: str = "pixels",
    network: str = "unet",
    **sampling: Any,
) -> SamplingSpec:
    """A new model in ``folder``, and its export in ``folder``/out."""
    section = NetworkSpec.model_validate(NETWORKS[network]).settled()
    config = model_config(
        encoder,
        grey=CODECS[codec].levels is not None,
        captions=["a red ball", "a cat", DOGS],
        **process,
    )
    config = config.model_copy(update={"network": section})
    weights = None
    if CODECS[codec].learnt:
        weights = folder / "autoencoder"
        write_autoencoder(weights, new_autoencoder(CodecSpec(kind=codec, width=8, downsample=2), 3))
        write_scale(weights, mean=0.5, deviation=2.0)
        config = config.model_copy(update={"codec": config_of(weights, codec)})
    model = new_checkpoint(config, seed=0, codec=weights)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():  # so that x0 leaves the range of pixels, and conditions are seen
        for name, weights in model.network.named_parameters():
            if network == "unet":
                weights.mul_(3 if any(part in name for part in STRONGER) else 1)
            else:
                weights.add_(torch.randn(weights.shape, generator=generator) / 4)
    save_checkpoint(folder, config, model.network, model.codec)
    (folder / "out").mkdir()
    spec = SamplingSpec(**sampling)
    save_diffusers(folder, folder / "out", spec.model_dump(mode="json"))
    return spec
