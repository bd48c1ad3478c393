"""Our own adapters: what a fine-tune has trained, in a file that is read with its base model.

    adapter.safetensors     the weights; its header has ``adapter`` (format, SHA-256 of the base's
                            weights, and of the network that those are a copy of, if of any)
                            besides what that of model.safetensors says

How a format's weights are put into the base's network is its member of `FORMATS`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from components.errors import AlphabarError
from components.files.manifest import intact
from components.networks.adapter_header import ENTRY, Adapter, read_adapter
from components.networks.adapters.embedding import with_embedding
from components.networks.adapters.embedding_file import find_embedding
from components.networks.adapters.parts import with_lora
from components.networks.checkpoint import Checkpoint, check_weights, load_checkpoint
from components.networks.checkpoint_header import HEADER, broken
from components.networks.headed_file import save_with_header
from components.networks.weights_file import read_weights
from components.spec.model_folder import ADAPTER_FILE
from components.spec.pipelines.folder import is_pipeline


def save_adapter(
    folder: Path,
    model: Checkpoint,
    adapter: Adapter,
    weights: Mapping[str, Tensor],
    entries: Mapping[str, str] = {},
) -> None:
    """Write ``folder/adapter.safetensors``; the same weights give the same bytes.

    Args:
        entries: of the header besides, for other readers.
    """
    entry = {"format": adapter.form, "base": adapter.base}
    entry |= {"origin": adapter.origin} if adapter.origin else {}
    header = model.config.model_dump(mode="json") | {ENTRY: entry}
    tensors = {name: tensor.contiguous().cpu() for name, tensor in weights.items()}
    said = {HEADER: json.dumps(header, sort_keys=True), **entries}
    save_with_header(folder / ADAPTER_FILE, tensors, said)


@dataclass(frozen=True)
class Worn:
    """What a model is used with.

    Attributes:
        base: the directory of the model that it is an adapter of, if it is one.
        others: files or folders of adapters besides, and how many times each counts.
        scale: how many times all of them count.
    """

    base: Path | None = None
    others: Sequence[tuple[Path, float]] = ()
    scale: float = 1.0


BARE = Worn()
"""Without any adapter."""


def load_worn(
    model: Path,
    worn: Worn,
    device: torch.device | str = "cpu",
    ema_length: float | None = None,
    weights: Path | None = None,
) -> Checkpoint:
    """The model in ``model`` with its adapters.

    Args:
        ema_length: as `load_checkpoint` has it.
        weights: the folder in which an encoder's weights are looked for first.

    Raises:
        AlphabarError: a file is missing or broken, or an adapter is another model's, or there is
            none that the scale could change.
    """
    if worn.scale != 1 and worn.base is None and not worn.others:
        raise AlphabarError(
            f"`adapter_scale: {worn.scale:g}` has no meaning: there is no adapter",
            "leave it out, or give one",
        )
    if worn.base is None:
        loaded = load_checkpoint(model, device, ema_length=ema_length, weights=weights)
    else:
        loaded = load_adapted(model, worn.base, device, weights=weights, strength=worn.scale)
    others = [(path, worn.scale * times) for path, times in worn.others]
    return with_adapters(loaded, worn.base or model, others)


def load_adapted(
    directory: Path,
    base: Path,
    device: torch.device | str = "cpu",
    weights: Path | None = None,
    strength: float = 1.0,
) -> Checkpoint:
    """The model in ``base`` with the adapter in ``directory``.

    Args:
        weights: the folder in which an encoder's weights are looked for first.
        strength: how many times what was learnt counts; 0 is the base.

    Raises:
        AlphabarError: one of them is missing or broken, or the adapter is another model's.
    """
    path = directory / ADAPTER_FILE
    if not path.is_file():
        raise AlphabarError(
            f"{path} does not exist: there is no adapter",
            "give the directory of a fine-tune of a kind that saves one",
        )
    model = load_checkpoint(base, device, weights=weights)
    return replace(_put_on(model, base, path, strength), origin=f"{directory} on {base}")


def with_adapters(
    model: Checkpoint, base: Path, adapters: Sequence[tuple[Path, float]]
) -> Checkpoint:
    """``model`` with adapters, ours, or a LoRA or a new word of other tools, one after the other.

    Args:
        base: the directory that it was loaded from.
        adapters: a file or folder of each, and how many times it counts.

    Raises:
        AlphabarError: one is missing or broken, or another model's.
    """
    for given, strength in adapters:
        own = given / ADAPTER_FILE if given.is_dir() else given
        if own.is_file() and is_ours(own):
            model = _put_on(model, base, own, strength)
        elif (embedding := find_embedding(given)) is not None:
            model = with_embedding(model, embedding, strength)
        else:
            model = with_lora(model, given, strength)
    return model


def is_ours(path: Path) -> bool:
    """Whether a file's header is one of ours; False for what is no file of safetensors."""
    try:
        with safe_open(intact(path), framework="np") as file:
            return HEADER in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def _put_on(model: Checkpoint, base: Path, path: Path, strength: float) -> Checkpoint:
    adapter, config = read_adapter(path)
    if (put_in := FORMATS.get(adapter.form)) is None:
        raise broken(path, KeyError(adapter.form))
    if not adapter.fits(base):
        raise AlphabarError(
            f"{path} is an adapter of another model than the one in {base}",
            "give the model that it was trained on",
        )
    try:
        model = put_in(model, path, strength)
    except (KeyError, RuntimeError) as error:
        raise broken(path, error) from error
    check_weights(path, model.network)
    # a directory of others draws at its own size, and has its own text encoders
    return model if is_pipeline(base) else replace(model, config=config)


def _in_their_place(model: Checkpoint, path: Path, strength: float) -> Checkpoint:
    """Weights of the base's own network, by name, in the place of its own."""
    own = model.network.state_dict()
    for name, tensor in read_weights(path):
        if name not in own or own[name].shape != tensor.shape:
            raise KeyError(f"{name} is no weight of the base")
        own[name].lerp_(tensor.to(own[name]), strength)
    return model


FORMATS: dict[str, Callable[[Checkpoint, Path, float], Checkpoint]] = {
    "weights": _in_their_place,
    "lora": with_lora,
    "embedding": with_embedding,
}
"""Format → (base model, the adapter's file, how many times it counts) → the model that draws."""
