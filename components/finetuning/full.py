"""The stage `finetune`, kind `full`: every weight of a trained model moves to other data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.data.arrays import load_info
from components.errors import AlphabarError
from components.networks.checkpoint import load_checkpoint
from components.runtime import Runtime
from components.spec.models import TrainingSpec
from components.training.fit import fit

TAKEN_OVER = ("steps", "batch_size", "lr", "warmup_steps", "ema", "evaluate_every")


def finetune(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Train the checkpoint in ``model`` on ``data``.

    The baseline's training section holds, with the fine-tune's own steps, rates and EMA.

    Raises:
        AlphabarError: the data's images or classes are not those of the model.
    """
    model, info = load_checkpoint(inputs["model"]), load_info(inputs["data"])
    images = {"size": info.size, "channels": info.channels, "classes": list(info.classes)}
    if images != model.config["images"]:
        raise AlphabarError(
            f"the model makes images {model.config['images']}, the data has {images}",
            "fine-tune on data of the same size, channels and classes",
        )
    training = TrainingSpec.model_validate(
        spec["training"] | {name: spec[name] for name in TAKEN_OVER}
    )
    fit(model, training, inputs, out, runtime)
