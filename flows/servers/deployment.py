"""Schedules: an experiment as a Prefect deployment that the scheduler starts.

A worker on this machine (`alphabar up`) runs each one as ``python -m prefect.engine`` in the
root that it was scheduled from, with the flow that is in `flows.run.scheduled`.
"""

import contextlib
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import AlphabarError
from components.spec.loading import load_experiment, meant
from flows.servers.cron import next_run
from flows.servers.form import follow_file, form_words, parameters_of
from flows.servers.prefect_api import page_url, user_api_url
from flows.servers.prefect_client import (
    ensure_work_pool,
    online_workers,
    prefect_client,
    work_pool,
)
from flows.servers.prefect_server import ensure_prefect_server
from flows.servers.processes import Say
from flows.servers.scheduled import Scheduled, WhenBusy, described

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse
    from prefect.client.schemas.schedules import SCHEDULE_TYPES

ENTRYPOINT = "flows.run.scheduled.scheduled_flow"
STRATEGIES = {"queue": "ENQUEUE", "skip": "CANCEL_NEW"}


def schedule(
    file: Path,
    cron: str,
    timezone: str,
    root: Path,
    *,
    pin: bool = False,
    when_busy: WhenBusy = "queue",
    say: Say = print,
) -> Scheduled:
    """Create or replace the schedule of an experiment file; one experiment has one schedule.

    Args:
        timezone: the IANA name of the zone that ``cron`` is in.
        pin: whether runs have the file's present content; else each reads the file.

    Raises:
        AlphabarError: the file or the cron expression is faulty, the server cannot be reached, or
            it has another folder's schedule of this name.
    """
    experiment = load_experiment(file)
    next_run(cron, timezone)
    with _asking(root, say) as (client, api):
        from prefect.client.schemas.schedules import CronSchedule

        from flows.run.scheduled import scheduled_flow

        others = [d.name for d in _all(client) if _folder(d) != str(root.resolve())]
        if experiment.name in others:
            raise AlphabarError(
                f"{user_api_url() or api} has a schedule {experiment.name} of another folder",
                "give the experiment another name, or remove that schedule there",
            )
        seen, when = _seen_from(root, file), CronSchedule(cron=cron, timezone=timezone)
        parameters = parameters_of(experiment, seen, pin=pin)
        register(
            client,
            scheduled_flow,
            ENTRYPOINT,
            experiment.name,
            parameters,
            when,
            root,
            when_busy,
            form_words(seen, pin=pin),
        )
        return _described(client, _found(client, experiment.name, root), api)


def unschedule(name: str, root: Path, say: Say = print) -> None:
    """Remove the schedule of the experiment ``name``; its past runs stay.

    Raises:
        AlphabarError: there is none; names those there are. So do the functions below.
    """
    with _asking(root, say) as (client, _):
        client.delete_deployment(_found(client, name, root).id)


def switch(name: str, root: Path, *, on: bool, say: Say = print) -> Scheduled:
    """Resume or pause a schedule; a paused one makes no runs."""
    with _asking(root, say) as (client, api):
        deployment = _found(client, name, root)
        for rule in deployment.schedules:
            client.update_deployment_schedule(deployment.id, rule.id, active=on)
        if on and deployment.paused:  # by Prefect's page or command line
            client.resume_deployment(deployment.id)
        return _described(client, _found(client, name, root), api)


def run_now(name: str, root: Path, say: Say = print) -> tuple[str, str, bool]:
    """Make a run of the schedule that is due now: its name, its page, and whether a worker is
    there to run it."""
    with _asking(root, say) as (client, api):
        deployment = _found(client, name, root)
        called = f"{name} {datetime.now():%Y-%m-%d %H:%M}, by hand"
        run = client.create_flow_run_from_deployment(deployment.id, name=called)
        working = bool(online_workers(client, work_pool(root)))
    return called, f"{page_url(api)}/runs/flow-run/{run.id}", working


def schedules(root: Path, say: Say = print) -> list[Scheduled]:
    """All schedules of this folder, by name."""
    with _asking(root, say) as (client, api):
        found = sorted(own(client, root), key=lambda deployment: deployment.name)
        return [_described(client, deployment, api) for deployment in found]


