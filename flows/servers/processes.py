"""Background processes: start one apart from the terminal, find it again, stop all of it."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from components.errors import AlphabarError
from components.files.json_file import load_json

Say = Callable[[str], None]
"""Receives one line for the user."""

Pause = Callable[[float], None]
"""Waits some seconds; may raise to break off what waits."""

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Background:
    """A process that goes on after the one that started it.

    Attributes:
        name: what messages call it.
        command: its arguments; they and ``started`` tell it from a later process that was given
            the same pid.
        started: when the kernel started it, seconds since 1970.
        port: where it listens on the loopback interface; 0 when it does not.
        log: the file that holds what it prints.
        folder: what it serves, as an absolute path without links.
    """

    name: str
    pid: int
    command: list[str]
    started: float
    port: int
    log: str
    folder: str

    def alive(self) -> bool:
        """Whether this very process runs."""
        try:
            process = psutil.Process(self.pid)
            words = process.cmdline()[1:]  # [0] may be a resolved link
            return bool(
                process.status() != psutil.STATUS_ZOMBIE
                and abs(process.create_time() - self.started) < 2.0  # clocks are adjusted
                # for an instant after its start the kernel shows no words yet
                and words in ([], self.command[1:])
            )
        except psutil.Error:
            return False

    def serves(self, folder: Path) -> bool:
        """Whether it was started for this very folder, by whatever path.

        A process stays in the folder that it was started in, also when that is moved; a copy of
        the folder, which has a copy of the record, is another one.
        """
        try:
            return Path(psutil.Process(self.pid).cwd()).samefile(folder)
        except (psutil.Error, OSError):
            return False

    def astray(self) -> bool:
        """Whether its folder was moved: it still opens its files where they were."""
        return not self.serves(Path(self.folder))

    def replies(self, path: str, word: bytes) -> bool:
        """Whether a GET of ``path`` at its port is answered with ``word``."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().read(64).strip() == word
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def log_end(self, lines: int = 12) -> str:
        """The last lines of its log, indented."""
        try:
            text = Path(self.log).read_text(errors="replace")
        except OSError:
            return "    (no log)"
        kept = [line for line in text.splitlines() if line.strip()][-lines:]
        return "\n".join(f"    {line}" for line in kept) or "    (the log is empty)"


def launch(
    name: str,
    command: list[str],
    *,
    record: Path,
    log: Path,
    environment: Mapping[str, str],
    port: int = 0,
) -> Background:
    """Start ``command`` in a session of its own, so that the terminal's Ctrl-C leaves it alone.

    It works in the record's folder; ``record`` lets `find` find it again.
    """
    record.parent.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=record.parent,
            env=dict(environment),
            start_new_session=True,
        )
    try:
        started = psutil.Process(child.pid).create_time()
    except psutil.NoSuchProcess:
        started = 0.0
    child.returncode = 0  # it outlives us, and Popen warns about that
    folder = str(record.parent.resolve())
    background = Background(name, child.pid, command, started, port, str(log), folder)
    written = record.with_suffix(".new")
    written.write_text(json.dumps(asdict(background), indent=1) + "\n")
    written.replace(record)
    return background


def find(record: Path) -> Background | None:
    """The process that ``record`` tells of, if it is still that process and of this folder.

    A record that came with a copy of the folder tells of the original's process: not ours.
    """
    try:
        background = Background(**load_json(record))
    except (OSError, ValueError, TypeError):  # cut short, or another version's
        return None
    return background if background.alive() and background.serves(record.parent) else None


def find_settled(record: Path) -> Background | None:
    """What `find` gives, unless its folder was moved: then it is stopped, and there is none."""
    background = find(record)
    if background is None or not background.astray():
        return background
    stop(background, record)
    return None


def stop(background: Background, record: Path, grace: float = 10.0) -> None:
    """End the process with its children and theirs: asked first, killed after ``grace`` seconds.

    One that died already may have left children: they go too.
    """
    family = _family(background)
    head = [process for process in family if process.pid == background.pid]
    for process in head:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    # The head ends its children itself, and in order; only what it leaves is for us.
    _running(head, grace)
    left = _running(family, 0.0)
    for end in (psutil.Process.terminate, psutil.Process.kill):
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                end(process)
        left = _running(left, grace / 2)
    record.unlink(missing_ok=True)


def stop_children(background: Background, grace: float, mark: str) -> list[str]:
    """Ask the process's own children to end, and wait for them up to ``grace`` seconds.

    Returns:
        the environment variable ``mark`` of each child that has it.
    """
    marks = []
    with contextlib.suppress(psutil.NoSuchProcess):
        children = psutil.Process(background.pid).children() if background.alive() else []
        for child in children:
            with contextlib.suppress(psutil.Error):
                marks += [value for name, value in child.environ().items() if name == mark]
                child.terminate()
        _running(children, grace)
    return marks


def _family(background: Background) -> list[psutil.Process]:
    """The process, its descendants, and what is left of the session that it was started in."""
    family: dict[int, psutil.Process] = {}
    with contextlib.suppress(psutil.NoSuchProcess):
        if background.alive():
            head = psutil.Process(background.pid)
            family = {process.pid: process for process in (head, *head.children(recursive=True))}
        elif _runs(psutil.Process(background.pid)):
            return []  # the pid is another's now, so its session has nothing of ours
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == background.pid:
                family.setdefault(process.pid, process)
    return list(family.values())


def _running(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run when all have ended or the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        left = [process for process in processes if _runs(process)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def _runs(process: psutil.Process) -> bool:
    """A zombie does not: where pid 1 reaps nothing, as in many containers, it stays for ever."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def await_ready(
    background: Background,
    ready: Callable[[], bool],
    *,
    seconds: float,
    remedy: str,
    pause: Pause = time.sleep,
) -> None:
    """Wait until ``ready``.

    Raises:
        AlphabarError: the process ended or the time is over; says how its log ends.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        ended = not background.alive()
        if ended or time.monotonic() > deadline:
            fault = "ended while starting" if ended else f"did not answer within {seconds:.0f} s"
            raise AlphabarError(
                f"{background.name} {fault}; {background.log} ends with\n{background.log_end()}",
                remedy,
            )
        pause(0.1)


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def claim_port(port: int | None, name: str, option: str) -> int:
    """``port``, checked to be free, or a free one. Raises AlphabarError when it is taken."""
    if port is None:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "not a port number"
            raise AlphabarError(
                f"{name} cannot listen on port {port} of {LOOPBACK}: {reason}",
                f"give another port with {option}, or leave it out and a free one is taken",
            ) from None
    return port
