"""A schedule as its user is told of it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from flows.servers.cron import next_run

if TYPE_CHECKING:
    from prefect.client.schemas.responses import DeploymentResponse

WhenBusy = Literal["queue", "skip"]
"""What becomes of a run while another one of its schedule is going."""

BUSY = {
    "queue": "a run that is due while one is going waits for its end",
    "skip": "a run that is due while one is going is cancelled",
}


@dataclass(frozen=True)
class Scheduled:
    """One schedule.

    Attributes:
        name: the experiment's.
        cron: the cron expression, in ``timezone``'s time.
        next_run: when the scheduler starts it next; None when the schedule is paused.
        file: the experiment file, as seen from the project's folder.
        gone: whether that file is no longer there.
        pinned: whether its runs have the file's content of when it was scheduled; else each run
            reads the file.
        when_busy: what becomes of a run while another one is going.
        workers: names of the workers that would run it now.
        page: the deployment's page.
    """

    name: str
    cron: str
    timezone: str
    next_run: datetime | None
    file: str
    pinned: bool
    when_busy: WhenBusy
    workers: tuple[str, ...]
    page: str
    gone: bool = False

    def content(self) -> dict[str, Any]:
        """All of it as plain JSON values; the time with its offset from UTC."""
        return asdict(self) | {"next_run": self.next_run and self.next_run.isoformat()}

    def lines(self) -> list[str]:
        """What the user is told."""
        paused = f"paused (`alphabar schedule resume {self.name}`)"
        when = f"next run {self.next_run:%Y-%m-%d %H:%M %Z}" if self.next_run else paused
        lines = [
            f'{self.name}: "{self.cron}" ({self.timezone}), {when}',
            f"  runs {self.reads()}",
            f"  {BUSY[self.when_busy]}",
            f"  page {self.page}",
        ]
        if self.gone and not self.pinned:
            lines.append(
                f"  {self.file} is not there: its runs will fail; put it back, or "
                f"`alphabar schedule remove {self.name}`"
            )
        if not self.workers:
            lines.append("  no worker is running: runs wait until `alphabar up` is")
        return lines

    def reads(self) -> str:
        """What its runs read."""
        if self.pinned:
            return f"{self.file} as it was when it was scheduled (pinned)"
        return f"{self.file} as it is at each run"


def described(
    deployment: "DeploymentResponse", page: str, workers: tuple[str, ...], root: Path
) -> Scheduled:
    """The schedule that a deployment is; ``root`` is the project's folder."""
    rule = deployment.schedules[0] if deployment.schedules else None
    cron = str(getattr(rule.schedule, "cron", "")) if rule else ""
    timezone = str(getattr(rule.schedule, "timezone", None) or "UTC") if rule else "UTC"
    active = bool(rule and rule.active and cron and not deployment.paused)
    given = deployment.parameters
    options = deployment.concurrency_options
    skips = bool(options and options.collision_strategy.value == "CANCEL_NEW")
    return Scheduled(
        deployment.name,
        cron,
        timezone,
        next_run(cron, timezone) if active else None,
        str(given.get("file") or "what was given then"),
        bool(given.get("pin", True)),
        "skip" if skips else "queue",
        workers,
        page,
        "file" in given and not (root / str(given["file"])).is_file(),
    )
