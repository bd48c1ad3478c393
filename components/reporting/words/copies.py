"""Is the model copying its training data? The closest pairs, and what the figures say of them."""

from typing import Any

from components.data.grids import contact_sheet
from components.figures.closest import ClosestPairs
from components.figures.figure import Figure, first_of
from components.figures.judgement import Figures
from components.reporting.pictures.tiles import data_uri, reduced
from components.reporting.results import Results
from components.spec.metric_families import FAMILIES
from components.spec.metrics import judge_of, slug

SHOWN = 12
"""Pairs that are shown of each model."""
SIDE = 64
"""Their images are averaged down to this, pixels."""


def copying(results: Results) -> list[dict[str, Any]]:
    """What is shown of the best cell; empty without training images."""
    best = results.chosen
    name = f"The best cell, {best.name.replace(',', ', ')}"
    return _shown(name, best.figures, results.floors, best.pairs)


def copying_of_tuned(results: Results) -> list[dict[str, Any]]:
    """The same of the best fine-tune and the images that it was tuned on, which for one subject are
    the subject's."""
    tuned = results.finetuned
    if tuned is None:
        return []
    name = f"Copies of what it was tuned on: {tuned.chosen.line.replace(',', ', ')}"
    if (learnt := tuned.learnt.get(tuned.chosen.model)) is None:
        return _shown(name, tuned.figures, tuned.floors, tuned.chosen.pairs)
    # none of them is held out: what its base draws has not seen them either
    found = _shown(name, learnt.subject.of_tuned.figures, {}, learnt.pairs)
    before = copying_words(learnt.subject.of_baseline.figures, {}, _judge(learnt.pairs))
    beside = [f"Of the base, at the same seeds: {told[:1].lower()}{told[1:]}" for told in before]
    return [{**each, "sentences": [*each["sentences"], *beside]} for each in found]


def _judge(pairs: ClosestPairs | None) -> str:
    return slug(pairs.extractor) if pairs else ""


def _shown(
    words: str, figures: Figures, floors: Figures, closest: ClosestPairs | None
) -> list[dict[str, Any]]:
    sentences = copying_words(figures, floors, _judge(closest))
    if not sentences and closest is None:
        return []
    pairs = _pictures(closest) if closest else []
    return [{"words": words, "sentences": sentences, "pairs": pairs}]


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
