import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import numpy as np
import psutil
import pytest

from components.errors import AlphabarError
from components.files.lock import locked_within
from flows.servers import mlflow_server
from flows.servers.left_runs import hold, let_go, settle_left_runs
from flows.servers.link import Link
from flows.servers.mlflow_record import record_path
from flows.servers.prefect_api import check_answers, client_environment, prefect_home
from flows.servers.prefect_client import prefect_client
from flows.servers.prefect_server import (
    ensure_prefect_server,
    find_prefect_server,
    prefect_server_in_use,
    stop_prefect_server,
    using_prefect_server,
)
from flows.servers.processes import (
    Background,
    await_ready,
    claim_port,
    find,
    find_settled,
    launch,
    stop,
)

UP = (
    "import sys; from pathlib import Path; from flows.servers.up import up; "
    "up(Path(sys.argv[1]), say=lambda line: print(line, flush=True))"
)


def python(tmp_path: Path, code: str) -> Background:
    return launch(
        "the process",
        [sys.executable, "-c", code],
        record=tmp_path / "process.json",
        log=tmp_path / "process.log",
        environment=os.environ,
    )


def runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_a_process_is_found_again_by_its_record(tmp_path: Path) -> None:
    started = python(tmp_path, "import time; time.sleep(60)")
    try:
        assert find(tmp_path / "process.json") == started
    finally:
        stop(started, tmp_path / "process.json")
    assert find(tmp_path / "process.json") is None


@pytest.mark.parametrize("field", ["started", "command"])
def test_another_process_under_the_same_pid_is_not_taken_for_ours(
    tmp_path: Path, field: str
) -> None:
    record = tmp_path / "process.json"
    started = python(tmp_path, "import time; time.sleep(60)")
    try:
        while not psutil.Process(started.pid).cmdline():  # for an instant the kernel shows none
            time.sleep(0.01)
        values = json.loads(record.read_text())
        values[field] = {"started": started.started - 60, "command": ["python", "-c", ""]}[field]
        record.write_text(json.dumps(values))
        assert find(record) is None
    finally:
        stop(started, record)


def test_a_copied_folder_has_no_process_and_stops_none(tmp_path: Path) -> None:
    (home := tmp_path / "project").mkdir()
    started = python(home, "import time; time.sleep(60)")
    try:
        copy = shutil.copytree(home, tmp_path / "copy")
        assert find(copy / "process.json") is None
        assert find_settled(copy / "process.json") is None
        assert find_settled(home / "process.json") == started
    finally:
        stop(started, home / "process.json")


def test_a_link_to_a_folder_is_that_folder(tmp_path: Path) -> None:
    (home := tmp_path / "project").mkdir()
    started = python(home, "import time; time.sleep(60)")
    try:
        (tmp_path / "link").symlink_to(home)
        assert find_settled(tmp_path / "link" / "process.json") == started
    finally:
        stop(started, home / "process.json")


def test_the_process_of_a_moved_folder_is_stopped_for_it_opens_files_where_they_were(
    tmp_path: Path,
) -> None:
    (home := tmp_path / "project").mkdir()
    started = python(home, "import time; time.sleep(60)")
    moved = home.rename(tmp_path / "moved")
    try:
        assert find(moved / "process.json") == started, "for `alphabar down`"
        shutil.copytree(moved, home)  # another project takes the old place
        assert find(home / "process.json") is None
        assert started.alive()
        assert find_settled(moved / "process.json") is None
        assert not started.alive()
    finally:
        stop(started, moved / "process.json")


def test_down_in_a_copied_project_leaves_the_originals_server_alone(
    served_root: Path, tmp_path: Path
) -> None:
    ensure_prefect_server(served_root, say=lambda line: None)
    prefect_home(tmp_path).mkdir()
    shutil.copy(prefect_home(served_root) / "server.json", prefect_home(tmp_path))
    assert find_prefect_server(tmp_path) is None
    assert not stop_prefect_server(tmp_path)
    assert find_prefect_server(served_root) is not None


def test_a_broken_record_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "process.json").write_text('{"pid": 1')
    assert find(tmp_path / "process.json") is None


def test_stopping_leaves_no_child_behind(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
        " start_new_session=True)\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    started = python(tmp_path, code)
    log = tmp_path / "process.log"
    await_ready(started, lambda: log.read_text().endswith("\n"), seconds=20, remedy="")
    child = int(log.read_text())
    stop(started, tmp_path / "process.json", grace=0.5)
    assert not started.alive()
    assert not runs(child)


def test_children_that_a_dead_process_left_are_stopped(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)"
    )
    started = python(tmp_path, code)
    with pytest.raises(AlphabarError, match="ended while starting"):
        await_ready(started, lambda: False, seconds=20, remedy="")
    child = int((tmp_path / "process.log").read_text())
    assert runs(child)
    stop(started, tmp_path / "process.json", grace=0.5)
    assert not runs(child)


