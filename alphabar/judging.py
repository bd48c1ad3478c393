"""Figures with intervals for any images."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphabar.arguments import count_of, path_of
from alphabar.figures import Figures
from alphabar.models import Model, Sampled
from alphabar.place import experiment_called, experiment_file, workspace_at
from alphabar.spoken import in_python, places, replaced, spoken
from components.errors import AlphabarError, quoted
from flows.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from flows.tools.judge_request import JudgeRequest

    Images = str | Path | Sequence[str | Path] | NDArray[np.uint8]


REAL = "reference images"
"""What a message calls real images that were given as an array or as files."""

MOST_LETTERS = 20
"""Of a folder's name in a table's title."""


@in_python
def evaluate(
    images: "Images | Model | Sampled",
    reference: "Images | None" = None,
    *,
    experiment: str | Path | None = None,
    training: str | Path | None = None,
    n: int | None = None,
    prompts: str | Path | None = None,
    style: str | None = None,
    sampling: Mapping[str, Any] | None = None,
    root: str | Path | None = None,
    **settings: Any,
) -> Figures:
    """Figures with their intervals, as `alphabar evaluate` prints them.

    >>> rng = numpy.random.default_rng(0)
    >>> one, other = rng.integers(0, 256, (2, 24, 8, 8, 1), dtype=numpy.uint8)
    >>> figures = alphabar.evaluate(one, other, size=32, metrics=["fd"])
    >>> [(name, figure.low < figure.value) for name, figure in figures.items()]
    [('fd_efficientnet_lite0', True)]

    Args:
        images: a folder of images or samples, a .npy or .npz, a model, paths of image files, a list
            of Pillow's pictures, what `sample` gave, or uint8 (n, height, width, channel).
        reference: real images, likewise; or prepared data, or an experiment's file or name.
        experiment: an experiment's file or name: images of a model are judged as its own are.
        training: what the model has learnt from, to look for copies.
        n: images to sample from a model; else one a prompt, the experiment's `samples`, or 500.
        prompts: a file of what a model is asked for in turn.
        style: with an experiment, another style's holdout.
        sampling: keys of the sampling section, over the model's own: ``{"guidance": 2}``.
        root: the project's folder; the current one unless given.
        settings: keys of the evaluation section: ``extractor="inception", metrics=["fd"]``.

    Raises:
        AlphabarError: there are no such images, or a setting is wrong.
    """
    from flows.tools.judge_request import JudgeRequest
    from flows.tools.sampling import Request

    workspace = workspace_at(root)
    with tempfile.TemporaryDirectory() as folder:
        given = _Given(Path(folder))
        real = None if reference is None else given.place(_by_name(reference, workspace), REAL)
        place = str(given.place(images, "images"))
        of_cell = images.settings if isinstance(images, Model) else {}
        request = JudgeRequest(
            place,
            real,
            None if experiment is None else experiment_file(experiment, workspace),
            _path(training, "training data"),
            None if n is None else count_of(n),
            _path(prompts, "file of prompts"),
            style,
            settings,
            Request(place, {**of_cell, **(sampling or {})}),
        )
        with places(given.words):
            name = images.name if isinstance(images, Model) else "images"
            return _figures(name, _called(reference), request, workspace, given.words)


def _figures(
    name: str,
    against: str,
    request: "JudgeRequest",
    workspace: Workspace,
    words: Mapping[str, str],
) -> Figures:
    from components.figures.record import read_judgement
    from flows.console import Display
    from flows.tools.judge_request import judging

    with judging(request, workspace, Display(quiet=True)) as (judged, _):
        notes = tuple(spoken(replaced(note, words)) for note in judged.notes)
        judgement = read_judgement(judged.folder)
        return Figures(name, against, judgement, dict(judged.floors), notes)


def _by_name(reference: "Images", workspace: Workspace) -> "Images":
    """The file of an experiment where ``reference`` is its name, and no path."""
    if isinstance(reference, str) and not Path(reference).exists():
        return experiment_called(reference, workspace) or reference
    return reference


def _called(reference: object) -> str:
    """What images were judged against: a place by its last two names, of which a key is long."""
    if reference is None:
        return ""
    if not isinstance(reference, str | Path):
        return "against the images given"
    return "against " + "/".join(part[:MOST_LETTERS] for part in Path(reference).parts[-2:])


def _path(given: str | Path | None, what: str) -> Path | None:
    return None if given is None else path_of(given, what)


@dataclass(frozen=True)
class _Given:
    """Images that were given, as places that can be judged.

    Attributes:
        folder: for those that have no place of their own.
        words: a place in it → what a message calls it.
    """

    folder: Path
    words: dict[str, str] = field(default_factory=dict)

    def place(self, images: "Images | Model | Sampled", what: str) -> Path:
        """Where images lie; what was sampled becomes a folder of samples, an array is written,
        files are copied into a folder.

        Raises:
            AlphabarError: a path is none, or there is no such file.
        """
        if isinstance(images, str | Path):
            return Path(images)
        if isinstance(images, Model):
            return images.directory
        import numpy as np

        if not isinstance(images, Sampled | np.ndarray | Sequence):
            raise AlphabarError(
                f"{quoted(images)} is no images", "give a folder, files or an array"
            )
        if len(images) == 0:
            raise AlphabarError("there are no images: what is given is empty", "give at least some")
        if isinstance(images, Sampled):
            return self._sampled(images, what)
        if isinstance(images, np.ndarray):
            return self._written(images, what)
        if isinstance(images[0], str | Path):
            return self._copied(images, what)
        return self._written(_stacked(images), what)

    def _written(self, array: "NDArray[np.uint8]", what: str) -> Path:
        import numpy as np

        place = self.folder / f"{what}.npy"
        self.words[str(place)] = f"the {what} given"
        np.save(place, array[..., None] if array.ndim == 3 else array)
        return place

    def _sampled(self, images: Sampled, what: str) -> Path:
        from components.generation.sample import save_samples

        place = self.folder / what
        self.words[str(place)] = f"the {what} given"
        place.mkdir()
        save_samples(images.images, images.asked, images.sampling.seed, place)
        return place

    def _copied(self, files: "Sequence[object]", what: str) -> Path:
        place = self.folder / what
        self.words[str(place)] = f"the {what} given"
        place.mkdir()
        for number, each in enumerate(files):
            path = path_of(each, "image")
            if not path.is_file():
                raise AlphabarError(f"there is no image {path}", "give paths of image files")
            copy = place / f"{number:06d}{path.suffix}"
            self.words[str(copy)] = str(path)
            shutil.copy(path, copy)
        return place


def _stacked(images: "Sequence[object]") -> "NDArray[np.uint8]":
    """Pictures of Pillow or arrays, of one size, as one array; raises AlphabarError."""
    import numpy as np

    arrays = [np.asarray(each) for each in images]
    shapes = {(array.shape, array.dtype.name) for array in arrays}
    if len(shapes) > 1 or arrays[0].dtype != np.uint8 or arrays[0].ndim not in (2, 3):
        found = " and ".join(f"{dtype} {shape}" for shape, dtype in sorted(shapes)[:2])
        raise AlphabarError(
            f"a list of {found} is no list of images",
            "give pictures of one size and mode, uint8, or paths of image files",
        )
    return np.stack(arrays)
