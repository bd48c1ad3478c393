"""The table that a run prints of its fine-tunes: what each has gained, and what that has cost."""

from textwrap import fill
from typing import TYPE_CHECKING

from flows.run.tuned_results import TunedResults

if TYPE_CHECKING:
    from components.figures.judgement import Figures
    from components.figures.likeness import Value as Cosine
    from components.reporting.tables.table import Column, Content, Table, Text, Value

PAIRED = "over the same seeds, with the interval of that pair alone"


def tuned_table(results: TunedResults) -> "Table":
    """The fine-tunes beside each other and beside the base: of a subject by their likeness, else by
    the distance to the new holdout, with what that has cost the base."""
    if results.at_equal_cost:
        return _distilled(results)
    if results.decision().gain.judge:
        return _by_likeness(results)
    return _by_distance(results)


def _by_likeness(results: TunedResults) -> "Table":
    from components.reporting.tables.table import Column, Row, Table

    judge, rows = results.decision().gain.judge, list[Row]()
    columns, cells = _cost_to_base(results)
    for name, beside, own in zip(_marked(results), results.beside(), cells, strict=True):
        assert beside is not None
        assert beside.likeness is not None
        found, apart = beside.likeness, beside.likeness.difference
        values = [_cosine(found.tuned), _cosine(apart, "+"), _cosine(found.baseline)]
        rows.append(Row((_text(name), *values, *own)))
    of_subject = [
        Column("likeness", hint=f"cosine of features ({judge}) to the subject's images"),
        Column("less the base's", hint=PAIRED, brief="less the\nbase's"),
        Column("the base's", hint="of the same prompt and seeds", gives_way=0.5),
    ]
    level = next((f.confidence for own in results.figures() for f in own.values()), None)
    every = (Column("fine-tune"), *of_subject, *columns)
    table = Table("the subject's likeness", every, tuple(rows), level=level)
    real = results.beside()[0]
    ceiling = real.likeness.ceiling.text() if real and real.likeness else ""
    return table.noted(
        "higher is better: likeness",
        f"likeness of the subject's real images to each other: {ceiling}",
    ).without_empty_columns()


def _by_distance(results: TunedResults) -> "Table":
    from components.figures.floors import beside
    from components.figures.record import read_judgement
    from components.reporting.tables.columns import main_metrics, metric_column
    from components.reporting.tables.notes import protocol_notes
    from components.reporting.tables.subject import FLOOR
    from components.reporting.tables.table import Column, Row, Table
    from components.reporting.tables.values import difference_of, values_of

    metric, store, figures = results.plan.ranked_by, results.store, results.figures()
    base = read_judgement(store.path(results.tuned.evaluate_baseline)).figures
    given = read_judgement(store.path(results.tuned.reference)).figures
    floors, about_floors = beside(given, [base, *figures])
    others = [m for m in main_metrics([base, *figures], metric) if m != metric]
    columns, cells = _cost_to_base(results)
    none: list[Content] = ["" for _ in columns]
    said: list[tuple[str, Figures, Content, str, list[Content]]] = [
        ("the base", base, "", "", none)
    ]
    told = zip(_marked(results), figures, results.beside(), cells, strict=True)
    for name, own, found, cost in told:
        standing = found.standing if found else None
        less = difference_of(standing) if standing else None
        said.append((name, own, less, standing.p_text() if standing else "", cost))
    said += [(FLOOR, floors, "", "", none)] if floors else []
    rows = [
        Row((_text(name), *values_of(own, [metric]), less, p, *cost, *values_of(own, others)))
        for name, own, less, p, cost in said
    ]
    every = (
        Column("fine-tune"),
        metric_column(metric, ranks=True),
        Column("less the base's", hint=PAIRED, brief="less the\nbase's"),
        Column("p", hint="of no difference from the base", gives_way=0.5, right=True),
        *columns,
        *(metric_column(m) for m in others),
    )
    level = next((f.confidence for f in base.values()), None)
    notes = (*protocol_notes([base, *figures]), *about_floors)
    return Table(results.title, every, tuple(rows), notes, level).without_empty_columns()


def _cost_to_base(results: TunedResults) -> "tuple[list[Column], list[list[Content]]]":
    """The columns of drift and of the limits, and their cells for each model."""
    from components.figures.limits import drift_in
    from components.reporting.tables.columns import metric_column
    from components.reporting.tables.table import Column, Content
    from components.reporting.tables.values import value_of

    decision, metric = results.decision(), results.plan.ranked_by
    drifts = [drift_in(each, metric) for each in results.drifts()]
    measured = next((drift.metric for drift in drifts if drift), None)
    columns, cells = list[Column](), [list[Content]() for _ in drifts]
    if measured:
        columns.append(metric_column(measured, ranks=True))
        for own, drift in zip(cells, drifts, strict=True):
            own.append(value_of(drift) if drift else None)
    if said := decision.limits.words():
        columns.append(Column("keeps the limits", hint=said, brief="keeps\nlimits"))
        for own, within in zip(cells, decision.within, strict=True):
            own.append("yes" if within else "no")
    return columns, cells


def _distilled(results: TunedResults) -> "Table":
    """What is compared at equal cost, ranked, with the network evaluations of each sampling."""
    from components.figures.record import read_judgement
    from components.reporting.cells import stored_subject
    from components.reporting.tables.ranked_table import ranked_table

    store, tuned = results.store, results.tuned
    sampled = store.path(results.best.sample)
    sets = [stored_subject("baseline", store.path(tuned.evaluate_baseline), sampled)]
    for called, model in zip(results.names, tuned.models, strict=True):
        for cell in model.cells:
            steps = cell.sampling.steps
            counted = f", {steps} step{'s' if steps > 1 else ''}" if len(model.cells) > 1 else ""
            paths = store.path(cell.evaluate), store.path(cell.sample)
            sets.append(stored_subject(f"{called}{counted}", *paths))
    floors = read_judgement(store.path(tuned.reference)).figures
    return ranked_table(results.title, sets, floors, results.plan.ranked_by, noun="images")


def _marked(results: TunedResults) -> list[str]:
    """The models' names, of which the chosen one is called so where there are several."""
    names = results.names
    if len(names) > 1:
        names[results.tuned.best] += " (chosen)"
    return names


def _text(name: str) -> "Text":
    from components.reporting.tables.ranked_table import NAME
    from components.reporting.tables.table import Text

    words = name.replace(",", ", ").split(" ")
    broken = (word.replace("=", "= ", 1) if len(word) > NAME else word for word in words)
    return Text(name, fill(" ".join(broken), NAME, break_long_words=False))


def _cosine(of: "Cosine", sign: str = "") -> "Value":
    from components.reporting.tables.table import Value

    half = max(of.high - of.value, of.value - of.low)
    value = f"{of.value:{sign}.3f}"
    return Value(value, f"[{of.low:.3f}, {of.high:.3f}]", f"{value} ±{half:.3f}")
