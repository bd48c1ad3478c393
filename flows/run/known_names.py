"""Names in MLflow's SQLite file, read without MLflow: importing that takes seconds.

They serve to refuse early what is not there and to say what was meant. Where the store is another
one, or its tables are not as known, nothing is known, and MLflow itself is asked.
"""

import contextlib
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from components.spec.record_tags import CELL, PARENT, SWEEP
from components.spec.recorded_names import SHORTEST_ID, with_those_above
from flows.run.recorded import SECONDS, SQLITE
from flows.workspace import Workspace

VERSIONS = """
SELECT m.name, a.alias, 0 FROM registered_models m
JOIN registered_model_aliases a ON a.name = m.name
UNION ALL
SELECT m.name, v.version, 1 FROM registered_models m
JOIN model_versions v ON v.name = m.name AND v.current_stage != 'Deleted_Internal'
UNION ALL
SELECT m.name, NULL, 2 FROM registered_models m
ORDER BY 1, 3, 2
"""
RUNS = """
SELECT e.name, r.run_uuid, r.name, c.value, p.value, n.value, s.value FROM experiments e
JOIN runs r ON r.experiment_id = e.experiment_id
LEFT JOIN tags c ON c.run_uuid = r.run_uuid AND c.key = ?
LEFT JOIN tags p ON p.run_uuid = r.run_uuid AND p.key = ?
LEFT JOIN tags n ON n.run_uuid = r.run_uuid AND n.key = 'mlflow.parentRunId'
LEFT JOIN tags s ON s.run_uuid = r.run_uuid AND s.key = ?
WHERE e.lifecycle_stage = 'active' AND r.lifecycle_stage = 'active'
"""


def store_path(workspace: Workspace) -> Path | None:
    """The SQLite file that runs are recorded in; None where it is no such file, or not there."""
    path = _named(workspace)
    return path if path and path.is_file() else None


def missing_store(workspace: Workspace) -> Path | None:
    """The SQLite file that is to be read and is not there, which to connect to it would make."""
    path = _named(workspace)
    return None if path is None or path.is_file() else path


def _named(workspace: Workspace) -> Path | None:
    uri = workspace.tracking_uri
    if uri is None:
        return workspace.root / "mlruns" / "mlflow.db"
    name = uri.removeprefix(SQLITE)
    no_file = name == uri or name in ("", ":memory:") or "?" in name
    return None if no_file else Path(name)


def store_address(workspace: Workspace) -> str:
    """What MLflow's SQLite file is called in messages."""
    return workspace.tracking_uri or f"{SQLITE}{workspace.root / 'mlruns' / 'mlflow.db'}"


def known_versions(workspace: Workspace) -> dict[str, list[str]] | None:
    """Registered model → its aliases and its versions' numbers; None where that cannot be told."""
    rows = _rows(workspace, VERSIONS)
    if rows is None:
        return None
    found: dict[str, list[str]] = defaultdict(list)
    for name, version, _ in rows:
        found[name] += [] if version is None else [str(version)]
    return dict(found)


@dataclass(frozen=True)
class KnownRuns:
    """The runs of a store.

    Attributes:
        able: ``EXPERIMENT`` and ``EXPERIMENT/NAME`` with evaluated cells, which can be compared.
        called: these, and those without.
        ids: of all runs.
    """

    able: set[str]
    called: set[str]
    ids: set[str]

    def has(self, name: str) -> bool:
        """Whether a name, an id or the beginning of one names a run."""
        begun = len(name) >= SHORTEST_ID and any(each.startswith(name) for each in self.ids)
        return begun or name in self.called


def known_runs(workspace: Workspace) -> KnownRuns | None:
    """The runs that are there; None where that cannot be told."""
    rows = _rows(workspace, RUNS, (CELL, PARENT, SWEEP))
    if rows is None:
        return None
    above = {run: parent or nested for _, run, _, _, parent, nested, _ in rows}
    able = with_those_above((row[1] for row in rows if row[3]), above.get)
    named = {run: [f"{experiment}/{name}"] for experiment, run, name, *_ in rows}
    for experiment, run, *_, sweep in rows:
        named[run] += [experiment] if sweep else []
    return KnownRuns(
        {name for run in able if run in named for name in named[run]},
        {name for names in named.values() for name in names},
        set(named),
    )


def _rows(
    workspace: Workspace, query: str, values: tuple[str, ...] = ()
) -> list[tuple[str, ...]] | None:
    database = store_path(workspace)
    if database is None:
        return None
    address = f"{database.absolute().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=SECONDS)) as connection:
            return connection.execute(query, values).fetchall()
    except sqlite3.Error:  # it is locked, or MLflow has changed its tables
        return None
