"""The Prefect flow that runs an experiment from raw data to report."""

import logging
from collections.abc import Callable
from pathlib import Path

import httpx
from prefect import Flow, flow
from prefect.exceptions import Abort
from prefect.runtime import flow_run

from components.errors import AlphabarError
from components.spec.experiment import Experiment
from components.spec.plan import Plan
from flows.console import Display
from flows.run.pipeline import run_experiment
from flows.run.results import Outcome, show_outcome
from flows.run.verification import checked_plan
from flows.servers.left_runs import hold, let_go
from flows.servers.link import Link, drop_unsent
from flows.signals import was_told
from flows.workspace import Workspace

SERVER_GONE = (httpx.TransportError, httpx.HTTPStatusError)
"""What Prefect's engine raises when its server does not answer, or not as it should."""


class ExperimentRun:
    """One run of an experiment, within a flow of Prefect's or without.

    Attributes:
        outcome: what it leaves behind; None until all has run.
    """

    def __init__(self, plan: Plan, workspace: Workspace, *, quiet: bool = False) -> None:
        self._plan, self._workspace, self._quiet = plan, workspace, quiet
        self.outcome: Outcome | None = None

    def in_flow(self) -> None:
        """What the flow does.

        Raises:
            Abort: the server is gone, so that Prefect need not try to tell it how this ended.
            AlphabarError: as `run_experiment` does, or stages failed; the others have run.
        """
        hold(str(flow_run.id), self._workspace.root)
        with Display(quiet=self._quiet) as display:
            link = Link(self._workspace.root, display.say)
            try:
                self.outcome = run_experiment(self._plan, self._workspace, display, link)
            except BaseException as error:
                if link.answers():
                    raise
                raise Abort("nobody is there to be told how this ended") from error
            answered = link.up()
        show_outcome(self.outcome, self._workspace)
        if not answered:
            raise Abort("nobody is there to be told how this ended")
        if self.outcome.failures:
            raise failed(self.outcome)

    def alone(self) -> Outcome:
        """All that is left to do, and no word to Prefect."""
        with Display(quiet=self._quiet) as display:
            link = Link(self._workspace.root, display.say)
            link.lose()
            self.outcome = run_experiment(self._plan, self._workspace, display, link)
        show_outcome(self.outcome, self._workspace)
        return self.outcome

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        """A cluster is sent the flow with every stage, and needs none of this."""
        return _nothing, ()


def _nothing() -> None:
    """What is left of a run in another process."""


def flow_of(work: Callable[[Experiment, Workspace, bool], None]) -> Flow[..., None]:
    """The flow ``alphabar``, whose parameters are the experiment and where it is run."""

    @flow(name="alphabar", flow_run_name="{experiment.name}")
    def alphabar(
        experiment: Experiment, root: str, store: str | None = None, quiet: bool = False
    ) -> None:
        """Run one experiment in the folder ``root``.

        Args:
            experiment: the experiment file's content.
            root: the folder that holds data/ and dvc files; results go there too.
            store: where stage outputs are published; default: artifacts/ in ``root``.
            quiet: print nothing.
        """
        work(experiment, Workspace.here(Path(store) if store else None, Path(root)), quiet)

    return alphabar


def _look_and_run(experiment: Experiment, workspace: Workspace, quiet: bool) -> None:
    ExperimentRun(checked_plan(experiment, workspace), workspace, quiet=quiet).in_flow()


experiment_flow = flow_of(_look_and_run)
"""What the scheduler starts."""


def run_tracked(plan: Plan, workspace: Workspace, *, quiet: bool = False) -> bool:
    """Run ``plan`` as a flow run; to its end without Prefect where its server goes away.

    Args:
        plan: as `checked_plan` gives it, so that nothing is looked at twice.

    Returns:
        whether Prefect's pages show the whole run.

    Raises:
        AlphabarError: as `run_experiment` does, or stages failed; the others have run.
    """
    logging.raiseExceptions = False  # Prefect prints what it cannot send, as the handlers do
    run = ExperimentRun(plan, workspace, quiet=quiet)
    tracked = flow_of(lambda *_: run.in_flow())
    try:
        tracked(plan.experiment, str(workspace.root), str(workspace.store_root), quiet)
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
    parts = [
        error.what if isinstance(error, AlphabarError) else f"{type(error).__name__}: {error}"
        for error in outcome.failures.values()
    ]
    what = "; ".join(f"{name}: {part}" for name, part in zip(outcome.failures, parts, strict=True))
    remedies = dict.fromkeys(
        error.remedy for error in outcome.failures.values() if isinstance(error, AlphabarError)
    )
    return AlphabarError(what, "; ".join(remedies) or "run again; what is published is kept")
