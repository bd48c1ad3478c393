"""When a run writes into MLflow, and what becomes of it where MLflow takes something not."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from components.data.pin import USERS
from components.spec.gate import Gate
from components.spec.plan import Node, Plan
from flows.console import Display
from flows.run.results import Outcome
from flows.tools.promotion import registry_gate
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.tracking.runs import Tracker
    from components.tracking.sweep_record import SweepRecord


class Recorder:
    """Records one sweep.

    A record neither fails a stage nor holds one up. When MLflow goes away, that is said once, and
    nothing more is asked of it until `finish` tries again; what is missing then, the next run adds.

    Attributes:
        registered: what became of the winner and of its fine-tune in the registry, once `finish`
            has run.
        lost: MLflow took something not, and the record lacks something.
    """

    def __init__(
        self,
        tracker: "Tracker",
        record: "SweepRecord",
        gate: Gate | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        self._tracker, self._record, self._gate, self._say = tracker, record, gate, say
        self._writing = threading.Lock()
        self.registered: tuple[str, ...] = ()
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
        from components.tracking.sweep_record import SweepRecord

        tracker = connect(workspace.tracking_uri, workspace.root)
        record = SweepRecord(
            tracker, plan, workspace.store, workspace.weights, workspace.root / USERS
        )
        if fault := record.loading_fault():
            display.say(f"note: {fault}")
        recorder = cls(tracker, record, gate, display.say)
        try:
            yield recorder
        except BaseException as error:
            killed = not isinstance(error, Exception)  # Prefect has its own for SIGTERM
            with contextlib.suppress(Exception):
                recorder._write(lambda: record.end("KILLED" if killed else "FAILED"))
            raise

    def training_goes_on(self, node: Node, scratch: Path) -> None:
        """Log what a model that is being trained has written so far; returns at once."""
        if self._record.complete or self.lost or not (scratch / "history.csv").is_file():
            return
        if self._writing.acquire(blocking=False):  # else it is still at what was before
            work = threading.Thread(target=self._training, args=(node, scratch), daemon=True)
            work.start()

    def _training(self, node: Node, scratch: Path) -> None:
        try:
            # what fails here fails in `baselines` again, where it can be told
            with contextlib.suppress(Exception):
                self._write(lambda: self._record.training(node, scratch))
        finally:
            self._writing.release()

    def baselines(self, plan: Plan) -> None:
        """Log every finished model and cell."""
        if not self._record.complete:
            with self._writing:
                self._write(lambda: self._record.baselines(plan))

    def finish(self, outcome: Outcome) -> None:
        """Log the fine-tuned model and the report, register the winners, end the sweep."""
        if self._record.complete:
            return
        from components.tracking.connection import answers

        with self._writing:
            if self.lost and answers(self._tracker):
                self.lost = False
                self._write(lambda: self._record.baselines(outcome.plan))
            self._write(lambda: self._end(outcome))

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

    def _end(self, outcome: Outcome) -> None:
        if outcome.tuned:
            self._record.finetuned(outcome.best, outcome.tuned)
        self._record.winner(outcome.best, outcome.report)
        self.registered = tuple(self._record.registered(outcome.best, outcome.tuned, self._gate))
        self._record.described(outcome.best, self.registered)
        why = {name: str(error) for name, error in outcome.failures.items()}
        self._record.end("FAILED" if why else "FINISHED", why)