def test_a_process_that_ends_while_starting_is_reported_with_its_log(tmp_path: Path) -> None:
    started = python(tmp_path, "import sys; sys.exit('no room on the shelf')")
    with pytest.raises(AlphabarError, match=r"ended while starting[^$]*no room on the shelf"):
        await_ready(started, lambda: False, seconds=20, remedy="make room")


def test_a_process_that_never_answers_is_given_up(tmp_path: Path) -> None:
    started = python(tmp_path, "import time; time.sleep(60)")
    try:
        with pytest.raises(AlphabarError, match="did not answer within 0 s"):
            await_ready(started, lambda: False, seconds=0.3, remedy="wait")
    finally:
        stop(started, tmp_path / "process.json")


def test_a_busy_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AlphabarError, match=f"port {port}") as caught:
            claim_port(port, "the MLflow server", "--mlflow-port")
    assert "--mlflow-port" in caught.value.remedy


def test_a_number_that_is_no_port_is_refused() -> None:
    with pytest.raises(AlphabarError, match="70000"):
        claim_port(70000, "the MLflow server", "--mlflow-port")


def test_a_lock_that_stays_held_is_named_and_the_wait_announced(tmp_path: Path) -> None:
    told: list[str] = []
    with (
        locked_within(tmp_path / "lock", 1, lambda: None),
        pytest.raises(AlphabarError, match="lock"),
        locked_within(tmp_path / "lock", 0.3, lambda: told.append("waiting")),
    ):
        pytest.fail("both hold it")
    assert told == ["waiting"]


def test_two_at_once_end_with_one_server(tmp_path: Path) -> None:
    said: list[str] = []
    try:
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(lambda _: ensure_prefect_server(tmp_path, said.append), "ab")
        assert first == second
        assert sum("starting the Prefect server (" in line for line in said) == 1
        assert sum("is ready after" in line for line in said) == 1
        assert sum("another alphabar" in line for line in said) == 1
    finally:
        server = find_prefect_server(tmp_path)
        assert stop_prefect_server(tmp_path)
    assert server is not None
    assert not server.alive()
    assert not stop_prefect_server(tmp_path)


def test_a_running_server_is_reused_without_a_word(served_root: Path) -> None:
    first = ensure_prefect_server(served_root, say=lambda line: None)
    said: list[str] = []
    url = ensure_prefect_server(served_root, said.append)
    assert (url, said) == (first, [])
    with urllib.request.urlopen(url + "/health", timeout=5) as answer:
        assert answer.read() == b"true"


def test_the_servers_pages_talk_to_its_own_port(served_root: Path) -> None:
    url = ensure_prefect_server(served_root, lambda line: None)
    with urllib.request.urlopen(url.removesuffix("/api") + "/ui-settings", timeout=5) as answer:
        assert json.loads(answer.read())["api_url"] == url


