"""A part of the plan as a Prefect flow: one task a node, in the order of their inputs."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpx
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import Abort
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from components.errors import AlphabarError
from components.spec.experiment import RunnerSpec
from components.spec.plan import Node
from flows.run.execution import produce
from flows.run.plain import run_plainly, tick_of
from flows.run.session import Session, Tick
from flows.signals import ending_on_signals, was_told
from flows.workspace import Workspace


def run_phase(
    title: str, nodes: list[Node], session: Session, *, tick: Tick | None = None
) -> dict[str, Exception]:
    """Run the unpublished ones of ``nodes``, inputs first; the others are not even started.

    A node whose input failed is left out; every other node goes on.

    Returns:
        stage run name → what stopped it.
    """
    store = session.workspace.store
    missing = [node for node in nodes if not store.has(node)]
    if not missing:
        return {}

    work = _Work(missing, session, tick)
    runner = _task_runner(session.runner, len(missing))
    if session.link.up():
        token = _work.set(work)
        try:
            return _phase.with_options(name=title, task_runner=runner)()
        except (Abort, *SERVER_GONE) as error:
            if was_told(error):
                raise KeyboardInterrupt from None
            if work.failures is not None:  # all has run; only its end was not reported
                return work.failures
            session.link.lose()
        finally:
            _work.reset(token)
    return run_plainly([node for node in missing if not store.has(node)], session, tick)


SERVER_GONE = (httpx.TransportError, httpx.HTTPStatusError)
"""What Prefect's engine raises when its server does not answer, or not as it should."""


@dataclass
class _Work:
    """What a phase does, out of Prefect's sight: it would send it along with every task.

    Attributes:
        failures: stage run name → what stopped it, once all has run.
    """

    nodes: list[Node]
    session: Session
    tick: Tick | None
    failures: dict[str, Exception] | None = None


_work: ContextVar[_Work] = ContextVar("work")


@flow(validate_parameters=False)
def _phase() -> dict[str, Exception]:
    return _run_work()  # by name: Prefect pickles this function with the globals that it uses


def _run_work() -> dict[str, Exception]:
    work = _work.get()
    work.failures = _run_tasks(work)
    if not work.session.link.up():
        raise Abort("nobody is there to be told how this ended")
    return work.failures


def _run_tasks(work: _Work) -> dict[str, Exception]:
    futures: dict[str, Any] = {}
    try:
        with ending_on_signals(work.session.stop):
            for node in work.nodes:
                upstream = [futures[n.key] for n in node.inputs.values() if n.key in futures]
                futures[node.key] = _submit(node, work.session, work.tick, upstream)
            return _failures(work.nodes, futures)
    except BaseException:  # Ctrl-C, or the worker that runs us is told to end
        work.session.stop()  # else the task runner waits for the stages
        raise


def _failures(nodes: list[Node], futures: dict[str, Any]) -> dict[str, Exception]:
    """Wait for every task; stage run name → what stopped it."""
    failures = {}
    for node in nodes:
        future = futures[node.key]
        future.wait()
        if future.state.is_failed() or future.state.is_crashed():
            failures[node.name] = future.result(raise_on_failure=False)
    return failures


def _submit(node: Node, session: Session, tick: Tick | None, upstream: list[Any]) -> Any:
    if session.runner.kind == "ray":
        remote: Any = _on_ray.with_options(task_run_name=node.name)
        return remote.submit(_Sealed(node, session.workspace), wait_for=upstream)
    here: Any = _in_worker.with_options(task_run_name=node.name)
    return here.submit(_Sealed(node, session), tick, wait_for=upstream)


class _Sealed:
    """Carries values past Prefect's search for futures, which walks through dataclasses."""

    def __init__(self, node: Node, place: Any) -> None:
        self.node, self.place = node, place


def _worth_retrying(task: Any, run: Any, state: Any) -> bool:
    """Refused input stays refused; anything else gets a second try."""
    return not isinstance(state.result(raise_on_failure=False), AlphabarError)


@task(name="stage", cache_policy=NO_CACHE, retries=1, retry_condition_fn=_worth_retrying)
def _in_worker(sealed: _Sealed, tick: Tick | None) -> None:
    session: Session = sealed.place
    session.run(sealed.node, tick_of(sealed.node, tick))


@task(name="stage", cache_policy=NO_CACHE, retries=1, retry_condition_fn=_worth_retrying)
def _on_ray(sealed: _Sealed) -> None:
    from components.runtime import silent

    workspace: Workspace = sealed.place
    produce(sealed.node, workspace, silent)


def _task_runner(runner: RunnerSpec, tasks: int) -> TaskRunner[Any]:
    if runner.kind == "threads":
        # a task that waits for its inputs holds a thread; the session bounds what computes
        return ThreadPoolTaskRunner(max_workers=tasks)
    try:
        from prefect_ray import RayTaskRunner
    except ImportError as error:
        raise AlphabarError(
            "`runner.kind: ray` needs the cluster packages, which are not installed",
            "pip install 'alphabar[cluster]', or use `runner.kind: threads`",
        ) from error
    ray: TaskRunner[Any] = RayTaskRunner()
    return ray
