"""Images judged by hand: what `alphabar evaluate` does."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import AlphabarError
from components.files.hub import find_folder
from components.files.manifest import intact
from components.files.new_folder import new_folder
from components.runtime import Progress, Runtime
from components.spec.experiment import Experiment
from components.spec.loading import validate
from components.spec.plan import Compute, in_order
from components.spec.sweep import ONE_CELL
from flows.console import Display
from flows.run.execution import ProgressEvent, produce
from flows.run.outside import plan_here
from flows.telling import show, tell
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.figures.judgement import Figures


@dataclass(frozen=True)
class Judged:
    """What was found, as the stage `evaluate` writes it.

    Attributes:
        name: what the images are called.
        folder: the files.
        floors: the figures of real images; empty where nobody has measured them.
        notes: sentences about how the images were read.
    """

    name: str
    folder: Path
    floors: "Figures" = field(default_factory=dict)
    notes: Sequence[str] = ()

    def show(self, title: str) -> None:
        """Print every figure with its interval, and how the images were read."""
        from components.figures.record import read_judgement
        from components.reporting.tables.figure_table import figure_table
        from components.reporting.tables.subject import Subject

        judged = Subject(self.name, read_judgement(self.folder))
        show(figure_table(title, judged, self.floors))
        for note in self.notes:
            tell(note)

    def keep(self, out: Path, store: Path) -> None:
        """Put the files, and the table as CSV, into the new folder ``out``, outside ``store``."""
        import shutil

        from components.figures.record import read_judgement
        from components.reporting.tables.csv_file import save_csv
        from components.reporting.tables.every_figure import figures_alone

        figures = read_judgement(self.folder).figures
        with new_folder(out, store) as part:
            for path in self.folder.iterdir():
                shutil.copy(path, part / path.name)
            save_csv(part / "metrics.csv", figures_alone({self.name: figures}))


def judge_against_folder(
    images: Path,
    reference: Path | None,
    training: Path | None,
    values: Mapping[str, Any],
    workspace: Workspace,
    display: Display,
    out: Path,
) -> Judged:
    """Judge the images at ``images`` against those at ``reference``, or, where there is none, by
    the figures that need none; no training run is needed.

    Args:
        training: what the model has learnt from, to look for copies.
        values: keys of the evaluation section.
        out: an existing folder for the files.

    Raises:
        AlphabarError: a source holds no images, or a setting is wrong.
    """
    whole = {"name": "evaluate", "data": {"source": "digits"}, "evaluation": dict(values)}
    spec = validate(whole, "the options of `alphabar evaluate`").evaluation
    from flows.run.stages import prepare_process

    prepare_process(threads=None)
    from components.evaluation.features.feature_bank import FeatureBank
    from components.evaluation.source_judging import Sources
    from components.figures.record import write_judgement
    from components.networks.device import resolve_device

    sources = Sources.read(images, reference, training, captioned=spec.reads_captions)
    with _told(display, "evaluate") as progress:
        device = resolve_device("auto")
        bank = FeatureBank(device, workspace.cache, progress, workspace.weights)
        judgement = sources.judged(spec, bank)
    write_judgement(out, judgement)
    return Judged(images.name, out, notes=sources.notes())


def judge_against_experiment(
    images: Path,
    experiment: Experiment,
    style: str | None,
    workspace: Workspace,
    display: Display,
    out: Path,
) -> Judged:
    """Judge samples as an experiment's own are; scorer and floor are published on the way.

    Raises:
        AlphabarError: ``images`` is not a folder of samples, or the style does not exist.
    """
    for name in ("images.npy", "samples.csv"):
        if not (images / name).is_file():
            raise AlphabarError(
                f"{images} has no {name}",
                "give a folder that `alphabar sample` made, or compare folders with `--reference`",
            )
    values = experiment.as_written() | ONE_CELL
    if style is not None:
        values |= {"finetune": None, "study": None, "data": values["data"] | {"style": style}}
    plan = plan_here(validate(values, "the experiment"), workspace)
    cell = plan.cells[0]
    needed = {
        role: node
        for role, node in cell.evaluate.inputs.items()
        if role not in ("samples", "likelihood")
    }
    for node in in_order([*needed.values(), cell.reference]):
        if not workspace.store.has(node):
            with _told(display, node.name) as progress:
                produce(node, workspace, progress)
    from flows.run.stages import prepare_process, run_stage

    compute = cell.evaluate.compute or Compute()
    prepare_process(compute.threads)
    inputs = {role: workspace.store.checked(node) for role, node in needed.items()}
    with _told(display, "evaluate") as progress:
        runtime = Runtime(
            progress, compute.accelerator, cache=workspace.cache, weights=workspace.weights
        )
        run_stage("evaluate", cell.evaluate.settings, inputs | {"samples": images}, out, runtime)
    from components.figures.record import read_judgement

    return Judged(images.name, out, read_judgement(workspace.store.path(cell.reference)).figures)


def array_judged(images: Path) -> str | None:
    """Which array is judged where ``images`` is a folder of samples; None for other sources."""
    array = images / "images.npy"
    if not array.is_file():
        return None
    from components.files.array_file import read_array

    return f"generated: {len(read_array(intact(array), mapped=True))} images of {array}"


@contextlib.contextmanager
def images_of(
    name: str,
    count: int,
    workspace: Workspace,
    display: Display,
    prompts: Path | None = None,
) -> Iterator[Path]:
    """Where the images called ``name`` lie; those of a trained model are sampled first.

    A registered model is sampled with its own settings, others with the defaults.

    Args:
        name: a path, or a model as `flows.tools.models.find_model` takes it.
        count: images to sample from a model.
        prompts: a file of what these are asked for, in turn.

    Raises:
        AlphabarError: there is no such path, or prompts for images that there are already.
    """
    from flows.tools.models import REGISTERED, holds_model

    path = Path(name)
    if path.exists() and not holds_model(path):
        if prompts is not None:
            raise AlphabarError(
                f"--prompts {prompts} has no meaning with {name}: its images are drawn already",
                "give a model, or leave it away",
            )
        yield path
        return
    here = find_folder(name, workspace.root, workspace.weights)
    if here is None and not path.exists() and not REGISTERED.match(name):
        raise AlphabarError(
            f"{name} is neither images nor a model: there is no such path",
            "give a folder of images, a checkpoint's directory, or NAME@ALIAS of the registry",
        )
    from flows.tools.sampling import Manner, Request, choose, write_sampled

    chosen = choose(Manner("evaluate"), Request(name), workspace)
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder) / "samples"
        with _told(display, "sample") as progress:
            notes = write_sampled(chosen, samples, count, prompts or [], workspace, progress)
        for line in (chosen.words(), *notes):
            display.say(line)
        yield samples


@contextlib.contextmanager
def _told(display: Display, name: str) -> Iterator[Progress]:
    """Work that is shown under ``name``, by the progress function that this gives."""

    def progress(done: int, total: int, note: str = "") -> None:
        display.event(ProgressEvent(name, done, total, note))

    display.start(name)
    outcome = "stopped"
    try:
        yield progress
        outcome = "done"
    finally:
        display.finish(name, outcome)
