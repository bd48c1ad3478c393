"""Every figure as a row of numbers, for a CSV file or a data frame."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from components.figures.apart import standings_apart
from components.figures.figure import ROUNDING
from components.figures.judgement import Figures
from components.figures.record import figure_record
from components.figures.standing import BEST, CHOSEN, Standing, standings
from components.reporting.tables.columns import ordered_metrics
from components.reporting.tables.subject import FLOOR, Subject
from components.reporting.tables.table import Table

CANDIDATE = "candidate"
CHOSEN_ONE = "the chosen one"

Record = dict[str, Any]

COLUMNS = ("difference", "difference_low", "difference_high", "p_holm", "paired", "difference_from")


@dataclass(frozen=True)
class Less:
    """A set of images less another one.

    Attributes:
        name: the other's; empty where there is none.
        of: metric → how the one stands to it.
    """

    name: str = ""
    of: Mapping[str, Standing] = field(default_factory=dict)

    def record(self, metric: str) -> Record:
        """The `COLUMNS` of a figure, None where it has no difference."""
        found = self.of.get(metric, Standing(""))
        values: Sequence[Any] = [None] * len(COLUMNS)
        if less := found.difference:
            ends = map(_without_rounding, (less.value, less.low, less.high))
            values = (*ends, found.p, less.paired, self.name)
        return dict(zip(COLUMNS, values, strict=True))


@dataclass(frozen=True)
class Further:
    """A set of images beside the cells, such as those of a fine-tuned model.

    Attributes:
        subject: the set.
        chosen: how it stands to that of the chosen model.
        base: how it stands to that of its base.
        more: further columns, which all of its figures share.
    """

    subject: Subject
    chosen: Less = Less()
    base: Less = Less()
    more: Mapping[str, Any] = field(default_factory=dict)


def figures_alone(named: Mapping[str, Figures]) -> Table:
    """A row for every figure of every set of images: its interval and its whole protocol.

    Numbers are as measured, in the metric's unit: shares are from 0 to 1.
    """
    return Table.of_records(
        "figures", [record for name, figures in named.items() for record in _plain(name, figures)]
    )


def figures_compared(
    subjects: Sequence[Subject],
    floors: Figures,
    metric: str | None,
    top: int,
    further: Sequence[Further] = (),
    *,
    apart: bool = False,
) -> Table:
    """As `figures_alone`, with how each stands to that of row ``top``.

    Behind the figure stand ``difference``, its ``difference_low`` and ``difference_high``,
    ``p_holm``, ``paired`` (what the page shows as differences), ``difference_from`` (the other's
    name), ``standing``, by each metric for itself, and ``role``: ``candidate``, or what a row is
    that may not win. What is in ``further`` has the same columns for its difference from the chosen
    one, by which its ``standing`` is, and, with ``base_`` before their names, for that from its
    base; its ``role``, ``keeps_limits`` (of the file, yes or no) and ``path`` are given with it.
    The standing of ``top`` itself is `BEST` by ``metric`` and `CHOSEN` by the others. Groups of
    classes or captions follow the whole set; they are not compared.

    Args:
        subjects: what is compared.
        floors: the figures of real images.
        metric: the one that chose ``top``; None where nothing ranks the rows.
        top: the row that all are compared with.
        further: sets that stand beside these, such as those of fine-tuned models.
        apart: compare rows of another protocol with each other.
    """
    found: list[Record] = []
    rows = [subject.figures for subject in subjects]
    names = [subject.name for subject in subjects]
    compared = {
        m: _compared(rows, m, metric, top, names, apart=apart) for m in ordered_metrics(rows)
    }
    for i, subject in enumerate(subjects):
        more = {"network_evaluations": subject.evaluations, "role": subject.beside or CANDIDATE}
        whole = _plain(subject.name, subject.figures, group="", **more)
        found += [record | compared[record["metric"]][i] for record in whole]
        for group, of_group in subject.judgement.groups.items():
            found += _plain(subject.name, of_group, group=group, **more)
    real = _plain(FLOOR, floors, group="", network_evaluations=None)
    found += [record | {"standing": "floor"} for record in real]
    return Table.of_records("figures", [*found, *(r for each in further for r in _beside(each))])


def _beside(further: Further) -> list[Record]:
    """A set's figures with both of its differences."""
    subject = further.subject
    more = {"group": "", "network_evaluations": subject.evaluations}
    return [
        record
        | further.chosen.record(record["metric"])
        | {f"base_{name}": v for name, v in further.base.record(record["metric"]).items()}
        | {"standing": to_chosen(further.chosen.of.get(record["metric"], Standing("")).kind)}
        | dict(further.more)
        for record in _plain(subject.name, subject.figures, **more)
    ]


def to_chosen(kind: str) -> str:
    """How a fine-tune stands to the chosen one, which need not be the best."""
    return CHOSEN_ONE if kind == BEST else kind.replace("the best", "the chosen one")


def _compared(
    rows: Sequence[Figures],
    metric: str,
    ranked_by: str | None,
    top: int,
    names: Sequence[str],
    *,
    apart: bool,
) -> list[Record]:
    """The columns that compare, one entry a row; ``names`` are theirs."""
    able = ranked_by is not None and metric in rows[top] and rows[top][metric].finite
    by = standings_apart if apart else standings
    known = by(rows, metric, top) if able else [Standing("")] * len(rows)
    if known[top].kind == BEST and metric != ranked_by:
        known[top] = replace(known[top], kind=CHOSEN)
    return [
        Less(names[top if each.against is None else each.against], {metric: each}).record(metric)
        | {"standing": each.words}
        for each in known
    ]


def _plain(name: str, figures: Figures, **more: object) -> list[Record]:
    """One record a metric, in the one order."""
    return [
        {"name": name, **more, "metric": metric, **_flat(figure_record(figures[metric]))}
        for metric in ordered_metrics([figures])
    ]


def _flat(record: Mapping[str, Any]) -> Record:
    first = {part: record[part] for part in ("value", "low", "high")}
    rest = {name: record[name] for name in sorted(record) if name not in first}
    plain = {k: json.dumps(v) if isinstance(v, Mapping) else v for k, v in rest.items()}
    return {part: _without_rounding(value) for part, value in first.items()} | plain


def _without_rounding(value: Any) -> Any:
    """0 for what rounding has left of it."""
    return 0.0 if isinstance(value, float) and abs(value) < ROUNDING else value
