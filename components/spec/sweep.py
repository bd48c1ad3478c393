"""The sweep: dotted overrides, their product, and the cell that each one names."""

import itertools
import math
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from components.errors import AlphabarError, first_of, shortened
from components.spec.catalogue import DENOISERS
from components.spec.catalogue.sampling import OWN_GUIDE
from components.spec.experiment import Experiment
from components.spec.sections.base import OPTIONS, Overrides, Scalar, Section
from components.spec.whose_cells import of_baselines, refuse_no_key

SWEPT_SECTIONS = ("data", "codec", "conditioning", "process", "network", "training", "sampling")
PROMPTS = "evaluation.prompts"
"""What cells of `also` may change besides: cells that may win are asked for the same images."""

GUIDE_SECTIONS = ("network", "training")
ONE_CELL: dict[str, Any] = {"sweep": {}, "cells": [], "also": []}
"""What makes the file's own cell the only one."""

Overridden = tuple[tuple[str, Scalar], ...]
"""Dotted path and value of each override, in the file's order."""

MOST_CELLS = 20_000


@dataclass(frozen=True)
class Cell:
    """One point of the sweep: what differs from the file, and the experiment with it applied.

    Attributes:
        may_win: False for a cell of `also`, which the others are only compared with.
        given: the experiment as the file says it, where ``experiment`` has what its `auto` came to.
    """

    overrides: Overridden
    experiment: Experiment
    may_win: bool = True
    given: Experiment | None = None

    @property
    def written(self) -> Experiment:
        """The experiment with every `auto` of the file."""
        return self.given or self.experiment

    @cached_property
    def name(self) -> str:
        """A name for tables and folders, such as ``schedule=cosine,guidance=2``."""
        return cell_name(self.overrides)

    @cached_property
    def model_name(self) -> str:
        """The name without the sampling overrides: cells that share it share a network."""
        return cell_name(self.of_the_model)

    @property
    def of_the_model(self) -> Overridden:
        """The overrides without those of the sampling and the evaluation."""
        return tuple(o for o in self.overrides if is_of_network(o[0]))


def is_of_network(path: str) -> bool:
    """Whether a setting makes another network, and not other images of the same one."""
    return not path.startswith(("sampling.", "evaluation."))


def cell_name(overrides: Overridden) -> str:
    """``leaf=value`` pairs joined by commas; ``base`` when nothing is overridden."""
    pairs = (f"{path.rpartition('.')[2]}={_short(value)}" for path, value in overrides)
    return ",".join(pairs) or "base"


def expand(experiment: Experiment, origin: str = "the experiment") -> list[Cell]:
    """All baselines: the product of ``sweep`` in file order, then ``cells``, then ``also``.

    Without a sweep there is the file's own cell, unless ``cells`` says what to run instead. What
    differs among fine-tunes is in `components.spec.tunings`.

    Raises:
        AlphabarError: there are more than `MOST_CELLS`, a path is unknown or may not be swept, or
            a value is not valid there.
    """
    _refuse_too_many(experiment, origin)
    sweep, singles, also = of_baselines(experiment, origin)
    axes = [[(path, value) for value in values] for path, values in sweep.items()]
    swept: list[Overrides] = [dict(point) for point in itertools.product(*axes)]
    candidates = [*(swept if axes or not singles else []), *singles]
    variants = _Variants(experiment, origin)
    cells = [
        Cell(tuple(point.items()), variants.of(point, may_win), may_win)
        for points, may_win in ((candidates, True), (also, False))
        for point in points
    ]
    _refuse_unread(experiment, cells, origin)
    if experiment.guide:
        for model in {cell.of_the_model: cell.experiment for cell in cells}.values():
            weaker(model, origin)
    names = Counter(cell.name for cell in cells)
    twice = min((name for name, times in names.items() if times > 1), default=None)
    if twice is not None:
        raise AlphabarError(
            f"{origin}: the cell {shortened(twice)} is planned twice",
            "remove it from `sweep`, `cells` or `also`",
        )
    return cells


def _refuse_too_many(experiment: Experiment, origin: str) -> None:
    """Raise AlphabarError where the plan would be endless; goes by the lists' lengths alone."""
    lengths = {path: len(values) for path, values in experiment.sweep.items()}
    beside = {"cells": len(experiment.cells), "also": len(experiment.also)}
    count = math.prod(lengths.values()) + sum(beside.values())
    if count > MOST_CELLS:
        lists = [f"{shortened(path)} ({n})" for path, n in (lengths | beside).items() if n]
        raise AlphabarError(
            f"{origin}: the plan has {shortened(count)} cells, more than {MOST_CELLS}: "
            f"{first_of(lists)}",
            "shorten the lists, or split the experiment into several files",
        )


