import http.server
import os
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.errors import AlphabarError
from components.tracking import connect
from components.tracking.connection import public


def test_the_default_store_lies_under_mlruns(root: Path) -> None:
    tracker = connect(None, root)
    run_id = tracker.sweep("digits", "k" * 64, {}, {})
    assert tracker.uri == f"sqlite:///{root}/mlruns/mlflow.db"
    artifact_uri = tracker.client.get_run(run_id).info.artifact_uri
    assert artifact_uri.startswith((root / "mlruns" / "artifacts" / "digits").as_uri())


def test_two_processes_open_a_new_store_at_once_in_silence(tmp_path: Path) -> None:
    code = (
        "import logging, sys; from pathlib import Path; logging.basicConfig(level=logging.INFO)\n"
        "from components.tracking import connect\n"
        "tracker = connect(None, Path(sys.argv[1]))\n"
        "tracker.finish(tracker.sweep('digits', 'a' * 64, {}, {}), 'FINISHED')"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    assert said == ["", ""]
    tracker = connect(None, tmp_path)
    experiment = tracker.client.get_experiment_by_name("digits")
    assert len(tracker.client.search_runs([experiment.experiment_id])) == 1


def test_a_migration_that_was_killed_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / ".mlflow.db.new").write_bytes(b"half a database")
    assert connect(None, tmp_path).sweep("digits", "a" * 64, {}, {})


def test_a_server_that_is_down_is_named_within_five_seconds(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{unused.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(AlphabarError) as caught:
            connect(uri, tmp_path)
    assert (
        time.monotonic() - started < 20
    )  # not the clients' minutes of retries; these machines are noisy
    assert uri in caught.value.what
    assert "connection refused" in caught.value.what
    assert "alphabar up" in caught.value.remedy
    assert "MLFLOW_TRACKING_URI" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_never_answers_is_given_up_within_five_seconds(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        started = time.monotonic()
        with pytest.raises(AlphabarError, match="no answer within 4 s"):
            connect(f"http://127.0.0.1:{mute.getsockname()[1]}", tmp_path)
        assert (
            time.monotonic() - started < 20
        )  # not the clients' minutes of retries; these machines are noisy


@pytest.fixture
def stranger() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_another_program_at_the_address_is_not_taken_for_mlflow(
    stranger: str, tmp_path: Path
) -> None:
    with pytest.raises(AlphabarError, match="404"):
        connect(stranger, tmp_path)


@pytest.mark.parametrize(
    "uri", ["http://no-such-host.invalid:5000", "http://", "postgresql://me:pw@127.0.0.1:1/mlflow"]
)
def test_a_bad_host_is_named(uri: str, tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="not reachable") as caught:
        connect(uri, tmp_path)
    assert "pw@" not in str(caught.value)


@pytest.mark.parametrize("uri", ["file:///tmp/mlruns", "mlruns", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_cannot_hold_runs_is_refused(uri: str, tmp_path: Path) -> None:
    with pytest.raises(AlphabarError) as caught:
        connect(uri, tmp_path)
    assert uri in caught.value.what
    assert "sqlite:///path/to/file.db" in caught.value.remedy


def test_a_broken_sqlite_file_is_named_and_kept(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    database.write_bytes(b"this is no database at all, " * 100)
    before = database.read_bytes()
    with pytest.raises(AlphabarError, match=str(database)):
        connect(f"sqlite:///{database}", tmp_path)
    assert database.read_bytes() == before


def test_somebody_elses_database_is_not_written_into(tmp_path: Path) -> None:
    database = tmp_path / "accounts.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE accounts (id INTEGER)")
    with pytest.raises(AlphabarError, match="not an MLflow database"):
        connect(f"sqlite:///{database}", tmp_path)
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)


def test_a_database_of_another_mlflow_is_named_with_the_upgrade(root: Path) -> None:
    with sqlite3.connect(root / "mlruns" / "mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'older'")
    connection.close()
    with pytest.raises(AlphabarError) as caught:
        connect(None, root).sweep("digits", "a" * 64, {}, {})
    assert "mlflow db upgrade" in str(caught.value)


def _skip_where_root_writes_everywhere(path: Path) -> None:
    if os.access(path, os.W_OK):
        pytest.skip("this user may write to read-only files")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    _skip_where_root_writes_everywhere(tmp_path)
    try:
        with pytest.raises(AlphabarError, match="cannot be written"):
            connect(None, tmp_path)
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_a_file_system_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="/proc/mlflow.db cannot be written") as caught:
        connect("sqlite:////proc/mlflow.db", tmp_path)
    assert "MLFLOW_TRACKING_URI" in caught.value.remedy


def test_a_file_that_cannot_be_written_is_named(root: Path) -> None:
    (root / "mlruns" / "mlflow.db").chmod(stat.S_IRUSR)
    _skip_where_root_writes_everywhere(root / "mlruns" / "mlflow.db")
    with pytest.raises(AlphabarError, match="cannot be written"):
        connect(None, root)


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "mlruns").write_text("in the way")
    with pytest.raises(AlphabarError, match="mlruns"):
        connect(None, tmp_path)


def test_passwords_do_not_reach_messages() -> None:
    assert public("https://me:secret@host:5000/x") == "https://me:***@host:5000/x"
    assert public("http://host") == "http://host"
