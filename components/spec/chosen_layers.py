"""Which layers of a model a LoRA changes, and with what rank: known from its layers' shapes."""

import math
from collections.abc import Iterable, Mapping

from components.errors import AlphabarError, first_of
from components.spec.catalogue.lora import TARGETS, LoraSettings

Shapes = Mapping[str, tuple[int, ...]]
"""Layer, behind the part that it is of, → its weight's shape, (out, in) or (out, in, height,
width)."""


def chosen_layers(shapes: Shapes, settings: LoraSettings) -> dict[str, tuple[int, float]]:
    """Layer → (rank, α), by `targets`; of two that mean a layer the later one has its say.

    Raises:
        AlphabarError: one names no layer, or its rank is above a layer's width.
    """
    chosen: dict[str, tuple[int, float]] = {}
    for target in settings.targets:
        own = settings.targets[target] if isinstance(settings.targets, dict) else settings
        ends = TARGETS.get(target, (target,))
        found = [name for name in shapes if any(f".{name}".endswith(f".{end}") for end in ends)]
        if not found:
            known = sorted({name.rpartition(".")[2] for name in shapes})
            raise AlphabarError(
                f"`finetune.targets: {target}` names no layer of the model",
                f"say {' or '.join(TARGETS)}, or how layers end: {first_of(known)}",
            )
        for name in found:
            _refuse_too_wide(name, shapes[name], own.rank)
            chosen[name] = own.rank, own.alpha or float(own.rank)
    return chosen


def refuse_above_attention(width: int, settings: LoraSettings) -> None:
    """Raise AlphabarError where a rank is above the width of the widest attention that a network
    will have whose layers are not there yet."""
    for target in settings.targets:
        own = settings.targets[target] if isinstance(settings.targets, dict) else settings
        if target == "attention" or target in TARGETS["attention"]:
            _refuse_too_wide("the widest attention of the network", (width, width), own.rank)


def refuse_untouched(chosen: Iterable[str], texts: Iterable[str]) -> None:
    """Raise AlphabarError where one of the text encoders ``texts``, which are asked for, has no
    layer that changes."""
    changed = {name.partition(".")[0] for name in chosen}
    if untouched := [part for part in texts if part not in changed]:
        raise AlphabarError(
            f"`finetune.text_encoder: true`, and `finetune.targets` names no layer of "
            f"{untouched[0]}",
            f"say {' or '.join(TARGETS)}, or name layers such as q_proj, too",
        )


def _refuse_too_wide(name: str, shape: tuple[int, ...], rank: int) -> None:
    """A change of a rank above the layer's width has no more than that one."""
    outputs, *inputs = shape
    width = min(outputs, math.prod(inputs))
    if rank > width:
        raise AlphabarError(
            f"`finetune.rank: {rank}` is above the width of {name}, which is {width}",
            f"use a rank of at most {width}, or leave that layer out of `finetune.targets`",
        )
