"""The page of a study's analysis: self-contained, with plots and images in it."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.figures.study_figures import ALPHA, COUNTED, PairTally, StudyFigures
from components.reporting.pages.template import plotted, rendered
from components.reporting.study import machines, people, plots, tables, words
from components.reporting.tables.table import Table

Images = Mapping[str, str]
"""Path from the study's folder → ``data:`` address of the image."""


def study_page(figures: StudyFigures, images: Images, files: Sequence[str] = ()) -> str:
    """The page.

    Args:
        images: of the pairs that are shown.
        files: names of what lies beside it.
    """
    return rendered(
        "study_analysis.html",
        figures=figures,
        summary=list(words.summary(figures)),
        facts=list(words.facts(figures)),
        rates=plotted(plots.rates(figures)),
        main=_some(tables.main_table(figures)),
        looks=_some(tables.look_table(figures)),
        ties=_some(tables.tie_table(figures)),
        worths=_some(tables.worth_table(figures)),
        worth_plots=plotted(plots.worths(figures)),
        why=tables.reasons(figures.found(*tables.WORTHS, "mixed_rate")),
        mixed=_some(tables.mixed_table(figures)),
        groups=_some(tables.group_table(figures)),
        group_plots=plotted(plots.groups(figures)),
        care=people.care_table(figures),
        views=tables.view_table(figures),
        people=_some(people.people_table(figures)),
        people_plots=plotted(plots.seconds(figures.people)),
        scores=_some(machines.agree_table(figures)),
        directions=_some(machines.direction_table(figures)),
        contested=[_pair(pair, images) for pair in figures.contested],
        one_sided=[_pair(pair, images) for pair in figures.one_sided],
        files=files,
        counted=COUNTED,
        alpha=ALPHA,
    )


def _some(table: Table) -> Table | None:
    return table if table.rows else None


def _pair(pair: PairTally, images: Images) -> dict[str, Any]:
    shown = [
        {"model": model, "image": images[file], "alt": f"{model}: {pair.prompt or pair.pair}"}
        for model in (pair.one, pair.other)
        if (file := pair.files.get(model, "")) in images
    ]
    return {
        "prompt": pair.prompt or f"pair {pair.pair}",
        "question": pair.question,
        "answers": people.tally_words(pair),
        "lead": people.lead_words(pair),
        "images": shown,
    }
