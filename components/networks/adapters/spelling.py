"""How files of LoRA weights call a layer's tensors, and the layers that are meant.

diffusers   unet.down_blocks.0…attn1.to_q.lora_A.weight, …lora_B.weight; and two older ways:
            …attn1.processor.to_q_lora.down.weight, …attn1.to_q.lora.down.weight
            (of text encoders …q_proj.lora_linear_layer.down.weight)
peft        base_model.model.down_blocks.0…attn1.to_q.lora_A.weight
kohya       lora_unet_down_blocks_0_…_attn1_to_q.lora_down.weight, lora_te_…, lora_te1_…,
            lora_te2_…; SDXL's U-Net by LDM's names (lora_unet_input_blocks_4_1_…)
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import nn

from components.networks.export.single_file.unet_names import PREFIX as LDM
from components.networks.export.single_file.unet_names import unet_name

Piece = Literal["down", "up", "alpha", "magnitude"]
UNET, TRANSFORMER, TEXT = "unet", "transformer", "text_encoder"

_PROJECTIONS = (
    ("lora_A.weight", "lora_B.weight"),
    ("lora_A.default.weight", "lora_B.default.weight"),
    ("lora.down.weight", "lora.up.weight"),
    ("lora_linear_layer.down.weight", "lora_linear_layer.up.weight"),
    ("lora_down.weight", "lora_up.weight"),
)
"""Ends of both projections' names, in each spelling."""

_PIECES: dict[str, Piece] = {
    **{down: "down" for down, _ in _PROJECTIONS},
    **{up: "up" for _, up in _PROJECTIONS},
    "lora_magnitude_vector": "magnitude",
    "lora_magnitude_vector.weight": "magnitude",
    "lora_magnitude_vector.default.weight": "magnitude",
    "alpha": "alpha",
}
"""End of a tensor's name → what it is of its layer."""

_OF_PROCESSORS = re.compile(r"^(.*?)\.(?:processor\.)?(to_[qkv]|to_out)_lora\.(down|up)\.weight$")
_OF_CLIP = {"to_q": "q_proj", "to_k": "k_proj", "to_v": "v_proj", "to_out": "out_proj"}
_KOHYA = {
    "lora_unet_": UNET,
    "lora_transformer_": TRANSFORMER,
    "lora_te_": TEXT,
    "lora_te1_": TEXT,
    "lora_te2_": f"{TEXT}_2",
}
_STYLES = {end: number for number, pair in enumerate(_PROJECTIONS) for end in pair}
_OLDEST = len(_PROJECTIONS)
PEFT = "base_model.model."
"""Before the layers in peft's files."""

_WRAPPED = "text_model."
"""Before the layers of a CLIP in files; transformers' own class has it no longer."""


@dataclass(frozen=True)
class Named:
    """A tensor of a file.

    Attributes:
        layer: as the file calls it.
        piece: what it is of that.
        style: which spelling a projection's name ends in; None for what is none.
    """

    layer: str
    piece: Piece
    style: int | None = None

    def goes_with(self, other: "Named") -> bool:
        """Whether both are of one layer, each another piece of it, in one spelling."""
        known = {each.style for each in (self, other) if each.style is not None}
        return self.layer == other.layer and self.piece != other.piece and len(known) < 2


def named(key: str) -> Named | None:
    """What the tensor ``key`` of a file is; None for what is no part of a LoRA."""
    if found := _OF_PROCESSORS.match(key):
        before, projection, which = found.groups()
        text = before.startswith(TEXT)
        layer = _OF_CLIP[projection] if text else projection + ".0" * (projection == "to_out")
        return Named(f"{before}.{layer}", "down" if which == "down" else "up", _OLDEST)
    for end, piece in _PIECES.items():
        if key.endswith(f".{end}"):
            return Named(key.removesuffix(f".{end}"), piece, _STYLES.get(end))
    return None


class LayerNames:
    """The layers of a model by everything that files call them.

    Args:
        parts: networks by what diffusers' pipelines call them.
        layers: their layers' names, the part's first.
    """

    def __init__(self, parts: Mapping[str, nn.Module], layers: Iterable[str]) -> None:
        self._known: dict[str, str] = {}
        for layer in layers:
            part, _, name = layer.partition(".")
            for spelt in self._spelt(part, name, parts[part]):
                self._known.setdefault(spelt, layer)

    def layer(self, spelt: str) -> str | None:
        """The layer that a file means by ``spelt``; None where the model has none such."""
        return self._known.get(spelt)

    @staticmethod
    def _spelt(part: str, name: str, network: nn.Module) -> Iterable[str]:
        names = [name]
        if _is_clip(network):
            names = [unwrapped(name, network), _wrapped(name, network)]
        for each in names:
            yield f"{part}.{each}"
            yield f"{PEFT}{each}"
            if part in (UNET, TRANSFORMER):
                yield each  # diffusers' first files had the U-Net alone
        for prefix in (prefix for prefix, of in _KOHYA.items() if of == part):
            for each in [*names, *ldm_names(part, name, network)]:
                yield prefix + each.replace(".", "_")


def ldm_names(part: str, name: str, network: nn.Module) -> list[str]:
    """What LDM calls a layer of a U-Net; nothing of other parts."""
    if part != UNET or "ConditionModel" not in type(network).__name__:
        return []
    try:
        found = unet_name(f"{name}.weight", network.config)  # type: ignore[arg-type]
    except (KeyError, ValueError):
        return []
    return [found.removeprefix(LDM).removesuffix(".weight")]


def kohya_name(layer: str, network: nn.Module, *, two_encoders: bool) -> str:
    """What kohya calls a layer, without the end; SDXL's U-Net has LDM's names there."""
    part, _, name = layer.partition(".")
    if two_encoders and part == UNET:
        name = ldm_names(part, name, network)[0]
    name = _wrapped(name, network)
    prefixes = [prefix for prefix, of in _KOHYA.items() if of == part]
    prefix = "lora_te1_" if two_encoders and part == TEXT else prefixes[0]
    return prefix + name.replace(".", "_")


def diffusers_name(layer: str, network: nn.Module) -> str:
    """What diffusers calls a layer in files."""
    part, _, name = layer.partition(".")
    return f"{part}.{_wrapped(name, network)}"


def unwrapped(name: str, network: nn.Module) -> str:
    """A layer's name within its part, which ends like that of every version of transformers."""
    return name.removeprefix(_WRAPPED) if _is_clip(network) else name


def _wrapped(name: str, network: nn.Module) -> str:
    return _WRAPPED + name if _is_clip(network) and not name.startswith(_WRAPPED) else name


def _is_clip(network: nn.Module) -> bool:
    return type(network).__name__.startswith("CLIPText")
