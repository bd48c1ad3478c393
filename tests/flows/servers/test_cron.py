"""When a schedule's runs are due, also on the days on which clocks change."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prefect.server.schemas.schedules import CronSchedule
from typer.testing import CliRunner

from components.errors import AlphabarError
from flows.cli import app
from flows.servers import deployment
from flows.servers.cron import checked_timezone, local_timezone, next_run

AHEAD = 3
"""Runs that Prefect's scheduler keeps ahead; it makes new ones when there are fewer."""


def scheduled(cron: str, timezone: str, first: datetime, days: int) -> list[datetime]:
    """The runs that a scheduler makes that looks every ten minutes, as Prefect's does more often.

    Its answer depends on when it is asked: so a time may come twice, or never.
    """
    schedule = CronSchedule(cron=cron, timezone=timezone)
    made: set[datetime] = set()
    for minute in range(5, days * 1440, 10):
        now = first + timedelta(minutes=minute)
        if sum(due >= now for due in made) < AHEAD:
            dates = sorted(schedule._get_dates_generator(AHEAD, now))
            made |= {datetime.fromtimestamp(due.timestamp(), UTC) for due in dates}
    last = first + timedelta(days=days)
    return sorted(due.astimezone(ZoneInfo(timezone)) for due in made if due < last)


@pytest.mark.parametrize(
    ("timezone", "day", "cron", "clock"),
    [
        ("Europe/Berlin", date(2026, 3, 29), "30 2 * * *", "01:30+0100"),  # 2:30 is not
        ("Europe/Berlin", date(2026, 3, 29), "0 3 * * *", "03:00+0200"),
        ("Europe/Berlin", date(2026, 10, 25), "30 2 * * *", "02:30+0200"),  # 2:30 is twice
        ("Europe/Berlin", date(2026, 10, 25), "0 3 * * *", "03:00+0100"),
        ("America/New_York", date(2026, 3, 8), "30 2 * * *", "01:30-0500"),
        ("America/New_York", date(2026, 11, 1), "30 1 * * *", "01:30-0400"),
    ],
)
def test_each_local_day_has_its_run_once_where_clocks_change(
    timezone: str, day: date, cron: str, clock: str
) -> None:
    first = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)) - timedelta(days=2)
    due = scheduled(cron, timezone, first.astimezone(UTC), 5)
    assert [each.date() for each in due] == [first.date() + timedelta(days=i) for i in range(5)]
    assert [f"{each:%H:%M%z}" for each in due if each.date() == day] == [clock]


@pytest.mark.parametrize(
    ("cron", "fault"),
    [
        ("0 2 * *", "has 4 fields, not 5"),
        ("0 2 * * * 30", "has 6 fields, not 5"),
        ("61 2 * * *", '"61" is no minute'),
        ("0 24 * * *", '"24" is no hour'),
        ("0 2 0 * *", '"0" is no day of month'),
        ("0 2 * smarch *", '"smarch" is no month'),
        ("0 2 * * 9", '"9" is no day of week'),
        ("0 2 30 2 *", "never comes"),
        ("", "has 0 fields"),
        ("H 2 * * *", '"H" is no minute'),
    ],
)
def test_a_faulty_cron_expression_is_refused_by_field(cron: str, fault: str) -> None:
    with pytest.raises(AlphabarError, match=fault) as caught:
        next_run(cron, "UTC")
    assert "five fields" in caught.value.remedy


def test_the_next_run_is_in_the_time_zone_that_was_asked_for() -> None:
    following = next_run("30 2 * * *", "Asia/Kolkata")
    assert (following.hour, following.minute) == (2, 30)
    assert following.utcoffset() == timedelta(hours=5, minutes=30)
    assert timedelta(0) < following - datetime.now(UTC) <= timedelta(days=1)


def test_a_time_zone_is_known_by_its_name_and_a_mistyped_one_is_told_the_nearest() -> None:
    assert checked_timezone("Europe/Berlin") == "Europe/Berlin"
    for name in ("Europ/Berlin", "../etc/passwd", ""):
        with pytest.raises(AlphabarError, match="is no time zone") as caught:
            checked_timezone(name)
        assert "IANA" in caught.value.remedy
    with pytest.raises(AlphabarError) as caught:
        checked_timezone("Europ/Berlin")
    assert "did you mean `Europe/Berlin`?" in caught.value.remedy


def test_the_machines_time_zone_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    assert local_timezone() == "America/New_York"
    monkeypatch.setenv("TZ", "Mars/Olympus")
    assert ZoneInfo(local_timezone())


def test_an_empty_time_zone_is_not_this_machine_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "schedule", lambda *_, **__: pytest.fail("it is scheduled"))
    file = tmp_path / "e.yaml"
    file.write_text("name: a\ndata: {source: digits}\n")
    words = ["schedule", str(file), "--cron", "0 2 * * *", "--timezone", ""]
    assert "'' is no time zone" in str(CliRunner().invoke(app, words).exception)
