"""Which points of a file's sweep are baselines, and which are fine-tunes of the best of those."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.errors import AlphabarError, shortened
from components.spec.experiment import Experiment
from components.spec.sections.base import Overrides, Scalar

SECTION = "finetune"

FIXED = (
    *("base", "style", "images", "sampling", "limits", "checkpoints"),
    *("subject", "subject_samples", "subject_prompts", "class_samples"),
)
"""Keys of the section that hold for all of its cells: what they are compared against and by, and
after which steps."""

Axes = Mapping[str, Sequence[Scalar]]


def of_baselines(
    experiment: Experiment, origin: str
) -> tuple[Axes, Sequence[Overrides], Sequence[Overrides]]:
    """``sweep``, ``cells`` and ``also`` without what is of the fine-tune.

    Raises:
        AlphabarError: a cell changes a baseline and the fine-tune at once.
    """
    for cell in (*experiment.cells, *experiment.also):
        if any(map(is_of_finetune, cell)) and (not _is_tuning(cell) or cell in experiment.also):
            raise AlphabarError(
                f"{origin}: a cell changes {', '.join(map(shortened, cell))}: what is fine-tuned "
                "is the best of the baselines, whichever that is",
                f"give `{SECTION}.` keys in cells of their own, in `sweep` or `cells`",
            )
    sweep = {path: v for path, v in experiment.sweep.items() if not is_of_finetune(path)}
    return sweep, [cell for cell in experiment.cells if not _is_tuning(cell)], experiment.also


def of_finetunes(experiment: Experiment) -> tuple[Axes, Sequence[Overrides]]:
    """``sweep`` and ``cells`` of the fine-tune alone."""
    sweep = {path: v for path, v in experiment.sweep.items() if is_of_finetune(path)}
    return sweep, [cell for cell in experiment.cells if _is_tuning(cell)]


def is_of_finetune(path: str) -> bool:
    """Whether a dotted path is one of the section `finetune`."""
    return path.partition(".")[0] == SECTION


def refuse_no_key(path: str, origin: str) -> None:
    """Raise AlphabarError where a path that is swept lacks its section, as ``rank`` does."""
    from components.spec.loading import nearest_key, valid_names

    if "." in path or path in valid_names(""):
        return
    known = [f"{s}.{name}" for s in valid_names("") for name in valid_names(s)]
    raise AlphabarError(
        f"{origin}: `{shortened(path)}` cannot be swept: it is no key of a section",
        nearest_key(path, known),
    )


def refuse_of_all(values: Mapping[str, Any], origin: str) -> None:
    """Raise AlphabarError where the values of a file sweep a key that holds for all fine-tunes, of
    whatever type its values are."""
    sweep, cells = values.get("sweep"), values.get("cells")
    points = [sweep, *(cells if isinstance(cells, list) else [])]
    for path in (path for point in points if isinstance(point, Mapping) for path in point):
        section, _, key = str(path).partition(".")
        if section == SECTION and key.partition(".")[0] in FIXED:
            raise AlphabarError(
                f"{origin}: `{shortened(path)}` cannot be swept: it holds for all fine-tunes",
                f"give it in the section `{SECTION}`",
            )


def _is_tuning(cell: Mapping[str, Any]) -> bool:
    return bool(cell) and all(map(is_of_finetune, cell))
