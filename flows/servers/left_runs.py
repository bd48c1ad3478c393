"""Flow runs whose process was killed, and so could not say how they ended: said for them.

    <root>/.prefect/runs/<flow run>    locked by the process that runs it, which may outlive it

Else Prefect's pages would show them `Running` for ever.
"""

import fcntl
from pathlib import Path
from typing import IO

from flows.servers.prefect_api import prefect_home, user_api_url
from flows.servers.prefect_client import prefect_client, settle_interrupted

_held: dict[str, IO[str]] = {}  # the kernel lets go of the locks when this process ends


def hold(flow_run: str, root: Path) -> None:
    """Note that this process runs ``flow_run``, until `let_go` or its end."""
    path = _folder(root) / flow_run
    path.parent.mkdir(parents=True, exist_ok=True)
    unseen = prefect_home(root) / f"run-{flow_run}"
    file = unseen.open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    file.write(user_api_url() or "")
    file.flush()
    unseen.replace(path)  # nobody ever sees it there unlocked
    _held[flow_run] = file


def let_go(root: Path) -> None:
    """The server knows how this process's runs ended."""
    for flow_run, file in _held.items():
        (_folder(root) / flow_run).unlink(missing_ok=True)
        file.close()
    _held.clear()


def settle_left_runs(api_url: str, root: Path) -> None:
    """Tell the server of runs that nobody runs any more; one that has ended stays as it is."""
    left = [path for path in sorted(_folder(root).glob("*")) if _is_left(path)]
    if not left:
        return
    with prefect_client(api_url, root) as client:
        for path in left:
            settle_interrupted(client, path.name, "its process was killed")
            path.unlink(missing_ok=True)


def _is_left(path: Path) -> bool:
    """Whether nobody holds it, and it ran on the server that is in use now."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return file.read() == (user_api_url() or "")
    except (BlockingIOError, FileNotFoundError):  # it runs, or has just ended as it should
        return False


def _folder(root: Path) -> Path:
    return prefect_home(root) / "runs"
