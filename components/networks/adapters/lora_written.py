"""LoRA weights as other tools read them: diffusers' file, and kohya's with an α for each layer."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from components.errors import AlphabarError
from components.networks.adapters.lora_settings import METADATA
from components.networks.adapters.low_rank import Lora, LowRank
from components.networks.adapters.spelling import diffusers_name, kohya_name, unwrapped
from components.networks.headed_file import HASH, save_with_header

KOHYA_MODULE = "networks.lora"


def diffusers_tensors(lora: Lora, parts: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """The tensors of diffusers' file, by name."""
    tensors: dict[str, Tensor] = {}
    for layer, change in lora.items():
        name = diffusers_name(layer, parts[layer.partition(".")[0]])
        tensors[f"{name}.lora_A.weight"] = change.down
        tensors[f"{name}.lora_B.weight"] = change.up
        if change.magnitude is not None:
            tensors[f"{name}.lora_magnitude_vector"] = change.magnitude
    return {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}


def diffusers_metadata(lora: Lora, parts: Mapping[str, nn.Module]) -> dict[str, str]:
    """The header's entry: peft's configuration of each part. Without it α is taken for the rank,
    and of several ranks one.

    Raises:
        AlphabarError: a part has layers with a magnitude, or with rsLoRA's scale, and others
            without, for which there is one word a part.
    """
    by_part: dict[str, dict[str, LowRank]] = {}
    for layer, change in lora.items():
        part, _, name = layer.partition(".")
        by_part.setdefault(part, {})[unwrapped(name, parts[part])] = change
    entries = {
        f"{part}.{option}": value
        for part, changes in by_part.items()
        for option, value in _config(part, changes).items()
    }
    return {"format": "pt", METADATA: json.dumps(entries, sort_keys=True)}


def _config(part: str, changes: Mapping[str, LowRank]) -> dict[str, Any]:
    """What makes peft's layers of these; whatever it leaves out is peft's default."""
    doras = {change.magnitude is not None for change in changes.values()}
    stabilised = {change.stabilised for change in changes.values()}
    if len(doras) > 1 or len(stabilised) > 1:
        raise AlphabarError(
            f"the adapter's layers of {part} are not all of one kind (LoRA, DoRA, rsLoRA)",
            "train them as adapters of their own",
        )
    rank = _most(change.rank for change in changes.values())
    alpha = _most(change.alpha for change in changes.values())
    return {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": _whole(alpha),
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": sorted(changes),
        "rank_pattern": {n: c.rank for n, c in changes.items() if c.rank != rank},
        "alpha_pattern": {n: _whole(c.alpha) for n, c in changes.items() if c.alpha != alpha},
        "use_dora": doras == {True},
        "use_rslora": stabilised == {True},
    }


def write_diffusers(path: Path, lora: Lora, parts: Mapping[str, nn.Module]) -> None:
    """Write the file that `load_lora_weights` of diffusers' pipelines reads."""
    save_with_header(path, diffusers_tensors(lora, parts), diffusers_metadata(lora, parts))


def write_kohya(
    path: Path,
    lora: Lora,
    parts: Mapping[str, nn.Module],
    *,
    base_version: str,
    architecture: str,
    title: str,
    two_encoders: bool = False,
) -> None:
    """Write the file that kohya's scripts, A1111 and ComfyUI read.

    Args:
        base_version: what kohya calls the base model: ``sd_v1``, ``sd_v2``, ``sdxl_base_v1-0``.
        architecture: what `modelspec.architecture` calls it.
        two_encoders: whether the model is SDXL, whose layers have other names there.

    Raises:
        AlphabarError: the adapter is a DoRA, which other tools do not read in this form alike.
    """
    if any(change.magnitude is not None for change in lora.values()):
        raise AlphabarError(
            "a DoRA is not written in kohya's form, which tools read in different ways",
            "use the file for diffusers",
        )
    tensors: dict[str, Tensor] = {}
    for layer, change in lora.items():
        name = kohya_name(layer, parts[layer.partition(".")[0]], two_encoders=two_encoders)
        tensors[f"{name}.lora_down.weight"] = change.down.contiguous().cpu()
        tensors[f"{name}.lora_up.weight"] = change.up.contiguous().cpu()
        tensors[f"{name}.alpha"] = torch.tensor(change.scale * change.rank)
    ranks, alphas = ({str(v) for v in found} for found in _sizes(lora))
    entries = {
        "format": "pt",
        "ss_network_module": KOHYA_MODULE,
        "ss_network_dim": _one(ranks),
        "ss_network_alpha": _one(alphas),
        "ss_base_model_version": base_version,
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": f"{architecture}/lora",
        "modelspec.implementation": "https://github.com/Stability-AI/generative-models",
        "modelspec.title": title,
    }
    save_with_header(path, tensors, entries, {HASH: "0x{}", "sshs_model_hash": "{}"})


def _sizes(lora: Lora) -> tuple[set[int], set[float | int]]:
    alphas = {_whole(change.scale * change.rank) for change in lora.values()}
    return {change.rank for change in lora.values()}, alphas


def _one(values: set[str]) -> str:
    return values.pop() if len(values) == 1 else "Dynamic"


def _most(values: Any) -> Any:
    return Counter(values).most_common(1)[0][0]


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value
