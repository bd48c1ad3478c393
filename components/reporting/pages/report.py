"""The stage `report`: the page, its pictures, `results.csv` and the headline figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.data.grids import save_png
from components.files.json_file import write_json
from components.reporting.pages.page import choice_of, page
from components.reporting.pictures import canvas, curves
from components.reporting.pictures.illustrations import plates
from components.reporting.pictures.sheet import arrange
from components.reporting.pictures.tiles import labelled_sheet
from components.reporting.results import Results, read
from components.reporting.tables.csv_file import save_csv
from components.reporting.tables.every_figure import figures_compared
from components.reporting.tables.table import Table
from components.reporting.tables.tuned_figures import tuned_figures
from components.reporting.words.summary import headline
from components.runtime import Runtime


def report(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Write `index.html` and its pictures, `results.csv` and `metrics.json` into ``out``.

    Args:
        spec: as `components.spec.plan.plan_report` makes it.
        inputs: train:i, sample:i, evaluate:i for each cell, reference, and, with a fine-tune,
            evaluate:baseline, reference:finetuned, finetune:m for each model, and
            sample:finetuned:k, evaluate:finetuned:k for each of their sampling settings, one
            model's after the other's.
        out: an empty directory.
        runtime: receives the progress.

    Raises:
        AlphabarError: an input is missing a file, or a file is broken.
    """
    runtime.progress(0, 4, "reading")
    results = read(spec, inputs)
    runtime.progress(1, 4, "tables")
    save_csv(out / "results.csv", every_figure(results))
    write_json(out / "metrics.json", headline(results))
    runtime.progress(2, 4, "pictures")
    sheet = arrange(results.cells, results.metric)
    save_png(out / "samples.png", labelled_sheet(sheet, choice_of(results)))
    _save_plots(results, out)
    runtime.progress(3, 4, "page")
    (out / "index.html").write_text(page(results), encoding="utf-8")
    runtime.progress(4, 4, "report")


def _save_plots(results: Results, out: Path) -> None:
    for plate in plates(results):
        canvas.save_png(out / f"{plate.file}.png", [each.plot for each in plate.plots])
    shown = [curves.losses(results.histories)] if results.histories else []
    if results.finetuned:
        shown.append(curves.losses(results.finetuned.histories))
    canvas.save_png(out / "loss.png", shown)


def every_figure(results: Results) -> Table:
    """Every figure of the cells, and of the fine-tunes beside each other and beside their base."""
    cells = [cell.subject for cell in results.cells]
    tuned = results.finetuned
    further = tuned_figures(tuned, results.chosen) if tuned else []
    return figures_compared(cells, results.floors, results.metric, results.best, further)
