"""The sweep over the fine-tune: each of its cells starts from the best baseline."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from components.errors import AlphabarError, shortened
from components.spec.catalogue import FINETUNES
from components.spec.catalogue.finetuning import FinetuneEntry
from components.spec.experiment import Experiment
from components.spec.keys import canonical_json
from components.spec.sections.base import Overrides
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.sweep import ONE_CELL, Overridden, cell_name
from components.spec.whose_cells import FIXED, SECTION, of_finetunes, refuse_of_all


@dataclass(frozen=True)
class Tuning:
    """One point of the sweep over the fine-tune, after its last step or an earlier one.

    Attributes:
        overrides: what differs from the file. What its kind does not read may stand there at its
            default, in the place of what the file has for others; no name has that.
        spec: the section with that applied.
        checkpoint: the step, where its training has several cells; else None.
    """

    overrides: Overridden
    spec: FinetuneSpec
    checkpoint: int | None = None

    @cached_property
    def name(self) -> str:
        """A name for tables, such as ``rank=4,checkpoint=100``; empty for one that is alone."""
        step = () if self.checkpoint is None else ((f"{SECTION}.checkpoint", self.checkpoint),)
        return _name((*self._read, *step))

    @cached_property
    def training(self) -> str:
        """The name of what it is a checkpoint of, such as ``rank=4``; empty where all are one's."""
        return _name(self._read)

    @cached_property
    def _read(self) -> Overridden:
        """Of the overrides those that its kind reads; the others are at their defaults."""
        unread = _of_others(self.spec.entry)
        read = tuple(o for o in self.overrides if o[0].partition(".")[2] not in unread)
        return read or self.overrides

    @property
    def of_training(self) -> str:
        """What stands behind the names of stages that all checkpoints of a training share."""
        return f"-{self.training}" if self.training else ""

    @property
    def suffix(self) -> str:
        """What stands behind the names of its own stages; DVC takes no ``=`` in one."""
        step = "" if self.checkpoint is None else f"-checkpoint-{self.checkpoint}"
        return self.of_training + step


def tunings(experiment: Experiment, origin: str = "the experiment") -> list[Tuning]:
    """The fine-tunes of an experiment: the product of ``sweep``'s axes over `finetune`, then those
    ``cells`` that change nothing else; without such, the file's own; each after every step that
    the section asks for. None without a section.

    Raises:
        AlphabarError: there is no such section, a path may not be swept or a value is not valid, or
            cells are compared that do not go together.
    """
    points = _points(experiment)
    if experiment.finetune is None:
        if points:
            path = next(iter(points[0]))
            raise AlphabarError(
                f"{origin}: `{path}` is swept, and the section `{SECTION}` is missing",
                "give the section what holds for all of its cells",
            )
        return []
    found = [each for point in points for each in _tunings(experiment, point, origin)]
    compared = {each.spec.entry.compared for each in found}
    if len(compared) > 1:
        kinds = ", ".join(sorted({each.spec.kind for each in found}))
        raise AlphabarError(
            f"{origin}: fine-tunes of the kinds {kinds} are not compared with each other: one is "
            "judged under the baseline's sampling, another at its cost",
            "write an experiment file for each",
        )
    names = Counter(each.name for each in found)
    twice = next((name for name, times in names.items() if times > 1), None)
    if twice is not None:
        raise AlphabarError(
            f"{origin}: the fine-tune {shortened(twice)} is planned twice",
            "remove it from `sweep` or `cells`",
        )
    _refuse_the_same(found, origin)
    return found


def _refuse_the_same(found: Sequence[Tuning], origin: str) -> None:
    """Raise AlphabarError where two differ only in what neither of them reads."""
    met: dict[str, Tuning] = {}
    for each in found:
        values = each.spec.model_dump(mode="json")
        unread = _unread(values)
        read = {name: value for name, value in values.items() if name not in unread}
        one = met.setdefault(canonical_json([read, each.checkpoint]), each)
        if one is not each:
            idle = [n for n in sorted(unread) if getattr(one.spec, n) != getattr(each.spec, n)]
            raise AlphabarError(
                f"{origin}: the fine-tunes {shortened(one.name)} and {shortened(each.name)} are "
                f"the same: neither reads {', '.join(f'`{SECTION}.{name}`' for name in idle)}",
                "plan one of them, as a cell of its own in `cells`",
            )


def _points(experiment: Experiment) -> list[Overrides]:
    """What each fine-tune changes."""
    sweep, own = of_finetunes(experiment)
    axes = [[(path, value) for value in values] for path, values in sweep.items()]
    swept: list[Overrides] = [dict(point) for point in itertools.product(*axes)]
    alone = not own and experiment.finetune is not None
    return [*(swept if axes or alone else []), *own]


def _name(overrides: Overridden) -> str:
    return cell_name(overrides) if overrides else ""


def _tunings(experiment: Experiment, point: Overrides, origin: str) -> list[Tuning]:
    """A point after each of its steps."""
    last = _tuning(experiment, point, origin)
    steps = last.spec.cell_steps
    return [replace(last, checkpoint=step) for step in steps] or [last]


def _tuning(experiment: Experiment, point: Overrides, origin: str) -> Tuning:
    from components.spec.loading import nearest, valid_names, validate

    assert experiment.finetune is not None
    if not point:
        return Tuning((), experiment.finetune)
    section = experiment.finetune.model_dump(mode="python")
    own = {path.partition(".")[2] for path in point}
    refuse_of_all({"sweep": point}, origin)
    for path, value in point.items():
        key = path.partition(".")[2]
        able = [name for name in valid_names(SECTION) if name not in FIXED]
        if key not in able:
            raise AlphabarError(
                f"{origin}: `{shortened(path)}` cannot be swept",
                nearest(path, [f"{SECTION}.{name}" for name in able]),
            )
        section[key] = value
    overrides = tuple(point.items())
    where = f"{origin}, cell {shortened(cell_name(overrides), 300)}"
    _refuse_without_subject(experiment.finetune, section, where)
    left = _unread(section) - own  # said for other cells: at their defaults here
    section = {name: value for name, value in section.items() if name not in left}
    changed = validate(experiment.as_written() | ONE_CELL | {SECTION: section}, where)
    assert changed.finetune is not None
    return Tuning(overrides, changed.finetune)


def _refuse_without_subject(of_all: FinetuneSpec, section: Mapping[str, Any], where: str) -> None:
    """Raise AlphabarError where the file's fine-tunes learn a subject, and a cell's kind none."""
    entry = FINETUNES.get(str(section["kind"]))
    if of_all.learns_subject and entry is not None and "subject" not in entry.options:
        able = ", ".join(name for name, each in FINETUNES.items() if "subject" in each.options)
        raise AlphabarError(
            f"{where}: `{SECTION}.subject` holds for all fine-tunes of a file, and kind "
            f"`{shortened(section['kind'])}` learns none",
            f"choose from {able}, or write an experiment file for it",
        )


def _unread(section: Mapping[str, Any]) -> frozenset[str]:
    """Keys of the section that a fine-tune does not read: those of other kinds, and of its own
    what has no meaning with the others; none of an unknown kind, which is refused elsewhere."""
    if (entry := FINETUNES.get(str(section["kind"]))) is None:
        return frozenset()
    return (_of_others(entry) | entry.unread(section)) - {*FIXED}


def _of_others(entry: FinetuneEntry) -> frozenset[str]:
    """What other kinds read of the section, and this one does not."""
    every = frozenset(name for each in FINETUNES.values() for name in each.options)
    return every - {*entry.options}
