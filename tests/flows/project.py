"""A user's project folder, and the commands typed there."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.cli import main
from flows.servers.prefect_api import prefect_home

ALPHABAR = Path(sys.executable).with_name("alphabar")
SECONDS = 800


@dataclass(frozen=True)
class Project:
    """A folder with data/ and data.dvc, as a clone has after `alphabar data fetch`."""

    root: Path

    @classmethod
    def create(cls, root: Path, fetched: Path, migrated: Path | None = None) -> "Project":
        """A new project whose raw data are copied from ``fetched``.

        Args:
            migrated: a folder with Prefect's database, as a project has after its first server.
        """
        root.mkdir(parents=True, exist_ok=True)
        if migrated:
            shutil.copytree(migrated, prefect_home(root))
        shutil.copytree(fetched / "data", root / "data")
        shutil.copy(fetched / "data.dvc", root)
        return cls(root)

    def write(self, values: dict[str, Any], name: str = "experiment.yaml") -> Path:
        """An experiment file."""
        path = self.root / name
        path.write_text(yaml.safe_dump(values, sort_keys=False))
        return path

    def command(self, *words: object) -> list[str]:
        return [str(ALPHABAR), *map(str, words)]

    def alphabar(self, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own and return what it printed."""
        return subprocess.run(
            self.command(*words),
            cwd=self.root,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def alphabar_here(self, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """The same in this process: of a command that starts nothing, at a hundredth of the cost.

        What ends it but an exit code reaches the test, as a user would see a traceback.
        """
        command = ["alphabar", *map(str, words)]
        out, err = io.StringIO(), io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            patch.chdir(self.root)
            patch.setattr(sys, "argv", command)
            for name, value in environment.items():
                patch.setenv(name, value)
            try:
                main()
                code: Any = 0
            except SystemExit as end:
                code = end.code or 0
        return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())

    def published(self) -> dict[Path, float]:
        """Every published stage's manifest and when it was written."""
        manifests = (self.root / "artifacts").glob("*/*/manifest.json")
        return {path: path.stat().st_mtime for path in manifests}
