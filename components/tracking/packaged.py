"""What makes a registered directory a model of MLflow: MLmodel, requirements, an example of input.

The files stand beside those that `components` reads, and change nothing there. MLflow loads the
model through `components.tracking.drawn`, so alphabar must be installed where it is loaded; the
weights are safetensors, and nothing in the directory is run.
"""

import json
import sys
from importlib import metadata

import numpy as np
import yaml
from mlflow.models import Model, ModelSignature
from mlflow.pyfunc import add_to_model
from mlflow.types import ColSpec, Schema, TensorSpec

from components.spec.model_config import ModelConfig
from components.store import RECORDED_LIBRARIES

LOADER = "components.tracking.drawn"
MLMODEL, REQUIREMENTS, ENVIRONMENT = "MLmodel", "requirements.txt", "python_env.yaml"
EXAMPLE = "input_example.json"

BASE, DEVICE, ENCODERS = "base", "device", "encoders"
"""Keys of ``model_config``: of an adapter the model that it is read with, a folder or a registered
one such as ``digits@3``; ``cpu``, ``cuda`` or ``auto``; where encoders' weights are looked for."""

BESIDE = ("mlflow", "pandas", "pillow", "safetensors")
"""Packages that are needed besides `RECORDED_LIBRARIES`."""


def package_files(config: ModelConfig, run_id: str, path: str, base: str | None) -> dict[str, str]:
    """The files by name, as text.

    Args:
        config: the model's.
        run_id, path: where the directory lies in MLflow.
        base: of an adapter, the registered model that it was trained on, where that is known.
    """
    model = Model(path, run_id, signature=signature_of(config))
    model.saved_input_example_info = {
        "artifact_path": EXAMPLE,
        "type": "dataframe",
        "pandas_orient": "split",
    }
    settings = {BASE: base or "", DEVICE: "auto", ENCODERS: ""}
    add_to_model(model, LOADER, python_env=ENVIRONMENT, model_config=settings)
    version = ".".join(map(str, sys.version_info[:3]))
    environment = {"python": version, "dependencies": [f"-r {REQUIREMENTS}"]}
    return {
        MLMODEL: model.to_yaml(),
        REQUIREMENTS: "".join(f"{each}\n" for each in requirements()),
        ENVIRONMENT: yaml.safe_dump(environment, sort_keys=False),
        EXAMPLE: json.dumps(_example(config), ensure_ascii=False) + "\n",
    }


def signature_of(config: ModelConfig) -> ModelSignature:
    """A prompt a row, and what may stand beside it; images, (n, height, width, channel) uint8."""
    channels, height, width = config.images.shape
    asked: list[ColSpec | TensorSpec] = [
        ColSpec("string", "prompt"),
        ColSpec("long", "seed", required=False),
        ColSpec("double", "guidance", required=False),
        ColSpec("long", "steps", required=False),
    ]
    images = TensorSpec(np.dtype(np.uint8), (-1, height, width, channels), "images")
    return ModelSignature(Schema(asked), Schema([images]))


def requirements() -> list[str]:
    """The installed versions of what a model is drawn with."""
    found = []
    for name in (*RECORDED_LIBRARIES, *BESIDE):
        try:
            found.append(f"{name}=={metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return found


def _example(config: ModelConfig) -> dict[str, object]:
    """Two images of what the model knows, in pandas's split form."""
    known = [*config.images.classes[:2], "", ""][:2]
    return {
        "columns": ["prompt", "seed"],
        "data": [[text, seed] for seed, text in enumerate(known)],
    }
