"""Ctrl-C ends a run even where a library swallows it."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from flows.execution import ending_on_interrupt


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Ctrl-C as in a terminal: a shell ignores it for what runs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_where_interrupts_are_ignored_they_stay_so() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run(interrupt, lambda: pytest.fail("stopped"))
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    signal.sigtimedwait([], 0.01)  # let it arrive


def swallow() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        interrupt()


def fail_of_it() -> None:
    try:
        interrupt()
    except KeyboardInterrupt:
        raise RuntimeError("the stage was stopped") from None


def run(work: Callable[[], None], stop: Callable[[], None] = lambda: None) -> None:
    with ending_on_interrupt(stop):
        work()


def test_a_swallowed_interrupt_stops_the_work_and_is_raised_again() -> None:
    stopped = []
    with pytest.raises(KeyboardInterrupt):
        run(swallow, lambda: stopped.append(True))
    assert stopped == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_the_stopped_work_raises_is_told_as_the_interrupt_that_it_was() -> None:
    with pytest.raises(KeyboardInterrupt):
        run(fail_of_it)


def test_without_an_interrupt_nothing_changes() -> None:
    def fail() -> None:
        raise RuntimeError("its own")

    with pytest.raises(RuntimeError, match="its own"):
        run(fail)
    run(lambda: None)


def test_other_threads_are_left_alone() -> None:
    seen = []
    work = lambda: seen.append(signal.getsignal(signal.SIGINT))  # noqa: E731
    thread = threading.Thread(target=run, args=(work,))
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
