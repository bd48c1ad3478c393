"""What a file of LoRA weights says beside its tensors: peft's configuration of each part.

diffusers keeps it in the header (`lora_adapter_metadata`, a JSON; of a pipeline's file each key has
its part before it), peft in adapter_config.json beside the file. kohya's files have none.
What contradicts the tensors, or says that they alone do not make the change, is refused by its key.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, first_line, quoted
from components.files.json_file import load_json, parse_json
from components.files.manifest import intact
from components.networks.adapters.low_rank import LowRank
from components.networks.adapters.spelling import PEFT

METADATA = "lora_adapter_metadata"
"""Entry of the header in diffusers' files."""

PEFT_CONFIG, PEFT_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
MOST_REPEATED = 3
"""Quantifiers of a pattern of peft's configuration: more take more than an instant."""

_REPEATED, _REPEATED_GROUP = re.compile(r"[*+?{]"), re.compile(r"\)[*+?{]")
_REMEDY = "copy the adapter again as its tool wrote it: its tensors and what is said of them"
_FLAGS = ("use_dora", "use_rslora", "fan_in_fan_out", "lora_bias")
_MORE = (frozenset[str](), "more was trained than the weights of LoRA layers")
_OTHERWISE = (frozenset[str](), "the change is not the product of two projections")
_READ = {
    "peft_type": (frozenset({"lora"}), "it is no LoRA"),
    # those that leave the base as it is, in `LoraLayer.update_layer` of peft 0.21
    "init_lora_weights": (
        frozenset({"true", "gaussian", "eva", "orthogonal", "mica"}),
        "its tensors are added to a base that the start of the training has changed",
    ),
    "bias": (frozenset({"none"}), "biases were trained, too"),
    "lora_bias": _MORE,
    "modules_to_save": _MORE,
    "trainable_token_indices": _MORE,
    "layer_replication": (frozenset[str](), "its base has layers twice"),
    "use_qalora": _OTHERWISE,
    "use_bdlora": _OTHERWISE,
    "kasa_config": _OTHERWISE,
    "arrow_config": _OTHERWISE,
    "monteclora_config": _OTHERWISE,
    "alora_invocation_tokens": _OTHERWISE,
}
"""Key of peft's configuration → what is read of it besides nothing, and what all else means."""


@dataclass(frozen=True)
class Said:
    """What a file says of a layer beside its tensors.

    Attributes:
        alpha: α; None where it is not said.
        stabilised: as `LowRank` has it.
    """

    alpha: float | None = None
    stabilised: bool = False


