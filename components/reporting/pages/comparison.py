"""The page that compares recorded runs: pictures at equal seeds, figures, differences, plots."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from components.figures.apart import standings_apart
from components.figures.figure import Figure
from components.figures.standing import NOISE
from components.figures.winner import better_beside, winner
from components.files.samples import SampleRow, Samples
from components.reporting.cells import Cell, History
from components.reporting.pages.page import protocol, results_table, told_of
from components.reporting.pages.pair_section import pair_section
from components.reporting.pages.template import plotted, rendered
from components.reporting.pages.zoomed import asked, zoomed
from components.reporting.pictures import curves
from components.reporting.pictures.illustrations import Illustration, plates
from components.reporting.pictures.tiles import Choice, choose, data_uri, tile
from components.reporting.results import Results
from components.reporting.tables.difference_table import difference_table
from components.reporting.tables.ranked_table import ranking
from components.reporting.tables.table import Table
from components.reporting.words.naming import count, listed

NONE = Samples(np.zeros((0, 1, 1, 1), np.uint8), ())
"""The samples of a cell whose images are not at hand."""
MOST = 400
"""Images that pictures are chosen from, at most."""


def comparison_page(
    results: Results,
    pictures: Mapping[str, np.ndarray],
    title: str,
    csv: str,
    unknown: Sequence[str] = (),
) -> str:
    """The self-contained page of two or more runs.

    Args:
        results: the runs, as `results_of` gathers them.
        pictures: name → its contact sheet, uint8, for cells without images.
        title: stands on top.
        csv: the file beside the page that has every figure.
        unknown: the networks whose losses are not at hand.
    """
    cards = _cards(results, pictures)
    pair = pair_section(results, {card["name"]: card["id"] for card in cards if card["image"]})
    return rendered(
        "compare.html",
        title=title,
        content=zoomed(card for card in cards if card["asked"]) | {"pair": pair},
        pair=pair,
        summary=_summary(results),
        seeds=_seeds_sentence(results.cells),
        cards=cards,
        results=(table := results_table(results, "Figures with intervals", "run", apart=True)),
        told=told_of(results, table),
        best=results.chosen.name,
        settings=settings_table(results.cells),
        losses=plotted(_losses(results.histories)),
        unknown=unknown,
        differences=difference_table(results),
        plates=[(plate, plotted(plate.plots)) for plate in plates(results)],
        protocol=protocol(results.chosen.figures),
        csv=csv,
    )


def results_of(
    cells: Sequence[Cell],
    floors: Mapping[str, Figure],
    metric: str | None = None,
    histories: Sequence[History] = (),
) -> Results:
    """The runs as the report sees a sweep; the best is the `winner`.

    Args:
        cells: the runs, each by a name of its own; without images, their samples are `NONE`.
        floors: what real images reach, where that is the same for all.
        metric: ranks the runs; None takes `ranking`.
        histories: how their networks were trained, as far as that is at hand.
    """
    metric = metric or ranking([cell.figures for cell in cells])
    return Results(
        {"metric": metric}, cells, winner(cells, metric) or 0, floors, histories, None, {}
    )


def _summary(results: Results) -> list[str]:
    metric, best = results.metric, results.chosen
    if metric is None:
        return []
    rows = [cell.figures for cell in results.cells]
    found = standings_apart(rows, metric, results.best)
    kinds = [each.kind for each in found if not each.apart]
    text = f"{best.name.replace(',', ', ')} is best: {best.figures[metric].text()}."
    near = kinds.count(NOISE)
    if near:
        text += f" {count(near, 'other run')} cannot be told from it."
    for what in dict.fromkeys(each.apart for each in found if each.apart):
        unlike = [each for each in found if each.apart == what]
        text += f" {count(len(unlike), 'run')} cannot be compared with it ({what})"
        tops = dict.fromkeys(each.against for each in unlike if each.against is not None)
        named = listed([results.cells[i].name for i in tops]) if tops else ""
        text += f"; of these {named} is best." if len(tops) == 1 else "."
    beside = [f"{told}." for told in better_beside(results.cells, metric, results.best)]
    return [" ".join([text, *beside])]


def settings_table(cells: Sequence[Cell]) -> Table | None:
    """The settings in which the runs differ; None where they differ in none that is known."""
    paths = list(dict.fromkeys(path for cell in cells for path in cell.settings))
    if not paths:
        return None
    rows = [[cell.name, *(_told(cell.settings.get(path)) for path in paths)] for cell in cells]
    return Table.of_texts("Settings that differ", ["run", *paths], rows)


def _told(value: object) -> str:
    return "—" if value is None else str(value)


def _losses(histories: Sequence[History]) -> list[Illustration]:
    if not histories:
        return []
    final = ", ".join(f"{h.name} {h.loss[-1]:.4f}" for h in histories if h.loss)
    label = f"Line plot of the training loss over steps; last values: {final}"
    caption = "Training loss. With another schedule, target or data it is another loss: compare "
    caption += "the shapes then, not the heights."
    return [Illustration("loss", curves.losses(histories), label, caption)]


def _cards(results: Results, pictures: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    shared = at_equal_seeds([cell.samples for cell in results.cells])
    first = next((s for s in shared if len(s.rows)), None)
    choice = choose(first, len(results.cells)) if first else None
    cards: list[dict[str, Any]] = []
    for cell, samples in zip(results.cells, shared, strict=True):
        figure = cell.figures.get(results.metric) if results.metric else None
        image, note, shown = _image(cell, samples, first, choice, pictures)
        cards.append(
            {
                "id": f"tile-{len(cards)}",
                "name": cell.name,
                "image": image,
                "asked": asked(samples, shown) if shown else [],
                "images_a_row": shown.columns if shown else 0,
                "figure": figure.text() if figure else "",
                "remark": cell.beside or ("best" if cell is results.chosen else ""),
                "best": cell is results.chosen,
                "note": note,
            }
        )
    return cards


def _image(
    cell: Cell,
    samples: Samples,
    first: Samples | None,
    choice: Choice | None,
    pictures: Mapping[str, np.ndarray],
) -> tuple[str, str, Choice | None]:
    """A card's picture, what must be said of it, and which of the cell's samples it shows."""
    if first is not None and choice is not None and samples.rows:
        same = samples.rows == first.rows
        own = choice if same else choose(samples, 1)
        return data_uri(tile(samples, own)), "" if same else "other seeds or prompts", own
    if cell.name in pictures:
        return data_uri(pictures[cell.name]), "as logged, perhaps other seeds", None
    return "", "", None


def at_equal_seeds(sets: Sequence[Samples]) -> list[Samples]:
    """Each set cut down to what all that share anything with the first have in common.

    Images belong together when seed, class and caption agree. Sets that share nothing with the
    first one that has images stay whole.
    """
    keys = [{_key(row): i for i, row in enumerate(samples.rows)} for samples in sets]
    first = next((known for known in keys if known), {})
    related = [known for known in keys if known.keys() & first.keys()]
    common = [key for key in first if all(key in known for known in related)][:MOST]
    cut = []
    for samples, known in zip(sets, keys, strict=True):
        if not common or not known.keys() & first.keys():
            cut.append(samples)
            continue
        rows = [known[key] for key in common]
        told = tuple(replace(samples.rows[i], index=k) for k, i in enumerate(rows))
        cut.append(Samples(samples.images[rows], told))
    return cut


def _key(row: SampleRow) -> tuple[int, int, str]:
    return row.seed, row.class_index, row.caption


def _seeds_sentence(cells: Sequence[Cell]) -> str:
    shared = [s for s in at_equal_seeds([cell.samples for cell in cells]) if s.rows]
    if len(shared) < 2:
        return ""
    if len(shared) == len(cells) and all(s.rows == shared[0].rows for s in shared):
        return "Every picture shows the same seeds and prompts, so differences come from the runs."
    return "Pictures without a remark show the same seeds and prompts."
