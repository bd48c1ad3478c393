"""A user's project folder, and the commands typed there, each in a process of its own."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ALPHABAR = Path(sys.executable).with_name("alphabar")
SECONDS = 800


@dataclass(frozen=True)
class Project:
    """A folder with data/ and data.dvc, as a clone has after `alphabar data fetch`."""

    root: Path

    @classmethod
    def create(cls, root: Path, fetched: Path) -> "Project":
        """A new project whose raw data are copied from ``fetched``."""
        root.mkdir(parents=True, exist_ok=True)
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
        """Run a command and return what it printed."""
        return subprocess.run(
            self.command(*words),
            cwd=self.root,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def published(self) -> dict[Path, float]:
        """Every published stage's manifest and when it was written."""
        manifests = (self.root / "artifacts").glob("*/*/manifest.json")
        return {path: path.stat().st_mtime for path in manifests}
