"""An experiment file with other values."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import AlphabarError, quoted
from components.spec.keys import digest

if TYPE_CHECKING:
    from components.spec.experiment import Experiment

DEEPEST = 20
"""Mappings and lists in each other: an experiment file needs three."""

DIGITS = 6
"""Of the digest by which a changed experiment's name differs from the file's."""


def changed(file: Path, overrides: Mapping[str, Any]) -> "Experiment":
    """The experiment of a file, with ``overrides`` in place of what it says.

    With any it is called NAME-DIGEST, so that it takes no other experiment's report or record,
    unless ``name`` is among them.

    Args:
        overrides: key, or dotted path → value; a mapping leaves a section's other keys as they are.

    Raises:
        AlphabarError: the file or a value is wrong, or a path leads through something that is no
            section.
    """
    from components.spec.loading import parse_experiment, read_mapping
    from components.spec.near_files import EXPERIMENT_KEYS

    values = read_mapping(file, EXPERIMENT_KEYS)
    if not overrides:
        return parse_experiment(values, str(file))
    for path, value in overrides.items():
        _put(values, path, value)
    if "name" not in overrides and isinstance(values.get("name"), str):
        values["name"] = f"{values['name']}-{digest(_plain(overrides))[:DIGITS]}"
    return parse_experiment(values, f"{file} with {', '.join(overrides)}")


def _put(values: dict[str, Any], path: str, value: object) -> None:
    *sections, leaf = path.split(".")
    for section in sections:
        inner = values.setdefault(section, {})
        if not isinstance(inner, dict):
            raise AlphabarError(
                f"`{path}` leads through `{section}`, which is {quoted(inner)}",
                "give a key of a section, such as `training.steps`",
            )
        values = inner
    _set(values, leaf, value)


def _set(values: dict[str, Any], key: str, value: object) -> None:
    """``value`` in place of that of ``key``, whatever dots it has, as those of `sweep` do."""
    if isinstance(value, Mapping) and isinstance(values.get(key), dict):
        for name, each in value.items():
            _set(values[key], str(name), each)
    else:
        values[key] = _plain(value)


def _plain(value: Any, depth: int = 0) -> Any:
    """Mappings, lists and tuples as YAML has them, and numpy's numbers and arrays as Python's.

    Raises:
        AlphabarError: YAML has no such value.
    """
    if depth <= DEEPEST:
        if isinstance(value, Mapping):
            return {str(key): _plain(each, depth + 1) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [_plain(each, depth + 1) for each in value]
        if hasattr(value, "tolist"):
            return _plain(value.tolist(), depth + 1)
        if isinstance(value, Path):
            return str(value)
        if value is None or isinstance(value, str | int):
            return value
        if isinstance(value, float) and math.isfinite(value):
            return value
    raise AlphabarError(
        f"{quoted(value)} is no value of an experiment file",
        "give a text, a finite number, True, False, None, or a list or a mapping of them",
    )
