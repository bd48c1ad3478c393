"""When a cron expression comes next, in a time zone; as Prefect's scheduler reckons.

Each local day has its run once, also where clocks change. Where a day lacks the time (2:30, where
3:00 follows 2:00) it is an hour earlier, at 1:30; where it has it twice, it is the first, or the
second where the scheduler was not running then: started between the two, it may run both.
"""

import asyncio
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from components.errors import AlphabarError, quoted
from components.spec.loading import meant

CRON_FIELDS = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of month", "1-31"),
    ("month", "1-12 or jan-dec"),
    ("day of week", "0-7 or sun-sat"),
)
CRON_REMEDY = 'give five fields: minute, hour, day of month, month, day of week, as in "0 2 * * *"'


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


def checked_timezone(name: str) -> str:
    """``name``, if it is an IANA time zone.

    Raises:
        AlphabarError: it is none; names the nearest.
    """
    if _known_zone(name):
        return name
    raise AlphabarError(
        f"{quoted(name)} is no time zone",
        f"{meant(name, available_timezones())}give an IANA name, such as Europe/Berlin or UTC",
    )


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
