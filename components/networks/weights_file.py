"""One file of weights: safetensors with a header that says what they are."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from components.files.manifest import intact
from components.networks.checkpoint_header import HEADER, broken


def write_weights(path: Path, header: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
    """Write ``weights`` to ``path``; the same header and weights give the same bytes."""
    tensors = {name: tensor.contiguous().cpu() for name, tensor in weights.items()}
    save_file(tensors, path, metadata={HEADER: json.dumps(header, sort_keys=True)})


def read_weights(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Every (name, tensor), one at a time; raises AlphabarError when the file is broken."""
    try:
        with safe_open(intact(path), framework="pt") as file:
            for name in file.keys():  # noqa: SIM118
                yield name, file.get_tensor(name)
    except SafetensorError as error:
        raise broken(path, error) from error
