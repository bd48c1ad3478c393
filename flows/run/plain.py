"""A part of the plan without Prefect: the same stages in the same order, for when it is away."""

from concurrent.futures import Future, ThreadPoolExecutor

from components.errors import AlphabarError
from components.spec.plan import Node
from flows.run.order import start_when_ready
from flows.run.session import Session, Tick
from flows.signals import ending_on_signals


def run_plainly(nodes: list[Node], session: Session, tick: Tick | None) -> dict[str, Exception]:
    """Run ``nodes``, inputs first, each when its inputs are there, as `flows.run.phase` does."""
    with ThreadPoolExecutor(len(nodes)) as threads, ending_on_signals(session.stop):

        def submit(node: Node, inputs: list[Future[None]]) -> Future[None]:
            return threads.submit(_run, node, inputs, session, tick)

        ends: dict[str, Future[None]] = {}
        start_when_ready(nodes, submit, ends, session.runner.workers)
        stopped = {node.name: ends[node.key].exception() for node in nodes}
    return {
        name: error
        for name, error in stopped.items()
        if isinstance(error, Exception) and not isinstance(error, _InputMissingError)
    }


def tick_of(node: Node, tick: Tick | None) -> Tick | None:
    """``tick`` where there is something to watch: what trains."""
    return tick if node.stage in ("train", "finetune") else None


class _InputMissingError(Exception):
    """What a stage would read was not made."""


def _run(node: Node, inputs: list[Future[None]], session: Session, tick: Tick | None) -> None:
    if any(each.exception() for each in inputs):
        raise _InputMissingError
    try:
        session.run(node, tick_of(node, tick))
    except AlphabarError:
        raise
    except Exception:  # anything but refused input gets a second try, as with Prefect
        session.run(node, tick_of(node, tick))
