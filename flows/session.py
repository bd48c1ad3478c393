"""One run of an experiment: who computes, who watches, who records."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from components.spec.experiment import RunnerSpec
from components.spec.plan import Node
from flows.console import Display
from flows.execution import Workers
from flows.workspace import Workspace

Tick = Callable[[Node, Path], None]
"""(node, scratch folder), every few seconds while a stage runs."""


class Session:
    """Runs nodes in worker processes and shows them. A plain class, so that Prefect, which
    looks for futures inside dataclasses, passes it on untouched."""

    def __init__(
        self, workspace: Workspace, display: Display, runner: RunnerSpec, workers: Workers
    ) -> None:
        self.workspace, self.display, self.runner = workspace, display, runner
        self._workers = workers
        self._turns = threading.Semaphore(runner.workers)

    def stop(self) -> None:
        """End every running stage at once."""
        self._workers.stop()

    def run(self, node: Node, parallel: int, tick: Tick | None = None) -> Path:
        """Run one node when a worker is free.

        Args:
            parallel: how many stages this part of the plan can run at once; they share the cores.
            tick: called every few seconds meanwhile.
        """
        threads = max(1, (os.cpu_count() or 1) // max(1, min(parallel, self.runner.workers)))
        scratch = self.workspace.store.scratch(node)
        with self._turns:
            self.display.start(node.name)
            outcome = "stopped"
            try:
                watch = (lambda: tick(node, scratch)) if tick else None
                path = self._workers.run(node, threads, watch)
                outcome = "done"
                return path
            finally:
                self.display.finish(node.name, outcome)
