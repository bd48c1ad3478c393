"""One file of weights: safetensors with a header that says what they are."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from components.errors import AlphabarError, shortened
from components.files.json_file import parse_json
from components.files.manifest import intact

HEADER = "alphabar"  # one entry only: the order of several is not fixed in the file


def write_weights(path: Path, header: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
    """Write ``weights`` to ``path``; the same header and weights give the same bytes."""
    tensors = {name: tensor.contiguous().cpu() for name, tensor in weights.items()}
    save_file(tensors, path, metadata={HEADER: json.dumps(header, sort_keys=True)})


def read_header(path: Path) -> dict[str, Any]:
    """The header alone; raises AlphabarError when the file is broken or not one of ours."""
    try:
        with safe_open(intact(path), framework="pt") as file:
            header = parse_json((file.metadata() or {})[HEADER])
        if not isinstance(header, dict):
            raise ValueError("its header is no JSON object")
    except (SafetensorError, KeyError, ValueError) as error:
        raise broken(path, error) from error
    return header


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Every tensor's shape, by name, from the file's header; raises AlphabarError as above."""
    try:
        with safe_open(intact(path), framework="pt") as file:
            names = file.keys()
            return {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except SafetensorError as error:
        raise broken(path, error) from error


def read_weights(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Every (name, tensor), one at a time; raises AlphabarError when the file is broken."""
    try:
        with safe_open(intact(path), framework="pt") as file:
            for name in file.keys():  # noqa: SIM118
                yield name, file.get_tensor(name)
    except SafetensorError as error:
        raise broken(path, error) from error


def broken(path: Path, error: Exception) -> AlphabarError:
    """What is said of a file that is cut short or somebody else's."""
    first = shortened((str(error).splitlines() or [type(error).__name__])[0], 200)
    return AlphabarError(
        f"{path} is not a whole alphabar checkpoint ({first})",
        "copy it again, or delete its directory and run the experiment again",
    )
