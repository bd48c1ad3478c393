import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from components.tracking import Registered, Tracker, connect, load_model_dir
from components.tracking.sqlite_store import artifact_root, open_sqlite

Enter = Callable[..., Registered]


@pytest.fixture
def original(root: Path, tracker: Tracker, enter: Enter) -> Path:
    """A project with a run, its artifacts and a registered model."""
    enter("a1", 150.0)
    return root


def addresses(root: Path) -> str:
    """All that the database says, as text."""
    with sqlite3.connect(root / "mlruns" / "mlflow.db") as connection:
        return "\n".join(connection.iterdump())


def files(root: Path) -> dict[Path, bytes]:
    folder = root / "mlruns" / "artifacts"
    return {p.relative_to(root): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_copied_project_reads_and_writes_its_own_artifacts_only(
    original: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(original, copy)
    untouched = files(original)
    tracker = connect(None, copy)
    assert original.as_uri() not in addresses(copy)
    assert str(original) not in addresses(copy)
    model = load_model_dir(tracker, "digits", "champion")
    assert model.is_relative_to(copy)
    run = tracker.sweep("digits", "b" * 64, {}, {})
    tracker.client.log_text(run, "of the copy", "note.txt")
    assert files(original) == untouched
    assert [p.name for p in files(copy).keys() - untouched.keys()] == ["note.txt"]


def test_a_moved_project_still_has_its_models(original: Path, tmp_path: Path) -> None:
    moved = original.rename(tmp_path / "moved")
    assert load_model_dir(connect(None, moved), "digits", "champion").is_relative_to(moved)


def test_a_link_to_the_folder_changes_nothing(original: Path, tmp_path: Path) -> None:
    before = addresses(original)
    (tmp_path / "link").symlink_to(original)
    connect(None, tmp_path / "link")
    assert addresses(original) == before


def test_artifacts_that_a_user_placed_elsewhere_stay_there(root: Path, tmp_path: Path) -> None:
    database = tmp_path / "theirs" / "mlflow.db"
    database.parent.mkdir()
    shutil.copy(root / "mlruns" / "mlflow.db", database)
    before = database.read_bytes()
    open_sqlite(database)
    assert database.read_bytes() == before
    assert artifact_root(database).parent == database.parent
