"""Columns of figures: what heads them, which are the main ones, and in which order they stand."""

from collections.abc import Iterable

from components.figures.figure import direction, readable, unit_of
from components.reporting.tables.table import Column
from components.spec.metric_family import MainColumn
from components.spec.metrics import INCEPTION, METRICS, PUBLISHED, family_of, judge_of

_PLACES = {name: family.column.place for name, family in METRICS.own.items() if family.column}
MAIN = tuple(
    tuple(name for name, place in _PLACES.items() if place == each)
    for each in sorted({*_PLACES.values()})
)
"""The families of the main columns; those that stand together are the same by other judges."""


def metric_column(metric: str, *, ranks: bool = False, main: bool = True) -> Column:
    """The column of a metric's figures, as its family's entry describes it.

    Args:
        metric: its full name.
        ranks: whether it ranks the rows, and so never gives way.
        main: whether it is among the main columns.
    """
    family = family_of(metric)
    known = METRICS[family] if family else None
    named = known is not None and known.of_samples  # a model's own words are a sentence
    words = known.words if known and named else metric
    place = (known.column if known else None) or MainColumn(0)
    better = direction(metric)
    way = f", {better} is better" if better != "neither" else ""
    return Column(
        words,
        judge_behind(metric).replace("_", " ") if named else "",
        f"{metric}: {known.line}{way}" if known and named else readable(metric),
        f"{place.header or words}{unit_of(metric)}".replace(" ", "\n"),
        metric,
        better,
        main,
        0.0 if ranks else place.gives_way,
    )


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
