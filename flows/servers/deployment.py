"""Schedules: an experiment as a Prefect deployment that the scheduler starts.

A worker on this machine (`alphabar up`) runs each one as ``python -m prefect.engine`` in the
root that it was scheduled from, with the same flow and parameters as `alphabar run`.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from components.errors import AlphabarError
from components.spec.experiment import Experiment
from flows.servers.prefect_client import (
    WORK_POOL,
    ensure_work_pool,
    online_workers,
    prefect_client,
)
from flows.servers.prefect_server import ensure_prefect_server
from flows.servers.processes import Say

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse
    from prefect.client.schemas.schedules import SCHEDULE_TYPES

ENTRYPOINT = "flows.run.experiment.experiment_flow"
CRON_FIELDS = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of month", "1-31"),
    ("month", "1-12 or jan-dec"),
    ("day of week", "0-7 or sun-sat"),
)
CRON_REMEDY = 'give five fields: minute, hour, day of month, month, day of week, as in "0 2 * * *"'


@dataclass(frozen=True)
class Scheduled:
    """One schedule.

    Attributes:
        name: the experiment's.
        cron: the cron expression, in ``timezone``'s time.
        next_run: when the scheduler starts it next; None when the schedule is switched off.
        workers: names of the workers that would run it now.
        page: the deployment's page.
    """

    name: str
    cron: str
    timezone: str
    next_run: datetime | None
    workers: tuple[str, ...]
    page: str

    def content(self) -> dict[str, Any]:
        """All of it as plain JSON values; the time with its offset from UTC."""
        return asdict(self) | {"next_run": self.next_run and self.next_run.isoformat()}

    def lines(self) -> list[str]:
        """What the user is told."""
        when = f"next run {self.next_run:%Y-%m-%d %H:%M %Z}" if self.next_run else "switched off"
        line = f'{self.name}: "{self.cron}" ({self.timezone}), {when}; {self.page}'
        if self.workers:
            return [line]
        return [line, "no worker is running: runs wait until `alphabar up` is"]


def schedule(experiment: Experiment, cron: str, root: Path, say: Say = print) -> Scheduled:
    """Create or replace the schedule of ``experiment``; one experiment has one schedule.

    Raises:
        AlphabarError: the cron expression is faulty, or the server cannot be reached.
    """
    timezone = local_timezone()
    following = next_run(cron, timezone)
    api = ensure_prefect_server(root, say)
    with prefect_client(api, root) as client:
        from prefect.client.schemas.schedules import CronSchedule

        from flows.run.experiment import experiment_flow

        parameters = parameters_of(experiment, root)
        when = CronSchedule(cron=cron, timezone=timezone)
        deployment = register(
            client, experiment_flow, ENTRYPOINT, experiment.name, parameters, when, root
        )
        workers = tuple(online_workers(client))
    page = _page(api, deployment)
    return Scheduled(experiment.name, cron, timezone, following, workers, page)


def parameters_of(experiment: Experiment, root: Path) -> dict[str, Any]:
    """What a scheduled run is called with: the experiment as its file has it."""
    return {"experiment": experiment.as_written(), "root": str(root.resolve()), "quiet": True}


def unschedule(name: str, root: Path, say: Say = print) -> None:
    """Remove the schedule of the experiment ``name``; its past runs stay.

    Raises:
        AlphabarError: there is none; names those there are.
    """
    api = ensure_prefect_server(root, say)
    with prefect_client(api, root) as client:
        found = {deployment.name: deployment for deployment in _deployments(client)}
        if name not in found:
            known = ", ".join(sorted(found)) or "there are none"
            raise AlphabarError(f"no schedule is named {name}", f"give one of these: {known}")
        client.delete_deployment(found[name].id)


def schedules(root: Path, say: Say = print) -> list[Scheduled]:
    """All schedules of this server, by name."""
    api = ensure_prefect_server(root, say)
    with prefect_client(api, root) as client:
        workers = tuple(online_workers(client))
        found = sorted(_deployments(client), key=lambda deployment: deployment.name)
    return [_described(deployment, api, workers) for deployment in found]


def register(
    client: "SyncPrefectClient",
    flow: "Flow[..., Any]",
    entrypoint: str,
    name: str,
    parameters: dict[str, Any],
    when: "SCHEDULE_TYPES",
    root: Path,
) -> str:
    """Create or update a deployment on the process work pool; its id.

    Args:
        entrypoint: the flow's dotted path. A module, not a file: Prefect would copy the file's
            whole folder into the working folder first.
        when: a Prefect schedule.
        root: the working folder of its runs.
    """
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.utilities.callables import parameter_schema
    from prefect.utilities.processutils import command_to_string

    ensure_work_pool(client)
    # The command is given, so that Prefect takes this interpreter and never `uv run`. -P: a
    # folder named `flows` or `components` in the user's root must not shadow ours.
    command = command_to_string([sys.executable, "-P", "-m", "prefect.engine"])
    return str(
        client.create_deployment(
            flow_id=client.create_flow(flow),
            name=name,
            entrypoint=entrypoint,
            parameters=parameters,
            parameter_openapi_schema=parameter_schema(flow).model_dump_for_openapi(),
            enforce_parameter_schema=True,
            schedules=[DeploymentScheduleCreate(schedule=when, active=True)],
            paused=False,
            work_pool_name=WORK_POOL,
            job_variables={"command": command, "working_dir": str(root.resolve())},
            tags=["alphabar"],
        )
    )


def next_run(cron: str, timezone: str) -> datetime:
    """When ``cron`` comes next, in ``timezone``.

    Raises:
        AlphabarError: names the field that is faulty, or says that the date never comes.
    """
    _check_fields(cron)
    from prefect.server.schemas.schedules import CronSchedule

    try:
        dates = asyncio.run(CronSchedule(cron=cron, timezone=timezone).get_dates(1))
    except ValueError:  # croniter's CroniterBadDateError is one
        dates = []
    if not dates:
        fault = f'the cron expression "{cron}" names a date that never comes'
        raise AlphabarError(fault, CRON_REMEDY)
    return datetime.fromtimestamp(dates[0].timestamp(), ZoneInfo(timezone))


def local_timezone() -> str:
    """The IANA name of this machine's time zone, UTC when it cannot be told."""
    return next(filter(_known_zone, _zone_candidates()), "UTC")


