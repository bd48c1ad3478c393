"""One run of an experiment: who computes, who watches, who records."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.spec.experiment import RunnerSpec
from components.spec.plan import Node
from flows.console import Display
from flows.run.execution import Workers
from flows.servers.link import Link
from flows.workspace import Workspace

if TYPE_CHECKING:
    from prefect.futures import PrefectFuture

Tick = Callable[[Node, Path], None]
"""(node, scratch folder), every few seconds while a stage runs."""


class Session:
    """Runs nodes in worker processes and shows them.

    Attributes:
        link: the way to Prefect's API.
        tasks: key → Prefect's task run of what this run has made, for those that read it.
    """

    def __init__(
        self,
        workspace: Workspace,
        display: Display,
        runner: RunnerSpec,
        workers: Workers,
        link: Link,
    ) -> None:
        self.workspace, self.display, self.runner = workspace, display, runner
        self.link = link
        self.tasks: dict[str, PrefectFuture[Any]] = {}
        self._workers = workers

    def stop(self) -> None:
        """End every running stage at once."""
        self._workers.stop()

    def warm(self, nodes: Sequence[Node]) -> None:
        """Have workers load what ``nodes`` need; a cluster's are its own."""
        if self.runner.kind == "threads":
            self._workers.warm(nodes)

    def run(self, node: Node, tick: Tick | None = None) -> Path:
        """Run one node, for which a worker is free; ``tick`` is called every few seconds."""
        scratch = self.workspace.store.scratch(node)
        self.display.start(node.name)
        outcome = "stopped"
        try:
            watch = (lambda: tick(node, scratch)) if tick else None
            path = self._workers.run(node, watch)
            outcome = "done"
            return path
        finally:
            self.display.finish(node.name, outcome)
