"""Projects, the one run that many tests look at, and a Prefect server for the others.

An experiment runs as a whole in six files, once in each, and their tests ask about that run:

    test_chain        a sweep with a fine-tune, a study and a registered winner; what reads them
    test_core_chain   likelihood, EMA lengths, a guide of its own, distillation
    test_killed       stopped, killed, gone on, sampled anew by another guidance, left by Prefect
    test_plugins      a package's own schedule, solver, metric, source and conditioner
    test_autos        `auto` for precision and compiling, measured once
    test_dvc          the same stages under `dvc repro`, and their bytes once more
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.files.lock import locked
from flows.servers.prefect_api import prefect_home
from flows.servers.prefect_server import ensure_prefect_server, stop_prefect_server
from tests.flows.project import Project


@pytest.fixture(autouse=True)
def environment_as_before() -> Iterator[None]:
    """No Prefect or MLflow setting of the developer's comes in, none of a test's goes out.

    Nor does the number of threads that a command computed with.
    """
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("PREFECT_", "ALPHABAR_", "MLFLOW_")):
            del os.environ[name]
    os.environ.update(PREFECT_SERVER_ANALYTICS_ENABLED="false", DO_NOT_TRACK="1")
    yield
    os.environ.clear()
    os.environ.update(before)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prefect's database as a first server leaves it: a later start takes a third of the time.

    All test processes share one.
    """
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "migrated"
    made = root / "made"
    root.mkdir(exist_ok=True)
    with locked(root / "lock"):
        if not made.exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("PREFECT_API_URL", raising=False)
                ensure_prefect_server(root, say=lambda line: None)
            stop_prefect_server(root)
            part = root / "part"
            part.mkdir()
            for file in prefect_home(root).glob("prefect.db*"):
                shutil.copy(file, part)
            part.rename(made)
    return made


@pytest.fixture(scope="session")
def served_root(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Path]:
    """A root whose Prefect server runs."""
    root = tmp_path_factory.mktemp("served")
    shutil.copytree(migrated, prefect_home(root))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PREFECT_API_URL", raising=False)
        ensure_prefect_server(root, say=lambda line: None)
        yield root
        stop_prefect_server(root)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, fetched: Path, shrunk_once: dict[str, Any]
) -> Iterator[tuple[Project, str]]:
    """A project in which the shrunk experiment has run, with two fine-tunes, and what the run
    printed."""
    project = Project.create(tmp_path_factory.mktemp("project"), fetched)
    tuned = {"sweep": shrunk_once["sweep"] | {"finetune.kind": ["full", "lora"]}}
    result = project.alphabar("run", project.write(shrunk_once | tuned))
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    yield project, result.stdout
    project.alphabar_here("down")


@pytest.fixture
def project(tmp_path: Path, fetched: Path, migrated: Path) -> Iterator[Project]:
    """A project in which nothing has run."""
    yield (made := Project.create(tmp_path / "project", fetched, migrated))
    made.alphabar_here("down")
