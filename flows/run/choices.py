"""What `auto` comes to on this machine: kept, or measured before a run's plan is made."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from components.spec.catalogue import CONDITIONERS
from components.spec.cost import planned_cost
from components.spec.experiment import Experiment
from components.spec.plan.auto import AUTO, ON, SAMPLING, TRAINING, Settle, autos, with_values
from components.spec.plan.precision import refuse_half_precision
from components.speed.kept import FOLDER, Kept, Values
from components.speed.load import BF16, EAGER, Load
from components.speed.worth import LEAST, Choice, Compiled, faster
from flows.run.loads import Surroundings, load_of
from flows.run.machine import cpp_compiler, described
from flows.run.measuring import Measuring
from flows.workspace import Workspace

NOT_YET = "not measured on this machine yet; the first run measures it, and keys may change"
ALONE = "best with nothing else at work"
NO_COMPILER = "there is no C++ compiler (g++)"


def unsaid(line: str) -> None:
    """What nobody is told."""


class Choices:
    """Settles `auto` in experiments, and remembers what it came to.

    Args:
        say: told what is measured, and why that takes a while.
        measures: whether what is not kept is measured; else such a section is as without `auto`.

    Attributes:
        made: each choice once, in the order of the plan.
    """

    def __init__(self, say: Callable[[str], None] = unsaid, *, measures: bool = False) -> None:
        self._say, self.measures = say, measures
        self.made: list[Choice] = []
        self._known: dict[str, Choice] = {}
        self._measuring, self._cache = Measuring(), Path()

    def at(self, workspace: Workspace, around: Surroundings) -> Settle:
        """What settles experiments of a plan in ``workspace``."""
        self._cache = workspace.kernels
        kept = Kept(workspace.store_root / FOLDER, self._say)
        return partial(self._settled, kept, around)

    def notes(self) -> list[str]:
        """What is to be said of it: a sentence each, warnings behind."""
        warnings = [each.warning() for each in self.made]
        found = [each.words() for each in self.made] + list(filter(None, warnings))
        return list(dict.fromkeys(found))

    def __enter__(self) -> "Choices":
        return self

    def __exit__(self, *_: object) -> None:
        self._measuring.__exit__()
        self._measuring = Measuring()

    def _settled(
        self, kept: Kept, around: Surroundings, experiment: Experiment, *parts: str
    ) -> Experiment:
        values = {}
        for part in parts:
            if autos(experiment, part) or getattr(experiment, part).compile == ON:
                choice = self._choice(kept, around, experiment, part)
                chosen = {"precision": choice.precision}
                chosen["compile"] = ON if choice.compiles else "off"
                values[part] = {name: chosen[name] for name in autos(experiment, part)}
        return with_values(experiment, values)

    def _choice(
        self, kept: Kept, around: Surroundings, experiment: Experiment, part: str
    ) -> Choice:
        section, load = getattr(experiment, part), load_of(experiment, part, around)
        steps = _steps(experiment, part, load)
        asked = (part, section.precision, section.compile, steps, load.told())
        if (known := self._known.get(repr(asked))) is None:
            if section.precision != AUTO:
                refuse_half_precision(section.precision, part, around.compute)
            known = _Question(self, kept, experiment, part, load, steps).choice()
            self._known[repr(asked)] = known
            if known.measured or known.auto:
                self.made.append(known)
        return known

    def precisions(self, part: str, load: Load, names: list[str]) -> Values:
        """Measure steps of a section; said before."""
        beside = " beside ".join(names)
        self._say(f"{part}: measuring {beside} on this machine, once: some 20 s, {ALONE}")
        return self._measuring.precisions(load, names)

    def compiled(self, part: str, load: Load, precision: str) -> Values:
        """Measure compiling; said before."""
        gains = "measuring what torch.compile gains on this machine, once: a minute or two"
        self._say(f"{part}: {gains}, {ALONE}")
        return self._measuring.compiled(load, precision, self._cache)


class _Question:
    """One section's choice."""

    def __init__(
        self,
        choices: Choices,
        kept: Kept,
        experiment: Experiment,
        part: str,
        load: Load,
        steps: int,
    ) -> None:
        self._choices, self._kept, self._part = choices, kept, part
        self._load, self._steps = load, steps
        self._section: Any = getattr(experiment, part)
        self._auto = autos(experiment, part)

    def choice(self) -> Choice:
        """What is kept, else measured, decides."""
        given = self._section.precision
        names = [EAGER, BF16] if given == AUTO else [given]
        seconds = self._precisions(names) if self._auto else {}
        if self._auto and not seconds:
            return self._made(self._auto.get("precision", given), compiles=False)
        precision = faster(seconds) if given == AUTO else given
        if self._section.compile != AUTO:
            on = self._section.compile == ON
            found = self._compiled(precision, measure=False)[0] if on else None
            return self._made(precision, on, seconds, found)
        step = seconds.get(precision)
        whole = self._steps * step if step is not None else 0.0
        if whole < LEAST:
            unit = "steps" if self._part == TRAINING else "passes"
            why = f"all {self._steps:,} {unit} take about {math.ceil(whole)} s, and compiling more"
            return self._made(precision, False, seconds, why_not=why)
        if cpp_compiler() is None:
            return self._made(precision, False, seconds, why_not=NO_COMPILER)
        found, fault = self._compiled(precision, measure=self._choices.measures)
        pays = found is not None and found.pays(self._steps)
        return self._made(precision, pays, seconds, found, fault or NOT_YET)

    def _made(
        self,
        precision: str,
        compiles: bool,
        seconds: dict[str, float | None] | None = None,
        compiled: Compiled | None = None,
        why_not: str = "",
    ) -> Choice:
        part, rows = self._part, self._load.rows
        auto, found = tuple(self._auto), seconds or {}
        why = "" if compiled else why_not
        return Choice(part, auto, precision, compiles, self._steps, rows, found, compiled, why)

    def _precisions(self, names: list[str]) -> dict[str, float | None]:
        question = question_of(self._load, precisions=names)
        if self._choices.measures:
            measure = partial(self._choices.precisions, self._part, self._load, names)
            return self._kept.get(question, measure)
        return self._kept.find(question) or {}

    def _compiled(self, precision: str, *, measure: bool) -> tuple[Compiled | None, str]:
        """What compiling takes and gives, or why it cannot be done."""
        question = question_of(self._load, compiled=precision)
        if measure:
            work = partial(self._choices.compiled, self._part, self._load, precision)
            found: Values | None = self._kept.get(question, work)
        else:
            found = self._kept.find(question)
        if found is None:
            return None, ""
        if "fault" in found:
            return None, str(found["fault"])
        return Compiled(found["compile_seconds"], found["eager"], found["compiled"]), ""


def question_of(load: Load, **asked: Any) -> dict[str, Any]:
    """All that an answer depends on; torch's version is none of it, so that an upgrade of that
    leaves keys as they are."""
    return {**asked, "machine": described(load.accelerator), "load": load.told()}


def _steps(experiment: Experiment, part: str, load: Load) -> int:
    """Training steps, or passes of sampling; evaluations in training are not counted."""
    if part != SAMPLING:
        return experiment.training.steps
    sampling = experiment.sampling.model_dump()
    told = CONDITIONERS[experiment.conditioning.encoder].conditional
    image = planned_cost(sampling, told).evaluations
    return math.ceil(experiment.evaluation.samples * image / load.rows)
