"""What automatic judges give the images of a study: pair → model → score."""

from collections.abc import Mapping
from pathlib import Path

from components.errors import AlphabarError
from components.evaluation.images.image_files import ImageFiles
from components.evaluation.preferences.model import PreferenceModel
from components.evaluation.preferences.scores import scores
from components.figures.image_scores import ImageScores
from components.files.manifest import intact
from components.preference.design.key import Key
from components.runtime import Progress, silent

PairScores = dict[str, dict[str, float]]
"""Pair → model → the score of its image."""


def scores_of_pairs(
    judge: PreferenceModel, key: Key, folder: Path, progress: Progress = silent
) -> PairScores:
    """A preference model's scores of the very images that people saw.

    Args:
        key: of the study, whose pairs name image files and whose items name prompts.
        folder: the study's, from which those paths lead.

    Returns:
        Of every pair with a prompt; pairs without one cannot be scored, and attention checks are
        no pairs.

    Raises:
        AlphabarError: an image is missing, no image, outside the folder, or not the one that was
            published; the model's weights are broken.
    """
    prompts = {item.pair: item.prompt for item in key.items.values() if item.prompt}
    shown = [
        (pair, model, _inside(folder, name))
        for pair, about in key.pairs.items()
        if pair in prompts
        for model, name in about.files.items()
    ]
    if not shown:
        return {}
    files = ImageFiles(tuple(path for _, _, path in shown))
    found = scores(judge, files, [prompts[pair] for pair, _, _ in shown], progress)
    of_pairs: PairScores = {}
    for (pair, model, _), score in zip(shown, found.tolist(), strict=True):
        of_pairs.setdefault(pair, {})[model] = score
    return of_pairs


def scores_by_seed(judged: Mapping[str, ImageScores], key: Key) -> dict[str, PairScores]:
    """Scores that evaluations have kept, looked up by the seed of each pair.

    Right where the study shows the very samples that were evaluated (`Key.models`, ``sample``),
    since then a seed stands for one image and its prompt.

    Args:
        judged: model → the scores of its samples.

    Returns:
        Figure → pair → model → score, of figures that at least two models have by one name; pairs
        without a seed, and images that were not evaluated, are left out.
    """
    names = {name for each in judged.values() for name in each.scores}
    found = {name: _by_seed(judged, key, name) for name in sorted(names)}
    return {name: pairs for name, pairs in found.items() if any(len(p) > 1 for p in pairs.values())}


def _by_seed(judged: Mapping[str, ImageScores], key: Key, name: str) -> PairScores:
    found: PairScores = {}
    for pair, about in key.pairs.items():
        if about.seed is None:
            continue
        for model, each in judged.items():
            score = each.of_seed(name, about.seed) if name in each.scores else None
            if model in about.files and score is not None:
                found.setdefault(pair, {})[model] = score
    return found


def _inside(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise AlphabarError(
            f"{folder} has no image {name}, which its key names",
            "give the folder of the study with all of its images",
        )
    return intact(path)