def _refuse_unread(experiment: Experiment, cells: list[Cell], origin: str) -> None:
    """Raise AlphabarError where the file sets a key of the network that no cell's kind reads."""
    network, kinds = experiment.network, {cell.experiment.network.kind for cell in cells}
    unread = frozenset.intersection(*(cell.experiment.network.unread() for cell in cells))
    for name in sorted(unread & network.model_fields_set):
        value, default = getattr(network, name), type(network).model_fields[name].default
        if value != default:
            readers = ", ".join(
                kind for kind, entry in DENOISERS.own.items() if name in entry.options
            )
            raise AlphabarError(
                f"{origin}: `network.{name}: {shortened(value)}` has no meaning with "
                f"`network.kind: {', '.join(sorted(kinds))}`",
                f"leave it out: it belongs to {readers}",
            )


def weaker(experiment: Experiment, origin: str = "the experiment") -> Experiment:
    """The experiment of the weaker model that `guide` describes.

    Raises:
        AlphabarError: a key is not one of the network or the training, or its value is wrong.
    """
    from components.spec.loading import nearest, valid_names, validate

    values: dict[str, Any] = experiment.model_dump(mode="python")
    values["sampling"], values["guide"] = values["sampling"] | {"guide": OWN_GUIDE}, {}
    for path, value in experiment.guide.items():
        section, _, leaf = path.partition(".")
        if section not in GUIDE_SECTIONS or leaf not in valid_names(section):
            known = [f"{s}.{n}" for s in GUIDE_SECTIONS for n in valid_names(s)]
            raise AlphabarError(
                f"{origin}: `guide` cannot change `{shortened(path)}`", nearest(path, known)
            )
        values[section] = {**values[section], leaf: value}
    return validate(values, f"{origin}, guide")


class _Variants:
    """An experiment with overrides. Each part of it is validated once, however many cells share
    it, and what must fit across parts once a cell."""

    def __init__(self, experiment: Experiment, origin: str) -> None:
        self._experiment, self._origin = experiment, origin
        self._parts = {name: getattr(experiment, name) for name in Experiment.model_fields}
        self._parts |= ONE_CELL
        self._changed: dict[Hashable, Section] = {}

    def of(self, overrides: Overrides, may_win: bool) -> Experiment:
        """Raises AlphabarError: a path may not be swept, or a value is not valid there."""
        found: dict[str, list[tuple[str, Scalar]]] = {}
        if may_win and PROMPTS in overrides:
            raise AlphabarError(
                f"{self._origin}: `{PROMPTS}` cannot differ among cells that may win: their "
                "figures would not be of the same images",
                "give it in `also`, or once in the section `evaluation`",
            )
        for path, value in overrides.items():
            section, _, leaf = path.partition(".")
            refuse_no_key(path, self._origin)
            if not _may_differ(path):
                return _override(self._experiment, overrides, self._origin)
            found.setdefault(section, []).append((leaf, value))
        try:
            changed = {name: self._section(name, tuple(new)) for name, new in found.items()}
            return Experiment.model_validate(self._parts | changed)
        except ValidationError:  # the whole, for a message that names the cell
            return _override(self._experiment, overrides, self._origin)

    def _section(self, name: str, overrides: Overridden) -> Section:
        which = (name, tuple((leaf, type(value), value) for leaf, value in overrides))  # 1 == True
        if which not in self._changed:
            section: Section = self._parts[name]
            changed = section.model_dump(mode="python")
            for leaf, value in overrides:
                changed = _with(changed, leaf, value)
            self._changed[which] = type(section).model_validate(changed)
        return self._changed[which]


def _override(experiment: Experiment, overrides: Overrides, origin: str) -> Experiment:
    from components.spec.loading import nearest, valid_names, validate

    values: dict[str, Any] = experiment.model_dump(mode="python")
    values |= ONE_CELL
    for path, value in overrides.items():
        section, _, leaf = path.partition(".")
        field, _, option = leaf.partition(".")
        known_field = _may_differ(path) and field in valid_names(section)
        if not known_field or (option and field != OPTIONS):
            known = [f"{s}.{n}" for s in SWEPT_SECTIONS for n in valid_names(s)]
            raise AlphabarError(
                f"{origin}: `{shortened(path)}` cannot be swept", nearest(path, known)
            )
        values[section] = _with(values[section], leaf, value)
    name = cell_name(tuple(overrides.items()))
    return validate(values, f"{origin}, cell {shortened(name, 300)}")


def _may_differ(path: str) -> bool:
    return path.partition(".")[0] in SWEPT_SECTIONS or path == PROMPTS


def _with(values: dict[str, Any], leaf: str, value: Scalar) -> dict[str, Any]:
    """A section with another value of a field, or of one of a plug-in's options."""
    field, _, option = leaf.partition(".")
    return {**values, field: {**values.get(field, {}), option: value} if option else value}


def _short(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
