"""Ctrl-C, SIGTERM (as `kill`, systemd and batch systems send it) and SIGHUP end a command alike.

A signal that is ignored when the command starts stays ignored: SIGHUP under `nohup`, SIGINT in a
shell's background.
"""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130
"""The exit code of a program that Ctrl-C ended, as shells have it: 128 and the signal's number."""

_heard: set[signal.Signals] = {signal.SIGINT}  # those that mean the end in this process
_received: list[int] = []


@contextlib.contextmanager
def hearing() -> Iterator[None]:
    """Within, SIGTERM and SIGHUP raise KeyboardInterrupt as Ctrl-C does."""
    before = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGHUP)}
    default = [name for name, handler in before.items() if handler is signal.SIG_DFL]
    _heard.update(default)
    _received.clear()
    for name in default:
        signal.signal(name, _interrupt)
    try:
        yield
    finally:
        for name in default:
            signal.signal(name, before[name])
        _heard.difference_update(default)


def exit_code() -> int:
    """128 and the number of the signal that ended this command."""
    return 128 + _received[-1] if _received else INTERRUPTED


@contextlib.contextmanager
def ending_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """What ends the command calls ``stop`` and raises KeyboardInterrupt, if need be a second time.

    A library may swallow an exception that it did not expect; without this a run would then go
    on until its last stage is done. Prefect puts its own SIGTERM handler up for every flow, so
    this is set inside of them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are another thread's
        return
    told = False

    def interrupt(number: int, frame: object) -> None:
        nonlocal told
        told = True
        stop()
        _interrupt(number, frame)

    ours = [name for name in _heard if signal.getsignal(name) is not signal.SIG_IGN]
    before = {name: signal.signal(name, interrupt) for name in ours}
    try:
        yield
    except Exception:
        if told:
            raise KeyboardInterrupt from None
        raise
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    if told:
        raise KeyboardInterrupt


def was_told(error: BaseException | None) -> bool:
    """Whether ``error`` came up while something was ending because of a signal."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def leave_to_the_caller() -> None:
    """In a worker process: who started it hears the signals, and stops it."""
    for name in ENDING:
        signal.signal(name, signal.SIG_IGN)


@contextlib.contextmanager
def unheard_by_children() -> Iterator[None]:
    """A process started within never hears what ends a command: a terminal sends it to all of
    them, and who started them stops them. This thread hears it at the end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _interrupt(number: int, frame: object) -> None:
    _received.append(number)
    raise KeyboardInterrupt
