"""What a model's directory holds beside its model.safetensors, or in its place."""

from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.json_file import load_json
from components.files.manifest import intact
from components.spec.pipelines.folder import is_pipeline, read_pipeline

GUIDE = "guide"
"""Folder: the weaker model of autoguidance, where the model was registered with one."""

ADAPTER_FILE = "adapter.safetensors"
"""File: what a fine-tune has trained, where that is read with the model that it started from."""

CODEC = "codec"
"""Folder: the autoencoder of a model of latents, as diffusers writes one."""

SAMPLING = "sampling.json"
"""File: the sampling section that the model's figures were measured with."""


def own_sampling(model: Path) -> dict[str, Any]:
    """The sampling section that a model was registered with, or that a diffusers pipeline draws
    with; empty where it brings none.

    The length of a post-hoc EMA is left out: registered weights are those of that length.

    Raises:
        AlphabarError: the file is broken, or the pipeline is not whole.
    """
    if is_pipeline(model):
        return read_pipeline(model).sampling
    path = model / SAMPLING
    if not path.is_file():
        return {}
    try:
        values = load_json(intact(path))
    except (OSError, ValueError) as error:
        raise _broken(path, str(error)) from error
    if not isinstance(values, dict):
        raise _broken(path, "no JSON object")
    return {key: value for key, value in values.items() if key != "ema_length"}


def drawing_notes(model: Path, guidance: float) -> tuple[str, ...]:
    """What is to be said of images that a diffusers pipeline draws at the scale ``guidance``;
    nothing of other models."""
    return read_pipeline(model).notes(guidance) if is_pipeline(model) else ()


def own_guide(model: Path) -> Path | None:
    """The directory of the weaker model that a model was registered with, if any."""
    guide = model / GUIDE
    return guide if (guide / "model.safetensors").is_file() else None


def codec_files(model: Path) -> dict[str, Path]:
    """The files of a model's own codec, by their names in its directory; empty for pixels."""
    return {f"{CODEC}/{path.name}": path for path in sorted((model / CODEC).glob("*"))}


def _broken(path: Path, why: str) -> AlphabarError:
    return AlphabarError(
        f"the sampling settings in {path} cannot be read: {why}",
        "register the model again, or give the directory of its checkpoint",
    )
