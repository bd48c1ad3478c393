"""The stage `finetune`: a trained model, trained further."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from components.data.arrays import load_info
from components.errors import AlphabarError
from components.finetuning.consistency import distillation
from components.generation.prompts import class_captions
from components.networks.checkpoint import Checkpoint, load_checkpoint
from components.networks.device import resolve_device
from components.runtime import Runtime
from components.spec.sections.training import TrainingSpec
from components.training.fit import fit
from components.training.module import Objective


def plain(model: Checkpoint, spec: Mapping[str, Any], training: TrainingSpec) -> None:
    """No objective of its own: the loss that the model was trained with."""


FINETUNES: dict[str, Callable[[Checkpoint, Mapping[str, Any], TrainingSpec], Objective | None]] = {
    "full": plain,
    "consistency": distillation,
}
"""Kind → what is trained for: (model, finetune section, training section) → objective."""


def finetune(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Train every weight of the checkpoint in ``model`` on ``data``, as ``spec["kind"]`` says.

    Args:
        spec: ``kind`` with the options that it reads, ``training`` as `FinetuneSpec.training` has
            it, and with evaluations ``judge``, whose ``extractor`` judges them.

    Raises:
        AlphabarError: the data's images or classes are not those of the model, or its process
            is shorter than the teacher's steps.
    """
    model = load_checkpoint(
        inputs["model"], resolve_device(runtime.accelerator), weights=runtime.weights
    )
    info = load_info(inputs["data"])
    images = {"size": info.size, "channels": info.channels, "classes": list(info.classes)}
    if images != model.config["images"]:
        raise AlphabarError(
            f"the model makes images {model.config['images']}, the data has {images}",
            "fine-tune on data of the same size, channels and classes",
        )
    model.config["captions"] = class_captions(inputs["data"])
    training = TrainingSpec.model_validate(spec["training"])
    objective = FINETUNES[spec["kind"]](model, spec, training)
    fit(model, training, inputs, out, runtime, objective, spec.get("judge", {}).get("extractor"))
