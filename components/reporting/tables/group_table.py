"""Figures by group of classes or captions, the worst groups first."""

from collections.abc import Mapping

from components.figures.figure import direction, readable, sign
from components.figures.judgement import Figures
from components.reporting.results import Results
from components.reporting.tables.columns import main_metrics, metric_column
from components.reporting.tables.subject import n_samples
from components.reporting.tables.table import Column, Row, Table
from components.reporting.tables.values import values_of
from components.reporting.words.naming import capital, count

AT_ONCE = 10
"""Groups that are shown at once; more are folded away."""

Groups = Mapping[str, Figures]


def group_tables(results: Results) -> list[Table]:
    """A table for the best cell and one for the fine-tuned model, where groups were measured."""
    shown = [(results.chosen, f"The best cell, {results.chosen.name.replace(',', ', ')}")]
    if tuned := results.finetuned:
        shown.append((tuned.chosen, capital(tuned.chosen.line)))
    found = [(cell.judgement.groups, words) for cell, words in shown]
    return [group_table(groups, words, results.metric) for groups, words in found if groups]


def worst_first(groups: Groups, metric: str) -> list[str]:
    """The groups' names by ``metric``, the worst first; those without it last."""
    known = [name for name, figures in groups.items() if metric in figures]
    known.sort(key=lambda name: sign(metric) * groups[name][metric].value, reverse=True)
    return [*known, *(name for name in groups if name not in known)]


def group_table(groups: Groups, words: str, ranking: str | None) -> Table:
    """Figures of every group of one set of images.

    Args:
        words: what the set is called.
        ranking: the metric by which they stand, where it was taken of groups.
    """
    every = [figures.keys() for figures in groups.values()]
    measured = {metric for metrics in every for metric in metrics}
    metrics = main_metrics(every, ranking if ranking in measured else None)
    able = [metric for metric in metrics if direction(metric) != "neither"]
    by = ranking if ranking in measured else able[0] if able else None
    told = f"its {count(len(groups), 'group')}"
    return Table(
        f"{words}: {told} by {readable(by)}, the worst first" if by else f"{words}: {told}",
        (
            Column("group"),
            *(metric_column(m) for m in metrics),
            Column("n", hint="images judged", right=True),
        ),
        tuple(
            Row((name, *values_of(groups[name], metrics), n_samples(groups[name])))
            for name in (worst_first(groups, by) if by else groups)
        ),
        at_once=AT_ONCE,
    )
