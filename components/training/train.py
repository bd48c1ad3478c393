"""The stage `train`: a network from random weights, or from those of a diffusers directory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.data.readers import folders_of
from components.generation.prompts import images_of
from components.licences import licence_of_weights, licences_in, publish_licences
from components.networks.checkpoint import new_checkpoint
from components.networks.codecs.autoencoder import config_of
from components.networks.device import resolve_device
from components.networks.pipeline import network_section, read_denoiser
from components.runtime import Runtime
from components.spec.model_config import new_config
from components.spec.pipelines.folder import read_pipeline
from components.spec.sections.codec import CodecConfig
from components.spec.sections.training import TrainingSpec
from components.training.denoising_task import denoising_task
from components.training.fit import fit


def train(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Train the network of ``spec`` (codec, conditioning, network, process, training) on ``data``.

    With evaluations ``spec["judge"]["extractor"]`` is who judges them. Where the codec is learnt,
    ``inputs`` has ``autoencoder``, and ``encoded``, what that makes of the training images; where
    captions are read, ``text``, their states; where it trains on a network of others, ``network``,
    the directory that has it.

    Raises:
        AlphabarError: the network cannot work on what the codec makes of the images.
    """
    images = images_of(inputs["data"])
    codec, parts = inputs.get("autoencoder"), ("conditioning", "network", "process")
    kind = spec["codec"]["kind"]
    between = CodecConfig(kind=kind) if codec is None else config_of(codec, kind)
    sections = {part: spec[part] for part in parts}
    directory = read_pipeline(inputs["network"]) if "network" in inputs else None
    if directory is not None:
        sections["network"] = network_section(directory)
    config = new_config(sections | {"codec": between.model_dump(), "images": images.model_dump()})
    training = TrainingSpec.model_validate(spec["training"])
    device = resolve_device(runtime.accelerator)
    model = new_checkpoint(
        config,
        training.seed,
        weights=runtime.weights,
        device=device,
        codec=codec,
        states=inputs.get("text"),
        network=None if directory is None else read_denoiser(directory).train(),
    )
    homes = [encoder.home for encoder in folders_of(config.conditioning.encoder, runtime.weights)]
    theirs = [*([] if directory is None else [directory.root]), *homes]
    of_codec = [] if codec is None else licences_in(codec)
    weights = [licence for home in theirs for licence in licence_of_weights(home)]
    publish_licences(out, [*weights, *of_codec])
    judge = spec.get("judge", {})
    fit(denoising_task(model, training), training, inputs, out, runtime, judge.get("extractor"))
