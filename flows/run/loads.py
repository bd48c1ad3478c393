"""What the network of an experiment computes in a step, as far as its file and its folders say it
before anything has run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.data.readers import folders_of
from components.data.readers.pipeline_folders import find_pipeline
from components.networks.checkpoint_header import read_config
from components.spec.catalogue import CODECS, CONDITIONERS, DENOISERS, SOURCES
from components.spec.catalogue.networks import given_of
from components.spec.experiment import Experiment
from components.spec.pipelines.folder import PipelineFolder
from components.spec.pipelines.vae_folder import read_vae_folder
from components.spec.plan import Compute
from components.spec.plan.auto import TRAINING
from components.spec.sections.network import FOREIGN
from components.speed.load import Load
from flows.run.based import Base
from flows.run.pretrained import KEY

AT_ONCE = {"cpu": 64}
"""Accelerator → rows of a pass of sampling that is measured, where it takes no more."""

MOST_AT_ONCE = 256
PLACES = 8 * 64 * 64
"""Of the latents that a network of a diffusers directory is shown at once."""

USUAL_TOKENS = 77
"""Of captions that nobody has counted yet."""

COLOURS = 3
"""Channels of images that nobody has opened yet."""


@dataclass(frozen=True)
class Surroundings:
    """What an experiment's load depends on besides its file.

    Attributes:
        root: the project's folder.
        weights: the folder of weights that is looked through first.
        base: the model of `finetune.base`.
    """

    compute: Compute
    root: Path
    weights: Path | None = None
    base: Base | None = None


def load_of(experiment: Experiment, part: str, around: Surroundings) -> Load:
    """A step of the section ``part``.

    Of captions it has as many tokens as the file or the encoder allows, at most as many as a CLIP
    reads; a plug-in's conditioner is taken to tell nothing.

    Raises:
        AlphabarError: a folder that the file names is missing or broken.
    """
    network = _network(experiment, around)
    shape = _shape(experiment, around)
    told = CONDITIONERS[experiment.conditioning.encoder]
    width = _width(experiment, around) if told.captions else None
    limit = told.token_limit or USUAL_TOKENS
    tokens = experiment.conditioning.max_tokens or min(limit, USUAL_TOKENS)
    compute, training = around.compute, experiment.training
    if part == TRAINING:
        rows, parts = training.batch_size, training.accumulate
        checkpointing, optimizer = training.gradient_checkpointing, training.optimizer
    else:
        rows, parts, checkpointing, optimizer = _at_once(experiment, shape, compute), 1, False, None
    return Load(
        network,
        shape,
        rows,
        compute.accelerator,
        compute.threads,
        classes=told.labels,
        width=width,
        tokens=tokens if width is not None or DENOISERS[network["kind"]].foreign else 0,
        parts=parts,
        checkpointing=checkpointing,
        optimizer=optimizer,
    )


def _network(experiment: Experiment, around: Surroundings) -> dict[str, Any]:
    """The section `network`; of a network of others its class and configuration."""
    section, base = experiment.network, around.base
    if not DENOISERS[section.kind].foreign:
        return section.settled().model_dump(mode="json", exclude={"pretrained"})
    if base is not None and base.pipeline is None:
        return read_config(base.folder).network.model_dump(mode="json")
    pipeline = base.pipeline if base is not None else _pipeline(str(section.pretrained), around)
    assert pipeline is not None
    config = {name: value for name, value in pipeline.network.items() if not name.startswith("_")}
    return {"kind": FOREIGN, "model": pipeline.family.network, "config": config}


def _pipeline(name: str, around: Surroundings, key: str = KEY) -> PipelineFolder:
    return find_pipeline(name, key, around.weights)


def _shape(experiment: Experiment, around: Surroundings) -> tuple[int, int, int]:
    """(channel, height, width) of what the network works on."""
    data, codec = experiment.data, experiment.codec
    if codec.pretrained is not None:
        vae = read_vae_folder(around.root / codec.pretrained)
        channels, factor = int(vae.config.get("latent_channels", 4)), vae.factor
    elif codec.learnt:
        channels = codec.latent_channels
        factor = CODECS[codec.kind].downsample(codec.model_dump()) or 1
    else:
        drawn = around.base.images.channels if around.base and around.base.images else None
        channels, factor = drawn or SOURCES[data.source].channels or COLOURS, 1
    return channels, data.size // factor, data.size // factor


def _width(experiment: Experiment, around: Surroundings) -> int | None:
    """Of the text states that the network is told; None where a plug-in alone knows."""
    encoder = experiment.conditioning.encoder
    entry = CONDITIONERS[encoder]
    if entry.width:
        return entry.width
    if entry.whole:
        return _pipeline(given_of(encoder), around, "conditioning.encoder").text_width or None
    return sum(folder.width for folder in folders_of(encoder, around.weights)) or None


def _at_once(experiment: Experiment, shape: tuple[int, int, int], compute: Compute) -> int:
    """Rows of a pass of sampling."""
    most = AT_ONCE.get(compute.accelerator, MOST_AT_ONCE)
    if DENOISERS[experiment.network.kind].foreign:
        most = max(1, min(most, PLACES // (shape[1] * shape[2])))
    return min(most, experiment.evaluation.samples)
