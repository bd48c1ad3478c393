"""The report's page: what its template is filled with, section by section."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from components.reporting import drawing
from components.reporting.axes import along_axes
from components.reporting.cells import Cell
from components.reporting.contrasts import Axis
from components.reporting.distillation import finding, rivals_of, yardstick
from components.reporting.figures import OF_NETWORKS, Figure, lower_is_better, readable
from components.reporting.illustrations import Illustration, of_training, of_tuning, plates
from components.reporting.naming import cost
from components.reporting.results import Results
from components.reporting.sheet import arrange, by_value, line_setting, place
from components.reporting.summary import paragraphs, scorer_sentence
from components.reporting.table import (
    BEST,
    FLOOR,
    NOISE,
    n_samples,
    ordered_metrics,
    protocol_notes,
    standings,
)
from components.reporting.tiles import Choice, choose, data_uri, same_rows, tile

GROUPED = 12
"""The table of more cells than this is divided by line, and scrolls under its header."""
MOST_TUNED = 4
"""Samplings of the fine-tuned model whose samples are shown."""
OPEN = 12
"""Up to so many comparisons along an axis are shown at once; more are folded away."""


def page(results: Results) -> str:
    """The self-contained page: styles, plots and images are in it."""
    here = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    choice = choice_of(results)
    return environment.get_template("report.html").render(
        spec=results.spec,
        css=Markup((here / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        summary=paragraphs(results),
        scorer=scorer_sentence(results.scorer),
        sheet=_sheet(results, choice),
        plates=[(plate, _drawn(plate.plots)) for plate in plates(results)],
        loss_plots=_drawn(of_training(results)),
        contrasts=_contrasts(results),
        table=_table(results),
        protocol=_protocol(results.chosen.figures),
        finetuned=_finetune_section(results, choice),
        reproduce=results.spec["name"],
    )


def choice_of(results: Results) -> Choice:
    """Which samples every tile of the page shows."""
    tuned = results.finetuned.cells if results.finetuned else ()
    return choose(results.chosen.samples, len(results.cells) + len(tuned) + 2)


def _drawn(plots: Iterable[Illustration]) -> list[tuple[Markup, str]]:
    """Each plot as SVG, and its caption."""
    return [
        (Markup(drawing.svg(p.draw, p.name, p.label)), p.caption)  # noqa: S704 - escaped there
        for p in plots
    ]


def _sheet(results: Results, choice: Choice) -> dict[str, Any]:
    sheet, metric = arrange(results.cells, results.metric), results.metric
    tiles: dict[tuple[str, str], dict[str, Any]] = {}
    for where, cell in sheet.places.items():
        figure = cell.figures.get(metric) if metric else None
        tiles[where] = {
            "name": cell.name,
            "image": data_uri(tile(cell.samples, choice)),
            "figure": figure.text() if figure else "",
            "best": cell is results.chosen,
            "same": same_rows(results.chosen.samples, cell.samples, choice),
        }
    return {
        "columns": sheet.columns,
        "rows": [
            (row, [tiles.get((row, column)) for column in sheet.columns]) for row in sheet.rows
        ],
        "count": len(choice.positions),
        "classes": len({row.class_index for row in results.chosen.samples.rows}),
        "images_a_row": choice.columns,
        "metric": readable(metric) if metric else "",
        "unlike": [t["name"] for t in tiles.values() if not t["same"]],
        "left_out": len(results.cells) - len(tiles),
    }


def _contrasts(results: Results) -> dict[str, Any] | None:
    """The differences along every setting of the sweep; None where there are none."""
    metric = results.metric
    axes = along_axes(results.cells, metric) if metric else []
    if metric is None or not axes:
        return None
    confidence = results.chosen.figures[metric].record.get("confidence")
    return {
        "metric": readable(metric),
        "lower": lower_is_better(metric),
        "level": f"{100 * confidence:g} % " if confidence else "",
        "axes": [_axis(axis) for axis in axes],
    }


def _axis(axis: Axis) -> dict[str, Any]:
    return {
        "title": axis.title,
        "is_path": "." in axis.title,
        "about": axis.about,
        "conclusion": axis.conclusion(),
        "lines": [contrast.text() for contrast in axis.contrasts],
        "folded": len(axis.contrasts) > OPEN,
    }


def _table(results: Results) -> dict[str, Any]:
    rows = [cell.figures for cell in results.cells]
    metrics = ordered_metrics([*rows, results.floors])
    groups = _groups(results, metrics)
    floor = _line(FLOOR, results.floors, metrics, None, "floor") | {"mark": "floor"}
    return {
        "metrics": [(metric, readable(metric)) for metric in metrics],
        "bound": any(metric.startswith(OF_NETWORKS) for metric in metrics),
        "groups": [*groups, ("", [floor])],
        "grouped": len(groups) > 1,
        "notes": protocol_notes(rows),
    }


def _groups(results: Results, metrics: Sequence[str]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The table's lines in the order of the plan, or many of them by line, the best line first."""
    cells = results.cells
    setting = line_setting(cells) if len(cells) > GROUPED else None
    places = {cell: place(cell, cells, setting) if setting else ("", cell.name) for cell in cells}
    standing = dict(zip(cells, standings([c.figures for c in cells], results.best), strict=True))
    groups: dict[str, list[Cell]] = {}
    for cell in by_value(cells, results.metric) if setting else cells:
        groups.setdefault(places[cell][0], []).append(cell)
    if setting:
        for group in groups.values():
            group.sort(key=lambda cell: (cell.evaluations or 0, cells.index(cell)))
    return [
        (
            line,
            [_line(places[c][1], c.figures, metrics, c.evaluations, standing[c]) for c in group],
        )
        for line, group in groups.items()
    ]


