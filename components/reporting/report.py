"""The stage `report`: the page, its pictures, `results.csv` and the headline figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.data.grids import save_png
from components.preference.spreadsheet import write_csv
from components.reporting import drawing, plots
from components.reporting.page import page, trade_off_draws
from components.reporting.results import AGAINST_NEW_STYLE, Results, read
from components.reporting.summary import headline
from components.reporting.table import FLOOR, long_rows
from components.reporting.tiles import choose, labelled_sheet
from components.runtime import Runtime
from components.store import write_json


def report(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Write `index.html` and its pictures, `results.csv` and `metrics.json` into ``out``.

    Args:
        spec: as `components.spec.plan.plan_report` makes it.
        inputs: train:i, sample:i, evaluate:i for each cell, reference, and, with a fine-tune,
            finetune, sample:finetuned, evaluate:finetuned, evaluate:baseline,
            reference:finetuned.
        out: an empty directory.
        runtime: receives the progress.

    Raises:
        AlphabarError: an input is missing a file, or a file is broken.
    """
    runtime.progress(0, 4, "reading")
    results = read(spec, inputs)
    runtime.progress(1, 4, "tables")
    write_csv(out / "results.csv", _csv_rows(results))
    tuned = results.finetuned.figures if results.finetuned else None
    write_json(out / "metrics.json", headline(results.cells, results.best, results.floors, tuned))
    runtime.progress(2, 4, "pictures")
    choice = choose(results.chosen.samples)
    save_png(out / "samples.png", labelled_sheet(results.cells, choice))
    _save_plots(results, out)
    runtime.progress(3, 4, "page")
    (out / "index.html").write_text(page(results), encoding="utf-8")
    runtime.progress(4, 4, "report")


def _save_plots(results: Results, out: Path) -> None:
    if draws := [draw for draw, _ in trade_off_draws(results)]:
        drawing.save_png(out / "tradeoff.png", draws)
    shown = [plots.losses(results.histories)]
    if results.finetuned:
        shown.append(plots.losses([results.finetuned.history]))
    drawing.save_png(out / "loss.png", shown)


def _csv_rows(results: Results) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for cell in results.cells:
        rows += long_rows(cell.name, cell.figures, network_evaluations=cell.evaluations)
    rows += long_rows(FLOOR, results.floors, network_evaluations=None)
    if results.finetuned:
        for who, words in AGAINST_NEW_STYLE.items():
            name = f"{words} ({results.finetuned.style})"
            rows += long_rows(name, results.finetuned.figures[who], network_evaluations=None)
    return rows
