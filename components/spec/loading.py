"""From a YAML file to an `Experiment`, with errors that name file, path, value and remedy."""

import difflib
import re
from collections.abc import Callable
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from components.errors import AlphabarError
from components.spec.experiment import Experiment


class _Loader(yaml.SafeLoader):
    """YAML 1.2's floats (``1e-3`` is a number) and no repeated keys."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d[\d_]*\.?\d*|\.\d+)([eE][-+]?\d+)$"),
    list("-+0123456789."),
)


def _mapping_without_repeats(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]  # type: ignore[no-untyped-call]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key `{key}` is given twice", node.start_mark
            )
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping_without_repeats)


def load_yaml(path: Path) -> Any:
    """Parse a YAML file safely. Raises AlphabarError naming the file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise AlphabarError(f"{path} does not exist", _near_files(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise AlphabarError(f"{path} cannot be read: {error}", "give a UTF-8 YAML file") from error
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader
    except yaml.YAMLError as error:
        raise AlphabarError(f"{path} is not valid YAML: {error}", "mend that line") from error


def load_experiment(path: Path) -> Experiment:
    """Read an experiment file.

    Raises:
        AlphabarError: the file is missing, not YAML, or has an unknown, mistyped or
            out-of-range key; every fault is listed with its dotted path and value.
    """
    values = load_yaml(path)
    if not isinstance(values, dict):
        raise AlphabarError(
            f"{path} holds {type(values).__name__}, not a mapping",
            "start from one of the files in experiments/",
        )
    return parse_experiment(values, str(path))


def parse_experiment(values: dict[str, Any], origin: str) -> Experiment:
    """Validate ``values`` and every cell of their sweep.

    ``origin`` is what a message calls the place that the values come from.
    """
    from components.spec.sweep import expand  # which validates each cell with this module

    experiment = validate(values, origin)
    expand(experiment, origin)
    return experiment


def validate(values: dict[str, Any], origin: str) -> Experiment:
    """The experiment that ``values`` describe, its sweep unread; raises AlphabarError."""
    try:
        return Experiment.model_validate(values)
    except ValidationError as error:
        raise readable(error, origin) from None


def valid_names(dotted: str) -> list[str]:
    """The keys of the section that ``dotted`` names (the whole file for an empty string)."""
    model: type[BaseModel] | None = Experiment
    for part in filter(None, dotted.split(".")):
        model = _section(model, part) if model else None
    return sorted(model.model_fields) if model else []


def _section(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    field = model.model_fields.get(name)
    if field is None:
        return None
    annotation = field.annotation
    options = (
        get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    )
    return next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)


def readable(
    error: ValidationError, origin: str, names: Callable[[str], list[str]] = valid_names
) -> AlphabarError:
    """Every fault that pydantic found, with its dotted path and the nearest valid name.

    Args:
        origin: what the message calls the place that the values come from.
        names: the valid keys of a section, by its dotted path.
    """
    faults = [_fault(item, names) for item in error.errors()]
    what = f"{origin}: " + "; ".join(text for text, _ in faults)
    remedies = dict.fromkeys(remedy for _, remedy in faults)
    return AlphabarError(what, "; ".join(remedies))


def _fault(item: Any, names: Callable[[str], list[str]]) -> tuple[str, str]:
    path = ".".join(str(part) for part in item["loc"])
    kind, value, context = item["type"], item["input"], item.get("ctx", {})
    if kind == "extra_forbidden":
        parent, _, name = path.rpartition(".")
        return f"`{path}` is not a known key", nearest(name, names(parent))
    if kind == "missing":
        return f"`{path}` is missing", f"add `{path}`"
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", context.get("expected", ""))
        return f"`{path}: {value}` does not exist", nearest(str(value), choices)
    message = item["msg"].removeprefix("Value error, ")
    if not path:
        return message, "mend that key"
    if kind == "value_error":
        return f"`{path}`: {message}", "mend that key"
    return f"`{path}: {value!r}` is wrong: {message[0].lower()}{message[1:]}", f"change `{path}`"


def nearest(name: str, choices: list[str]) -> str:
    """The remedy for a mistyped name: the closest valid one, else all of them."""
    close = difflib.get_close_matches(name, choices, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`? valid: {', '.join(choices)}"
    return f"choose from {', '.join(choices)}" if choices else "remove it"


def _near_files(path: Path) -> str:
    folder = path.parent if path.parent.is_dir() else Path("experiments")
    names = sorted(p.name for p in folder.glob("*.yaml")) if folder.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=1)
    if close:
        return f"did you mean {folder / close[0]}?"
    known = folder / names[0] if names else Path("experiments") / "digits.yaml"
    return f"give the path of a file that there is, such as {known}"