def _check_fields(cron: str) -> None:
    from prefect.client.schemas.schedules import CronSchedule
    from pydantic import ValidationError

    fields = cron.split()
    if len(fields) != len(CRON_FIELDS):
        fault = f"has {len(fields)} fields, not {len(CRON_FIELDS)}"
        raise AlphabarError(f'the cron expression "{cron}" {fault}', CRON_REMEDY)
    for index, (name, values) in enumerate(CRON_FIELDS):
        alone = ["*"] * len(fields)
        alone[index] = fields[index]
        try:
            CronSchedule(cron=" ".join(alone))
        except ValidationError:
            raise AlphabarError(
                f'the cron expression "{cron}": "{fields[index]}" is no {name} ({values})',
                CRON_REMEDY,
            ) from None


def _zone_candidates() -> Iterator[str]:
    yield os.environ.get("TZ", "").removeprefix(":")
    link = str(Path("/etc/localtime").resolve())
    yield link.partition("zoneinfo/")[2]
    named = Path("/etc/timezone")
    if named.is_file():
        yield named.read_text(errors="replace").strip()


def _known_zone(name: str) -> bool:
    try:
        return bool(name) and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _deployments(client: "SyncPrefectClient") -> "list[DeploymentResponse]":
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags

    wanted = DeploymentFilter(tags=DeploymentFilterTags(all_=["alphabar"]))
    found: list[DeploymentResponse] = client.read_deployments(deployment_filter=wanted)
    return found


def _described(deployment: "DeploymentResponse", api: str, workers: tuple[str, ...]) -> Scheduled:
    rule = deployment.schedules[0] if deployment.schedules else None
    cron = str(getattr(rule.schedule, "cron", "")) if rule else ""
    timezone = str(getattr(rule.schedule, "timezone", None) or "UTC") if rule else "UTC"
    active = bool(rule and rule.active and cron and not deployment.paused)
    following = next_run(cron, timezone) if active else None
    page = _page(api, str(deployment.id))
    return Scheduled(deployment.name, cron, timezone, following, workers, page)


def _page(api: str, deployment: str) -> str:
    return f"{api.removesuffix('/').removesuffix('/api')}/deployments/deployment/{deployment}"
