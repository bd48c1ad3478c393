"""Small models for tests."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from components.spec.model_config import ImagesSpec, ModelConfig
from components.spec.sections.codec import CodecConfig
from components.spec.sections.network import ConditioningConfig, NetworkConfig
from components.spec.sections.process import ProcessSpec

DIGITS = tuple("0123456789")


def model_config(
    encoder: str = "class",
    *,
    size: int = 8,
    grey: bool = True,
    classes: Sequence[str] = ("a", "b", "c"),
    captions: Sequence[str] = (),
    widths: Sequence[int] = (8,),
    dropout: float = 0.1,
    codec: str = "pixels",
    digests: Sequence[str] = (),
    max_tokens: int | None = None,
    **process: Any,
) -> ModelConfig:
    """A model of one residual layer a resolution; ``process`` is its section."""
    return ModelConfig(
        codec=CodecConfig(kind=codec),
        conditioning=ConditioningConfig.model_validate(
            {
                "encoder": encoder,
                "dropout": dropout,
                "max_tokens": max_tokens,
                "digests": list(digests),
            }
        ),
        network=NetworkConfig(channels=list(widths), layers_per_block=1),
        process=ProcessSpec.model_validate(process),
        images=ImagesSpec(
            size=size,
            channels=1 if grey else 3,
            classes=list(classes),
            captions=list(captions),
        ),
    )


def write_fake_weights(folder: Path, value: float = 0.0) -> None:
    """A model.safetensors with the header of a model and three weights of none."""
    header = {"alphabar": json.dumps(model_config().model_dump(mode="json"))}
    save_file({"w": np.full(3, value, np.float32)}, folder / "model.safetensors", header)
