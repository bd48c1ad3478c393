"""Ctrl-C ends a run even where a library swallows it."""

import os
import signal
import threading

import pytest

from flows.execution import ending_on_interrupt


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    signal.sigtimedwait([], 0.01)  # let it arrive


def test_a_swallowed_interrupt_stops_the_work_and_is_raised_again() -> None:
    stopped = []
    with pytest.raises(KeyboardInterrupt), ending_on_interrupt(lambda: stopped.append(True)):
        try:
            interrupt()
        except KeyboardInterrupt:
            pass
    assert stopped == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_the_stopped_work_raises_is_told_as_the_interrupt_that_it_was() -> None:
    with pytest.raises(KeyboardInterrupt), ending_on_interrupt(lambda: None):
        try:
            interrupt()
        except KeyboardInterrupt:
            raise RuntimeError("the stage was stopped") from None


def test_without_an_interrupt_nothing_changes() -> None:
    with pytest.raises(RuntimeError, match="its own"), ending_on_interrupt(lambda: None):
        raise RuntimeError("its own")
    with ending_on_interrupt(lambda: None):
        pass


def test_other_threads_are_left_alone() -> None:
    seen = []

    def work() -> None:
        with ending_on_interrupt(lambda: None):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
