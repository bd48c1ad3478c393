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
from components.spec.sections.training import DECIDED_BY_EVALUATIONS, TrainingSpec
from components.training.fit import fit
from components.training.module import Objective

TAKEN_OVER = ("steps", "batch_size", "lr", "warmup_steps", "ema", "evaluate_every")


def plain(model: Checkpoint, spec: Mapping[str, Any], training: TrainingSpec) -> None:
    """No objective of its own: the loss that the model was trained with."""


FINETUNES: dict[str, Callable[[Checkpoint, Mapping[str, Any], TrainingSpec], Objective | None]] = {
    "full": plain,
    "consistency": distillation,
}
"""Kind → what is trained for: (model, finetune section, training section) → objective."""


def finetune(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Train every weight of the checkpoint in ``model`` on ``data``, as ``spec["kind"]`` says.

    The baseline's training section holds, with the fine-tune's own steps, rates and EMA. With
    evaluations ``spec["judge"]["extractor"]`` is who judges them.

    Raises:
        AlphabarError: the data's images or classes are not those of the model, or its process
            is shorter than the teacher's steps.
    """
    model = load_checkpoint(inputs["model"], resolve_device(runtime.accelerator))
    info = load_info(inputs["data"])
    images = {"size": info.size, "channels": info.channels, "classes": list(info.classes)}
    if images != model.config["images"]:
        raise AlphabarError(
            f"the model makes images {model.config['images']}, the data has {images}",
            "fine-tune on data of the same size, channels and classes",
        )
    model.config["captions"] = class_captions(inputs["data"])
    training = training_section(spec)
    objective = FINETUNES[spec["kind"]](model, spec, training)
    fit(model, training, inputs, out, runtime, objective, spec.get("judge", {}).get("extractor"))


def training_section(spec: Mapping[str, Any]) -> TrainingSpec:
    """The baseline's training section with what the fine-tune says itself.

    Without evaluations of its own it publishes its last weights, whatever the baseline does. A
    distilled model is watched as it is meant to be sampled: one DDIM step a segment, its
    guidance taken in.
    """
    own = {name: spec[name] for name in TAKEN_OVER}
    if not own["evaluate_every"]:
        own |= {name: TrainingSpec.model_fields[name].default for name in DECIDED_BY_EVALUATIONS}
    if spec["kind"] == "consistency":
        own |= {"evaluate_steps": spec["segments"], "evaluate_guidance": 1.0}
    return TrainingSpec.model_validate(spec["training"] | own)