@dataclass(frozen=True)
class Settings:
    """peft's configuration of each part; of an empty name, of all.

    Attributes:
        file: that says it.
    """

    file: Path
    by_part: Mapping[str, Mapping[str, Any]]

    def of(self, layer: str, spelt: str) -> Said:
        """What is said of ``layer``, which the file calls ``spelt``.

        Raises:
            AlphabarError: nothing that can be read, or that the tensors alone are not the change.
        """
        config = self._config(layer)
        if not config:
            return Said()
        self._refuse_unread(config)
        patterns = self._patterns(config, "alpha_pattern")
        alpha = next(_found(patterns, layer, spelt), config.get("lora_alpha"))
        if isinstance(alpha, bool) or not isinstance(alpha, int | float):
            raise AlphabarError(f"{self.file} says no α of {layer}: {quoted(alpha)}", _REMEDY)
        return Said(float(alpha), config.get("use_rslora") is True)

    def refuse_other(self, layer: str, spelt: str, change: LowRank) -> None:
        """Raise AlphabarError where it is said of ``layer`` what its tensors are not: its rank, or
        whether it is a DoRA. A rank that only patterns say that are not tried is not looked at."""
        config = self._config(layer)
        ranks = self._patterns(config, "rank_pattern")
        if all(map(_tried, ranks)):
            own = list(_found(ranks, layer, spelt))[:1]
            key, rank = ("rank_pattern", own[0]) if own else ("r", config.get("r"))
            if rank is not None and (isinstance(rank, bool) or rank != change.rank):
                raise AlphabarError(
                    f"{self.file} says `{key}: {quoted(rank)}` of {layer}, whose tensors have rank "
                    f"{change.rank}",
                    _REMEDY,
                )
        dora = config.get("use_dora")
        if dora is not None and dora != (change.magnitude is not None):
            has = "no magnitudes" if dora else "magnitudes, as a DoRA has"
            raise AlphabarError(
                f"{self.file} says `use_dora: {str(dora).lower()}`, and {layer} has {has}", _REMEDY
            )

    def _config(self, layer: str) -> Mapping[str, Any]:
        return self.by_part.get(layer.partition(".")[0]) or self.by_part.get("") or {}

    def _patterns(self, config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        patterns = config.get(key) or {}
        if not isinstance(patterns, dict):
            raise AlphabarError(f"{self.file}: its `{key}` is no JSON object", _REMEDY)
        return patterns

    def _refuse_unread(self, config: Mapping[str, Any]) -> None:
        for key in _FLAGS:
            if config.get(key) is not None and not isinstance(config[key], bool):
                raise AlphabarError(
                    f"{self.file} says `{key}: {quoted(config[key])}`, which is neither true nor "
                    "false",
                    _REMEDY,
                )
        for key, (read, meaning) in _READ.items():
            value = config.get(key)
            if value and (not isinstance(value, str | bool) or str(value).lower() not in read):
                raise AlphabarError(
                    f"{self.file} says `{key}: {quoted(value)}`, which is not read: {meaning}",
                    "make it a LoRA of its own base, where its tool does that (peft's "
                    "`path_initial_model_for_weight_conversion`), or give another",
                )


def settings_of(file: Path, metadata: Mapping[str, str]) -> Settings:
    """What is said in and beside ``file``, whose header is ``metadata``.

    Raises:
        AlphabarError: it is missing where peft writes it, or is no JSON object.
    """
    beside = file.parent / PEFT_CONFIG
    if file.name == PEFT_WEIGHTS and METADATA not in metadata and not beside.is_file():
        raise AlphabarError(
            f"{file} has no {PEFT_CONFIG} beside it, which says its α",
            "copy the folder again, with both files",
        )
    if file.name == PEFT_WEIGHTS and beside.is_file():
        try:
            found = load_json(intact(beside))
        except (OSError, ValueError) as error:
            raise AlphabarError(f"{beside} is broken: {first_line(error)}", _REMEDY) from error
        return Settings(beside, {"": _object(beside, found)})
    if METADATA not in metadata:
        return Settings(file, {})
    try:
        entries = _object(file, parse_json(metadata[METADATA]))
    except ValueError as error:
        raise AlphabarError(
            f"{file}: its `{METADATA}` is broken: {first_line(error)}", _REMEDY
        ) from error
    by_part: dict[str, dict[str, Any]] = defaultdict(dict)
    for key, value in entries.items():
        part, dot, option = key.partition(".")
        # a network's own `save_lora_adapter` writes no part before the keys
        by_part[part if dot else ""][option if dot else key] = value
    return Settings(file, by_part)


def _object(file: Path, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise AlphabarError(f"{file} has no JSON object of peft's configuration", _REMEDY)
    return value


def _found(patterns: Mapping[str, Any], layer: str, spelt: str) -> Iterator[Any]:
    """The entries of ``layer``, as peft finds them: the first counts."""
    part, _, name = layer.partition(".")
    names = {name, spelt, spelt.removeprefix(f"{part}."), spelt.removeprefix(PEFT)}
    for pattern, value in patterns.items():
        if _tried(pattern) and any(_matches(pattern, each) for each in names):
            yield value


def _tried(pattern: str) -> bool:
    """Whether a pattern is none that a hostile file could hang us with."""
    return len(_REPEATED.findall(pattern)) <= MOST_REPEATED and not _REPEATED_GROUP.search(pattern)


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.match(rf"(.*\.)?({pattern})$", name) is not None
    except re.error:
        return False
