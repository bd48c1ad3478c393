"""Files of LoRA weights that other tools have written: diffusers', peft's, kohya's.

α is where each keeps it: diffusers and peft in a configuration (`lora_settings`), kohya in a scalar
a layer. Where it is not said, it is the rank.
"""

import contextlib
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from components.errors import AlphabarError, first_line, first_of, number_of
from components.files.manifest import intact
from components.networks.adapters.lora_settings import PEFT_WEIGHTS, Said, settings_of
from components.networks.adapters.low_rank import Lora, LowRank, layers_of, refuse_unfit
from components.networks.adapters.spelling import LayerNames, Named, Piece, named
from components.spec.model_folder import ADAPTER_FILE

MOST_ALPHA = 1e6
_ROUNDED = 0.01
"""The part by which a number of 16 bits may be another."""

DIFFUSERS_FILE = "pytorch_lora_weights.safetensors"

_REMEDY = "give a LoRA that diffusers, peft or kohya's scripts have written, as .safetensors"
_OTHERS = {
    "hada_": "a LoHa",
    "lokr_": "a LoKr",
    "oft_": "an OFT",
    "lora_mid": "a LoCon with a middle layer",
    "dora_scale": "a DoRA as kohya's scripts write it",
    ".diff": "a change of whole weights",
}
"""Part of a tensor's name → what kind of adapter has it, which is not read."""

_TEXT = re.compile(r"^(text_encoder|lora_te\d?_)|\btext_model\b|\.q_proj\.")


def read_lora(path: Path, parts: Mapping[str, nn.Module]) -> Lora:
    """The adapter in the file or folder ``path``, float32.

    Args:
        parts: the model's networks by what diffusers' pipelines call them.

    Raises:
        AlphabarError: it is broken, of another kind, or of another model.
    """
    file = _file_of(path)
    tensors, metadata = content_of(file, _REMEDY)
    _refuse_others(file, tensors)
    layers = layers_of(parts)
    pieces, spelt = _by_layer(file, tensors, LayerNames(parts, layers))
    said = settings_of(file, metadata)
    lora = {
        layer: _change(file, layer, found, said.of(layer, spelt[layer]))
        for layer, found in sorted(pieces.items())
    }
    if not lora:
        raise AlphabarError(f"{file} changes no layer", _REMEDY)
    for layer, change in lora.items():
        said.refuse_other(layer, spelt[layer], change)
        refuse_unfit(layer, change, layers, str(file))
    return lora


def _by_layer(
    file: Path, tensors: Mapping[str, Tensor], names: LayerNames
) -> tuple[dict[str, dict[Piece, Tensor]], dict[str, str]]:
    """The tensors of each layer of the model, and what the file calls it.

    Raises:
        AlphabarError: there are others, or a layer is there in two spellings.
    """
    pieces: dict[str, dict[Piece, Tensor]] = defaultdict(dict)
    before: dict[str, list[tuple[str, Named]]] = defaultdict(list)
    strange, unknown = [], []
    for key, tensor in tensors.items():
        found = named(key)
        layer = names.layer(found.layer) if found else None
        if found is None:
            strange.append(key)
        elif layer is None:
            unknown.append(found.layer)
        else:
            if odd := [own for own, other in before[layer] if not found.goes_with(other)]:
                raise AlphabarError(
                    f"{file} has {layer} in two spellings, as {odd[0]} and as {key}",
                    "give one that has each layer once: which of them counts is not said",
                )
            before[layer].append((key, found))
            pieces[layer][found.piece] = tensor
    if strange:
        raise AlphabarError(f"{file} has what is no part of a LoRA: {first_of(strange)}", _REMEDY)
    if unknown:
        missing = sorted(set(unknown))
        raise AlphabarError(
            f"{file} is an adapter of another model: it changes {number_of(len(missing), 'layer')} "
            f"that this one does not have: {first_of(missing, most=3)}",
            "give the model that it was trained on",
        )
    return pieces, {layer: found[0][1].layer for layer, found in before.items()}


def tells_text(path: Path) -> bool:
    """Whether the adapter in ``path`` changes text encoders; raises AlphabarError where it is
    broken."""
    with opened(_file_of(path), _REMEDY) as file:
        return any(_TEXT.search(name) for name in file.keys())  # noqa: SIM118


