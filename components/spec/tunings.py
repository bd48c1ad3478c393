"""The sweep over the fine-tune: each of its cells starts from the best baseline."""

import itertools
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

from components.errors import AlphabarError, shortened
from components.spec.catalogue import FINETUNES
from components.spec.experiment import Experiment
from components.spec.sections.base import Overrides
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.sweep import ONE_CELL, Overridden, cell_name
from components.spec.whose_cells import SECTION, of_finetunes

FIXED = (
    *("base", "style", "images", "sampling", "limits", "checkpoints"),
    *("subject", "subject_samples", "subject_prompts", "class_samples"),
)
"""Keys of the section that hold for all of its cells: what they are compared against and by, and
after which steps."""


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
        others = frozenset(name for entry in FINETUNES.values() for name in entry.options)
        unread = others - {*self.spec.entry.options}
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
    return found


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
    for path, value in point.items():
        key = path.partition(".")[2]
        able = [name for name in valid_names(SECTION) if name not in FIXED]
        if key.partition(".")[0] in FIXED:
            raise AlphabarError(
                f"{origin}: `{shortened(path)}` cannot be swept: it holds for all fine-tunes",
                f"give it in the section `{SECTION}`",
            )
        if key not in able:
            raise AlphabarError(
                f"{origin}: `{shortened(path)}` cannot be swept",
                nearest(path, [f"{SECTION}.{name}" for name in able]),
            )
        section[key] = value
    overrides = tuple(point.items())
    values = experiment.as_written() | ONE_CELL | {SECTION: section}
    changed = validate(values, f"{origin}, cell {shortened(cell_name(overrides), 300)}")
    assert changed.finetune is not None
    return Tuning(overrides, changed.finetune)
