"""What the user sees while stages run: bars in a terminal, plain lines elsewhere, or nothing."""

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from components.errors import one_line
from flows.run.execution import ProgressEvent

LINE_SECONDS = 15.0  # between two plain lines about one stage
LOADING = "loading"
"""What a stage run is waiting for that has not said anything yet."""
LOSS = "loss"
"""A note with it is said again when its stage ends."""


class Display:
    """Shows stage runs; a context manager. Output goes to stderr, results go to stdout.

    Args:
        also: told each line too, and what a bar shows as lines, also where it is quiet.
    """

    def __init__(self, *, quiet: bool = False, also: Callable[[str], None] | None = None) -> None:
        self._quiet = quiet
        self._also = also or (lambda line: None)
        self._console = Console(stderr=True, highlight=False)
        self._bars = None if quiet or not self._console.is_terminal else _bars(self._console)
        self._tasks: dict[str, TaskID] = {}
        self._started: dict[str, float] = {}
        self._paced: dict[str, tuple[float, int]] = {}
        self._said: dict[str, float] = {}
        self._waits: dict[str, str] = {}
        self._notes: dict[str, str] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "Display":
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars:
            self._bars.stop()

    def say(self, text: str) -> None:
        """One line, unless quiet."""
        text = one_line(text)
        self._also(text)
        if not self._quiet:
            if self._bars:
                self._bars.console.print(text, markup=False)
            else:
                print(text, file=sys.stderr, flush=True)

    def start(self, name: str) -> None:
        """A stage run begins."""
        with self._lock:
            self._started[name] = self._said[name] = time.monotonic()
            if self._bars:
                self._tasks[name] = self._bars.add_task(one_line(name), total=None, note=LOADING)
                self._also(f"{name}: started")
            else:
                self.say(f"{name}: started")

    def event(self, event: ProgressEvent) -> None:
        """A stage run tells how far it is, or, with nothing done yet, what it waits for."""
        with self._lock:
            if event.name not in self._started:
                return
            if event.done and event.name not in self._paced:
                self._paced[event.name] = time.monotonic(), event.done
                if self._bars:  # what was waited for is no part of a step's time
                    self._bars.reset(self._tasks[event.name], completed=event.done)
            line = self._due(event)
            if self._bars:
                task = self._tasks[event.name]
                total = (
                    event.total if event.done or not event.note else None
                )  # it waits, and pulses
                self._bars.update(task, completed=event.done, total=total, note=event.note)
                if line:
                    self._also(one_line(line))
            elif line:
                self.say(line)

    def finish(self, name: str, outcome: str = "done") -> None:
        """A stage run ends."""
        with self._lock:
            seconds = time.monotonic() - self._started.pop(name, time.monotonic())
            self._paced.pop(name, None)
            if self._bars and name in self._tasks:
                self._bars.remove_task(self._tasks.pop(name))
            last = f", {note}" if (note := self._notes.pop(name, "")) else ""
            self.say(f"{name}: {outcome} in {seconds:.1f} s{last}")

    def _due(self, event: ProgressEvent) -> str:
        """What is said of ``event`` where there are lines; empty where it is too soon for one."""
        if event.done and LOSS in event.note:
            self._notes[event.name] = event.note
        if not event.done and event.note and self._waits.get(event.name) != event.note:
            self._waits[event.name] = event.note
            return f"{event.name}: {event.note}"
        if time.monotonic() - self._said[event.name] > LINE_SECONDS:
            self._said[event.name] = time.monotonic()
            return self._line(event)
        return ""

    def _line(self, event: ProgressEvent) -> str:
        left = self._left(event)
        share = 100 * event.done / max(event.total, 1)
        note = f", {event.note}" if event.note else ""
        return f"{event.name}: {share:.0f} % ({event.done}/{event.total}){left}{note}"

    def _left(self, event: ProgressEvent) -> str:
        """How long it still takes at the pace since the first step; empty before the second."""
        begun, first = self._paced.get(event.name, (0.0, event.done))
        if event.done <= first:
            return ""
        a_step = (time.monotonic() - begun) / (event.done - first)
        return f", {a_step * (event.total - event.done):.0f} s left"


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=console,
        refresh_per_second=4,
    )


class Work:
    """One piece of work on a `Display`, as a context manager that gives its progress function."""

    def __init__(self, name: str, *, quiet: bool = False) -> None:
        self._name, self._display = name, Display(quiet=quiet)

    def __enter__(self) -> "Work":
        self._display.__enter__()
        self._display.start(self._name)
        return self

    def __call__(self, done: int, total: int, note: str = "") -> None:
        self._display.event(ProgressEvent(self._name, done, total, note))

    def say(self, text: str) -> None:
        """One line, unless quiet."""
        self._display.say(text)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._display.finish(self._name, "stopped" if kind else "done")
        self._display.__exit__(kind, error, trace)
