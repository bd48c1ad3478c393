"""`dvc repro` in a copy of the repository, with a shrunk params.yaml and the dvc.yaml of it."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.files.manifest import check, read_manifest
from flows.run.dvc_file import write_dvc_file
from flows.workspace import Workspace

ROOT = Path(__file__).parents[2]
DVC = Path(sys.executable).with_name("dvc")
GUIDED = {"sample", "sample-finetuned", "report"}
FOLLOWING = {"evaluate", "evaluate-finetuned", "evaluate-baseline", "report", "study"}

pytestmark = pytest.mark.slow


def dvc(root: Path, *words: str) -> str:
    result = subprocess.run(
        [str(DVC), *words], cwd=root, capture_output=True, text=True, timeout=800, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def ran(output: str) -> set[str]:
    return set(re.findall(r"Running stage '([^']+)'", output))


@pytest.fixture(scope="module")
def repository(
    tmp_path_factory: pytest.TempPathFactory, fetched: Path, shrunk_once: dict[str, Any]
) -> Path:
    """The files that `dvc repro` needs, in a repository of their own."""
    root = tmp_path_factory.mktemp("repository")
    for name in ("components", ".dvc/config", ".dvcignore", "data.dvc", ".gitignore"):
        source, target = ROOT / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run([str(Path(DVC).with_name("alphabar")), "data", "fetch"], cwd=root, check=True)
    (root / ".venv").symlink_to(Path(sys.prefix))
    params = {key: value for key, value in shrunk_once.items() if key not in ("sweep", "also")}
    params |= {"name": "reference", "registry": {}}
    params["evaluation"] = {"extractor": "efficientnet_lite0"} | params["evaluation"]
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    write_dvc_file(Workspace.here(root=root))
    return root


@pytest.fixture(scope="module")
def reproduced(repository: Path) -> tuple[Path, str]:
    """The repository after `dvc repro`, and what that printed."""
    return repository, dvc(repository, "repro")


def test_repro_runs_every_stage_and_leaves_the_status_clean(reproduced: tuple[Path, str]) -> None:
    root, printed = reproduced
    stages = set(yaml.safe_load((root / "dvc.yaml").read_text())["stages"])
    assert ran(printed) == stages
    assert (root / "pipeline" / "report" / "index.html").is_file()
    assert (root / "pipeline" / "study" / "key.csv").is_file()
    assert "up to date" in dvc(root, "status")
    assert "up to date" in dvc(root, "repro")


def test_metrics_and_plots_are_shown(reproduced: tuple[Path, str]) -> None:
    root, _ = reproduced
    assert "fd_efficientnet_lite0" in dvc(root, "metrics", "show", "--json")
    page = Path(dvc(root, "plots", "show").strip().splitlines()[-1].removeprefix("file://"))
    content = page.read_text()
    for text in ("training loss", "sample/grid.png"):
        assert text in content


def test_guidance_reruns_sampling_and_what_follows(reproduced: tuple[Path, str]) -> None:
    root, _ = reproduced
    original = (root / "params.yaml").read_text()
    params = yaml.safe_load(original)
    params["sampling"]["guidance"] = 3
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    try:
        changed = set(json.loads(dvc(root, "status", "--json")))
    finally:
        (root / "params.yaml").write_text(original)
    assert changed == GUIDED
    assert following(root, GUIDED) == FOLLOWING


AGAIN = """
from pathlib import Path
from components.runtime import silent
from components.spec.loading import load_experiment
from flows.run.execution import produce
from flows.run.single_stage import whole_plan
from flows.workspace import Workspace
workspace = Workspace.here()
for node in whole_plan(load_experiment(Path("params.yaml")), workspace):
    produce(node, workspace, silent)
"""


def test_every_stage_writes_the_same_bytes_again(reproduced: tuple[Path, str]) -> None:
    """By plain calls in one process, into the store, where DVC started a process a stage."""
    root, printed = reproduced
    subprocess.run([sys.executable, "-c", AGAIN], cwd=root, check=True)
    made = {
        path.parent.name: files(path.parent) for path in root.glob("artifacts/*/*/manifest.json")
    }
    assert len(made) == len(ran(printed))
    for name in ran(printed):
        folder = root / "pipeline" / name
        again = made[read_manifest(folder)["key"]]
        if name == "report":  # from the store it says which share of the time evaluations took
            again["index.html"] = files(folder)["index.html"]
        assert files(folder) == again, name


def files(folder: Path) -> dict[str, Any]:
    """File → its size and digest, of a published folder."""
    listed: dict[str, Any] = read_manifest(folder)["files"]
    check(folder)
    return listed


def following(root: Path, changed: set[str]) -> set[str]:
    """The stages that read what ``changed`` write, directly or not."""
    stages = yaml.safe_load((root / "dvc.yaml").read_text())["stages"]
    made: set[str] = set()
    written = {out for name in changed for out in stages[name]["outs"]}
    while True:
        more = {n for n, s in stages.items() if set(s["deps"]) & written} - made
        if not more:
            return made
        made |= more
        written |= {out for name in more for out in stages[name]["outs"]}