def test_a_server_that_dies_in_a_run_is_started_again_on_its_port(
    tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(migrated, prefect_home(tmp_path))
    url = ensure_prefect_server(tmp_path, lambda line: None)
    for name, value in client_environment(url, tmp_path).items():
        monkeypatch.setenv(name, value)
    said: list[str] = []
    link = Link(tmp_path, said.append)
    try:
        assert link.up()
        server = find_prefect_server(tmp_path)
        assert server is not None
        os.kill(server.pid, signal.SIGKILL)
        assert link.up()
        assert said == ["the Prefect server died; it is started again"]
        check_answers(url)
    finally:
        stop_prefect_server(tmp_path)


def test_a_run_that_ends_or_begins_meanwhile_is_nobodys_to_settle(tmp_path: Path) -> None:
    hold("mine", tmp_path)
    runs = prefect_home(tmp_path) / "runs"
    assert os.listdir(prefect_home(tmp_path)) == ["runs"], "its file came there locked"
    (runs / "gone").symlink_to("what was listed and is gone when it is opened")
    settle_left_runs("http://127.0.0.1:1/api", tmp_path)  # no server is asked
    let_go(tmp_path)
    assert os.listdir(runs) == ["gone"]


def test_a_flow_run_whose_process_is_gone_is_settled_and_one_that_runs_is_not(
    served_root: Path,
) -> None:
    url = ensure_prefect_server(served_root, lambda line: None)
    with prefect_client(url, served_root) as client:
        from prefect import flow
        from prefect.states import Running

        nothing = flow(name="nothing")(lambda: None)
        left, held = (str(client.create_flow_run(nothing, state=Running()).id) for _ in range(2))
        hold(held, served_root)
        (prefect_home(served_root) / "runs" / left).write_text("")
        settle_left_runs(url, served_root)
        states = [client.read_flow_run(UUID(run)).state for run in (left, held)]
    assert [state.type.value for state in states if state] == ["CRASHED", "RUNNING"]
    assert os.listdir(prefect_home(served_root) / "runs") == [held]
    let_go(served_root)
    assert os.listdir(prefect_home(served_root) / "runs") == []


def test_a_server_that_a_run_uses_is_known_to_be_in_use(served_root: Path) -> None:
    assert not prefect_server_in_use(served_root)
    with using_prefect_server(served_root), using_prefect_server(served_root):
        assert prefect_server_in_use(served_root)
    assert not prefect_server_in_use(served_root)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def some_page() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_users_server_is_used_when_it_answers(
    served_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = ensure_prefect_server(served_root, lambda line: None)
    monkeypatch.setenv("PREFECT_API_URL", theirs)
    assert ensure_prefect_server(tmp_path) == theirs
    assert not prefect_home(tmp_path).exists()
    assert "PREFECT_HOME" not in client_environment(theirs, tmp_path)


def test_a_users_server_that_does_not_answer_is_an_error() -> None:
    with socket.socket() as silent:  # accepts, and never says a word
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api"
        began = time.monotonic()
        with pytest.raises(AlphabarError, match=f"{url} does not answer"):
            check_answers(url, seconds=0.5)
        assert time.monotonic() - began < 20


@pytest.mark.parametrize("url", ["nonsense", "http://127.0.0.1:1/api", "ftp://x"])
def test_an_address_that_cannot_be_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", url)
    with pytest.raises(AlphabarError, match="PREFECT_API_URL"):
        ensure_prefect_server(tmp_path)


def test_a_page_that_is_no_prefect_api_is_an_error(
    some_page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", some_page)
    with pytest.raises(AlphabarError, match="is no Prefect API"):
        ensure_prefect_server(tmp_path)


def test_our_own_setting_is_not_taken_for_the_users(
    served_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = ensure_prefect_server(served_root, lambda line: None)
    for name, value in client_environment(url, served_root).items():
        monkeypatch.setenv(name, value)
    assert client_environment(url, served_root)["PREFECT_HOME"] == str(prefect_home(served_root))


def test_a_failing_flow_prints_nothing_but_its_log_reaches_the_server(
    served_root: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import time\n"
        "from prefect import flow, get_run_logger, task\n"
        "@task\n"
        "def fail():\n"
        "    get_run_logger().info('about to fail')\n"
        "    raise ValueError('failed on purpose')\n"
        "@flow\n"
        "def quiet(): fail()\n"
        "try: quiet()\n"
        "except ValueError as error: print(error)\n"
    )
    url = ensure_prefect_server(served_root, lambda line: None)
    ran = subprocess.run(
        [sys.executable, script],
        env={**os.environ, **client_environment(url, served_root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.stdout, ran.stderr) == ("failed on purpose\n", "")
    query = urllib.request.Request(
        url + "/logs/filter", data=b"{}", headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(query, timeout=10) as answer:
        messages = [entry["message"] for entry in json.loads(answer.read())]
    assert "about to fail" in messages
    assert any("failed on purpose" in message for message in messages)


def test_the_mlflow_server_shows_an_image_of_a_run(tmp_path: Path) -> None:
    import mlflow

    folder = tmp_path / "mlruns"
    folder.mkdir()
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiment = client.create_experiment("digits", (folder / "artifacts").as_uri())
    run = client.create_run(experiment).info.run_id
    client.log_image(run, np.zeros((8, 8, 3), np.uint8), artifact_file="seven.png")

    server = mlflow_server.start_mlflow_server(tmp_path)
    try:
        mlflow_server.await_mlflow_server(server)
        assert mlflow_server.start_mlflow_server(tmp_path) == server
        page = mlflow_server.page_url(server)
        address = f"{page}/get-artifact?path=seven.png&run_uuid={run}"
        with urllib.request.urlopen(address, timeout=20) as answer:
            assert answer.read().startswith(b"\x89PNG")
    finally:
        stop(server, record_path(tmp_path))


def test_a_server_that_dies_under_up_is_reported_and_the_rest_stops(served_root: Path) -> None:
    command = [sys.executable, "-c", UP, served_root]
    with (
        using_prefect_server(served_root),
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as shown,
    ):
        assert shown.stdout is not None
        next(line for line in shown.stdout if "Ctrl-C" in line)
        family = psutil.Process(shown.pid).children(recursive=True)
        mlflow = find(record_path(served_root))
        assert mlflow is not None
        os.kill(mlflow.pid, signal.SIGKILL)
        printed, errors = shown.communicate(timeout=60)
    assert shown.returncode == 1  # of a bare script: the command line makes it 2
    assert f"AlphabarError: the MLflow server (process {mlflow.pid}) died" in errors
    assert len(family) >= 3  # MLflow, its uvicorn, the worker; Prefect's server was there before
    assert [process for process in family if runs(process.pid)] == []
    assert "the Prefect server stays" in printed
    assert find_prefect_server(served_root) is not None
