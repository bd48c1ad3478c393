"""The header of a file of weights: what it says of itself, read without torch and its tensors."""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from components.errors import AlphabarError, first_line
from components.files.json_file import parse_json
from components.files.manifest import intact
from components.spec.model_config import ModelConfig, parse_config

FILE_NAME = "model.safetensors"
HEADER = "alphabar"  # one entry only: the order of several is not fixed in the file


def read_config(directory: Path) -> ModelConfig:
    """What the checkpoint in ``directory`` says of itself.

    Raises:
        AlphabarError: there is no checkpoint, it is not one of ours, or its header describes no
            model that there can be.
    """
    path = directory / FILE_NAME
    if not path.is_file():
        raise AlphabarError(
            f"{path} does not exist: there is no checkpoint",
            "give the directory of a trained model, such as artifacts/train/<key>",
        )
    return parse_config(read_header(path), f"the header of {path}")


def read_header(path: Path) -> dict[str, Any]:
    """The header as it stands; raises AlphabarError when the file is broken or not one of ours."""
    try:
        with safe_open(intact(path), framework="np") as file:
            header = parse_json((file.metadata() or {})[HEADER])
        if not isinstance(header, dict):
            raise ValueError("its header is no JSON object")
    except (SafetensorError, KeyError, ValueError) as error:
        raise broken(path, error) from error
    return header


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Every tensor's shape, by name, from the file's header; raises AlphabarError as above."""
    try:
        with safe_open(intact(path), framework="np") as file:
            names = file.keys()
            return {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except SafetensorError as error:
        raise broken(path, error) from error


def broken(path: Path, error: Exception) -> AlphabarError:
    """What is said of a file that is cut short or somebody else's."""
    return AlphabarError(
        f"{path} is not a whole alphabar checkpoint ({first_line(error)})",
        "copy it again, or delete its directory and run the experiment again",
    )
