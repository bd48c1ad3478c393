"""The report's page: what its template is filled with, section by section."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from components.reporting import drawing, plots
from components.reporting.cells import History
from components.reporting.figures import Figure, first_metric, main_metric, readable
from components.reporting.results import AGAINST_NEW_STYLE, Results
from components.reporting.summary import scorer_sentence, sentences
from components.reporting.table import (
    BEST,
    FLOOR,
    NOISE,
    ordered_metrics,
    protocol_notes,
    standings,
)
from components.reporting.tiles import axes, choose, data_uri, same_rows, tile


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
    tuned = results.finetuned
    style = tuned.style if tuned else ""
    return environment.get_template("report.html").render(
        spec=results.spec,
        css=Markup((here / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        summary=sentences(
            results.cells, results.best, results.floors, tuned.figures if tuned else None, style
        ),
        scorer=scorer_sentence(results.scorer),
        sheet=_sheet(results),
        plots=[(Markup(svg), caption) for svg, caption in _trade_off_plots(results)],  # noqa: S704
        loss_plots=[(Markup(svg), caption) for svg, caption in _training_plots(results)],  # noqa: S704
        table=_table(results),
        protocol=_protocol(results.chosen.figures),
        finetuned=_finetune_section(results),
        reproduce=results.spec["name"],
    )


def _sheet(results: Results) -> dict[str, Any]:
    choice = choose(results.chosen.samples)
    models, samplers = axes(results.cells)
    metric = main_metric(results.chosen.figures)
    tiles: dict[tuple[str, str], dict[str, Any]] = {}
    for index, cell in enumerate(results.cells):
        figure = cell.figures.get(metric) if metric else None
        tiles[cell.model, cell.sampler] = {
            "name": cell.name,
            "image": data_uri(tile(cell.samples, choice)),
            "figure": figure.text() if figure else "",
            "best": index == results.best,
            "same": same_rows(results.chosen.samples, cell.samples, choice),
        }
    return {
        "samplers": samplers,
        "rows": [
            (model, [tiles.get((model, sampler)) for sampler in samplers]) for model in models
        ],
        "count": len(choice.positions),
        "classes": len({row.class_index for row in results.chosen.samples.rows}),
        "columns": choice.columns,
        "metric": readable(metric) if metric else "",
        "unlike": [t["name"] for t in tiles.values() if not t["same"]],
    }


def _trade_off_plots(results: Results) -> list[tuple[str, str]]:
    captions = (
        "Down and to the right is better. Numbers at the points are the guidance scale.",
        "The same cells over the guidance scale.",
    )
    draws = trade_off_draws(results)
    names = ("tradeoff", "guidance")[2 - len(draws) :]
    return [
        (drawing.svg(draw, name, label), caption)
        for (draw, label), name, caption in zip(
            draws, names, captions[2 - len(draws) :], strict=True
        )
    ]


def trade_off_draws(results: Results) -> list[tuple[drawing.Draw, str]]:
    """The trade-off's plots, each with what it shows in words; none without a distance."""
    metric = main_metric(results.chosen.figures)
    score = first_metric(results.chosen.figures, "clip_score")
    if metric is None:
        return []
    floor = results.floors.get(metric)
    words = "; ".join(
        f"{cell.name}: {cell.figures[metric].text()}"
        for cell in results.cells
        if metric in cell.figures
    )
    draws = [
        (
            plots.over_guidance(results.cells, floor, metric),
            f"Line plot of {readable(metric)} over guidance. {words}",
        )
    ]
    if score:
        against = plots.trade_off(results.cells, floor, metric, score)
        text = (
            f"Line plot of {readable(metric)} against {readable(score)}; figures in the table below"
        )
        draws.insert(0, (against, text))
    return draws


def _training_plots(results: Results) -> list[tuple[str, str]]:
    final = ", ".join(f"{h.name} {h.loss[-1]:.4f}" for h in results.histories if h.loss)
    label = f"Line plot of the training loss over steps; last values: {final}"
    figures = [(drawing.svg(plots.losses(results.histories), "loss", label), "Training loss.")]
    for index, metric in enumerate(_watched(results.histories)):
        label = f"Line plot of {readable(metric)} of the EMA weights' samples during training"
        svg = drawing.svg(plots.watched(results.histories, metric), f"watched{index}", label)
        text = (
            f"{readable(metric)} of EMA samples during training, with its interval (few samples)."
        )
        figures.append((svg, text))
    return figures


def _watched(histories: Sequence[History]) -> list[str]:
    return ordered_metrics(history.watched for history in histories)


def _table(results: Results) -> dict[str, Any]:
    rows = [cell.figures for cell in results.cells]
    metrics = ordered_metrics([*rows, results.floors])
    lines = [
        {
            "name": cell.name,
            "values": [cell.figures[m].text() if m in cell.figures else "" for m in metrics],
            "n": _n(cell.figures),
            "evaluations": "" if cell.evaluations is None else f"{cell.evaluations:g}",
            "standing": standing,
            "mark": {BEST: "best", NOISE: "noise"}.get(standing, ""),
        }
        for cell, standing in zip(results.cells, standings(rows, results.best), strict=True)
    ]
    floor = {
        "name": FLOOR,
        "values": [results.floors[m].text() if m in results.floors else "" for m in metrics],
        "n": _n(results.floors),
        "evaluations": "",
        "standing": "floor",
        "mark": "floor",
    }
    return {"metrics": metrics, "lines": [*lines, floor], "notes": protocol_notes(rows)}


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


def _finetune_section(results: Results) -> dict[str, Any] | None:
    tuned = results.finetuned
    if tuned is None:
        return None
    choice = choose(results.chosen.samples)
    metrics = ordered_metrics(tuned.figures.values())
    final = f"{tuned.history.loss[-1]:.4f}" if tuned.history.loss else "none"
    label = f"Line plot of the fine-tuning loss over steps; last value: {final}"
    figures = [(drawing.svg(plots.losses([tuned.history]), "finetune", label), "Fine-tuning loss.")]
    for index, metric in enumerate(_watched([tuned.history])):
        label = f"Line plot of {readable(metric)} of the EMA weights' samples during fine-tuning"
        svg = drawing.svg(plots.watched([tuned.history], metric), f"tuned{index}", label)
        figures.append((svg, f"{readable(metric)} of EMA samples during fine-tuning."))
    return {
        "style": tuned.style,
        "metrics": metrics,
        "lines": [
            (
                words,
                [tuned.figures[who][m].text() if m in tuned.figures[who] else "" for m in metrics],
            )
            for who, words in AGAINST_NEW_STYLE.items()
        ],
        "before": data_uri(tile(results.chosen.samples, choice)),
        "after": data_uri(tile(tuned.samples, choice)),
        "same": same_rows(results.chosen.samples, tuned.samples, choice),
        "plots": [(Markup(svg), caption) for svg, caption in figures],  # noqa: S704 - escaped there
        "settings": [(name, value) for name, value in sorted(results.spec["finetune"].items())],
    }


def _n(figures: Mapping[str, Figure]) -> str:
    return ", ".join(sorted({str(f.record.get("n_generated", "")) for f in figures.values()}))