def _file_of(path: Path) -> Path:
    if not path.is_dir():
        if not path.is_file():
            raise AlphabarError(f"there is no adapter at {path}", _REMEDY)
        return path
    for name in (PEFT_WEIGHTS, DIFFUSERS_FILE, ADAPTER_FILE):
        if (path / name).is_file():
            return path / name
    raise AlphabarError(f"{path} holds neither {PEFT_WEIGHTS} nor {DIFFUSERS_FILE}", _REMEDY)


@contextlib.contextmanager
def opened(path: Path, remedy: str) -> Iterator[Any]:
    """A file of safetensors; raises AlphabarError with this remedy where it is none, or damaged."""
    try:
        with safe_open(intact(path), framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise AlphabarError(
            f"{path} is no file of safetensors ({first_line(error)})", remedy
        ) from error


def content_of(path: Path, remedy: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Its tensors and its header's entries; raises AlphabarError as `opened` does."""
    with opened(path, remedy) as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return tensors, file.metadata() or {}


def is_of_layers(name: str) -> bool:
    """Whether a tensor's name is one of adapters that change layers, read or not."""
    return named(name) is not None or any(mark in name for mark in _OTHERS)


def _refuse_others(file: Path, tensors: Mapping[str, Tensor]) -> None:
    for mark, kind in _OTHERS.items():
        if found := [key for key in tensors if mark in key]:
            raise AlphabarError(f"{file} holds {kind}, which is not read: {found[0]}", _REMEDY)


def _change(file: Path, layer: str, pieces: Mapping[Piece, Tensor], said: Said) -> LowRank:
    for piece in ("down", "up"):
        if piece not in pieces:
            raise AlphabarError(f"{file} lacks the {piece} projection of {layer}", _REMEDY)
    if odd := [piece for piece, tensor in pieces.items() if not tensor.is_floating_point()]:
        raise AlphabarError(
            f"{file} has {pieces[odd[0]].dtype} numbers of {layer}, which are none without their "
            "scales",
            "give the adapter as it was before it was quantised",
        )
    if not all(bool(tensor.float().isfinite().all()) for tensor in pieces.values()):
        raise AlphabarError(
            f"{file} has numbers of {layer} that are not finite",
            "the file is damaged, or its training has diverged: give another",
        )
    down, up = pieces["down"].float(), pieces["up"].float()
    fit = down.ndim in (2, 4) and up.ndim == down.ndim and up.shape[1] == down.shape[0] > 0
    if not fit:
        raise AlphabarError(
            f"{file}: the projections of {layer} do not fit each other: {tuple(down.shape)} and "
            f"{tuple(up.shape)}",
            _REMEDY,
        )
    magnitude = pieces.get("magnitude")
    if magnitude is not None and magnitude.numel() != len(up):
        raise AlphabarError(
            f"{file} has {magnitude.numel()} magnitudes of {layer}, which has {len(up)} outputs",
            _REMEDY,
        )
    alpha = said.alpha if said.alpha is not None else float(down.shape[0])
    if "alpha" in pieces:
        alpha = _scalar(file, layer, pieces["alpha"])
        if said.alpha is not None and not math.isclose(alpha, said.alpha, rel_tol=_ROUNDED):
            raise AlphabarError(
                f"{file} has two α of {layer}: {alpha:g} beside its tensors, and "
                f"`lora_alpha: {said.alpha:g}` in what is said of them",
                _REMEDY,
            )
    if not 0 < alpha <= MOST_ALPHA:
        raise AlphabarError(
            f"{file} says α = {alpha:g} of {layer}, which tools read in different ways",
            f"give an adapter whose α are above 0 and at most {MOST_ALPHA:g}; what it does is "
            "turned round by a negative weight: `--adapter FILE:-1`",
        )
    return LowRank(down, up, alpha, said.stabilised, magnitude)


def _scalar(file: Path, layer: str, alpha: Tensor) -> float:
    if alpha.numel() != 1:
        raise AlphabarError(f"{file} has {alpha.numel()} numbers as the α of {layer}", _REMEDY)
    return float(alpha)
