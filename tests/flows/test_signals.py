"""Ctrl-C, SIGTERM and SIGHUP end a run even where a library swallows it."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from flows.signals import ending_on_signals, exit_code, hearing

every_signal = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Signals as in a terminal: a shell ignores Ctrl-C for what runs in the background."""
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    handlers |= {signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    with hearing():
        yield
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    signal.sigtimedwait([], 0.01)  # let it arrive


def swallow(number: signal.Signals) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        send(number)


def fail_of_it(number: signal.Signals) -> None:
    try:
        send(number)
    except KeyboardInterrupt:
        raise RuntimeError("the stage was stopped") from None


def run(work: Callable[[], None], stop: Callable[[], None] = lambda: None) -> None:
    with ending_on_signals(stop):
        work()


@every_signal
def test_where_a_signal_is_ignored_it_stays_so(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    run(lambda: send(number), lambda: pytest.fail("stopped"))
    assert signal.getsignal(number) is signal.SIG_IGN


@every_signal
def test_a_swallowed_signal_stops_the_work_and_is_raised_again(number: signal.Signals) -> None:
    stopped, before = [], signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        run(lambda: swallow(number), lambda: stopped.append(True))
    assert stopped == [True]
    assert signal.getsignal(number) is before
    assert exit_code() == 128 + number


@every_signal
def test_what_the_stopped_work_raises_is_told_as_the_end_that_it_was(
    number: signal.Signals,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(lambda: fail_of_it(number))


def test_without_a_signal_nothing_changes() -> None:
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


COMMAND = """
import sys
import flows.cli as cli
@cli.app.command()
def wait():
    print("waiting", flush=True)
    sys.stdin.read()
cli.OF_STAGES = sys.argv[1:]
sys.argv = ["alphabar", "wait"]
cli.main()
"""


def command(*of_stages: str, nohup: bool = False) -> "subprocess.Popen[str]":
    """A command that waits for its standard input, and has begun to."""

    def as_started() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if nohup:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *of_stages],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        preexec_fn=as_started,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    return process


@every_signal
def test_a_command_ends_with_one_line_and_the_signals_exit_code(number: signal.Signals) -> None:
    with command() as process:
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert errors == "stopped\n"


def test_only_a_command_that_runs_stages_says_that_they_are_kept() -> None:
    with command("wait") as process:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert errors == "stopped; finished stages are kept, and the next run goes on\n"


def test_under_nohup_a_closed_terminal_ends_nothing() -> None:
    with command(nohup=True) as process:
        process.send_signal(signal.SIGHUP)
        _, errors = process.communicate("", timeout=60)
    assert (process.returncode, errors) == (0, "")
