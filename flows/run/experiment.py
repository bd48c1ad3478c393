"""A run of an experiment from raw data to report, as a Prefect flow run."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
from prefect import Flow, State, flow, get_run_logger
from prefect.exceptions import Abort
from prefect.runtime import flow_run
from prefect.states import Failed

from components.errors import AlphabarError
from components.spec.experiment import Experiment
from components.spec.plan import Plan
from flows.console import Display
from flows.run.artifact import leave_artifact
from flows.run.cancelled import CancelWatch
from flows.run.execution import Workers
from flows.run.pipeline import run_experiment
from flows.run.results import Outcome, show_outcome, what_stopped
from flows.run.since_last import Schedule
from flows.servers.left_runs import hold, let_go
from flows.servers.link import Link, drop_unsent
from flows.signals import was_told
from flows.telling import heard_by
from flows.workspace import Workspace

SERVER_GONE = (httpx.TransportError, httpx.HTTPStatusError)
"""What Prefect's engine raises when its server does not answer, or not as it should."""


class ExperimentRun:
    """One run of an experiment, within a flow of Prefect's or without.

    Args:
        schedule: whose run it is; None where it is nobody's, or was given other parameters.
        source: what it runs, in words; empty where that is plain.
        watch: told which flow run this is; None where a worker of Prefect's watches it.
        workers: that were warmed up for it.

    Attributes:
        outcome: what it leaves behind; None until all has run.
    """

    def __init__(
        self,
        plan: Plan,
        workspace: Workspace,
        *,
        quiet: bool = False,
        schedule: Schedule | None = None,
        source: str = "",
        watch: CancelWatch | None = None,
        workers: Workers | None = None,
    ) -> None:
        self._plan, self._workspace, self._quiet = plan, workspace, quiet
        self._schedule, self._source, self._watch = schedule, source, watch
        self._workers = workers
        self.outcome: Outcome | None = None

    def in_flow(self) -> State[Any] | None:
        """What the flow does, and shows on its page; how it failed, where its user can mend that.

        Raises:
            Abort: the server is gone, so that Prefect need not try to tell it how this ended.
        """
        hold(str(flow_run.id), self._workspace.root)
        if self._watch:
            self._watch.begin(str(flow_run.id))
        log = get_run_logger()
        with Display(quiet=self._quiet, also=log.info) as display, heard_by(log.info):
            link = Link(self._workspace.root, display.say)
            try:
                self.outcome = self._done(display, link)
            except BaseException as error:
                if not link.answers():
                    raise Abort("nobody is there to be told how this ended") from error
                if isinstance(error, AlphabarError):
                    return refused(error)
                raise
            answered = link.up()
            show_outcome(self.outcome, self._workspace)
        if not answered:
            raise Abort("nobody is there to be told how this ended")
        leave_artifact(self.outcome, self._workspace, self._schedule, self._source)
        return refused(failed(self.outcome)) if self.outcome.failures else None

    def alone(self) -> Outcome:
        """All that is left to do, and no word to Prefect."""
        with Display(quiet=self._quiet) as display:
            link = Link(self._workspace.root, display.say)
            link.lose()
            self.outcome = self._done(display, link)
        show_outcome(self.outcome, self._workspace)
        return self.outcome

    def _done(self, display: Display, link: Link) -> Outcome:
        count = self._plan.experiment.runner.workers
        workers, self._workers = self._workers or Workers(self._workspace, count), None
        return run_experiment(self._plan, self._workspace, display, link, workers)

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        """A cluster is sent the flow with every stage, and needs none of this."""
        return _nothing, ()


def _nothing() -> None:
    """What is left of a run in another process."""


def refused(error: AlphabarError) -> State[Any]:
    """How a run ends that its user can mend: one line of its log, which its page shows, too."""
    get_run_logger().error(error.line)
    return Failed(message=error.line, data=error)


def tracked_flow(work: Callable[[], State[Any] | None], name: str) -> Flow[..., Any]:
    """The flow ``alphabar`` around ``work``, whose run has a name that its starter gives."""

    @flow(name="alphabar", flow_run_name=name.replace("{", "{{").replace("}", "}}"))
    def alphabar(experiment: Experiment, root: str, store: str) -> State[Any] | None:  # noqa: ARG001
        return work()

    return alphabar


def run_tracked(
    plan: Plan, workspace: Workspace, *, quiet: bool = False, workers: Workers | None = None
) -> bool:
    """Run ``plan`` as a flow run; to its end without Prefect where its server goes away.

    Args:
        plan: as `checked_plan` gives it, so that nothing is looked at twice.
        workers: that were warmed up for it.

    Returns:
        whether Prefect's pages show the whole run.

    Raises:
        AlphabarError: as `run_experiment` does, or stages failed; the others have run.
    """
    logging.raiseExceptions = False  # Prefect prints what it cannot send, as the handlers do
    watch = CancelWatch()
    run = ExperimentRun(plan, workspace, quiet=quiet, watch=watch, workers=workers)
    name = f"{plan.experiment.name} {datetime.now():%Y-%m-%d %H:%M}"
    # not the method itself: of its run a cluster gets nothing, and so could not read it
    tracked = tracked_flow(lambda: run.in_flow(), name)
    try:
        with watch:
            tracked(plan.experiment, str(workspace.root), str(workspace.store_root))
    except (Abort, *SERVER_GONE) as error:
        drop_unsent()
        if was_told(error):
            raise KeyboardInterrupt from None
        if isinstance(error.__cause__, AlphabarError):
            raise error.__cause__ from None
        outcome = run.outcome or run.alone()
        if outcome.failures:
            raise failed(outcome) from None
        return False
    except AlphabarError:
        let_go(workspace.root)
        raise
    let_go(workspace.root)
    return True


def failed(outcome: Outcome) -> AlphabarError:
    """One message for everything that stopped while the rest went on."""
    what = "; ".join(f"{name}: {what_stopped(error)}" for name, error in outcome.failures.items())
    remedies = dict.fromkeys(
        error.remedy for error in outcome.failures.values() if isinstance(error, AlphabarError)
    )
    return AlphabarError(what, "; ".join(remedies) or "run again; what is published is kept")
