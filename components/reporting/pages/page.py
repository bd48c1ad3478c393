"""The report's page: what its template is filled with, section by section."""

from collections.abc import Mapping
from typing import Any

from components.figures.figure import OF_NETWORKS, Figure, readable, sign
from components.figures.record import figure_record
from components.reporting.codecs import codec_table, judged_apart
from components.reporting.pages.finetune_section import finetune_section
from components.reporting.pages.pair_section import pair_section
from components.reporting.pages.template import plotted, rendered
from components.reporting.pages.zoomed import asked, zoomed
from components.reporting.pictures.illustrations import of_codecs, of_training, plates
from components.reporting.pictures.sheet import arrange
from components.reporting.pictures.tiles import Choice, choose, data_uri, same_rows, tile
from components.reporting.results import Results
from components.reporting.tables.columns import ordered_metrics
from components.reporting.tables.cost_table import Trained, cost_table
from components.reporting.tables.group_table import group_tables
from components.reporting.tables.grouped import by_line
from components.reporting.tables.ranked_table import ranked_table
from components.reporting.tables.table import Table
from components.reporting.words.axes import along_axes
from components.reporting.words.contrasts import Axis
from components.reporting.words.copies import copying
from components.reporting.words.naming import capital
from components.reporting.words.summary import paragraphs, scorer_sentence
from components.reporting.words.watching import time_taken
from components.spec.metrics import family_of

OPEN = 12
"""Up to so many comparisons along an axis are shown at once; more are folded away."""


def page(results: Results) -> str:
    """The self-contained page: styles, plots and images are in it."""
    choice = choice_of(results)
    sheet = _sheet(results, choice)
    tiles = {tile["name"]: tile for row in sheet["rows"] for tile in row[1] if tile}
    pair = pair_section(results, {name: tile["id"] for name, tile in tiles.items()})
    return rendered(
        "report.html",
        content=zoomed(tiles.values()) | {"pair": pair},
        pair=pair,
        spec=results.spec,
        of_data=results.of_data,
        summary=paragraphs(results),
        scorer=scorer_sentence(results.scorer),
        sheet=sheet,
        plates=[(plate, plotted(plate.plots)) for plate in plates(results)],
        loss_plots=plotted(of_training(results)),
        remarks=_training_remarks(results),
        costs=costs(results),
        contrasts=_contrasts(results),
        results=(table := results_table(results, "Results with intervals")),
        told=told_of(results, table),
        codecs=_codecs(results),
        copies=copying(results),
        group_tables=group_tables(results),
        protocol=protocol(results.chosen.figures),
        finetuned=finetune_section(results, choice),
        facts=results.provenance.facts(),
        commit=results.provenance.commit,
        configuration=results.configuration,
    )


def results_table(
    results: Results, caption: str, noun: str = "cell", *, apart: bool = False
) -> Table:
    """Every figure of the cells; of many, under the lines that they are on."""
    subjects = [cell.subject for cell in results.cells]
    metric, best = results.metric, results.best
    table = ranked_table(caption, subjects, results.floors, metric, best, noun, apart=apart)
    return by_line(table, results.cells, results.metric)


def told_of(results: Results, table: Table) -> dict[str, Any]:
    """What the words around the table of the cells need to know."""
    metrics = [column.metric for column in table.columns if column.metric]
    return {
        "ranking": readable(results.metric) if results.metric else "",
        "paired": any(column.title == "p" for column in table.columns),
        "bound": any(family_of(metric) in OF_NETWORKS for metric in metrics),
        "level": table.level,
        "lower": [readable(metric) for metric in table.better("lower")],
        "higher": [readable(metric) for metric in table.better("higher")],
    }


def costs(results: Results) -> Table:
    """What every training took, but those of fine-tunes, which the section about them has."""
    tuned = results.finetuned.histories if results.finetuned else ()
    known = [each for each in results.trainings if each not in tuned]
    trained = [Trained(each.name, each.costs, each.seconds) for each in known]
    if results.scorer_costs:
        trained.insert(0, Trained("the scorer", results.scorer_costs))
    return cost_table(trained)


def _training_remarks(results: Results) -> list[str]:
    """What is to be known of how the networks were trained, a sentence each."""
    tuned = results.finetuned.histories if results.finetuned else ()
    took = time_taken(history.seconds for history in (*results.histories, *tuned))
    told = [f"{h.name}: {h.remarks}." for h in results.histories if h.remarks]
    return [*told, f"{capital(took)}."] if took else told


def _codecs(results: Results) -> dict[str, Any] | None:
    """What the codecs make of held-out images; None where cells work on pixels."""
    if not results.codecs:
        return None
    size = results.spec["data"]["size"]
    histories = [codec.history for codec in results.codecs if codec.history]
    return {
        "judged": judged_apart(results.codecs, results.chosen.figures.get(results.metric or "")),
        "table": codec_table(results.codecs),
        "pictures": [(codec.name, codec.image, codec.words(size)) for codec in results.codecs],
        "plots": plotted(of_codecs(histories)) if histories else [],
    }


def choice_of(results: Results) -> Choice:
    """Which samples every tile of the page shows."""
    tuned = results.finetuned.cells if results.finetuned else ()
    return choose(results.chosen.samples, len(results.cells) + len(tuned) + 2)


def _sheet(results: Results, choice: Choice) -> dict[str, Any]:
    sheet, metric = arrange(results.cells, results.metric), results.metric
    tiles: dict[tuple[str, str], dict[str, Any]] = {}
    for where, cell in sheet.places.items():
        figure = cell.figures.get(metric) if metric else None
        tiles[where] = {
            "id": f"tile-{len(tiles)}",
            "name": cell.name,
            "image": data_uri(tile(cell.samples, choice)),
            "asked": asked(cell.samples, choice),
            "images_a_row": choice.columns,
            "figure": figure.text() if figure else "",
            "remark": cell.beside or ("best" if cell is results.chosen else ""),
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
        "asked": asked(results.chosen.samples, choice),
        "left_out": len(results.cells) - len(tiles),
    }


def _contrasts(results: Results) -> dict[str, Any] | None:
    """The differences along every setting of the sweep; None where there are none."""
    metric = results.metric
    axes = along_axes(results.cells, metric) if metric else []
    if metric is None or not axes:
        return None
    return {
        "metric": readable(metric),
        "lower": sign(metric) > 0,
        "level": f"{100 * results.chosen.figures[metric].confidence:g} % ",
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


def protocol(figures: Mapping[str, Figure]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each metric with the rest of its record: how it was measured."""
    shown = ("value", "low", "high")
    return [
        (
            metric,
            [
                (name.replace("_", " "), _setting_words(value))
                for name, value in sorted(figure_record(figures[metric]).items())
                if name not in shown
            ],
        )
        for metric in ordered_metrics([figures])
    ]


def _setting_words(value: object) -> str:
    """One value of a figure's record; a mapping's parts in words, as in ``k 5, seed 0``."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_setting_words(part)}" for name, part in sorted(value.items()))
    return f"{value:g}" if isinstance(value, float) else str(value)
