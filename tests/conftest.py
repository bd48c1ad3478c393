"""What many tests share: prepared data, and experiments shrunk from the shipped one."""

import copy
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from components.spec import plugins
from tests.plugin_package import Install, write_package

settings.register_profile("shared", deadline=None)  # how long an example takes proves nothing
settings.load_profile("shared")

os.environ.update(
    HF_HUB_OFFLINE="1",
    DO_NOT_TRACK="1",
    DVC_NO_ANALYTICS="1",
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    TOKENIZERS_PARALLELISM="false",
    OMP_NUM_THREADS="1",  # the cores are the test processes'
)

ROOT = Path(__file__).parent.parent
SHRINK = {
    "scorer": {"steps": 60},
    "network": {"channels": [16, 32], "layers_per_block": 1},
    "training": {
        "steps": 30,
        "batch_size": 64,
        "lr": 2.0e-3,
        "ema": 0.9,
        "checkpoint_every": 10,
        "evaluate_every": 15,
        "evaluate_samples": 40,
        "evaluate_steps": 4,
    },
    "sampling": {"steps": 8, "guidance": 2},
    "evaluation": {"samples": 60, "classifier": "svc"},
    "sweep": {"process.schedule": ["linear", "cosine"]},
    "also": [{"sampling.solver": "ddpm", "sampling.steps": 12}],
    "finetune": {"style": "bold", "steps": 10, "lr": 5.0e-4, "batch_size": 64},
    "study": {"pairs": 6},
}
"""The shipped digits experiment at a size for tests: the same stages, a minute of work."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that no process ends with one while the others wait."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with the packaged data; tests only read it."""
    from components.data.fetch import fetch

    root = tmp_path_factory.mktemp("fetched")
    shutil.copy(ROOT / "data.dvc", root)
    fetch(root)
    return root


@pytest.fixture(scope="session")
def digits(fetched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits, prepared."""
    from components.data.prepare import prepare
    from components.runtime import Runtime
    from components.spec.sections.data import DataSpec

    out = tmp_path_factory.mktemp("prepared")
    spec = DataSpec(source="digits", size=8, holdout=0.3).model_dump(mode="json")
    prepare(spec, {"raw": fetched / "data" / "digits"}, out, Runtime())
    return out


@pytest.fixture
def shrunk(shrunk_once: dict[str, Any]) -> dict[str, Any]:
    """The shipped experiment's content, shrunk by SHRINK, for a test to change."""
    return copy.deepcopy(shrunk_once)


@pytest.fixture(scope="session")
def shrunk_once() -> dict[str, Any]:
    """The same for fixtures that only read it."""
    from components.files.yaml_file import read_yaml

    values: dict[str, Any] = read_yaml(ROOT / "experiments" / "digits.yaml")
    return values | SHRINK


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts packages on the path of this process, and takes them away again."""

    def forget() -> None:
        plugins._installed.cache_clear()
        plugins.record.cache_clear()
        for module in [name for name in sys.modules if name.split(".")[0] == "damped"]:
            del sys.modules[module]

    def put(**said: str) -> None:
        folder = tmp_path / f"{said.get('name', '')}{said.get('version', '')}"
        monkeypatch.syspath_prepend(str(write_package(folder, **said)))
        forget()

    yield put
    monkeypatch.undo()
    forget()
