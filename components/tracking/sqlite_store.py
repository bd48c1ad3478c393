"""MLflow's SQLite file: made once, whole or not at all, and checked before MLflow sees it."""

import contextlib
import sqlite3
from pathlib import Path

from mlflow.exceptions import MlflowException
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy.exc import SQLAlchemyError

from components.errors import AlphabarError
from components.files.full_disk import naming_a_full_disk
from components.files.lock import locked
from components.tracking.moved_store import follow_the_folder

PREFIX = "sqlite:///"
UNSET = "unset MLFLOW_TRACKING_URI to record under mlruns/"


def sqlite_uri(database: Path) -> str:
    """The address under which MLflow and SQLAlchemy open ``database``."""
    return f"{PREFIX}{database.absolute()}"


def sqlite_path(uri: str) -> Path:
    """The file behind a ``sqlite:///`` address. Raises AlphabarError when there is none."""
    path = uri.removeprefix(PREFIX)
    if path == uri or path in ("", ":memory:") or "?" in path:
        raise AlphabarError(
            f"{uri} is not the address of an SQLite file",
            f"write {PREFIX}path/to/file.db, or {UNSET}",
        )
    return Path(path)


def artifact_root(database: Path) -> Path:
    """Where the artifacts of the runs in ``database`` lie: beside it."""
    return database.absolute().parent / "artifacts"


def open_sqlite(database: Path) -> None:
    """Make ``database`` unless it is there, and check that MLflow can write to it.

    In a folder that was copied or moved its records are made to point to the folder's own files.

    Raises:
        AlphabarError: the folder or the file cannot be written, or the file is no MLflow
            database of this version.
    """
    uri = sqlite_uri(database)
    try:
        with naming_a_full_disk(database.parent):
            database.parent.mkdir(parents=True, exist_ok=True)
            with locked(lock_path(database)):
                if not database.exists():
                    _make(database)
    except (OSError, SQLAlchemyError, MlflowException) as error:
        raise _not_writable(uri, error) from error
    _check(database, uri)
    try:
        follow_the_folder(database, artifact_root(database))
    except sqlite3.Error as error:
        raise _not_writable(uri, error) from error


def lock_path(database: Path) -> Path:
    """The file that is locked while a run is looked for and made."""
    return database.with_name(f".{database.name}.lock")


def _make(database: Path) -> None:
    """Migrate beside the final name, so that a kill leaves no half-made database behind."""
    new = database.with_name(f".{database.name}.new")
    for leftover in (new, new.with_name(f"{new.name}-journal")):
        leftover.unlink(missing_ok=True)
    store = SqlAlchemyStore(sqlite_uri(new), artifact_root(database).as_uri())
    store.engine.dispose()
    new.rename(database)


def _check(database: Path, uri: str) -> None:
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=4.0)) as connection:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            if names:
                # a write that changes nothing: on a read-only file only a write fails
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(f"PRAGMA user_version = {int(version)}")
                connection.rollback()
    except sqlite3.DatabaseError as error:
        if "readonly" in str(error) or "unable to open" in str(error):
            raise _not_writable(uri, error) from error
        raise AlphabarError(
            f"the MLflow store {uri} cannot be used: {error}",
            f"restore {database} from a copy, or move it away: a new one is made; or {UNSET}",
        ) from error
    if not {"alembic_version", "experiments"} <= names:
        raise AlphabarError(
            f"{uri} is not an MLflow database", f"give another file, or move it away, or {UNSET}"
        )


def _not_writable(uri: str, error: Exception) -> AlphabarError:
    return AlphabarError(
        f"the MLflow store {uri} cannot be written: {str(error).splitlines()[0]}",
        f"make the folder and the file writable, give another MLFLOW_TRACKING_URI, or {UNSET}",
    )
