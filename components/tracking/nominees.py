"""What a run enters into the registry: its winner and its fine-tune, with what says where each
comes from."""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.figures.likeness import read_likeness
from components.files.digests import known_sha256
from components.licences import licences_of_model, licences_of_tuned
from components.networks.checkpoint import load_checkpoint, save_checkpoint
from components.spec.gate import Gate
from components.spec.licences import Licensed
from components.spec.model_folder import REGISTERED, WEIGHTS
from components.spec.plan import FinetunePlan, Node, PlannedCell
from components.spec.record_tags import CLIP
from components.spec.sections.sampling import SamplingSpec
from components.store import Store
from components.tracking.registry import Registered, StartedFrom, Submitted, register
from components.tracking.runs import Tracker
from components.tracking.versions import find_version, weights_of


@dataclass(frozen=True)
class Nominee:
    """A model of a run that is to be registered.

    Attributes:
        model: the stage that made it.
        training: the stage that trained it, of which ``model`` may be a checkpoint.
        sample, evaluate: its images and their figures.
        sampling: how those were drawn.
        tags, licences, started_from: as `Submitted` has them.
    """

    model: Node
    training: Node
    sample: Node
    evaluate: Node
    sampling: SamplingSpec
    tags: Mapping[str, Any] = field(default_factory=dict)
    licences: Sequence[Licensed] = ()
    started_from: StartedFrom | None = None


def winner_of(best: PlannedCell, store: Store, datasets: Path, tags: Mapping[str, Any]) -> Nominee:
    """The best baseline.

    Args:
        datasets: where the user's images lie, a folder for each name.
        tags: of what trained it.
    """
    experiment = best.cell.experiment
    licences = licences_of_model(experiment, store.path(best.train), store.root, datasets)
    cell = {"cell": best.name, CLIP: experiment.evaluation.clip}
    return Nominee(
        best.train,
        best.train,
        best.sample,
        best.evaluate,
        experiment.sampling,
        {**tags, **cell},
        licences,
    )


def tuned_of(
    best: PlannedCell,
    tuned: FinetunePlan,
    store: Store,
    datasets: Path,
    tags: Mapping[str, Any],
    version: str | None,
) -> Nominee:
    """The chosen fine-tune of the best baseline, under its first sampling.

    Args:
        datasets, tags: as `winner_of` has them.
        version: the registered one that its base is, if any.
    """
    chosen, experiment = tuned.chosen, best.cell.experiment
    before, spec = store.path(tuned.evaluate_baseline), chosen.tuning.spec
    start = StartedFrom(best.name, before, best.train.key, experiment.base, version)
    taught = chosen.finetune.inputs.get("subject", chosen.finetune.inputs["data"])
    about = {
        "data.dvc_hash": data_hash(taught),
        CLIP: experiment.evaluation.clip,
        "finetune": chosen.tuning.name or None,
        "finetune.kind": spec.kind,
        "finetune.goal": spec.words(experiment.data).goal,
    }
    if chosen.subject is not None:  # no figure of the gate's, but what it was chosen by
        for judge, found in read_likeness(store.path(chosen.subject.similarity)).items():
            about[f"likeness.{judge}"] = found.tuned.text()
            about[f"likeness.{judge}.baseline"] = found.baseline.text()
            about[f"likeness.{judge}.difference"] = found.difference.text()
    licences = licences_of_tuned(experiment, store.path(chosen.published), store.root, datasets)
    sampling = chosen.cells[0].sampling
    return Nominee(
        chosen.published,
        chosen.finetune,
        chosen.sample,
        chosen.evaluate,
        sampling,
        {**tags, **about},
        licences,
        start,
    )


def data_hash(node: Node) -> str | None:
    """The DVC hash of the first raw data that a stage comes from; None where it has none."""
    if node.data_hash:
        return node.data_hash
    return next((found for n in node.inputs.values() if (found := data_hash(n))), None)


@dataclass(frozen=True)
class Registry:
    """Where a run registers, and by what.

    Attributes:
        metric: the figure that stands for a model.
        gate: what it must show to become champion; None: a better ``metric``.
        encoders: the folder in which an encoder's weights are looked for first.
    """

    tracker: Tracker
    store: Store
    metric: str
    gate: Gate | None
    encoders: Path | None

    def enter(self, name: str, run: str, nominee: Nominee) -> Registered:
        """Register ``nominee`` as ``name``, its files being artifacts of ``run``.

        Raises:
            AlphabarError: as `register`.
        """
        guide, length = nominee.sample.inputs.get("guide"), nominee.sampling.ema_length
        with _measured(self.store.path(nominee.model), length, self.encoders) as weights:
            submitted = Submitted(
                weights,
                self.store.path(nominee.evaluate),
                self.metric,
                nominee.sampling.model_dump(mode="json"),
                nominee.tags,
                self.store.path(guide) if guide else None,
                self.gate,
                nominee.licences,
                nominee.started_from,
                self.store.path(nominee.training),
            )
            return register(self.tracker, name, run, nominee.evaluate.key, submitted)

    def version_of(self, model: Path, names: Iterable[str]) -> str | None:
        """The first version of ``names``, as ``digits@3``, that has the weights in ``model``.

        Args:
            names: such as ``digits@champion``; others are passed over, and versions that are gone.
        """
        mine = known_sha256(model / WEIGHTS)
        for name in names:
            if found := REGISTERED.match(name):
                with contextlib.suppress(AlphabarError):
                    version = find_version(self.tracker, found[1], found[2])
                    if weights_of(self.tracker, version) == mine:
                        return f"{version.name}@{version.version}"
        return None


def told(name: str, found: Registered) -> str:
    """What became of a nominee, in words."""
    alias = " and ".join(found.aliases) or "neither candidate nor champion any more"
    return f"{name} version {found.version}, {alias}: {found.reason}"


@contextlib.contextmanager
def _measured(trained: Path, ema_length: float | None, encoders: Path | None) -> Iterator[Path]:
    """The directory with the weights that the figures are of: rebuilt for an EMA length.

    Args:
        encoders: the folder in which an encoder's weights are looked for first.
    """
    if ema_length is None:
        yield trained
        return
    with tempfile.TemporaryDirectory() as folder:
        model = load_checkpoint(trained, ema_length=ema_length, weights=encoders)
        save_checkpoint(Path(folder), model.config, model.network, model.codec)
        yield Path(folder)
