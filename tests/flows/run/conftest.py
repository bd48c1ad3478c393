"""Where what is planned and run is planned and run."""

from pathlib import Path

import pytest

from flows.workspace import Workspace


@pytest.fixture
def place(root: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The project in ``root``, a fixture of the test's file, which is the current folder."""
    monkeypatch.chdir(root)
    return Workspace(root, root / "artifacts")
