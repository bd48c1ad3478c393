"""The stage `train`: a network from random weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.generation.prompts import images_of
from components.networks.checkpoint import new_checkpoint
from components.networks.device import resolve_device
from components.runtime import Runtime
from components.spec.model_config import ModelConfig
from components.spec.sections.training import TrainingSpec
from components.training.denoising_task import denoising_task
from components.training.fit import fit


def train(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Train the network of ``spec`` (codec, conditioning, network, process, training) on ``data``.

    With evaluations ``spec["judge"]["extractor"]`` is who judges them.
    """
    images = images_of(inputs["data"])
    parts = ("codec", "conditioning", "network", "process")
    config = ModelConfig.model_validate({part: spec[part] for part in parts} | {"images": images})
    training = TrainingSpec.model_validate(spec["training"])
    device = resolve_device(runtime.accelerator)
    model = new_checkpoint(config, training.seed, weights=runtime.weights, device=device)
    judge = spec.get("judge", {})
    fit(denoising_task(model, training), training, inputs, out, runtime, judge.get("extractor"))
