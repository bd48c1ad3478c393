"""A project's records after its folder was copied or moved: they point into the new place.

MLflow's database has the full address of every artifact. In a copied folder it would read the
original's artifacts and write new ones among them.
"""

import contextlib
import sqlite3
import urllib.parse
import urllib.request
from pathlib import Path

ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Tables and columns that may hold an address under the artifacts' folder."""

HOME = ("mlruns", "artifacts")
"""The end of the path of artifacts that alphabar places; others' places are left alone."""


def follow_the_folder(database: Path, artifacts: Path) -> bool:
    """Make the addresses in ``database`` begin with ``artifacts``, in one transaction.

    Only for a project's own store: ``mlruns/mlflow.db`` beside ``mlruns/artifacts``, the old
    place being of that form too. A link to the same folder changes nothing.

    Returns:
        whether the folder had been copied or moved.

    Raises:
        sqlite3.Error: the database cannot be read or written.
    """
    if artifacts.parts[-2:] != HOME:
        return False
    with contextlib.closing(sqlite3.connect(database, timeout=4.0)) as connection:
        old = _recorded_place(connection)
        if old is None or old.parts[-2:] != HOME or _same(old, artifacts):
            return False
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            for before, after in ((old.as_uri(), artifacts.as_uri()), (str(old), str(artifacts))):
                for table, column in ADDRESSES:
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608 - ours
                        f"WHERE substr({column}, 1, ?) = ?",
                        (after, len(before) + 1, len(before) + 1, f"{before}/"),
                    )
    return True


def _recorded_place(connection: sqlite3.Connection) -> Path | None:
    """The artifacts' folder when the database was made: above its first experiment's."""
    row = connection.execute(
        "SELECT artifact_location FROM experiments ORDER BY experiment_id LIMIT 1"
    ).fetchone()
    parts = urllib.parse.urlsplit(row[0] or "") if row else None
    if parts is None or parts.scheme != "file":
        return None
    return Path(urllib.request.url2pathname(parts.path)).parent


def _same(old: Path, new: Path) -> bool:
    """Whether both are one folder, by whichever links."""
    return old == new or old.parent.resolve() == new.parent.resolve()
