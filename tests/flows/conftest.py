"""One Prefect server for all tests of the flows, in a root of its own."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.servers.prefect_server import ensure_prefect_server, stop_prefect_server
from tests.flows.project import Project


@pytest.fixture(autouse=True)
def environment_as_before() -> Iterator[None]:
    """No Prefect or MLflow setting of the developer's comes in, none of a test's goes out."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("PREFECT_", "ALPHABAR_", "MLFLOW_")):
            del os.environ[name]
    os.environ.update(PREFECT_SERVER_ANALYTICS_ENABLED="false", DO_NOT_TRACK="1")
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def served_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A root whose Prefect server runs."""
    root = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PREFECT_API_URL", raising=False)
        ensure_prefect_server(root, say=lambda line: None)
        yield root
        stop_prefect_server(root)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, fetched: Path, shrunk_once: dict[str, Any]
) -> Iterator[tuple[Project, str]]:
    """A project in which the shrunk experiment has run, and what the run printed."""
    project = Project.create(tmp_path_factory.mktemp("project"), fetched)
    result = project.alphabar("run", project.write(shrunk_once))
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    yield project, result.stdout
    project.alphabar("down")


@pytest.fixture
def project(tmp_path: Path, fetched: Path) -> Iterator[Project]:
    """A project in which nothing has run."""
    yield (made := Project.create(tmp_path / "project", fetched))
    made.alphabar("down")
