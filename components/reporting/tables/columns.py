"""Which metrics make the columns of a table, in which order, and how many of them fit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from components.spec.metrics import INCEPTION, METRICS, PUBLISHED, family_of, judge_of

_PLACES = {name: family.column.place for name, family in METRICS.own.items() if family.column}
MAIN = tuple(
    tuple(name for name, place in _PLACES.items() if place == each)
    for each in sorted({*_PLACES.values()})
)
"""The families of the main columns; those that stand together are the same by other judges."""


@dataclass(frozen=True)
class Column:
    """A column of a printed table.

    Attributes:
        header: maybe of several lines.
        values: maybe of several lines each.
        priority: the column of the largest number is left out first; 0 stays.
    """

    header: str
    values: Sequence[str]
    priority: float

    @property
    def width(self) -> int:
        """Letters of its longest line."""
        return max(len(line) for text in (self.header, *self.values) for line in text.split("\n"))


def ordered_metrics(tables: Iterable[Iterable[str]]) -> list[str]:
    """Every metric that occurs, the main ones first, then in the order of the registry."""
    main = [family for group in MAIN for family in group]
    families = [*main, *(family for family in METRICS if family not in main)]
    rank = {family: index for index, family in enumerate(families)}
    names = sorted({name for figures in tables for name in figures})
    return sorted(names, key=lambda name: rank.get(family_of(name) or "", len(rank)))


def main_metrics(tables: Iterable[Iterable[str]], ranking: str | None) -> list[str]:
    """The metrics of the main columns, each family by one judge: the ranking one's if it can be.

    Figures of unknown families are kept where there is no other.

    Args:
        tables: the names of the metrics of each row.
        ranking: the metric that ranks the rows.
    """
    names = ordered_metrics(tables)
    judge = judge_behind(ranking) if ranking else ""
    chosen = []
    for families in MAIN:
        able = [name for name in names if family_of(name) in families]
        same = [name for name in able if name == ranking]
        same += [name for name in able if judge_behind(name) == judge]
        chosen += [*same, *able][:1]
    return [*chosen, *([ranking] if ranking and ranking not in chosen else [])] or names[:6]


def judge_behind(metric: str) -> str:
    """Which network judged."""
    plain = metric.partition("/")[0]
    return INCEPTION if plain in PUBLISHED.values() else judge_of(metric)


def within(width: int, columns: Sequence[Column]) -> list[Column]:
    """As many columns as fit into ``width`` letters, with three between any two."""
    kept = list(columns)
    while sum(column.width + 3 for column in kept) + 1 > width:
        last = max(kept, key=lambda column: column.priority)
        if last.priority <= 0:
            break
        kept.remove(last)
    return kept
