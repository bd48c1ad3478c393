"""A study of models, of samples or of folders of images, in a folder of its own."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.data.pin import USERS
from components.errors import AlphabarError, first_of, number_of, quoted
from components.files.new_folder import refuse_unless_renewable, renewed_folder
from components.licences import licences_of
from components.preference.about import KEY, About
from components.preference.export.settings import Settings, minutes
from components.runtime import Progress
from flows.tools.images_to_judge import refuse_absent
from flows.tools.models import holds_model
from flows.tools.sampling import Request
from flows.tools.study_answered import forget_refused, refuse_answered
from flows.tools.study_models import HOLDOUT, Drawing, data_of_folder
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.preference.export.material import Material, Pictures

COMMAND = "study export"

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class StudyRequest:
    """What a user asks for.

    Attributes:
        name: the study's.
        compared: models, folders of samples or folders of images; the baseline first.
        settings: of the study.
        prompts: a file or ``holdout``; None where nothing is said.
        real: a folder or ``holdout``; None for none.
        size: of all images, pixels; None as they are.
        own_settings: whether each model is drawn with its own sampling settings.
        sampling: the options of sampling; its ``model`` is the baseline.
        out: the folder; None for the usual one.
    """

    name: str
    compared: tuple[str, ...]
    settings: Settings
    prompts: str | None
    real: str | None
    size: int | None
    own_settings: bool
    sampling: Request
    out: Path | None = None


@dataclass(frozen=True)
class Exported:
    """A study that was written.

    Attributes:
        about: it.
        folder: where it is.
        told: what is to be said of how models were drawn.
    """

    about: About
    folder: Path
    told: tuple[str, ...]

    @property
    def key(self) -> Path:
        """Who made which image."""
        return self.folder / KEY

    @property
    def each(self) -> tuple[int, int]:
        """Items of a person: the fewest, the most."""
        low, more = divmod(self.about.pairs * self.about.raters, self.about.people)
        hidden = self.about.repeats + self.about.checks
        return low + hidden, low + bool(more) + hidden

    def pages(self) -> str:
        """Their files in words."""
        return str(self.folder / "annotator-*.html")

    def words(self) -> str:
        """The load of annotators."""
        low, high = self.each
        items = str(high) if low == high else f"{low} or {high}"
        took = minutes(high, len(self.about.questions))
        return (
            f"{number_of(self.about.people, 'annotator')}, {items} items each with "
            f"{self.about.repeats} repeats and {self.about.checks} attention checks: about "
            f"{took:.0f} minutes a person"
        )

    def content(self) -> dict[str, Any]:
        """The same for programs."""
        about = self.about
        return {
            "study": about.study,
            "pairs": about.pairs,
            "people": about.people,
            "raters": about.raters,
            "items_each": self.each[1],
            "minutes_each": minutes(self.each[1], len(about.questions)),
        }


def export_study(request: StudyRequest, workspace: Workspace, progress: Progress) -> Exported:
    """Write the study; another one that was exported there before goes aside.

    Raises:
        AlphabarError: the name or a setting is wrong, what is compared does not go together, or
            the folder holds anything else, such as answers.
    """
    out = request.out or _usual(request.name, workspace)
    refuse_answered(out)
    forget_refused(out, COMMAND)
    refuse_unless_renewable(out, COMMAND, workspace.store_root)
    names = called(request.compared)
    request.settings.size(names)  # what cannot be drawn is refused before anything is
    request.settings.asked()
    for text in request.compared:
        refuse_absent(text, workspace)
    drawing = Drawing(
        request.sampling, request.prompts, request.settings.pairs, request.own_settings, workspace
    )
    with tempfile.TemporaryDirectory() as scratch:
        material = _material(request, names, drawing, Path(scratch), progress)
        real = _real(request, workspace, drawing.data)
        if request.size:
            material, real = _resized(material, real, request.size)
        settings = replace(request.settings, licences=_licences(request, drawing, workspace))
        from components.preference.export.folder import write_study

        alike = _alike(material)
        with renewed_folder(out, COMMAND, workspace.store_root) as part:
            about = write_study(material, settings, real, part, progress)
            refuse_answered(out)
            told = [*drawing.told, *alike, *_put_aside(out, about)]
    return Exported(about, out, tuple(told))


def _put_aside(out: Path, about: About) -> list[str]:
    """Move another study away that was exported to ``out``: its pages may have been sent."""
    from components.reporting.study_publishing import identity, put_aside

    before = identity(out)
    if before in (None, about.study):
        return []
    place = put_aside(out)
    return [
        f"another study of this name is now in {place}: answers to pages that were sent before "
        "belong to it"
    ]


def _alike(material: "Material") -> list[str]:
    """How many rows show the same image of several models, in a sentence.

    Raises:
        AlphabarError: two models have the same images throughout.
    """
    import numpy as np

    told = []
    for one, other in combinations(material.images, 2):
        images = material.images[one], material.images[other]
        rows = range(len(images[0]))
        same = sum(np.array_equal(images[0][k], images[1][k]) for k in rows)
        if same == len(rows):
            raise AlphabarError(
                f"{one} and {other} have the very same images: there is nothing to choose",
                "give two models that differ",
            )
        if same:
            told.append(f"{same} of {len(rows)} images are the same by {one} and by {other}")
    return told


def called(compared: Sequence[str]) -> list[str]:
    """Short names of what is compared, unlike each other and unlike real images and noise."""
    names: list[str] = []
    for text in compared:
        path = Path(text)
        parts = [p for p in path.parts if p not in ("/", "..", ".")] if path.exists() else [text]
        if parts[1:] and parts[-1] == "images":  # of a folder of samples
            parts = parts[:-1]
        name = _short(parts[-1]) if parts else text
        if parts[1:] and name in names:
            name = f"{parts[-2]}/{name}"
        tried = [name, *(f"{name} ({k})" for k in range(2, len(compared) + 3))]
        names.append(next(n for n in tried if n not in (*names, "", "real", "noise")))
    return names


def _short(name: str) -> str:
    """A stage's key is told by its beginning."""
    return name[:12] if re.fullmatch("[0-9a-f]{64}", name) else name


