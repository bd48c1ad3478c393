"""A part of the plan as tasks of the Prefect flow that it is run in; without Prefect where its
server is gone."""

from collections.abc import Callable
from functools import partial
from typing import Any

from prefect import Task, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from components.errors import AlphabarError, shortened
from components.runtime import silent
from components.spec.experiment import RunnerSpec
from components.spec.keys import canonical_json
from components.spec.plan import Node
from flows.run.execution import produce
from flows.run.order import start_in_order, start_when_ready
from flows.run.plain import run_plainly, tick_of
from flows.run.session import Session, Tick
from flows.signals import ending_on_signals

LOGGED = 2000
"""Letters of a stage's settings that its log shows."""


def run_phase(
    nodes: list[Node], session: Session, *, tick: Tick | None = None
) -> dict[str, Exception]:
    """Run the unpublished ones of ``nodes``, inputs first; the others are not even started.

    A node whose input failed is left out; every other node goes on.

    Returns:
        stage run name → what stopped it.
    """
    missing = [node for node in nodes if not session.workspace.store.has(node)]
    if not missing:
        return {}
    session.warm(missing)
    run = _run_tasks if session.link.up() else run_plainly
    return run(missing, session, tick)


def stage_task(stage: str, run: Callable[[], object]) -> Task[..., None]:
    """The Prefect task of a stage, named after it; its runs are named after the stage runs.

    It has no tags: for a task with tags Prefect asks the server for a slot before it begins, and
    no stage could begin while the server is away.

    Args:
        run: does the work. A cluster gets it pickled.
    """

    def work(name: str, key: str, spec: str, inputs: dict[str, str]) -> None:
        read = ", ".join(f"{role} {source[:12]}" for role, source in inputs.items())
        settings = shortened(spec, LOGGED)
        log = get_run_logger()
        log.info(f"{name}: key {key}; reads {read or 'raw data'}; settings {settings}")
        try:
            run()
        except AlphabarError as error:
            log.error(error.line)
            raise

    work.__name__ = work.__qualname__ = stage
    return task(
        name=stage,
        task_run_name="{name}",
        cache_policy=NO_CACHE,
        retries=1,
        retry_condition_fn=_worth_retrying,
    )(work)


def parameters_of(node: Node) -> dict[str, Any]:
    """What the task of a stage run is called with: plain values, which Prefect looks through."""
    inputs = {role: source.key for role, source in node.inputs.items()}
    return {
        "name": node.name,
        "key": node.key,
        "spec": canonical_json(node.spec),
        "inputs": inputs,
    }


def _run_tasks(nodes: list[Node], session: Session, tick: Tick | None) -> dict[str, Exception]:
    with task_runner(session.runner, len(nodes)) as runner:

        def submit(node: Node, inputs: list[PrefectFuture[Any]]) -> PrefectFuture[Any]:
            of_stage = stage_task(node.stage, work_of(node, session, tick))
            future: PrefectFuture[Any] = runner.submit(of_stage, parameters_of(node), inputs)
            return future

        try:
            with ending_on_signals(session.stop):
                if session.runner.kind == "ray":  # the cluster knows when it has room
                    start_in_order(nodes, submit, session.tasks)
                else:  # so that Prefect's graph has a task running while it computes, and no longer
                    start_when_ready(nodes, submit, session.tasks, session.runner.workers)
                return _failures(nodes, session.tasks)
        except BaseException:  # Ctrl-C, or the worker that runs us is told to end
            session.stop()  # else the task runner waits for the stages
            raise


def work_of(node: Node, session: Session, tick: Tick | None) -> Callable[[], object]:
    """What a stage run's task does: here, in a worker process; on a cluster, where it lands."""
    if session.runner.kind == "ray":
        return partial(produce, node, session.workspace, silent)
    return partial(session.run, node, tick_of(node, tick))


def task_runner(runner: RunnerSpec, tasks: int) -> TaskRunner[Any]:
    """Prefect's own: a thread a task, or a Ray cluster.

    Raises:
        AlphabarError: Ray's package is not installed.
    """
    if runner.kind == "threads":
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


def _failures(nodes: list[Node], ends: dict[str, PrefectFuture[Any]]) -> dict[str, Exception]:
    """Wait for every task; stage run name → what stopped it.

    Of ``ends`` those stay that a later phase may build on.
    """
    failures: dict[str, Exception] = {}
    for node in nodes:
        ends[node.key].wait()
    for node in nodes:
        future = ends[node.key]
        if future.state.is_failed() or future.state.is_crashed():
            failures[node.name] = future.result(raise_on_failure=False)
        if not future.state.is_completed():
            del ends[node.key]
    return failures


def _worth_retrying(task: Any, run: Any, state: Any) -> bool:
    """Refused input stays refused; anything else gets a second try."""
    return not isinstance(state.result(raise_on_failure=False), AlphabarError)