def _line(
    name: str,
    figures: Mapping[str, Figure],
    metrics: Sequence[str],
    evaluations: float | None,
    standing: str,
) -> dict[str, Any]:
    return {
        "name": name,
        "values": [figures[m].text() if m in figures else "" for m in metrics],
        "n": n_samples(figures),
        "evaluations": cost(evaluations),
        "standing": standing,
        "mark": {BEST: "best", NOISE: "noise"}.get(standing, ""),
    }


def _protocol(figures: Mapping[str, Figure]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each metric with the rest of its record: how it was measured."""
    shown = ("value", "low", "high")
    return [
        (
            metric,
            [
                (name.replace("_", " "), f"{value:g}" if isinstance(value, float) else str(value))
                for name, value in sorted(figures[metric].record.items())
                if name not in shown
            ],
        )
        for metric in ordered_metrics([figures])
    ]


def _finetune_section(results: Results, choice: Choice) -> dict[str, Any] | None:
    tuned = results.finetuned
    if tuned is None:
        return None
    rows = tuned.rows(results.chosen)
    metrics = ordered_metrics(figures for _, figures, _ in rows)
    return {
        "style": tuned.style,
        "kind": tuned.kind,
        "metrics": metrics,
        "lines": [
            (name, [figures[m].text() if m in figures else "" for m in metrics], cost(spent))
            for name, figures, spent in rows
        ],
        "findings": [] if tuned.style else _findings(tuned.cells, results),
        "pictures": _before_and_after(results, choice),
        "plots": _drawn(of_tuning(tuned)),
        "settings": [
            (name, value)
            for name, value in sorted(results.spec["finetune"].items())
            if value not in (None, [])
        ],
    }


def _findings(cells: Sequence[Cell], results: Results) -> list[str]:
    """What each sampling setting of the distilled model is worth, the cheapest first."""
    cheapest = sorted(cells, key=lambda cell: cell.evaluations or 0)
    return [text for cell in cheapest if (text := finding(cell, results))]


def _before_and_after(results: Results, choice: Choice) -> list[dict[str, Any]]:
    """The baseline's samples and those of the fine-tuned model under each sampling setting."""
    tuned, best = results.finetuned, results.chosen
    assert tuned is not None
    shown = [(best, f"Before: the baseline, {best.name.replace(',', ', ')}")]
    other = None if tuned.style else yardstick(tuned.cells[0], rivals_of(results))
    if other not in (None, best):
        shown.append((other, f"The baseline at few steps, {other.name.replace(',', ', ')}"))
    shown += [(cell, f"After: {cell.line}") for cell in tuned.cells[:MOST_TUNED]]
    return [
        {
            "image": data_uri(tile(cell.samples, choice)),
            "words": words,
            "same": same_rows(best.samples, cell.samples, choice),
        }
        for cell, words in shown
    ]
