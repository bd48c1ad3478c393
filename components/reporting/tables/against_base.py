"""Models that were tuned, each beside what its base makes of the same prompts and seeds."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from components.figures.figure import Figure, readable, scale_of, unit_of
from components.figures.judgement import Figures, Judgement
from components.figures.standing import Standing, between
from components.reporting.tables.columns import metric_column, ordered_metrics
from components.reporting.tables.notes import left_out
from components.reporting.tables.subject import Subject
from components.reporting.tables.table import Column, Content, Table
from components.reporting.tables.values import difference_of, values_of
from components.reporting.words.naming import listed
from components.spec.metrics import family_of

BASE = "the base"
LESS = Column("less the base's", hint="over the same seeds and prompts, of that pair alone")
P = Column("p", hint="of no difference from the base", right=True)


def against_base(
    caption: str,
    models: Sequence[tuple[str, Judgement, Judgement]],
    families: Collection[str],
) -> Table:
    """The figures of ``families`` of each model and of its base, and the paired differences.

    Args:
        models: each one's name, its figures, and its base's.
    """
    tables = [each.figures for _, *both in models for each in both]
    metrics = [name for name in ordered_metrics(tables) if family_of(name) in families]
    columns = [Column("model")]
    for metric in metrics:
        columns += [metric_column(metric, ranks=True), LESS, P]
    rows, seen, unpaired = list[list[Content]](), list[Subject](), dict[str, str]()
    for name, judgement, base in with_bases(models):
        values = values_of(judgement.figures, metrics)
        if base is None:
            rows.append([name, *(cell for value in values for cell in (value, None, ""))])
            continue
        missing = {m: why for m, why in judgement.left_out.items() if family_of(m) in families}
        seen.append(Subject(name, replace(judgement, left_out=missing)))
        row: list[Content] = [name]
        for metric, value in zip(metrics, values, strict=True):
            standing = _standing(judgement.figures.get(metric), base.figures.get(metric))
            if standing and standing.reason:
                unpaired[metric] = standing.reason
            row += [value, difference_of(standing) if standing else None]
            row.append(standing.p_text() if standing else "")
        rows.append(row)
    level = next((f.confidence for each in tables for f in each.values()), None)
    made = Table.of_texts(caption, columns, rows).without_empty_columns()
    notes = (*left_out(seen, "model"), *_chances(tables, metrics), *_without_p(unpaired))
    return Table(caption, made.columns, made.rows, notes, level)


def with_bases(
    models: Iterable[tuple[str, Judgement, Judgement]],
) -> Iterator[tuple[str, Judgement, Judgement | None]]:
    """Each model with its figures and its base's; before the first of those that share a base,
    that base itself, whose own is None."""
    known = set[str]()
    for name, tuned, base in models:
        key = base.origins.prompts if base.origins else ""
        if key not in known:
            known.add(key)
            yield BASE if len(known) == 1 else f"{BASE}, beside {name}", base, None
        yield name, tuned, base


def _without_p(unpaired: Mapping[str, str]) -> list[str]:
    """Why a difference has no p-value, a sentence for each reason."""
    by_reason: dict[str, list[str]] = {}
    for metric, reason in unpaired.items():
        by_reason.setdefault(reason, []).append(readable(metric))
    return [
        f"without p in {listed(metrics)}: {reason}; bold is then where the difference's own "
        "interval leaves out 0"
        for reason, metrics in by_reason.items()
    ]


def _chances(tables: Sequence[Figures], metrics: Sequence[str]) -> list[str]:
    """What guesses would reach, a sentence for each metric of which that is known."""
    found = {
        f"{readable(metric)}: by chance {scale_of(metric) * chance:.3g}{unit_of(metric)}": None
        for metric in metrics
        for figures in tables
        if metric in figures and (chance := figures[metric].protocol.chance) is not None
    }
    return [*found]


def _standing(tuned: Figure | None, base: Figure | None) -> Standing | None:
    if tuned is None or base is None or not (tuned.finite and base.finite):
        return None
    return between(tuned, base)
