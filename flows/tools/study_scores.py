"""What machines say of a study's images, and what these were asked to be."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import AlphabarError
from components.figures.comparison import differing
from components.figures.figure import readable
from components.figures.image_scores import ImageScores, image_scores
from components.figures.judgement import Figures, Judgement
from components.figures.record import read_judgement
from components.files.manifest import read_manifest
from components.files.samples import SampleRow, read_rows
from components.spec.metrics import METRICS, family_of
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.preference.analysis.automatic import Aggregates, Automatic, Spans
    from components.preference.analysis.decided import Asked
    from components.preference.analysis.opened import Study


def automatic_of(study: "Study", workspace: Workspace, judges: Sequence[str] = ()) -> "Automatic":
    """What `evaluate` published of a study's models, and preference models' scores of its images.

    Whatever is not in the store, or damaged, is left out.

    Args:
        judges: preference models, as `evaluation.preference` names them.

    Raises:
        AlphabarError: a preference model is not there or broken, or an image of the study is.
    """
    from components.preference.analysis.automatic import Automatic
    from components.preference.judge_scores import scores_by_seed

    store = workspace.store_root
    judged = {model: _judgement(store, key) for model, key in _samples(study).items()}
    known = {model: each for model, each in judged.items() if each}
    of_images = {model: own for model, each in known.items() if (own := _scores(each))}
    scores = {
        readable(name): pairs
        for name, pairs in scores_by_seed(of_images, study.key).items()
        if METRICS[family_of(name) or name].better == "higher"
    }
    for name in judges:
        scores |= _judged(name, study, workspace)
    return Automatic(scores, *_aggregates({model: each.figures for model, each in known.items()}))


def asked_of(study: "Study", store: Path) -> "Asked":
    """Pair → label, class index and caption, as far as the models' samples say them."""
    found: dict[str, tuple[str, int, str]] = {}
    for key in _samples(study).values():
        rows = {row.seed: row for row in _rows(store / "sample" / key)}
        for pair, about in study.key.pairs.items():
            if about.seed in rows:
                row = rows[about.seed]
                found.setdefault(pair, (row.label, row.class_index, row.caption))
    return found


def _samples(study: "Study") -> dict[str, str]:
    """Model → the key of the stage run that drew its images, where one did."""
    found = {name: about.get("sample") for name, about in study.key.models.items()}
    return {name: key for name, key in found.items() if isinstance(key, str)}


def _judgement(store: Path, sample: str) -> Judgement | None:
    """All figures of the samples with this key."""
    found = None
    for each in _published(store, sample):
        found = found.beside(each) if found else each
    return found


def _published(store: Path, sample: str) -> Iterator[Judgement]:
    for folder in sorted((store / "evaluate").glob("*")):
        try:
            if read_manifest(folder).get("inputs", {}).get("samples") == sample:
                yield read_judgement(folder)
        except AlphabarError:
            continue  # another stage's folder, or one that `alphabar verify` will name


def _scores(judgement: Judgement) -> ImageScores | None:
    return image_scores(judgement) if judgement.origins else None


def _aggregates(of: dict[str, Figures]) -> tuple["Aggregates", "Spans"]:
    """Figure → model → value and interval, higher is better; of figures that all models have
    measured alike."""
    found: dict[str, dict[str, float]] = {}
    spans: dict[str, dict[str, tuple[float, float]]] = {}
    for name in {name for figures in of.values() for name in figures}:
        own = {model: figures[name] for model, figures in of.items() if name in figures}
        family = METRICS[family_of(name) or name]
        if "base images" in family.needs or family.judge == "subject":
            continue  # how far from the base, or how near to a subject: nobody was asked that
        better = family.better
        alike = not any(differing(one, other) for one in own.values() for other in own.values())
        if better != "neither" and alike and all(figure.finite for figure in own.values()):
            sign = -1.0 if better == "lower" else 1.0
            found[readable(name)] = {model: sign * figure.value for model, figure in own.items()}
            ends = {model: (sign * f.low, sign * f.high) for model, f in own.items()}
            spans[readable(name)] = {model: (min(e), max(e)) for model, e in ends.items()}
    return dict(sorted(found.items())), spans


def _judged(
    name: str, study: "Study", workspace: Workspace
) -> dict[str, dict[str, dict[str, float]]]:
    """A preference model's scores of the images that people saw."""
    from components.evaluation.preferences.model import build_preference
    from components.networks.device import resolve_device
    from components.preference.judge_scores import scores_of_pairs

    judge = build_preference(name, resolve_device("auto"), workspace.weights)
    return {judge.name: scores_of_pairs(judge, study.key, study.folder)} if judge else {}


def _rows(folder: Path) -> tuple[SampleRow, ...]:
    try:
        return read_rows(folder)
    except AlphabarError:
        return ()
