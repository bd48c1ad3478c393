"""Adapters: what a fine-tune has trained, in a file that is read with its base model.

    adapter.safetensors     the weights; its header has ``adapter`` (format, SHA-256 of the base's
                            weights) besides what that of model.safetensors says

How a format's weights are put into the base's network is its member of `FORMATS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from components.errors import AlphabarError
from components.files.digests import known_sha256
from components.files.manifest import intact
from components.networks.checkpoint import Checkpoint, check_weights, load_checkpoint
from components.networks.checkpoint_header import FILE_NAME, broken, read_header
from components.networks.weights_file import read_weights, write_weights
from components.spec.model_config import parse_config
from components.spec.model_folder import ADAPTER_FILE

ENTRY = "adapter"


@dataclass(frozen=True)
class Adapter:
    """What ``adapter.safetensors`` holds besides the model's configuration.

    Attributes:
        form: a name of `FORMATS`.
        base: SHA-256 of the base model's weights.
    """

    form: str
    base: str


def weights_sha256(directory: Path) -> str:
    """What a model's weights are known by to its adapters."""
    return known_sha256(intact(directory / FILE_NAME))


def save_adapter(
    folder: Path, model: Checkpoint, adapter: Adapter, weights: Mapping[str, Tensor]
) -> None:
    """Write ``folder/adapter.safetensors``; the same weights give the same bytes."""
    entry = {"format": adapter.form, "base": adapter.base}
    write_weights(
        folder / ADAPTER_FILE, model.config.model_dump(mode="json") | {ENTRY: entry}, weights
    )


def load_adapted(
    directory: Path, base: Path, device: torch.device | str = "cpu", weights: Path | None = None
) -> Checkpoint:
    """The model in ``base`` with the adapter in ``directory``.

    Args:
        weights: the folder in which an encoder's weights are looked for first.

    Raises:
        AlphabarError: one of them is missing or broken, or the adapter is another model's.
    """
    path = directory / ADAPTER_FILE
    if not path.is_file():
        raise AlphabarError(
            f"{path} does not exist: there is no adapter",
            "give the directory of a fine-tune of a kind that saves one",
        )
    header = read_header(path)
    try:
        entry = header.pop(ENTRY)
        put_in, of = FORMATS[entry["format"]], entry["base"]
    except (KeyError, TypeError) as error:
        raise broken(path, error) from error
    config = parse_config(header, f"the header of {path}")
    if of != weights_sha256(base):
        raise AlphabarError(
            f"{path} is an adapter of another model than the one in {base}",
            "give the model that it was trained on",
        )
    model = load_checkpoint(base, device, weights=weights)
    try:
        adapted = put_in(model, dict(read_weights(path)))
    except (KeyError, RuntimeError) as error:
        raise broken(path, error) from error
    check_weights(path, adapted.network)
    return replace(adapted, config=config, origin=f"{directory} on {base}")


def _in_their_place(model: Checkpoint, weights: Mapping[str, Tensor]) -> Checkpoint:
    """Weights of the base's own network, by name, in the place of its own."""
    unknown = sorted(weights.keys() - model.network.state_dict().keys())
    if unknown:
        raise KeyError(f"{unknown[0]} is no weight of the base")
    model.network.load_state_dict(dict(weights), strict=False)
    return model


FORMATS: dict[str, Callable[[Checkpoint, Mapping[str, Tensor]], Checkpoint]] = {
    "weights": _in_their_place,
}
"""Format → (base model, the adapter's weights) → the model that draws."""
