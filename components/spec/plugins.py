"""Choices that other installed packages bring, found through their entry points.

A package names a record of each in a group ``alphabar.<topic>`` of its entry points::

    [project.entry-points."alphabar.solvers"]
    damped_euler = "damped.records:damped_euler"

The record, a `Plugin`, describes the choice without torch; the function behind it is imported
when it is used.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial, wraps
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from components.errors import AlphabarError, first_of, quoted, shortened

if TYPE_CHECKING:
    from components.spec.catalogue.entries import Described

GROUP = "alphabar."
TOPICS = ("schedules", "solvers", "metrics", "sources", "conditioners", "denoisers")
"""What packages can bring."""
MEND = "mend or remove that package"


@dataclass(frozen=True)
class Plugin:
    """What an entry point gives.

    Attributes:
        entry: what the catalogue says of it, of the type that its topic's own choices have.
        function: ``module:name`` of what is called, with the signature that its topic says.
        options: of the section's ``options``; their values are the function's keyword arguments.
            None where it takes none.
    """

    entry: "Described"
    function: str
    options: type[BaseModel] | None = None


def installed(topic: str) -> Mapping[str, tuple[EntryPoint, ...]]:
    """The entry points of a topic's group, by name; nothing of the packages is imported."""
    return _installed().get(topic, {})


@cache
def _installed() -> Mapping[str, dict[str, tuple[EntryPoint, ...]]]:
    """Topic → name → entry points; every package's metadata is read once."""
    everything = entry_points()
    found: dict[str, dict[str, tuple[EntryPoint, ...]]] = {topic: {} for topic in TOPICS}
    for topic, names in found.items():
        for point in everything.select(group=GROUP + topic):
            names[point.name] = (*names.get(point.name, ()), point)
    return found


@cache
def record(topic: str, name: str, kind: type) -> Plugin:
    """The record of a plug-in, whose entry is a ``kind``.

    Raises:
        AlphabarError: several packages bring one of that name, it cannot be imported, or it is
            something else; the message names package and entry point.
    """
    points = installed(topic)[name]
    if len(points) > 1:
        both = first_of([_said(point) for point in points], " and ")
        raise AlphabarError(f"several plug-ins are called `{name}`: {both}", "remove all but one")
    (point,) = points
    with _naming(f"{_said(point)} cannot be imported"):
        found = point.load()
    if isinstance(found, Plugin) and isinstance(found.entry, kind):
        _refuse_unsound(found, _said(point))
        return found
    entry = getattr(found, "entry", found)
    given = f"a `Plugin` of {type(entry).__name__}" if isinstance(found, Plugin) else repr(found)
    raise AlphabarError(
        f"{_said(point)} gives {shortened(given)}, not a `Plugin` of {kind.__name__}", MEND
    )


def _refuse_unsound(found: Plugin, said: str) -> None:
    """Raise AlphabarError where a record's ``options`` or ``function`` cannot be what they say."""
    options, function = found.options, found.function
    if options is not None and not (isinstance(options, type) and issubclass(options, BaseModel)):
        given = quoted(options)
        raise AlphabarError(f"{said} has `options` {given}, not a class of pydantic models", MEND)
    if not isinstance(function, str) or not all(function.partition(":")):
        raise AlphabarError(f"{said} has `function` {quoted(function)}, not `module:name`", MEND)


def unknown_groups() -> list[str]:
    """What is said of entry points in a group that has no such topic, a sentence each."""
    points = entry_points()
    return [
        f"{_said(point)} is not read: there is no group `{group}`: choose from "
        + ", ".join(GROUP + topic for topic in TOPICS)
        for group in sorted(points.groups)
        if group.startswith(GROUP) and group.removeprefix(GROUP) not in TOPICS
        for point in points.select(group=group)
    ]


@contextmanager
def naming(topic: str, name: str) -> Iterator[None]:
    """Within, whatever a plug-in's code raises is an AlphabarError that names the plug-in."""
    with _naming(f"{first_of([_said(point) for point in installed(topic)[name]], ' and ')} failed"):
        yield


@contextmanager
def _naming(what: str) -> Iterator[None]:
    """As `naming`; a plug-in that ends the process is at fault too, a user who does is not."""
    try:
        yield
    except AlphabarError:
        raise
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__}: {shortened(error, 300)}"
        raise AlphabarError(f"{what}: {why}", MEND) from error


def clash(topic: str, name: str) -> AlphabarError:
    """What is said where a plug-in takes the name of one of our own choices."""
    said = first_of([_said(point) for point in installed(topic)[name]], " and ")
    return AlphabarError(f"{said} takes the name of alphabar's own `{name}`", "remove that package")


def packages(topic: str, name: str) -> dict[str, str]:
    """The package that brings a choice, and its version; empty for our own."""
    points = installed(topic).get(name, ())
    return {str(point.dist.name): point.dist.version for point in points if point.dist}


def plugin(topic: str, name: str, section: Mapping[str, Any]) -> Callable[..., Any] | None:
    """The function of a plug-in with the section's ``options`` bound to it; None for our own.

    Raises:
        AlphabarError: it cannot be imported, or is no function.
    """
    if name not in installed(topic):
        return None
    found, (point,) = record(topic, name, object), installed(topic)[name]
    module, _, attribute = found.function.partition(":")
    with _naming(f"{found.function} of {_said(point)} cannot be imported"):
        function = getattr(importlib.import_module(module), attribute)
    if not callable(function):
        raise AlphabarError(f"{found.function} of {_said(point)} is no function", MEND)

    @wraps(function)
    def called(*args: Any, **options: Any) -> Any:
        with naming(topic, name):
            return function(*args, **options)

    if found.options is None:
        return called
    with _naming(f"{_said(point)} cannot read its options"):
        checked = found.options.model_validate(section.get("options", {}), extra="forbid")
    return partial(called, **{key: getattr(checked, key) for key in type(checked).model_fields})


def _said(point: EntryPoint) -> str:
    """A plug-in in a message: its name, its package and its entry point."""
    package = f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
    return f"the plug-in `{point.name}` of {package} (entry point {point.group}: {point.value})"
