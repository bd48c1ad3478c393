"""Images that are to be judged: where they lie, or drawn from a model first."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from components.data.prompt_file import read_prompts
from components.errors import AlphabarError
from components.files.hub import find_folder
from components.files.manifest import intact
from components.spec.model_folder import REGISTERED
from components.spec.near_files import near_path
from flows.console import Display
from flows.tools.against import AgainstExperiment, AgainstFolder
from flows.tools.judged import SAMPLES
from flows.tools.models import holds_model, meant_model, of_key, refuse_unregistered
from flows.tools.sampling import Manner, Request, choose, write_sampled
from flows.tools.told import told
from flows.workspace import Workspace

FEWEST = 20
"""Images that figures can be made of."""


def array_judged(images: Path) -> str | None:
    """Which array is judged where ``images`` is a folder of samples; None for other sources."""
    array = images / "images.npy"
    if not array.is_file():
        return None
    from components.files.array_file import read_array

    return f"generated: {len(read_array(intact(array), mapped=True))} images of {array}"


def refuse_absent(name: str, workspace: Workspace) -> None:
    """Raise AlphabarError where there are neither images nor a model of that name: by a look at
    the folder and at MLflow's file, before anything is loaded."""
    path, registered = Path(name), REGISTERED.match(name)
    if path.exists() or find_folder(name, workspace.root, workspace.weights) is not None:
        return
    if registered:
        refuse_unregistered(name, registered[1], registered[2], workspace)
    elif of_key(name, workspace) is None:
        raise AlphabarError(
            f"{name} is neither images nor a model: there is no such path",
            f"{meant_model(name, workspace)}give a folder of images, a checkpoint's directory, "
            "that of a diffusers pipeline, its hub id after `hf download ID`, or NAME@ALIAS of "
            "the registry",
        )


def refuse_unjudged_by(name: str, file: Path) -> None:
    """Raise AlphabarError where images at a path cannot be judged as an experiment's own."""
    path = Path(name)
    if not path.exists() or holds_model(path):
        return
    if missing := [each for each in ("images.npy", "samples.csv") if not (path / each).is_file()]:
        raise AlphabarError(
            f"{name} cannot be judged as the samples of {file} are: there is no {missing[0]}",
            "give a folder that `alphabar sample` made; or, for any images, a folder of real ones "
            f"in the place of {file}: `--reference FOLDER`",
        )


def refuse_no_path(option: str, path: Path | None) -> None:
    """Raise AlphabarError where an option's path is not there."""
    if path is not None and not path.exists():
        raise AlphabarError(
            f"`{option} {path}`: there is no such path",
            f"{near_path(path)}give a folder of images, samples, prepared data, or a .npy or .npz",
        )


@contextlib.contextmanager
def images_of(
    request: Request,
    prompts: Path | None,
    count: int,
    against: AgainstFolder | AgainstExperiment,
    workspace: Workspace,
    display: Display,
) -> Iterator[Path]:
    """Where the images called ``request.model`` lie; those of a model are drawn first.

    A registered model is sampled with its own settings, others with the defaults; options change
    both. What can be refused is refused before any weights are loaded.

    Args:
        request: a path, or a model as `flows.tools.models.find_model` takes it, with settings.
        prompts: a file of what images are asked for, in turn.
        count: images to sample from a model.
        against: what has prompts of its own, and knows what judging needs.

    Raises:
        AlphabarError: there is no such path, something is missing, or prompts or settings are
            given for images that there are already.
    """
    name, path = request.model, Path(request.model)
    if path.exists() and not holds_model(path):
        given = [f"--prompts {prompts}"] if prompts is not None else request.given()
        if given:
            raise AlphabarError(
                f"{given[0]} has no meaning with {name}: its images are drawn already",
                "give a model, or leave it away",
            )
        yield path
        return
    chosen = choose(Manner("evaluate"), request, workspace)
    against.refuse_unready()
    unasked = prompts is None and chosen.captioned
    asked, words = against.own_prompts() if unasked else (prompts or (), "")
    chosen.refuse_unasked(
        asked, "give `--prompts FILE`, or an experiment file, whose held-out captions are taken"
    )
    for line in (f"prompts: {words}",) if words else prompt_notes(prompts, count):
        display.say(line)
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder) / SAMPLES
        with told(display, "sample") as progress:
            notes = write_sampled(chosen, samples, count, asked, workspace, progress)
        for line in (chosen.words(), *notes):
            display.say(line)
        yield samples


def prompt_notes(file: Path | None, count: int) -> list[str]:
    """What is in a file of prompts, and why there are more images than prompts."""
    if file is None:
        return []
    found = read_prompts(file)
    notes = [f"{file}: {found.words(count, '--count')}"]
    if len(found.prompts) < count <= FEWEST:
        notes.append(f"{count} images of them are drawn, in turn: fewer cannot be judged")
    return notes
