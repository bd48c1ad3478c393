"""From a YAML file to an `Experiment`, with errors that name file, path, value and remedy."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from components.errors import (
    MOST_LISTED,
    MOST_OF_A_VALUE,
    AlphabarError,
    first_of,
    quoted,
    shortened,
)
from components.files.yaml_file import read_yaml
from components.spec.experiment import Experiment
from components.spec.near_files import EXPERIMENT_KEYS, MARKED, kind_of, near_files, start_from
from components.spec.sections.base import OPTIONS, PATTERNS
from components.spec.sections.names import UNKNOWN_NAME

MOST_CHOICES = 50
"""Valid names that a remedy lists; a section has fewer, a model may have many classes."""

SCALARS = ("str", "int", "float", "bool")
CONSTRAINED = ("constrained-str", "constrained-int")
LONG_WORD = re.compile(r"\S{100,}")
KINDS = {list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}


def load_experiment(path: Path) -> Experiment:
    """Read an experiment file.

    Raises:
        AlphabarError: the file is missing, not YAML, or has an unknown, mistyped or
            out-of-range key; every fault is listed with its dotted path and value.
    """
    return parse_experiment(read_mapping(path, EXPERIMENT_KEYS), str(path))


def read_mapping(path: Path, marks: tuple[str, ...]) -> dict[str, Any]:
    """The keys and values of a YAML file.

    Args:
        marks: keys by which files of the wanted kind are known, to name some where ``path`` is
            none of them.

    Raises:
        AlphabarError: as `read_yaml`, or the file holds no mapping.
    """
    missing = not path.is_file()  # the others are looked for and opened only then
    values = read_yaml(path, near_files(path, marks) if missing else "give a YAML file")
    if not isinstance(values, dict):
        held = KINDS.get(type(values), "nothing")
        what = f"{path} holds {held}, not a mapping of keys to values"
        raise AlphabarError(what, start_from(path, marks))
    kind = kind_of(values)
    if kind not in ((), marks):
        told = " and ".join(f"`{key}`" for key in values if key in kind)
        what = f"{path} is {MARKED[kind]} (it has {told}), not {MARKED[marks]}"
        raise AlphabarError(what, near_files(path, marks))
    return values


def parse_experiment(values: dict[str, Any], origin: str) -> Experiment:
    """Validate ``values`` and every cell of their sweep; some cell reads what they say.

    ``origin`` is what a message calls the place that the values come from.
    """
    from components.spec.based import refuse_without_a_baseline
    from components.spec.idle import refuse_idle
    from components.spec.sweep import expand  # which validates each cell with this module
    from components.spec.tunings import tunings
    from components.spec.whose_cells import refuse_of_all

    refuse_of_all(values, origin)
    experiment = validate(values, origin)
    refuse_without_a_baseline(experiment, origin)
    refuse_idle(experiment, expand(experiment, origin), origin)
    tunings(experiment, origin)
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
    found = _without_alternatives(error.errors(include_url=False))
    faults = [_fault(item, names) for item in found[:MOST_LISTED]]
    more = len(found) - len(faults)
    what = f"{origin}: " + "; ".join(text for text, _ in faults)
    what += f"; and {more} more faults" if more else ""
    remedies = dict.fromkeys(remedy for _, remedy in faults)
    return AlphabarError(what, "; ".join(remedies))


def _without_alternatives(faults: list[Any]) -> list[Any]:
    """One fault for a value that may be of several types, where pydantic has one for each type."""
    found: dict[tuple[Any, ...], Any] = {}
    for fault in _opened(faults):
        place = tuple(part for part in fault["loc"] if not _is_type(part))
        fault = fault | {"loc": place}
        if len(place) > 1 and place[-1] in SCALARS:
            fault = {
                "loc": place[:-1],
                "type": "scalar",
                "input": fault["input"],
                "msg": "It must be text, a number of usual size, true or false",
            }
        found.setdefault((fault["loc"], fault["type"]), fault)
    return list(found.values())


def _is_type(part: object) -> bool:
    """Whether a part of a fault's place is no key, but what pydantic calls one of several types."""
    return isinstance(part, str) and (part in CONSTRAINED or part.startswith(("list[", "dict[")))


def _opened(faults: list[Any]) -> Iterator[Any]:
    """With every fault of a plug-in's options in the place of the one for all of them."""
    for fault in faults:
        if fault["type"] != OPTIONS:
            yield fault
            continue
        for inner in fault["ctx"]["faults"]:
            place = (*fault["loc"], *fault["ctx"]["place"], *inner["loc"])
            context = inner.get("ctx", {}) | {"names": fault["ctx"]["names"]}
            yield inner | {"loc": place, "ctx": context}


def _fault(item: Any, names: Callable[[str], list[str]]) -> tuple[str, str]:
    whole = ".".join(str(part) for part in item["loc"])
    path = shortened(whole, 2 * MOST_OF_A_VALUE)
    kind, value, context = item["type"], item["input"], item.get("ctx", {})
    if kind == "extra_forbidden":
        parent, _, name = whole.rpartition(".")
        return f"`{path}` is not a known key", nearest(name, context.get("names") or names(parent))
    if kind == "missing":
        return f"`{path}` is missing", f"add `{path}`"
    if kind in ("literal_error", UNKNOWN_NAME):
        expected = re.findall(r"'([^']*)'|(\d+)", context.get("expected", ""))
        choices = context.get("choices") or [word or number for word, number in expected]
        if "field" in context:
            path, value = f"{path}.{context['field']}".lstrip("."), context["value"]
        remedy = nearest(str(value), choices)
        if context.get("plugged"):
            remedy += "; or install the package that brings it"
        return f"`{path}: {shortened(value)}` does not exist", remedy
    message = item["msg"].removeprefix("Value error, ")
    message = PATTERNS.get(context.get("pattern", ""), message)
    message = shortened(LONG_WORD.sub(lambda word: shortened(word[0]), message), 500)
    remedy = getattr(context.get("error"), "remedy", "mend that key")
    if not path:
        return message, remedy
    if kind == "value_error":
        return f"`{path}`: {message}", remedy
    return f"`{path}: {quoted(value)}` is wrong: {message[0].lower()}{message[1:]}", (
        f"change `{path}`"
    )


def nearest_key(path: str, known: list[str]) -> str:
    """The remedy for a dotted path that is no key: those of its last part, else as `nearest`."""
    leaf = path.rpartition(".")[2]
    if same := [f"`{key}`" for key in known if key.rpartition(".")[2] == leaf]:
        return f"did you mean {first_of(same, ' or ')}?"
    return nearest(path, known)


def meant(name: str, choices: Iterable[str], behind: str = "") -> str:
    """``did you mean `…`? `` with the closest of ``choices``; empty where none is close.

    Args:
        behind: stands behind what is meant, such as ``@champion``.
    """
    near = difflib.get_close_matches(name, choices, n=1) if len(name) < 200 else []
    return f"did you mean `{shortened(near[0])}{behind}`? " if near else ""


def nearest(name: str, choices: list[str]) -> str:
    """The remedy for a mistyped name: the closest valid one, else all of them, if they are few."""
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.6) if len(name) < 200 else []
    valid = first_of([shortened(choice) for choice in choices], most=MOST_CHOICES)
    if near:
        return f"did you mean `{shortened(near[0])}`? valid: {valid}"
    return f"choose from {valid}" if choices else "remove it"
