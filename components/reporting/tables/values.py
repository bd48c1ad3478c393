"""Figures and differences as cells of a table."""

from dataclasses import replace

from components.figures.figure import Figure
from components.figures.judgement import Figures
from components.figures.standing import BETTER, WORSE, Standing
from components.reporting.tables.table import Content, Numbers, Value


def value_of(figure: Figure) -> Value:
    """A figure with its interval and its remark."""
    value, low, high = (figure.scale * end for end in (figure.value, figure.low, figure.high))
    numbers = Numbers(value, low, high, figure.decimals(), unit=figure.unit)
    return Value(
        figure.short(), figure.interval(), figure.compact(), figure.remark, numbers=numbers
    )


def values_of(figures: Figures, metrics: list[str]) -> list[Value | None]:
    """A cell for each metric; None where it was not measured."""
    return [value_of(figures[metric]) if metric in figures else None for metric in metrics]


def difference_of(standing: Standing) -> Value | None:
    """The difference from the best; None where there is none, as for the best itself."""
    if standing.difference is None:
        return None
    apart = standing.kind in (WORSE, BETTER)
    numbers = Numbers(*standing.scaled(), standing.decimals(), "+", standing.points())
    return Value(
        standing.short(), standing.interval(), standing.compact(), apart=apart, numbers=numbers
    )


def told_difference(standing: Standing) -> Content:
    """The difference, its p-value and how it was taken; words where there can be none."""
    value = difference_of(standing)
    if value is None:
        return "measured otherwise"
    how = "paired" if standing.paired else "unpaired"
    return replace(value, remark=f"p {standing.p_text()}, {how}" if standing.paired else how)