def register(
    client: "SyncPrefectClient",
    flow: "Flow[..., Any]",
    entrypoint: str,
    name: str,
    parameters: dict[str, Any],
    when: "SCHEDULE_TYPES",
    root: Path,
    when_busy: WhenBusy = "queue",
    description: str | None = None,
) -> str:
    """Create or update a deployment on the process work pool; its id.

    Args:
        entrypoint: the flow's dotted path. A module, not a file: Prefect would copy the file's
            whole folder into the working folder first.
        when: a Prefect schedule.
        root: the working folder of its runs.
        when_busy: of two runs at once, which Prefect hinders: the second waits or is cancelled.
    """
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
    from prefect.utilities.callables import parameter_schema
    from prefect.utilities.processutils import command_to_string

    pool = ensure_work_pool(client, root)
    # The command is given, so that Prefect takes this interpreter and never `uv run`. -P: a
    # folder named `flows` or `components` in the user's root must not shadow ours.
    command = command_to_string([sys.executable, "-P", "-m", "prefect.engine"])
    strategy = ConcurrencyLimitStrategy(STRATEGIES[when_busy])
    return str(
        client.create_deployment(
            flow_id=client.create_flow(flow),
            name=name,
            entrypoint=entrypoint,
            parameters=parameters,
            parameter_openapi_schema=parameter_schema(flow).model_dump_for_openapi(),
            enforce_parameter_schema=True,
            schedules=[DeploymentScheduleCreate(schedule=when, active=True)],
            concurrency_limit=1,
            concurrency_options=ConcurrencyOptions(collision_strategy=strategy),
            paused=False,
            description=description,
            work_pool_name=pool,
            job_variables={"command": command, "working_dir": str(root.resolve())},
            tags=["alphabar"],
        )
    )


def own(client: "SyncPrefectClient", root: Path) -> "list[DeploymentResponse]":
    """The schedules whose runs work in ``root``; a server of the user's may have others'."""
    return [each for each in _all(client) if _folder(each) == str(root.resolve())]


def settle_moved(client: "SyncPrefectClient", root: Path, say: Say) -> None:
    """Bind the schedules of ``root``'s own server to ``root``, where it was moved or copied to.

    Those of a copy are paused: else the same would run in two folders.
    """
    from prefect.client.schemas.actions import DeploymentUpdate

    if user_api_url():
        _settle_pool(client, root, say)
        return
    here = str(root.resolve())
    for deployment in _all(client):
        before = _folder(deployment)
        if before == here:
            continue
        variables = deployment.job_variables | {"working_dir": here}
        client.update_deployment(deployment.id, DeploymentUpdate(job_variables=variables))
        if not Path(before).is_dir():
            say(f"the schedule {deployment.name} runs here now; it was made in {before}")
            continue
        for rule in deployment.schedules:
            client.update_deployment_schedule(deployment.id, rule.id, active=False)
        say(
            f"the schedule {deployment.name} came with a copy of {before}, where it goes on: here "
            f"it is paused (`alphabar schedule resume {deployment.name}`)"
        )


def _settle_pool(client: "SyncPrefectClient", root: Path, say: Say) -> None:
    """Bring the schedules of ``root`` from the pool that folders shared into its own.

    The server makes their runs to come anew; one that somebody made by hand stays where it is.
    """
    from prefect.client.schemas.actions import DeploymentUpdate

    for deployment in own(client, root):
        if (before := deployment.work_pool_name) != work_pool(root):
            update = DeploymentUpdate(work_pool_name=ensure_work_pool(client, root))
            client.update_deployment(deployment.id, update)
            say(
                f"the schedule {deployment.name} is in the work pool {work_pool(root)} now, not in "
                f"{before}: workers of other folders take none of its runs"
            )


def follow_files(client: "SyncPrefectClient", root: Path) -> None:
    """Fill the forms of this folder's schedules anew whose files have changed."""
    for deployment in own(client, root):
        follow_file(client, deployment, root)


@contextlib.contextmanager
def _asking(root: Path, say: Say) -> "Iterator[tuple[SyncPrefectClient, str]]":
    """A client of the server of ``root``, and the server's address."""
    api = ensure_prefect_server(root, say)
    with prefect_client(api, root) as client:
        settle_moved(client, root, say)
        follow_files(client, root)
        yield client, api


def _all(client: "SyncPrefectClient") -> "list[DeploymentResponse]":
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags

    wanted = DeploymentFilter(tags=DeploymentFilterTags(all_=["alphabar"]))
    found: list[DeploymentResponse] = client.read_deployments(deployment_filter=wanted)
    return found


def _found(client: "SyncPrefectClient", name: str, root: Path) -> "DeploymentResponse":
    found = {deployment.name: deployment for deployment in own(client, root)}
    if name not in found:
        known = f"{meant(name, found)}give one of these: {', '.join(sorted(found))}"
        raise AlphabarError(
            f"no schedule is named {name}",
            known if found else "make one: `alphabar schedule FILE --cron CRON`",
        )
    return found[name]


def _folder(deployment: "DeploymentResponse") -> str:
    return str(deployment.job_variables.get("working_dir", ""))


def _seen_from(root: Path, file: Path) -> str:
    """``file`` as runs name it: below ``root`` from there, so that the folder can be moved."""
    whole = file.resolve()
    inside = whole.is_relative_to(root.resolve())
    return str(whole.relative_to(root.resolve()) if inside else whole)


def _described(
    client: "SyncPrefectClient", deployment: "DeploymentResponse", api: str
) -> Scheduled:
    page = f"{page_url(api)}/deployments/deployment/{deployment.id}"
    workers = tuple(online_workers(client, deployment.work_pool_name or ""))
    return described(deployment, page, workers, Path(_folder(deployment)))