def _usual(name: str, workspace: Workspace) -> Path:
    if not NAME.fullmatch(name) or name.endswith("."):
        raise AlphabarError(
            f"{quoted(name)} is no name of a study",
            "give one of letters, digits, `-`, `_` and `.`, and the folder with --out",
        )
    return workspace.studies(name)


def _material(
    request: StudyRequest, names: Sequence[str], drawing: Drawing, scratch: Path, progress: Progress
) -> "Material":
    """What is shown; models are drawn into ``scratch`` first."""
    from components.preference.export.material import material_of_samples
    from components.preference.export.plain_folders import material_of_folders

    kinds = {text: _kind(text) for text in request.compared}
    if len(set(kinds.values()) - {"model"}) > 1 or set(kinds.values()) == {"images", "model"}:
        told = first_of([f"{text}: {kind}" for text, kind in kinds.items()])
        raise AlphabarError(
            f"what is compared is of several kinds ({told})",
            "give models and folders of samples, or folders of images: a folder of samples has "
            "its images in images/",
        )
    models = dict(zip(names, request.compared, strict=True))
    wanted = {name: text for name, text in models.items() if kinds[text] == "model"}
    drawing.refuse_unread(wanted)
    if "images" in kinds.values():
        folders = {name: Path(text) for name, text in models.items()}
        return material_of_folders(folders, _rows(request.settings))
    drawn = drawing.drawn(wanted, scratch, progress) if wanted else {}
    folders = {n: drawn[n].folder if n in drawn else Path(text) for n, text in models.items()}
    material = material_of_samples(folders)
    about = {n: drawn[n].about if n in drawn else material.models[n] for n in models}
    return replace(material, models=about)


def _rows(settings: Settings) -> int:
    """Rows that a study takes of what is compared: of `realism` half of its images are real."""
    return settings.pairs // 2 if settings.kind == "realism" else settings.pairs


def _kind(text: str) -> str:
    path = Path(text)
    if not path.is_dir() or holds_model(path):
        return "model"
    return "samples" if (path / "images.npy").is_file() else "images"


def _real(request: StudyRequest, workspace: Workspace, data: Path | None) -> "Pictures | None":
    if request.real is None:
        return None
    from components.preference.export.real_images import read_real

    if request.real != HOLDOUT:
        return read_real(Path(request.real))
    data = data or data_of_folder(Path(request.compared[0]), workspace)
    if data is None:
        raise AlphabarError(
            f"`--real holdout`: nobody knows the data of {request.compared[0]}",
            "give a folder of real images: `--real FOLDER`",
        )
    return read_real(data)


def _resized(
    material: "Material", real: "Pictures | None", size: int
) -> "tuple[Material, Pictures | None]":
    from components.preference.export.material import Resized

    return material.resized(size), real and replace(real, images=Resized(real.images, size))


def _licences(request: StudyRequest, drawing: Drawing, workspace: Workspace) -> tuple[str, ...]:
    """Of all that is shown, as far as its folder or its model says, a line each."""
    shown = [Path(text) for text in request.compared if _kind(text) != "model"]
    found = (
        licences_of(path, workspace.store_root, workspace.root / USERS)
        for path in (*shown, *drawing.drawn_from)
    )
    return tuple(dict.fromkeys(each.words for one in found for each in one))
