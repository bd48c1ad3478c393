"""Several sets of images with their figures, and how each stands to the best of them."""

from collections.abc import Sequence
from textwrap import fill

from components.figures.apart import standings_apart
from components.figures.figure import direction, main_metric
from components.figures.floors import beside
from components.figures.judgement import Figures, Judgement
from components.figures.standing import (
    BEST,
    BETTER,
    NOISE,
    UNLIKE,
    WORSE,
    Standing,
    pairing_notes,
    standings,
)
from components.figures.winner import better_beside, called, winner
from components.reporting.tables.columns import main_metrics, metric_column, ordered_metrics
from components.reporting.tables.notes import about_images, left_out, protocol_notes
from components.reporting.tables.subject import FLOOR, Subject, n_samples
from components.reporting.tables.table import Column, Mark, Row, Table, Text
from components.reporting.tables.values import difference_of, values_of
from components.reporting.words.naming import cost

NAME, VERDICT = 20, 14
"""Letters of a line of a name and of a standing where there is little room."""
SHORT = {
    BEST: "best",
    NOISE: "within noise",
    WORSE: "worse",
    BETTER: "better",
    UNLIKE: "other protocol",
}
"""Standings where there is little room."""
MARKS: dict[str, Mark] = {BEST: "best", NOISE: "noise", "floor": "floor"}


def ranked_table(
    caption: str,
    subjects: Sequence[Subject],
    floors: Figures | None = None,
    metric: str | None = None,
    best: int | None = None,
    noun: str = "cell",
    *,
    apart: bool = False,
) -> Table:
    """Every figure of several sets of images; the main columns are those that a reader needs.

    Args:
        caption: what they are.
        subjects: what is compared.
        floors: the figures of real images.
        metric: ranks the rows; None takes `ranking`.
        best: the row to compare with; None takes the `winner`.
        noun: what one of them is called.
        apart: compare rows of another protocol with each other.
    """
    rows = [subject.figures for subject in subjects]
    floors, about_floors = beside(floors or {}, rows)
    metric = metric or ranking(rows)
    best = winner(subjects, metric) if best is None else best
    standing = (standings_apart if apart else standings)(rows, metric, best)
    main = main_metrics([*rows, floors], metric)
    every = ordered_metrics([*rows, floors])
    metrics = [*sorted(main, key=lambda m: m != metric), *(m for m in every if m not in main)]
    first = 1 if metric else 0
    figures = [metric_column(m, ranks=m == metric, main=m in main) for m in metrics]
    paired = any(each.paired for each in standing)
    compared = [*figures[:first], *_comparison(paired), *figures[first:]]
    listed = [*subjects, *([Subject(FLOOR, Judgement(floors))] if floors else [])]
    known = [*standing, *([Standing("floor")] if floors else [])]
    level = max((f.confidence for row in rows for m, f in row.items() if m in main), default=None)
    return Table(
        caption,
        (
            Column(noun),
            *compared,
            Column(
                "evaluations", "of the network", brief="evalu-\nations", gives_way=2.5, right=True
            ),
            Column("n", hint="images judged", gives_way=3.5, right=True),
        ),
        tuple(_row(s, k, metrics, first, paired) for s, k in zip(listed, known, strict=True)),
        (
            *pairing_notes(standing),
            *better_beside(subjects, metric, best),
            *protocol_notes(rows),
            *about_images(subjects),
            *about_floors,
            *left_out(subjects, noun),
        ),
        level,
    ).without_empty_columns()


def ranking(rows: Sequence[Figures]) -> str | None:
    """What ranks these: a Fréchet distance, or else the first figure of a known direction."""
    main = next((m for figures in rows if (m := main_metric(figures))), None)
    able = (m for m in ordered_metrics(rows) if direction(m) != "neither")
    return main or next(able, None)


def _comparison(paired: bool) -> list[Column]:
    """How the rows stand to the best; differences where any was taken in pairs."""
    if not paired:
        overlap = "within noise where the interval and that of the best overlap"
        return [Column("standing", hint=overlap)]
    alone = "from the best over the same seeds, with the interval of that pair alone"
    return [
        Column("difference", "from the best", alone, gives_way=1.5),
        Column("p", "Holm", "Holm's over all pairs", gives_way=1.4),
        Column("standing", hint="by p"),
    ]


def _row(subject: Subject, standing: Standing, metrics: list[str], first: int, paired: bool) -> Row:
    name = called(subject)
    brief = fill(name.replace(",", ", ").replace(",  ", ", "), NAME, break_long_words=False)
    values = values_of(subject.figures, metrics)
    kind = standing.kind
    short = SHORT.get(kind, kind)
    if standing.apart:
        short = standing.apart if kind == UNLIKE else f"{standing.apart}: {short}"
    verdict = Text(standing.words, fill(short, VERDICT)) if kind else ""
    difference = difference_of(standing) if standing.paired else None
    told = [difference, standing.p_text(), verdict] if paired else [verdict]
    cells = [Text(name, brief), *values[:first], *told, *values[first:]]
    evaluations = cost(subject.evaluations)
    return Row(
        (*cells, evaluations, n_samples(subject.figures)),
        "" if standing.apart else MARKS.get(kind, ""),
    )
