"""What a model's directory holds beside its model.safetensors, or in its place."""

import re
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.digests import known_sha256
from components.files.json_file import load_json, read_object, write_json
from components.files.manifest import intact, remedy
from components.spec.keys import digest
from components.spec.pipelines.folder import is_pipeline, read_pipeline

REGISTERED = re.compile(r"^(?:models:/)?([a-z0-9][a-z0-9_-]*)@([\w-]+)$")
"""How a registered model is named: NAME@ALIAS, or a version's number in the place of an alias."""

GUIDE = "guide"
"""Folder: the weaker model of autoguidance, where the model was registered with one."""

ADAPTER_FILE = "adapter.safetensors"
"""File: what a fine-tune has trained, where that is read with the model that it started from."""

CHECKPOINTS = "checkpoints"
"""Folder: what a fine-tune was after earlier steps, a folder each."""

CODEC = "codec"
"""Folder: the autoencoder of a model of latents, as diffusers writes one."""

WEIGHTS = "model.safetensors"
"""File: a model of ours, its network's weights."""

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
    return guide if (guide / WEIGHTS).is_file() else None


ORIGIN = "origin.json"
"""File: says that a model was brought here as it is, and what the network of the diffusers
directory is known by that it is a copy of."""


def write_origin(model: Path, network: str | None) -> None:
    """Say of ``model`` that it is a copy, ``network`` being as `origin_of` has it."""
    write_json(model / ORIGIN, {"network": network})


def origin_of(model: Path) -> str | None:
    """`weights_sha256` of the diffusers directory that a model is a copy of, if it is one."""
    path = model / ORIGIN
    if not path.is_file():
        return None
    found = read_object(intact(path), remedy(model)).get("network")
    return None if found is None else str(found)


def step_folder(step: int) -> str:
    """The name of the folder of what was after ``step``."""
    return f"step_{step:06d}"


def step_of(folder: Path) -> int:
    """The reverse of `step_folder`."""
    return int(folder.name.removeprefix("step_"))


def codec_files(model: Path) -> dict[str, Path]:
    """The files of a model's own codec, by their names in its directory; empty for pixels."""
    return {f"{CODEC}/{path.name}": path for path in sorted((model / CODEC).glob("*"))}


def trained_file(model: Path) -> str:
    """The name of the file with what was trained: an adapter's where there is one alone."""
    alone = not (model / WEIGHTS).is_file() and (model / ADAPTER_FILE).is_file()
    return ADAPTER_FILE if alone else WEIGHTS


def own_files(model: Path) -> dict[str, Path]:
    """What a model of ours is read from, by the names in its directory."""
    return {WEIGHTS: model / WEIGHTS} | codec_files(model)


def content_digest(model: Path) -> str:
    """SHA-256 of all that is read of a model's directory, ours or a diffusers pipeline's, wherever
    it lies."""
    if is_pipeline(model):
        return read_pipeline(model).digest
    return digest([[name, known_sha256(intact(path))] for name, path in own_files(model).items()])


def weights_sha256(model: Path) -> str:
    """What a model's weights are known by to its adapters: of a diffusers pipeline its network's.

    Raises:
        OSError: there is no model.
    """
    if is_pipeline(model):
        return read_pipeline(model).network_digest
    return known_sha256(intact(model / WEIGHTS))


def _broken(path: Path, why: str) -> AlphabarError:
    return AlphabarError(
        f"the sampling settings in {path} cannot be read: {why}",
        "register the model again, or give the directory of its checkpoint",
    )
