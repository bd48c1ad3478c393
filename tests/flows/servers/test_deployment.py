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
from functools import partial
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from prefect import flow

from components.errors import AlphabarError
from components.spec.experiment import Experiment
from flows.servers.deployment import (
    own,
    register,
    run_now,
    schedule,
    schedules,
    switch,
    unschedule,
)
from flows.servers.form import content_digest
from flows.servers.prefect_api import OWN_SERVER, check_answers
from flows.servers.prefect_client import online_workers, prefect_client, work_pool
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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An experiment file."""
    path = tmp_path / "nightly.yaml"
    path.write_text(
        "name: nightly\n"
        "data: {source: digits, style: regular, size: 8}\n"
        "sweep: {sampling.guidance: [1, 2.5]}\n"
    )
    return path


def test_a_faulty_cron_expression_starts_no_server(file: Path, tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="minute"):
        schedule(file, "x 2 * * *", "UTC", tmp_path)
    assert list(tmp_path.iterdir()) == [file]


def test_an_experiment_has_one_schedule_which_can_be_changed_paused_and_removed(
    served_root: Path, file: Path
) -> None:
    schedule(file, "0 2 * * *", "UTC", served_root, pin=True, say=silent)
    zone = "Asia/Kolkata"
    made = schedule(file, "30 4 * * mon", zone, served_root, when_busy="skip", say=silent)
    assert (made.name, made.pinned, made.when_busy, made.workers) == ("nightly", False, "skip", ())
    said = "\n".join(made.lines())
    for words in (f"{file} as it is at each run", zone, "is cancelled", "no worker is running"):
        assert words in said
    assert made.next_run is not None
    assert (made.next_run.hour, made.next_run.minute, made.next_run.weekday()) == (4, 30, 0)
    assert schedules(served_root) == [made]

    kept = file.rename(file.with_suffix(".kept"))
    (gone,) = schedules(served_root)
    assert "is not there: its runs will fail" in "\n".join(gone.lines())
    kept.rename(file)

    paused = switch("nightly", served_root, on=False)
    assert paused.next_run is None
    assert "paused" in paused.lines()[0]
    assert switch("nightly", served_root, on=True) == made

    unschedule("nightly", served_root)
    assert schedules(served_root) == []
    with pytest.raises(AlphabarError, match="no schedule is named nightly") as caught:
        unschedule("nightly", served_root)
    assert caught.value.remedy.startswith("make one: `alphabar schedule FILE")


def test_a_schedules_form_has_the_experiment_and_a_run_by_hand_is_due_now(
    served_root: Path, file: Path, experiment: Experiment
) -> None:
    schedule(file, "0 2 * * *", "UTC", served_root, pin=True, say=silent)
    called, page, working = run_now("nightly", served_root)
    api = ensure_prefect_server(served_root)
    with prefect_client(api, served_root) as client:
        (deployment,) = client.read_deployments()
        run = client.read_flow_run(UUID(page.rpartition("/")[2]))
    unschedule("nightly", served_root)
    assert Experiment.model_validate(deployment.parameters["experiment"]) == experiment
    assert deployment.parameters["as_scheduled"] == content_digest(experiment)
    form = deployment.parameter_openapi_schema
    assert form["properties"]["experiment"]["$ref"] == "#/definitions/Experiment"
    assert (run.name, run.deployment_id, working) == (called, deployment.id, False)
    assert called.startswith("nightly 20")
    assert run.state is not None
    assert run.state.is_scheduled()


def test_a_schedules_form_follows_its_file_unless_it_is_pinned(
    served_root: Path, file: Path
) -> None:
    def form() -> tuple[dict[str, object], str]:
        with prefect_client(ensure_prefect_server(served_root), served_root) as client:
            (deployment,) = own(client, served_root)
        return deployment.parameters, str(deployment.description)

    before = file.read_text()
    for pin, steps in ((True, None), (False, 77)):
        file.write_text(before)
        schedule(file, "0 2 * * *", "UTC", served_root, pin=pin, say=silent)
        first, words = form()
        assert f"{datetime.now(UTC):%Y-%m-%d}" in words
        assert ("pinned" in words) == pin
        file.write_text(f"{before}training: {{steps: 77}}\n")
        assert [found.name for found in schedules(served_root)] == ["nightly"]
        now, _ = form()
        assert (now == first) == pin
        content = Experiment.model_validate(now["experiment"])
        assert content_digest(content) == now["as_scheduled"], (
            "a run would take it for a custom one"
        )
        assert content.as_written().get("training", {}).get("steps") == steps
        file.write_text("name: [")
        schedules(served_root)
        assert form()[0] == now, "a file that is wrong leaves the form as it is"
    unschedule("nightly", served_root)


def test_schedules_go_along_with_a_moved_folder_and_are_paused_in_a_copy(
    served_root: Path, file: Path, tmp_path: Path
) -> None:
    """The database of the server is as it was; the folder around it has another name."""
    from prefect.client.schemas.actions import DeploymentUpdate

    schedule(file, "0 2 * * *", "UTC", served_root, say=silent)
    api = ensure_prefect_server(served_root)
    for before, paused, word in ((tmp_path / "gone", False, "made in"), (tmp_path, True, "copy")):
        with prefect_client(api, served_root) as client:
            (deployment,) = own(client, served_root)
            variables = deployment.job_variables | {"working_dir": str(before)}
            client.update_deployment(deployment.id, DeploymentUpdate(job_variables=variables))
            assert own(client, served_root) == []
        told: list[str] = []
        (found,) = schedules(served_root, told.append)
        assert (found.next_run is None) == paused
        assert f"{word} {before}".replace("copy", "copy of") in told[0]
        with prefect_client(api, served_root) as client:
            (deployment,) = own(client, served_root)
            assert deployment.job_variables["command"] == variables["command"]
    unschedule("nightly", served_root)


def test_folders_that_share_a_server_have_schedules_of_their_own(
    served_root: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule(file, "0 2 * * *", "UTC", served_root, say=silent)
    api = ensure_prefect_server(served_root)
    monkeypatch.delenv(OWN_SERVER, raising=False)
    monkeypatch.setenv("PREFECT_API_URL", api)
    assert schedules(tmp_path) == []
    for act in (unschedule, run_now, partial(switch, on=False)):
        with pytest.raises(AlphabarError, match="no schedule is named nightly"):
            act("nightly", tmp_path)
    with pytest.raises(AlphabarError, match="of another folder"):
        schedule(file, "0 3 * * *", "UTC", tmp_path)
    (theirs,) = schedules(served_root)
    assert theirs.cron == "0 2 * * *"
    unschedule("nightly", served_root)


def test_on_a_shared_server_each_folder_has_a_work_pool_of_its_own(
    served_root: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert work_pool(served_root) == work_pool(tmp_path) == "alphabar"
    schedule(file, "0 2 * * *", "UTC", served_root, say=silent)
    api = ensure_prefect_server(served_root)
    monkeypatch.delenv(OWN_SERVER, raising=False)
    monkeypatch.setenv("PREFECT_API_URL", api)
    pool, told = work_pool(served_root), list[str]()
    assert pool not in ("alphabar", work_pool(tmp_path))
    (found,) = schedules(served_root, told.append)
    assert f"in the work pool {pool} now, not in alphabar" in told[0]
    assert found.next_run is not None
    with prefect_client(api, served_root) as client:
        (deployment,) = own(client, served_root)
        assert client.read_work_pool(pool).type == "process"
    assert deployment.work_pool_name == pool
    schedules(served_root, told.append)
    assert len(told) == 1, "it is said once"
    unschedule("nightly", served_root)


@pytest.fixture
def up(served_root: Path) -> Iterator["subprocess.Popen[str]"]:
    here, given = str(Path(__file__).parent), os.environ.get("PYTHONPATH")
    path = os.pathsep.join(filter(None, (here, given)))
    with subprocess.Popen(
        [sys.executable, "-c", UP, served_root],
        env={**os.environ, "PYTHONPATH": path},  # where the workers find leave_a_note
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
        assert len(online_workers(client, "alphabar")) == 1
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
