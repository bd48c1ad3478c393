"""The stage `finetune`: a trained model, trained further."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.finetuning import FINETUNES
from components.generation.prompts import images_of
from components.licences import licences_in, publish_licences
from components.networks.checkpoint import load_checkpoint
from components.networks.device import resolve_device
from components.runtime import Runtime
from components.spec.sections.training import TrainingSpec
from components.training.fit import fit


def finetune(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Train the checkpoint in ``model`` further, on ``data``, as ``spec["kind"]`` has it.

    Args:
        spec: ``kind`` with the options that it reads, ``training`` as `FinetuneSpec.training` has
            it, ``checkpoints``, where the model is kept after earlier steps, too, and with
            evaluations ``judge``, whose ``extractor`` judges them.

    Raises:
        AlphabarError: the data's images or classes are not those of the model, or its process
            is shorter than the teacher's steps.
    """
    model = load_checkpoint(
        inputs["model"],
        resolve_device(runtime.accelerator),
        weights=runtime.weights,
        states=inputs.get("text"),
    )
    images = images_of(inputs["data"])
    # who is told captions knows no classes
    aside = {"captions"} if model.conditioner.n_classes else {"captions", "classes"}
    ours, theirs = (each.model_dump(exclude=aside) for each in (images, model.config.images))
    if ours != theirs:
        raise AlphabarError(
            f"the model makes images {theirs}, the data has {ours}",
            "fine-tune on data of the same size, channels and classes",
        )
    model = replace(model, config=model.config.model_copy(update={"images": images}))
    training = TrainingSpec.model_validate(spec["training"])
    publish_licences(out, licences_in(inputs["model"]))
    task = FINETUNES[spec["kind"]](model, spec, training, inputs)
    task = replace(task, checkpoints=spec.get("checkpoints", ()))
    fit(task, training, inputs, out, runtime, spec.get("judge", {}).get("extractor"))
