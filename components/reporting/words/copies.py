"""Is the model copying its training data? The closest pairs, and what the figures say of them."""

from typing import Any

from components.data.grids import contact_sheet
from components.figures.closest import ClosestPairs
from components.figures.figure import Figure, first_of
from components.figures.judgement import Figures
from components.reporting.pictures.tiles import data_uri, reduced
from components.reporting.results import Results
from components.reporting.words.naming import capital
from components.spec.metric_families import FAMILIES
from components.spec.metrics import judge_of, slug

SHOWN = 12
"""Pairs that are shown of each model."""
SIDE = 64
"""Their images are averaged down to this, pixels."""


def copying(results: Results) -> list[dict[str, Any]]:
    """What is shown of the best cell and of the fine-tuned model; empty without training images."""
    best = results.chosen
    shown = [(f"The best cell, {best.name.replace(',', ', ')}", best, results.floors)]
    if tuned := results.finetuned:
        shown.append((capital(tuned.chosen.line), tuned.chosen, tuned.floors))
    found = []
    for words, cell, floors in shown:
        judge = slug(cell.pairs.extractor) if cell.pairs else ""
        sentences = copying_words(cell.figures, floors, judge)
        if sentences or cell.pairs:
            pairs = _pictures(cell.pairs) if cell.pairs else []
            found.append({"words": words, "sentences": sentences, "pairs": pairs})
    return found


def copying_words(figures: Figures, floors: Figures, judge: str = "") -> list[str]:
    """What the figures that look for copies say, beside what unseen real images reach.

    Args:
        figures: of generated images.
        floors: of the holdout against the same training images.
        judge: whose figures, where several networks judged.
    """
    text = []
    for family, entry in FAMILIES.items():
        if entry.copying and (figure := _by(figures, family, judge)):
            told = entry.copying.told.format(figure=figure.text())
            text.append(f"{told}{_floor(figure, floors)}")
            if floor := floors.get(figure.metric):
                copied = figure.high < floor.low
                text.append(entry.copying.fewer if copied else entry.copying.otherwise)
    return text


def _by(figures: Figures, family: str, judge: str) -> Figure | None:
    own = {name: figure for name, figure in figures.items() if judge and judge_of(name) == judge}
    name = first_of(own, family) or first_of(figures, family)
    return figures[name] if name else None


def _floor(figure: Figure, floors: Figures) -> str:
    floor = floors.get(figure.metric)
    return f" Held-out real images, which it has not seen, reach {floor.text()}." if floor else ""


def _pictures(pairs: ClosestPairs) -> list[dict[str, str]]:
    """Each pair as one picture, generated on the left, and what stands below it."""
    return [
        {
            "image": data_uri(contact_sheet(reduced(images, SIDE), 2)),
            "ratio": f"{pair.ratio:.2f}",
            "alt": f"generated image {pair.generated} beside training image {pair.training}"
            + ", mirrored" * pair.mirrored,
        }
        for images, pair in zip(pairs.images[:SHOWN], pairs.pairs[:SHOWN], strict=True)
    ]
