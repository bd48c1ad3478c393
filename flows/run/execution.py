"""Stage runs in worker processes: isolated from each other, torch kept out of the caller.

A worker is started once and runs many stages. It dies with the process that started it, so
that a killed run leaves nobody training behind its back.
"""

import multiprocessing
import multiprocessing.connection
import multiprocessing.resource_tracker
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from queue import PriorityQueue
from typing import Any

from components.errors import AlphabarError
from components.runtime import Progress, Runtime
from components.spec.plan import Compute, Node
from components.store import Taken
from flows.run.order import widest
from flows.signals import leave_to_the_caller, unheard_by_children
from flows.workspace import Workspace

REPORT_SECONDS = 0.25  # a worker reports progress at most this often
TICK_SECONDS = 3.0
BEGAN = "began"  # what a worker says first
GO_ON = "run again: what is published is kept, and training goes on from its last checkpoint"


@dataclass(frozen=True)
class ProgressEvent:
    """What a worker says: ``done`` of ``total`` in stage run ``name``."""

    name: str
    done: int
    total: int
    note: str


Listener = Callable[[ProgressEvent], None]


def _unheard(event: ProgressEvent) -> None:
    """Where nobody listens."""


def produce(node: Node, workspace: Workspace, progress: Progress) -> Path:
    """Run a node in this process, unless it is published; return its directory.

    It computes with what its key says, whatever this process was told before.
    """
    from flows.run.stages import device_name, prepare_process, run_stage

    compute = node.compute or Compute()
    prepare_process(compute.threads)

    def stage(spec: dict[str, Any], inputs: Any, out: Path, scratch: Path) -> Taken:
        everything = {**inputs, **workspace.outside_inputs(node)}
        runtime = Runtime(
            progress, compute.accelerator, scratch, workspace.cache, workspace.weights
        )
        run_stage(node.stage, spec, everything, out, runtime)
        return runtime.taken

    return workspace.store.produce(node, stage, device=device_name(compute.accelerator))


class Workers:
    """Worker processes, each started when it is first needed, or warmed up before; a context
    manager. Where one is killed, the stages of the others go on.

    Args:
        count: stages at once.
        listener: called from a thread with every progress event.
    """

    def __init__(self, workspace: Workspace, count: int, listener: Listener = _unheard) -> None:
        self._workspace, self._count = workspace, count
        self.listener = listener
        self._context = multiprocessing.get_context("spawn")
        with unheard_by_children():  # else Python warns that its helper is gone
            multiprocessing.resource_tracker.ensure_running()
        self._events: Any = self._context.SimpleQueue()
        self._pools: dict[int, ProcessPoolExecutor] = {}
        self._loading: dict[int, Future[None]] = {}
        self._free: PriorityQueue[int] = PriorityQueue()  # the first is the warmest
        for number in range(count):
            self._free.put(number)
        self._stopped = False
        self._began = threading.Event()
        self._lock = threading.RLock()  # a signal may come while this thread holds it
        self._drain = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "Workers":
        self._drain.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._kill([n for n, loading in self._loading.items() if not loading.done()])
        self._end(wait=kind is None)
        self._events.put(None)
        self._drain.join(timeout=5)

    def close(self) -> None:
        """End what was warmed up, where nothing came of the run."""
        self._end(wait=False)

    def warm(self, nodes: Sequence[Node], most: int | None = None) -> None:
        """Have workers load what ``nodes`` will need, before there is something to run; as many
        as may have work at once, and at most so many. Those that were started are left."""
        stages = tuple(dict.fromkeys(node.stage for node in nodes))
        threads = next((n.compute.threads for n in nodes if n.compute), None)
        for number in range(min(self._count, widest(nodes), most or self._count)):
            with self._lock:
                if not self._stopped and number not in self._pools:
                    self._loading[number] = self._given(number, _load, stages, threads)

    def run(self, node: Node, tick: Callable[[], None] | None = None) -> Path:
        """Run ``node`` in a worker and wait; ``tick`` is called every few seconds meanwhile.

        Raises:
            AlphabarError: the stage refused its input, its worker was killed, or none could start.
        """
        number = self._free.get()
        try:
            future = self._submit(number, node)
            while True:
                try:
                    return future.result(timeout=TICK_SECONDS)
                except StillRunning:
                    if future.done():
                        raise
                    if tick:
                        tick()
        except BrokenProcessPool as error:
            with self._lock:
                self._pools.pop(number, None)
            if self._stopped:
                raise AlphabarError(f"{node.name} was stopped", GO_ON) from error
            if not self._began.wait(timeout=1):
                raise AlphabarError(
                    f"no worker process could be started for {node.name}; what the first one said "
                    "stands above",
                    'in a script, put what it does under `if __name__ == "__main__":`, since each '
                    "worker reads the script again",
                ) from error
            raise AlphabarError(
                f"the process that ran {node.name} was killed (out of memory?)",
                "run again: it goes on from its last checkpoint; fewer `runner.workers` or a "
                "smaller `training.batch_size` need less memory",
            ) from error
        finally:
            self._free.put(number)

    def stop(self) -> None:
        """End every stage at once; it goes on from its last checkpoint in the next run."""
        with self._lock:
            self._stopped = True
            self._kill(self._pools)

    def _kill(self, numbers: Iterable[int]) -> None:
        with self._lock:
            pools = [self._pools[number] for number in numbers if number in self._pools]
            for process in [each for pool in pools for each in (pool._processes or {}).values()]:
                process.kill()  # Lightning would take SIGTERM as a wish

    def _submit(self, number: int, node: Node) -> "Future[Path]":
        with self._lock:
            if self._stopped:
                raise AlphabarError(f"{node.name} was not started: the run was stopped", GO_ON)
            try:
                return self._given(number, _work, node, self._workspace)
            except BrokenProcessPool:  # it was killed while it had nothing to do
                del self._pools[number]
                return self._given(number, _work, node, self._workspace)

    def _given(self, number: int, work: Callable[..., Any], *words: object) -> "Future[Any]":
        """What becomes of ``work`` in that worker, which is started where there is none."""
        if number not in self._pools:
            start = (_start_worker, (self._events,))
            self._pools[number] = ProcessPoolExecutor(1, self._context, *start)
        with unheard_by_children():
            return self._pools[number].submit(work, *words)

    def _end(self, *, wait: bool) -> None:
        if not wait:
            self.stop()
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.shutdown(wait=wait, cancel_futures=True)

    def _listen(self) -> None:
        while (event := self._events.get()) is not None:
            if event == BEGAN:
                self._began.set()
            else:
                self.listener(event)


_events: Any = None  # the queue of this worker process, set once when it starts


def _start_worker(events: Any) -> None:
    global _events
    _events = events
    events.put(BEGAN)
    leave_to_the_caller()
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow_parent() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow_parent, daemon=True).start()


def _load(stages: tuple[str, ...], threads: int | None) -> None:
    from flows.run.stages import load_stage, prepare_process

    prepare_process(threads)
    for stage in stages:
        load_stage(stage)


def _work(node: Node, workspace: Workspace) -> Path:
    last = 0.0

    def progress(done: int, total: int, note: str = "") -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= REPORT_SECONDS or done == total:
            last = now
            _events.put(ProgressEvent(node.name, done, total, note))

    return produce(node, workspace, progress)
