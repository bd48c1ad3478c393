"""What a run writes into MLflow, and when: a parent a sweep, a child a model, then its cells."""

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.spec.gate import Gate
from components.spec.plan import FinetunePlan, Node, Plan, PlannedCell
from components.store import git_commit
from flows.console import Display
from flows.tools.promotion import registry_gate
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.tracking.runs import Tracker


class Recorder:
    """Records one sweep; what is recorded already is left as it is.

    A record neither fails a stage nor holds one up. When MLflow goes away, that is said once, and
    nothing more is asked of it until `finish` tries again; what is missing then, the next run adds.

    Attributes:
        registered: what became of the winner in the registry, once `finish` has run.
        lost: MLflow took something not, and the record lacks something.
    """

    def __init__(
        self,
        plan: Plan,
        workspace: Workspace,
        tracker: "Tracker",
        parent: str,
        gate: Gate | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        self._plan, self._workspace, self._tracker = plan, workspace, tracker
        self._parent, self._gate, self._say = parent, gate, say
        self._complete = tracker.is_complete(parent)
        self._writing = threading.Lock()
        self.registered: str | None = None
        self.lost = self._said = False

    @classmethod
    @contextlib.contextmanager
    def connected(cls, plan: Plan, workspace: Workspace, display: Display) -> "Iterator[Recorder]":
        """A recorder on the workspace's MLflow; an unfinished sweep is marked as such at exit.

        Raises:
            AlphabarError: the gate file is missing or broken, or MLflow cannot be reached;
                nothing has run then.
        """
        gate = registry_gate(plan.experiment.registry, workspace)
        from components.tracking.connection import connect

        tracker = connect(workspace.tracking_uri, workspace.root)
        experiment = plan.experiment
        parent = tracker.sweep(
            experiment.name,
            plan.sweep_key,
            experiment.model_dump(mode="json", exclude={"runner"}),
            {"git.commit": git_commit()},
        )
        recorder = cls(plan, workspace, tracker, parent, gate, display.say)
        try:
            yield recorder
        except BaseException as error:
            killed = not isinstance(error, Exception)  # Prefect has its own for SIGTERM
            with contextlib.suppress(Exception):
                recorder._write(lambda: tracker.finish(parent, "KILLED" if killed else "FAILED"))
            raise

    def training_goes_on(self, node: Node, scratch: Path) -> None:
        """Log what a model that is being trained has written so far; returns at once."""
        if self._complete or self.lost or not (scratch / "history.csv").is_file():
            return
        if self._writing.acquire(blocking=False):  # else it is still at what was before
            work = threading.Thread(target=self._training, args=(node, scratch), daemon=True)
            work.start()

    def _training(self, node: Node, scratch: Path) -> None:
        try:
            cell = next((cell for cell in self._plan.cells if cell.train.key == node.key), None)
            # what fails here fails in `baselines` again, where it can be told
            with contextlib.suppress(Exception):
                if cell:
                    self._write(lambda: self._tracker.log_training(self._model_run(cell), scratch))
        finally:
            self._writing.release()

    def baselines(self, plan: Plan) -> None:
        """Log every finished model and cell."""
        if not self._complete:
            with self._writing:
                self._write(lambda: self._baselines(plan))

    def _baselines(self, plan: Plan) -> None:
        models: dict[str, str] = {}
        for cell in plan.cells:
            if cell.train.key not in models:
                models[cell.train.key] = run = self._model_run(cell)
                self._tracker.log_training(run, self._path(cell.train))
            self._cell_run(models[cell.train.key], cell)
        for run in models.values():
            self._tracker.finish(run, "FINISHED")

    def finish(
        self,
        plan: Plan,
        best: PlannedCell,
        tuned: FinetunePlan | None,
        report: Path,
        *,
        failed: bool,
    ) -> None:
        """Log the fine-tuned model and the report, register the winner, end the sweep."""
        if self._complete:
            return
        from components.tracking.connection import answers

        with self._writing:
            if self.lost and answers(self._tracker):
                self.lost = False
                self._write(lambda: self._baselines(plan))
            self._write(lambda: self._finish(plan, best, tuned, report, failed=failed))

    def _write(self, work: Callable[[], None]) -> None:
        """Do ``work`` unless a record failed before; that one does is said, once."""
        from components.files.full_disk import FullDiskError
        from components.tracking.runs import NotRecordedError

        if self.lost:
            return
        try:
            work()
        except (NotRecordedError, FullDiskError) as error:
            self.lost = True
            if not self._said:
                self._say(
                    f"warning: {error.what}; the run goes on, and what its record lacks is added "
                    f"at the end, or by the next run ({error.remedy})"
                )
            self._said = True

    def _finish(
        self,
        plan: Plan,
        best: PlannedCell,
        tuned: FinetunePlan | None,
        report: Path,
        *,
        failed: bool,
    ) -> None:
        if tuned:
            self._finetuned(best, tuned)
        from components.tracking.search import BEST

        self._tracker.log_artifacts(self._parent, report, "report")
        self._tracker.tag(self._parent, BEST, best.name)
        if plan.experiment.registry.model:
            self._register(plan, best)
        if failed:
            self._tracker.finish(self._parent, "FAILED")
        else:
            self._tracker.finish(self._parent, "FINISHED")
            self._tracker.mark_complete(self._parent)

    def _model_run(self, cell: PlannedCell) -> str:
        experiment = cell.cell.experiment
        parts = {"data", "process", "conditioning", "network", "training"}
        params = experiment.model_dump(mode="json", include=parts)
        name = f"train {cell.cell.model_name}"
        return self._tracker.child(
            self._parent, name, cell.train.key, params, self._tags(cell.train)
        )

    def _cell_run(self, parent: str, cell: PlannedCell) -> None:
        params = cell.cell.experiment.model_dump(mode="json", include={"sampling", "evaluation"})
        params["process"] = {"schedule": cell.cell.experiment.process.schedule}
        from components.figures.winner import REFERENCE

        beside = "" if cell.may_win else REFERENCE
        self._leaf(parent, cell.name, params, cell.sample, cell.evaluate, beside)

    def _finetuned(self, best: PlannedCell, tuned: FinetunePlan) -> None:
        experiment = self._plan.experiment
        assert experiment.finetune is not None
        own, by_cost = best.cell.experiment.data, experiment.finetune.entry.compared == "cost"
        words = experiment.finetune.words(own)
        run = self._tracker.child(
            self._parent,
            f"finetune {words.goal}",
            tuned.finetune.key,
            {"finetune": experiment.finetune.model_dump(mode="json"), "baseline": best.name},
            self._tags(tuned.finetune),
        )
        self._tracker.log_training(run, self._path(tuned.finetune))
        settings = best.cell.experiment.model_dump(mode="json", include={"evaluation"})
        settings["data"] = {"style": experiment.finetune.data(own).style}
        for index, cell in enumerate(tuned.cells):
            drawn = settings | {"sampling": cell.sampling.model_dump(mode="json")}
            which = f", sampling {index + 1}" if index else ""
            name = words.run + (f", {cell.sampling.steps} steps" if by_cost else which)
            self._leaf(run, name, drawn, cell.sample, cell.evaluate, "fine-tuned")
        drawn = settings | best.cell.experiment.model_dump(mode="json", include={"sampling"})
        name, again = f"baseline on {words.goal}", "before fine-tuning"
        self._leaf(run, name, drawn, best.sample, tuned.evaluate_baseline, again)
        self._tracker.finish(run, "FINISHED")

    def _leaf(
        self,
        parent: str,
        name: str,
        params: dict[str, Any],
        sample: Node,
        evaluate: Node,
        beside: str,
    ) -> None:
        """A cell's run; ``beside`` says what one is that may not win."""
        from components.tracking.search import BESIDE, RANKED_BY

        tags = {RANKED_BY: self._plan.ranked_by, BESIDE: beside or None}
        tags |= self._tags(evaluate)
        run = self._tracker.child(parent, name, evaluate.key, params, tags)
        self._tracker.log_cell(run, self._path(sample), self._path(evaluate))
        self._tracker.finish(run, "FINISHED")

    def _register(self, plan: Plan, best: PlannedCell) -> None:
        from components.tracking.registry import Submitted, register

        model = plan.experiment.registry.model
        assert model is not None
        sampling, guide = best.cell.experiment.sampling, best.sample.inputs.get("guide")
        with _measured_weights(self._path(best.train), sampling.ema_length) as weights:
            submitted = Submitted(
                weights,
                self._path(best.evaluate),
                plan.ranked_by,
                sampling.model_dump(mode="json"),
                self._tags(best.train) | {"cell": best.name},
                self._path(guide) if guide else None,
                self._gate,
            )
            run = self._model_run(best)
            result = register(self._tracker, model, run, best.evaluate.key, submitted)
        alias = " and ".join(result.aliases) or "neither candidate nor champion any more"
        self.registered = f"{model} version {result.version}, {alias}: {result.reason}"

    def _tags(self, node: Node) -> dict[str, Any]:
        from components.tracking.versions import STAGE_KEY

        store = self._workspace.store
        commit = store.manifest(node).get("git_commit") if store.has(node) else None
        return {
            STAGE_KEY: node.key,
            "data.dvc_hash": _data_hash(node),
            "git.commit": commit or git_commit(),
        }

    def _path(self, node: Node) -> Path:
        return self._workspace.store.path(node)


@contextlib.contextmanager
def _measured_weights(trained: Path, ema_length: float | None) -> Iterator[Path]:
    """The directory with the weights that the figures are of: rebuilt for an EMA length."""
    if ema_length is None:
        yield trained
        return
    from components.networks.checkpoint import load_checkpoint, save_checkpoint

    with tempfile.TemporaryDirectory() as folder:
        model = load_checkpoint(trained, ema_length=ema_length)
        save_checkpoint(Path(folder), model.config, model.network)
        yield Path(folder)


def _data_hash(node: Node) -> str | None:
    if node.data_hash:
        return node.data_hash
    return next((found for n in node.inputs.values() if (found := _data_hash(n))), None)
