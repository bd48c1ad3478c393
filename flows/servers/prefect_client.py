"""A Prefect client for one server, and what it is asked about workers."""

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from components.errors import AlphabarError
from components.spec.keys import digest
from flows.servers.prefect_api import client_environment, user_api_url

if TYPE_CHECKING:
    from prefect import State
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun, TaskRun

WORK_POOL = "alphabar"
"""The work pool of a folder's own server; on a server of the user's it has the folder's mark."""
HEARTBEATS_STAY = timedelta(seconds=90)
"""Prefect's own limit: three heartbeats of 30 s missed, and a worker counts as offline."""


def configure_prefect(api_url: str, root: Path) -> None:
    """Point this process and its children at the server. Prefect reads this when imported."""
    os.environ.update(client_environment(api_url, root))


@contextlib.contextmanager
def prefect_client(api_url: str, root: Path) -> Iterator["SyncPrefectClient"]:
    """A synchronous client, also when Prefect was imported for another server before.

    Raises:
        AlphabarError: the server went away or refuses what is asked.
    """
    configure_prefect(api_url, root)
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    try:
        with temporary_settings({PREFECT_API_URL: api_url}), get_client(sync_client=True) as client:
            yield client
    except httpx.HTTPStatusError as error:
        raise AlphabarError(
            f"the Prefect server at {api_url} refused a request: {error}",
            "use a server of the Prefect version that is installed here",
        ) from error
    except httpx.TransportError as error:
        raise AlphabarError(
            f"the Prefect server at {api_url} went away: {error}", "run this again"
        ) from error


def work_pool(root: Path) -> str:
    """The work pool of the folder ``root``: on a server that folders share each has its own, so
    that no worker takes another folder's runs."""
    if user_api_url() is None:
        return WORK_POOL
    return f"{WORK_POOL}-{digest(str(root.resolve()))[:8]}"


def ensure_work_pool(client: "SyncPrefectClient", root: Path) -> str:
    """Create the process work pool of ``root`` unless it is there; its name."""
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
    from prefect.workers.process import ProcessWorker

    name = work_pool(root)
    try:
        client.read_work_pool(name)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        pool = WorkPoolCreate(name=name, type="process", base_job_template=template)
        with contextlib.suppress(ObjectAlreadyExists):  # made by another process just now
            client.create_work_pool(pool)
    return name


def online_workers(
    client: "SyncPrefectClient", pool: str, since: datetime | None = None
) -> list[str]:
    """Names of the pool's workers that gave a sign of life lately, or after ``since``.

    The server's own ONLINE mark stays for minutes, and for ever when the server stops too.
    """
    with _absence_allowed():
        response = client.request(
            "POST",
            "/work_pools/{work_pool_name}/workers/filter",
            path_params={"work_pool_name": pool},
            json={},
        )
        bound = since or datetime.now(UTC) - HEARTBEATS_STAY
        return [
            str(worker["name"])
            for worker in response.json()
            if worker["status"] == "ONLINE"
            and worker["last_heartbeat_time"]
            and datetime.fromisoformat(worker["last_heartbeat_time"]) > bound
        ]
    return []  # no pool, no workers


def forget_worker(client: "SyncPrefectClient", pool: str, name: str) -> None:
    """Take a worker that was stopped off the pool's list, where it would seem online for long."""
    with _absence_allowed():
        client.request(
            "DELETE",
            "/work_pools/{work_pool_name}/workers/{name}",
            path_params={"work_pool_name": pool, "name": name},
        )


def settle_interrupted(client: "SyncPrefectClient", flow_run: str, reason: str) -> None:
    """Mark a run whose process is gone, and the tasks in it, as crashed unless they ended."""
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
    from prefect.states import Crashed

    def unsettled(run: "FlowRun | TaskRun") -> bool:
        return run.state is None or not run.state.is_final()

    which = UUID(flow_run)
    crashed: State[Any] = Crashed(message=reason)
    of_this = FlowRunFilter(id=FlowRunFilterId(any_=[which]))
    with _absence_allowed():
        run = client.read_flow_run(which)
        for task in filter(unsettled, client.read_task_runs(flow_run_filter=of_this)):
            client.set_task_run_state(task.id, crashed, force=True)
        if unsettled(run):
            client.set_flow_run_state(run.id, crashed, force=True)


@contextlib.contextmanager
def _absence_allowed() -> Iterator[None]:
    """What is asked of a pool, worker or run that is not there is left undone."""
    import httpx
    from prefect.exceptions import ObjectNotFound

    try:
        yield
    except ObjectNotFound:
        pass
    except httpx.HTTPStatusError as error:
        if error.response.status_code != 404:
            raise
