import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import pytest
from prefect import flow

from components.errors import AlphabarError
from components.spec.experiment import Experiment
from flows.servers.deployment import (
    local_timezone,
    next_run,
    register,
    schedule,
    schedules,
    unschedule,
)
from flows.servers.prefect_api import check_answers
from flows.servers.prefect_client import online_workers, prefect_client
from flows.servers.prefect_server import ensure_prefect_server

UP = (
    "import sys; from pathlib import Path; from flows.servers.up import up; "
    "up(Path(sys.argv[1]), say=lambda line: print(line, flush=True))"
)


def silent(line: str) -> None:
    pass


@flow
def leave_a_note(experiment: Experiment, note: str) -> None:
    """What a scheduled run sees of its surroundings; then it goes on until it is killed.

    It is deaf to SIGTERM, as a run whose threads wait for long stages is.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    seen = {
        "name": experiment.name,
        "here": str(Path.cwd()),
        "python": sys.executable,
        "api": os.environ["PREFECT_API_URL"],
        "pid": os.getpid(),
    }
    written = Path(note).with_suffix(".part")
    written.write_text(json.dumps(seen))
    written.replace(note)
    time.sleep(60)


@pytest.fixture
def experiment() -> Experiment:
    return Experiment.model_validate(
        {
            "name": "nightly",
            "data": {"source": "digits", "style": "regular", "size": 8},
            "sweep": {"sampling.guidance": [1, 2.5]},
        }
    )


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


def test_the_machines_time_zone_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    assert local_timezone() == "America/New_York"
    monkeypatch.setenv("TZ", "Mars/Olympus")
    assert ZoneInfo(local_timezone())


def test_a_faulty_cron_expression_starts_no_server(tmp_path: Path, experiment: Experiment) -> None:
    with pytest.raises(AlphabarError, match="minute"):
        schedule(experiment, "x 2 * * *", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_experiment_has_one_schedule_which_can_be_changed_and_removed(
    served_root: Path, experiment: Experiment
) -> None:
    schedule(experiment, "0 2 * * *", served_root, silent)
    scheduled = schedule(experiment, "30 4 * * mon", served_root, silent)
    assert scheduled.name == "nightly"
    assert scheduled.workers == ()
    assert "no worker is running" in scheduled.lines()[1]
    assert scheduled.next_run is not None
    assert (scheduled.next_run.minute, scheduled.next_run.weekday()) == (30, 0)
    assert schedules(served_root) == [scheduled]

    unschedule("nightly", served_root)
    assert schedules(served_root) == []
    with pytest.raises(AlphabarError, match="no schedule is named nightly"):
        unschedule("nightly", served_root)


def test_the_scheduled_parameters_are_the_experiment(
    served_root: Path, experiment: Experiment
) -> None:
    schedule(experiment, "0 2 * * *", served_root, silent)
    api = ensure_prefect_server(served_root)
    with prefect_client(api, served_root) as client:
        (deployment,) = client.read_deployments()
    unschedule("nightly", served_root)
    assert Experiment.model_validate(deployment.parameters["experiment"]) == experiment
    assert deployment.parameters["root"] == str(served_root.resolve())
    form = deployment.parameter_openapi_schema
    assert form["properties"]["experiment"]["$ref"] == "#/definitions/Experiment"


@pytest.fixture
def up(served_root: Path) -> Iterator["subprocess.Popen[str]"]:
    here = str(Path(__file__).parent)
    with subprocess.Popen(
        [sys.executable, "-c", UP, served_root],
        env={**os.environ, "PYTHONPATH": here},  # where the workers find leave_a_note
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.terminate()
        process.wait(60)


@pytest.mark.slow
def test_the_scheduler_starts_a_run_and_ctrl_c_stops_everything(
    up: "subprocess.Popen[str]", served_root: Path, tmp_path: Path, experiment: Experiment
) -> None:
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName
    from prefect.client.schemas.schedules import IntervalSchedule

    assert up.stdout is not None
    next(line for line in up.stdout if "Ctrl-C" in line)
    note = tmp_path / "note.json"
    parameters = {"experiment": experiment.model_dump(mode="json"), "note": str(note)}
    soon = IntervalSchedule(interval=timedelta(seconds=10))  # cron has no finer step than 60 s
    api = ensure_prefect_server(served_root)
    with prefect_client(api, served_root) as client:
        entrypoint = "test_deployment.leave_a_note"
        register(client, leave_a_note, entrypoint, "noted", parameters, soon, served_root)
        assert len(online_workers(client)) == 1
        deadline = time.monotonic() + 90
        while not note.exists() and time.monotonic() < deadline:
            time.sleep(0.5)
        seen = json.loads(note.read_text())
        ours = FlowFilter(name=FlowFilterName(any_=["leave-a-note"]))
        runs = [run for run in client.read_flow_runs(flow_filter=ours) if run.start_time]
    assert seen | {"pid": 0} == {
        "name": "nightly",
        "here": str(served_root.resolve()),
        "python": sys.executable,
        "api": api,
        "pid": 0,
    }
    assert [run.auto_scheduled for run in runs] == [True]
    assert runs[0].created_by.type == "SCHEDULE"

    family = psutil.Process(up.pid).children(recursive=True)
    assert seen["pid"] in [process.pid for process in family]
    up.send_signal(signal.SIGINT)
    printed, errors = up.communicate(timeout=60)
    assert (up.returncode, errors) == (0, "")
    assert printed.splitlines() == ["stopping ...", "stopped"]
    assert not [process for process in family if _runs(process)]
    assert not _answers(api)
    with contextlib.closing(sqlite3.connect(served_root / ".prefect" / "prefect.db")) as database:
        states = database.execute(
            "SELECT state_type FROM flow_run WHERE deployment_id NOTNULL AND start_time NOTNULL"
        ).fetchall()
    assert states == [("CRASHED",)]


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _answers(api: str) -> bool:
    try:
        check_answers(api)
    except AlphabarError:
        return False
    return True
