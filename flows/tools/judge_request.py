"""What is to be judged against what, held to what goes together."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from components.data.prompt_file import read_prompts
from components.errors import AlphabarError
from components.spec.experiment import Experiment
from components.spec.loading import load_experiment
from flows.console import Display
from flows.tools.against import AgainstExperiment, AgainstFolder, evaluation_of
from flows.tools.images_to_judge import (
    FEWEST,
    array_judged,
    images_of,
    refuse_absent,
    refuse_no_path,
    refuse_unjudged_by,
)
from flows.tools.judged import Judged
from flows.tools.sampling import Request
from flows.workspace import Workspace

DRAWN = 500
"""Images to sample from a model where nobody says how many."""

OPTIONS = {"metrics": "metric", "others": "extractor"}
"""What a key of the evaluation section is called as an option, where that differs."""


@dataclass(frozen=True)
class JudgeRequest:
    """Images and what they are compared with.

    Attributes:
        images: a path, or a model.
        reference: real images, or an experiment file; None with ``prompts`` alone for the figures
            that need no real images.
        experiment: an experiment file, as whose own samples they are judged.
        training: what the model has learnt from, to look for copies.
        count: images to sample from a model; None: the experiment file's `samples`, or else 500.
        prompts: a file of what a model is asked for.
        style: another style's holdout, with an experiment.
        settings: keys of the evaluation section, without an experiment.
        sampling: what a model is sampled with; None: its own settings.

    Raises:
        AlphabarError: nothing or two things to compare with, or what has no meaning there, or a
            file of prompts that is broken.
    """

    images: str
    reference: Path | None = None
    experiment: Path | None = None
    training: Path | None = None
    count: int | None = None
    prompts: Path | None = None
    style: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    sampling: Request | None = None

    def __post_init__(self) -> None:
        given = [with_ for with_ in (self.reference, self.experiment) if with_ is not None]
        if len(given) > 1 or not (given or self.prompts):
            raise AlphabarError(
                "what to compare with is not said, or said twice",
                "give `--reference PATH` or `--experiment FILE`, one of them; a model that draws "
                "for `--prompts FILE` may do without",
            )
        evaluation_of(self.settings)  # a misspelt name is told first, whatever it goes with
        if self.file and (self.settings or self.training):
            key = next(iter(self.settings), "training")
            raise AlphabarError(
                f"--{OPTIONS.get(key, key)} has no meaning with an experiment, whose own settings "
                "hold",
                f"change `evaluation` in {self.file}, or give real images in its place: "
                "`--reference FOLDER`",
            )
        if self.style and not self.file:
            raise AlphabarError("--style has no meaning without an experiment", "leave it away")

    @property
    def file(self) -> Path | None:
        """The experiment file, if it is one that the images are compared with."""
        named = self.reference is not None and self.reference.suffix in (".yaml", ".yml")
        return self.reference if named else self.experiment


def drawn(asked: int | None, experiment: Experiment | None, prompts: Path | None = None) -> int:
    """Images to sample from a model: as many as asked for, as there are prompts in a file (or the
    fewest that are judged), or as the experiment file names."""
    if asked is not None:
        return asked
    if prompts is not None:
        return max(FEWEST, len(read_prompts(prompts).prompts))
    named = experiment is not None and "samples" in experiment.evaluation.model_fields_set
    return experiment.evaluation.samples if experiment and named else DRAWN


@contextmanager
def judging(
    request: JudgeRequest, workspace: Workspace, display: Display
) -> "Iterator[tuple[Judged, str | None]]":
    """The figures, whose files are there for as long as the context is open, and which array was
    judged where ``images`` is a folder of samples.

    Raises:
        AlphabarError: there are no such images, or a setting is wrong.
    """
    experiment = load_experiment(request.file) if request.file else None
    refuse_absent(request.images, workspace)
    if request.file:
        refuse_unjudged_by(request.images, request.file)
    else:
        refuse_no_path("--reference", request.reference)
    refuse_no_path("--training", request.training)
    count = drawn(request.count, experiment, request.prompts)
    against = _against(request, experiment, workspace, display)
    asked = request.sampling or Request(request.images)
    images = images_of(asked, request.prompts, count, against, workspace, display)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        with display:
            path = stack.enter_context(images)
            judged = against.judged(path, Path(folder))
        there = path == Path(request.images)
        array = array_judged(path) if there else None
        yield judged if there else replace(judged, drawn=path), array


def _against(
    request: JudgeRequest, experiment: Experiment | None, workspace: Workspace, display: Display
) -> AgainstExperiment | AgainstFolder:
    if experiment:
        return AgainstExperiment.of(experiment, request.style, workspace, display)
    return AgainstFolder.of(
        request.reference, request.training, request.settings, workspace, display
    )
