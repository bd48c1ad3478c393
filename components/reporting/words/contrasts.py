"""Which differences are outside the intervals: one setting varied, the others held fixed.

Two cells differ when their paired difference does, or, unpaired, when their intervals share no
point (`standing`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from components.figures.figure import Figure, sign
from components.figures.standing import BEST, NOISE, WORSE, standings
from components.reporting.cells import Cell
from components.reporting.words.naming import is_read, listed, phrase, varying
from components.spec.keys import canonical_json

Choose = Callable[[str], bool]
"""Whether a dotted path may vary within a comparison."""


@dataclass(frozen=True)
class Contrast:
    """Cells that differ in one thing, and how they stand to the best of them.

    Attributes:
        held: what all of them share, in words.
        best: what the best one is called.
        figure: its figure.
        noise: those that cannot be told from it, nearest first.
        worse: those that can.
        unlike: those that were measured by another protocol.
        cells: the cells' names in the plan.
        notes: name → what is said behind it, in parentheses.
        how: what the worse ones lie outside of, in words.
    """

    held: str
    best: str
    figure: Figure
    noise: tuple[str, ...]
    worse: tuple[str, ...]
    unlike: tuple[str, ...]
    cells: frozenset[str]
    notes: Mapping[str, str]
    how: str = "outside the intervals"

    def text(self) -> str:
        """One sentence."""
        extreme = "lowest" if sign(self.figure.metric) > 0 else "highest"
        parts = [f"{self._noted(self.best)} is {extreme}, {self.figure.text()}"]
        for names, verdict in (
            (self.noise, "cannot be told from it"),
            (self.worse, f"{_is(self.worse)} worse {self.how}"),
            (self.unlike, f"{_is(self.unlike)} not comparable with it"),
        ):
            if names:
                parts.append(f"{listed(map(self._noted, names))} {verdict}")
        return f"{self.held}: {'; '.join(parts)}."

    def _noted(self, name: str) -> str:
        note = self.notes.get(name)
        if not note:
            return name
        return f"{name[:-1]}, {note})" if name.endswith(")") else f"{name} ({note})"


@dataclass(frozen=True)
class Axis:
    """Every comparison along one setting.

    Attributes:
        title: the setting: a dotted path, or words.
        contrasts: one for each combination of the other settings.
        about: how the comparison was made, where the title does not say it.
    """

    title: str
    contrasts: tuple[Contrast, ...]
    about: str = ""

    def conclusion(self) -> str:
        """What holds in every one of several comparisons; empty when there is one."""
        if len(self.contrasts) < 2:
            return ""
        one = self.contrasts[0]
        never = [n for n in (one.best, *one.noise) if all(_leads(n, c) for c in self.contrasts)]
        always = [n for n in one.worse if all(n in c.worse for c in self.contrasts)]
        how = one.how if all(c.how == one.how for c in self.contrasts) else "outside the noise"
        parts = [f"never worse {how}: {listed(never)}"] if never else []
        parts += [f"always worse: {listed(always)}"] if always else []
        text = "; ".join(parts)
        return f"In all {len(self.contrasts)} comparisons, {text}." if parts else ""


def groups(cells: Sequence[Cell], may_vary: Choose) -> list[list[Cell]]:
    """Cells that agree in all other settings than those that may vary, together."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        held = {path: value for path, value in cell.settings.items() if not may_vary(path)}
        found.setdefault(canonical_json(held), []).append(cell)
    return list(found.values())


def compared(
    cells: Sequence[Cell],
    names: Sequence[str],
    metric: str,
    held: str,
    notes: Mapping[str, str] | None = None,
) -> Iterator[Contrast]:
    """How the cells stand to the best of them; nothing for fewer than two.

    Args:
        cells: all with the metric.
        names: what each is called.
        metric: the one that ranks them.
        held: what they share, in words.
        notes: name → what is said behind it, beside what a cell is that may not win.
    """
    if len(cells) < 2:
        return
    told = {n: [c.beside, (notes or {}).get(n, "")] for n, c in zip(names, cells, strict=True)}
    noted = {name: ", ".join(filter(None, parts)) for name, parts in told.items()}
    rows = [{metric: cell.figures[metric]} for cell in cells]
    order = sorted(range(len(rows)), key=lambda i: sign(metric) * rows[i][metric].value)
    standing = standings(rows, metric)
    kinds = [each.kind for each in standing]
    by_kind = {kind: tuple(names[i] for i in order if kinds[i] == kind) for kind in set(kinds)}
    best = kinds.index(BEST)
    ways = {each.how for each in standing if each.kind in (NOISE, WORSE)}
    yield Contrast(
        held,
        names[best],
        rows[best][metric],
        by_kind.get(NOISE, ()),
        by_kind.get(WORSE, ()),
        tuple(names[i] for i in order if kinds[i] not in (BEST, NOISE, WORSE)),
        frozenset(cell.name for cell in cells),
        noted,
        ways.pop() if len(ways) == 1 else "outside the noise",
    )


def held_words(cell: Cell, cells: Sequence[Cell], may_vary: Choose) -> str:
    """The settings that are held, of those that the sweep varies."""
    held = [p for p in varying([c.settings for c in cells]) if not may_vary(p)]
    read = [p for p in held if is_read(p.removeprefix("sampling."), cell.sampling["solver"])]
    return ", ".join(phrase(path, cell.settings[path]) for path in read)


def _leads(name: str, contrast: Contrast) -> bool:
    return name == contrast.best or name in contrast.noise


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
