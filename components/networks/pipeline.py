"""A pipeline's directory as the parts of a checkpoint, without any training."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from components.errors import AlphabarError, first_line
from components.networks.codecs import Codec
from components.networks.codecs.pretrained_autoencoder import (
    PretrainedAutoencoder,
    pretrained_codec,
)
from components.networks.conditioners import Conditioner, Given
from components.networks.conditioners.pipeline import pipeline_text
from components.networks.conditioners.rows import POOLED, STATES, TIME_IDS
from components.networks.denoisers.pretrained import READS, PretrainedNetwork
from components.networks.part_weights import read_network
from components.spec.model_config import ModelConfig, new_config
from components.spec.pipelines.families import VAE
from components.spec.pipelines.folder import PipelineFolder, read_pipeline
from components.spec.pipelines.sizes import place_table
from components.spec.pipelines.vae import USUAL
from components.spec.sections.network import FOREIGN

_PREFIX = "model."
"""Of `PretrainedNetwork`'s weights, before the names in the file."""


@dataclass(frozen=True)
class PipelineParts:
    """What a checkpoint is made of.

    Attributes:
        network: in evaluation mode, on the CPU, float32.
    """

    config: ModelConfig
    codec: Codec
    network: nn.Module
    conditioner: Conditioner


def pipeline_config(pipeline: PipelineFolder) -> ModelConfig:
    """What a model that is read from ``pipeline`` says of itself."""
    channels = {**USUAL, **pipeline.configs[VAE]}["in_channels"]
    return new_config(
        {
            "codec": pretrained_codec(pipeline).model_dump(),
            "conditioning": {"encoder": f"pipeline:{pipeline.root.absolute()}"},
            "network": network_section(pipeline),
            "process": pipeline.scheduler.process.model_dump(),
            "images": {"size": pipeline.size, "channels": channels, "classes": []},
        }
    )


def network_section(pipeline: PipelineFolder) -> dict[str, Any]:
    """The section `network` of a model's header: class and configuration, without their origin."""
    config = {name: value for name, value in pipeline.network.items() if not name.startswith("_")}
    return {"kind": FOREIGN, "model": pipeline.family.network, "config": config}


def read_parts(root: Path, device: torch.device | str = "cpu") -> PipelineParts:
    """The parts of the pipeline in ``root``.

    Args:
        device: that its text encoders compute on.

    Raises:
        AlphabarError: a part is missing, broken, of another kind, or does not fit the others.
    """
    pipeline = read_pipeline(root)
    config = pipeline_config(pipeline)
    codec = PretrainedAutoencoder(config.codec, config.images.shape, root / VAE)
    codec.load()
    told = pipeline_text(pipeline, Given(device=device))
    return PipelineParts(config, codec, read_denoiser(pipeline), told)


def read_denoiser(pipeline: PipelineFolder) -> PretrainedNetwork:
    """The network of ``pipeline`` with its weights."""
    family = pipeline.family
    build = partial(PretrainedNetwork, family.network, network_section(pipeline)["config"])
    files = pipeline.weights(family.denoiser)
    places = {f"{_PREFIX}{name}": shape for name, shape in place_table(pipeline.network).items()}
    network = read_network(partial(_built, pipeline, build), files, _PREFIX.__add__, places)
    assert isinstance(network, PretrainedNetwork)
    return network


def _built(pipeline: PipelineFolder, build: Any) -> Any:
    """The network, which is asked once: of an odd configuration many fail only then. On the device
    `meta`, where it is built, that costs no memory and little time."""
    try:
        network = build()
        _ask(pipeline, network)
        return network
    except Exception as error:
        home = pipeline.root / pipeline.family.denoiser
        raise AlphabarError(
            f"{home} describes no network that there can be ({first_line(error)})",
            "give another directory",
        ) from error


@torch.no_grad()
def _ask(pipeline: PipelineFolder, network: PretrainedNetwork) -> None:
    reads = READS[pipeline.family.network](pipeline.network)
    assert reads.width is not None
    rows = {STATES: torch.empty(1, 1, reads.width)}
    if reads.pooled is not None:
        rows |= {POOLED: torch.empty(1, reads.pooled), TIME_IDS: torch.empty(1, 6)}
    side = pipeline.latent_side
    network(torch.empty(1, reads.channels, side, side), torch.empty(1), **rows)
