"""An experiment file with other values."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import AlphabarError, quoted
from components.spec.keys import digest

if TYPE_CHECKING:
    from components.spec.experiment import Experiment

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
    if isinstance(value, Mapping) and isinstance(values.get(leaf), dict):
        for key, each in value.items():
            _put(values[leaf], str(key), each)
    else:
        values[leaf] = _plain(value)


def _plain(value: object) -> Any:
    """Mappings, lists and tuples as YAML has them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, Path) else value
