"""Which precision is faster, and whether compiling pays: what measurements decide, and the words
that say so."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.speed.load import EAGER

LEAST = 60.0
"""Seconds of all steps together below which nothing is compiled: compiling takes about as long."""

MARGIN = 0.05
"""Share of the time that bf16 or compiling must save, where `auto` is to choose it: more than two
measurements of the same differ by on a machine that does nothing else."""


@dataclass(frozen=True)
class Compiled:
    """What compiling takes and gives.

    Attributes:
        seconds: that it takes, once.
        eager: a step without, seconds.
        step: a step with it, seconds.
    """

    seconds: float
    eager: float
    step: float

    @property
    def saved(self) -> float:
        """Of a step, seconds; negative where it is slower."""
        return self.eager - self.step

    @property
    def paid_from(self) -> int | None:
        """The step from which compiling has paid; None where it never has."""
        return math.ceil(self.seconds / self.saved) if self.saved > 0 else None

    def pays(self, steps: int) -> bool:
        """Whether ``steps`` of it take less, compiling included, by a margin."""
        whole = steps * self.eager
        return whole - (self.seconds + steps * self.step) >= MARGIN * whole


def faster(seconds: Mapping[str, float | None]) -> str:
    """The precision whose step is fastest: full precision, unless another saves `MARGIN`."""
    able = {name: value for name, value in seconds.items() if value is not None}
    best = min(able, key=able.__getitem__, default=EAGER)
    return EAGER if able.get(EAGER, math.inf) * (1 - MARGIN) < able.get(best, 0.0) else best


@dataclass(frozen=True)
class Choice:
    """What `auto` came to in a section, or what is known of a `compile: on`.

    Attributes:
        part: the section, ``training`` or ``sampling``.
        auto: which of its fields say `auto`.
        precision: that it has now.
        compiles: whether it is compiled now.
        steps: that it is for: training steps, or passes of sampling.
        rows: in one of them.
        seconds: precision → a step, as measured; empty where nothing is.
        compiled: what compiling takes and gives; None where that is not measured.
        why_not: why it is not compiled, without such a measurement.
    """

    part: str
    auto: tuple[str, ...]
    precision: str
    compiles: bool
    steps: int
    rows: int
    seconds: Mapping[str, float | None]
    compiled: Compiled | None = None
    why_not: str = ""

    @property
    def measured(self) -> bool:
        return bool(self.seconds or self.compiled)

    @property
    def _step(self) -> str:
        return "step" if self.part == "training" else "pass"

    def words(self) -> str:
        """A sentence, with its figures."""
        if not self.measured:
            named = " and ".join(f"`{self.part}.{name}`" for name in self.auto)
            return (
                f"{self.part}: what {named} come{'' if len(self.auto) > 1 else 's'} to is not "
                f"measured on this machine yet; planned with {self.precision}"
                f"{', not compiled' if 'compile' in self.auto else ''}; the first run measures it, "
                "and keys may change"
            )
        return f"{self.part}: {self.precision}{self._of_precision()}{self._of_compiling()}"

    def warning(self) -> str:
        """What speaks against a `compile: on`; empty where nothing does."""
        found = self.compiled
        if not self.compiles or "compile" in self.auto or found is None:
            return ""
        if found.paid_from is None:
            return (
                f"warning: `{self.part}.compile: on` makes no {self._step} faster: "
                f"{_short(found.step)}, and {_short(found.eager)} without"
            )
        if found.paid_from > self.steps:
            return (
                f"warning: `{self.part}.compile: on` does not pay: it would from {self._step} "
                f"{found.paid_from:,} on, and there are {self.steps:,}"
            )
        return ""

    def content(self) -> dict[str, Any]:
        """The same for programs."""
        found = self.compiled
        return {
            "section": self.part,
            "auto": list(self.auto),
            "precision": self.precision,
            "compile": "on" if self.compiles else "off",
            "measured": self.measured,
            "steps": self.steps,
            "rows": self.rows,
            "seconds": dict(self.seconds),
            "compile_seconds": found and found.seconds,
            "compiled_seconds": found and found.step,
            "eager_seconds": found and found.eager,
            "paid_from": found and found.paid_from,
            "why_not_compiled": self.why_not or None,
        }

    def _of_precision(self) -> str:
        own = self.seconds.get(self.precision)
        if own is None:
            return ""
        unit = "a step" if self.part == "training" else f"a pass of {self.rows} rows"
        others = [
            f"{name} {_short(value)}" if value is not None else f"{name} cannot be computed here"
            for name, value in self.seconds.items()
            if name != self.precision
        ]
        return f" ({'; '.join([f'{_short(own)} {unit}', *others])})"

    def _of_compiling(self) -> str:
        found = self.compiled
        if found is None:
            return f", not compiled: {self.why_not}" if self.why_not else ""
        if found.paid_from is None:
            slower = f"that makes no {self._step} faster ({_short(found.step)})"
            return f", {'compiled' if self.compiles else 'not compiled'}: {slower}"
        figures = (
            f"{found.seconds:.0f} s once, saves {_short(found.saved)} a {self._step}, paid from "
            f"{self._step} {found.paid_from:,} of {self.steps:,}"
        )
        if self.compiles:
            return f", compiled: {figures}"
        return f", not compiled, which saves too little: {figures}"


def _short(seconds: float) -> str:
    """Two digits that count."""
    if seconds >= 0.1:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{1000 * seconds:.2g} ms"
