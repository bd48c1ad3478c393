"""Figures with intervals for any images."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphabar.models import Model, Sampled
from alphabar.place import workspace_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from components.figures.figure import Figure


def evaluate(
    images: "str | Path | Model | Sampled | NDArray[np.uint8]",
    *,
    reference: "str | Path | NDArray[np.uint8] | None" = None,
    experiment: str | Path | None = None,
    training: str | Path | None = None,
    count: int | None = None,
    prompts: str | Path | None = None,
    style: str | None = None,
    root: str | Path | None = None,
    **settings: Any,
) -> "dict[str, Figure]":
    """Metric → figure with its interval, as `alphabar evaluate` prints them.

    Args:
        images: a folder of images or samples, a .npy or .npz, a model, or an array uint8
            (n, height, width, channel).
        reference: real images: a folder, a .npy, prepared data, an experiment file, or an array.
        experiment: an experiment file, as whose own samples a folder of samples is judged.
        training: what the model has learnt from, to look for copies.
        count: images to sample from a model; unless given one for each of ``prompts``, the
            experiment file's `samples`, or 500.
        prompts: a file of what a model is asked for in turn.
        style: with an experiment, another style's holdout.
        root: the project's folder; the current one unless given.
        settings: keys of the evaluation section: ``extractor="inception", metrics=["fd"]``.

    Raises:
        AlphabarError: there are no such images, or a setting is wrong.
    """
    from components.figures.record import read_judgement
    from flows.console import Display
    from flows.tools.judge_request import JudgeRequest, judging

    workspace = workspace_at(root)
    with tempfile.TemporaryDirectory() as folder:
        request = JudgeRequest(
            str(_place(images, Path(folder) / "images.npy")),
            None if reference is None else _place(reference, Path(folder) / "reference.npy"),
            None if experiment is None else Path(experiment),
            None if training is None else Path(training),
            count,
            None if prompts is None else Path(prompts),
            style,
            settings,
        )
        with judging(request, workspace, Display(quiet=True)) as (judged, _):
            return dict(read_judgement(judged.folder).figures)


def _place(images: "str | Path | Model | Sampled | NDArray[np.uint8]", file: Path) -> Path:
    """Where images lie; an array is written into ``file``."""
    if isinstance(images, str | Path):
        return Path(images)
    if isinstance(images, Model):
        return images.directory
    import numpy as np

    np.save(file, images.images if isinstance(images, Sampled) else images)
    return file
