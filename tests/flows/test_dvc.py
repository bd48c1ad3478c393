"""`dvc repro` in a copy of the repository, with a shrunk params.yaml and the dvc.yaml of it.

DVC starts a process a stage, most of whose time goes into loading libraries. So it runs what
the scorer needs; the other stages' commands run in one process, and DVC takes what they left.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.files.manifest import check, read_manifest
from components.runtime import silent
from components.spec.loading import load_experiment
from components.spec.plan import STAGE_VERSIONS
from flows.run.dvc_file import write_dvc_file
from flows.run.execution import produce
from flows.run.single_stage import whole_plan
from flows.workspace import Workspace
from tests.flows.project import Project

ROOT = Path(__file__).parents[2]
DVC = Path(sys.executable).with_name("dvc")
BY_DVC = {"prepare", "prepare-finetune", "scorer"}
GUIDED = {"sample", "sample-finetuned", "report"}
FOLLOWING = {
    "evaluate",
    "evaluate-finetuned",
    "evaluate-drift",
    "evaluate-baseline",
    "report",
    "study",
}

KEPT = sorted((ROOT / "pipeline").glob("*.json"))

pytestmark = pytest.mark.slow


def dvc(root: Path, *words: str) -> str:
    path = f"{DVC.parent}{os.pathsep}{os.environ['PATH']}"  # the stages call what stands first
    result = subprocess.run(
        [str(DVC), *words],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
        env=os.environ | {"PATH": path},
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def ran(output: str) -> set[str]:
    return set(re.findall(r"Running stage '([^']+)'", output))


def copy_into(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)


@pytest.fixture(scope="module")
def repository(
    tmp_path_factory: pytest.TempPathFactory, fetched: Path, shrunk_once: dict[str, Any]
) -> Path:
    """The files that `dvc repro` needs, in a repository of their own."""
    root = Project.create(tmp_path_factory.mktemp("repository"), fetched).root
    copy_into(root, ".dvc/config", ".dvc/plots.html", ".dvcignore", ".gitignore")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    (root / ".venv").symlink_to(Path(sys.prefix))
    params = {key: value for key, value in shrunk_once.items() if key not in ("sweep", "also")}
    params |= {"name": "reference", "registry": {}}
    params["evaluation"] = {"extractor": "efficientnet_lite0"} | params["evaluation"]
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    write_dvc_file(Workspace.here(root=root))
    return root


THE_OTHERS = """
import sys
from flows.cli import main
for command in sys.argv[1:]:
    sys.argv = ["alphabar", *command.split()]
    try:
        main()
    except SystemExit as end:
        assert not end.code, command
"""


@pytest.fixture(scope="module")
def reproduced(repository: Path) -> tuple[Path, str]:
    """The repository after `dvc repro`, and what that printed."""
    printed = dvc(repository, "repro", "scorer")
    content = yaml.safe_load((repository / "dvc.yaml").read_text())
    (program,) = content["vars"]
    words = program["alphabar"].partition(" alphabar ")[2]
    others = [name for name in content["stages"] if name not in BY_DVC]
    commands = [content["stages"][name]["cmd"].replace("${alphabar}", words) for name in others]
    subprocess.run([sys.executable, "-c", THE_OTHERS, *commands], cwd=repository, check=True)
    dvc(repository, "commit", "--force", *others)
    return repository, printed


def test_repro_runs_what_a_stage_needs_and_all_stages_leave_the_status_clean(
    reproduced: tuple[Path, str],
) -> None:
    root, printed = reproduced
    assert ran(printed) == BY_DVC
    assert (root / "pipeline" / "report" / "index.html").is_file()
    assert (root / "pipeline" / "study" / "key.json").is_file()
    assert "up to date" in dvc(root, "status")


def test_metrics_are_shown_in_120_columns_and_git_keeps_them(
    reproduced: tuple[Path, str],
) -> None:
    root, _ = reproduced
    table = dvc(root, "metrics", "show").splitlines()
    assert {"Path", "fd", "fd_low", "fd_high", "recall", "drift"} <= set(table[0].split())
    assert len(table) == 1 + len(list((root / "pipeline").glob("*.json")))
    assert max(len(line) for line in table) <= 120
    seen = subprocess.run(
        ["git", "status", "--short", "--untracked-files=all", "pipeline"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    kept = {line.split()[-1] for line in seen.splitlines()}
    assert kept == {str(path.relative_to(root)) for path in (root / "pipeline").glob("*.json")}


def test_plots_are_shown_without_a_network(reproduced: tuple[Path, str]) -> None:
    root, _ = reproduced
    page = Path(dvc(root, "plots", "show").strip().splitlines()[-1].removeprefix("file://"))
    content = page.read_text()
    for text in ("training loss", "sample/grid.png", "vegaEmbed("):
        assert text in content
    assert not re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=.https?:", content)


def test_the_committed_lock_is_of_the_present_stages_params_and_data(
    tmp_path: Path, fetched: Path
) -> None:
    """Nothing was made here, so that DVC misses every output; all else that it finds is stale."""
    assert KEPT
    names = ("dvc.yaml", "dvc.lock", "params.yaml", "data.dvc", ".dvc/config", ".dvcignore")
    copy_into(tmp_path, *names, *(f"pipeline/{path.name}" for path in KEPT))
    (tmp_path / "data").symlink_to(fetched / "data")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert stale(tmp_path) == {}
    params = (tmp_path / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(params.replace("guidance: 2", "guidance: 3"))
    assert set(stale(tmp_path)) == {"sample", "sample-finetuned", "report"}
    (tmp_path / "params.yaml").write_text(params)
    stages = (tmp_path / "dvc.yaml").read_text()
    version = f"study --version {STAGE_VERSIONS['study']}"
    (tmp_path / "dvc.yaml").write_text(stages.replace(version, "study --version 1000"))
    assert set(stale(tmp_path)) == {"study"}


def stale(root: Path) -> dict[str, list[Any]]:
    """Stage → what DVC says of it besides that files are missing."""
    found = {}
    for stage, changes in json.loads(dvc(root, "status", "--json")).items():
        others = [c for c in changes if isinstance(c, str) or not missing(c)]
        if others:
            found[stage] = others
    return found


def missing(change: dict[str, Any]) -> bool:
    return all(
        said in ("deleted", "not in cache")
        for kind, paths in change.items()
        for said in (paths.values() if isinstance(paths, dict) else [paths])
    )


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


def test_every_stage_writes_the_same_bytes_again(reproduced: tuple[Path, str]) -> None:
    """By plain calls in this process, into the store."""
    root, _ = reproduced
    workspace = Workspace.here(root=root)
    nodes = whole_plan(load_experiment(root / "params.yaml"), workspace)
    stages = yaml.safe_load((root / "dvc.yaml").read_text())["stages"]
    assert {node.name for node in nodes} == set(stages)
    for node in nodes:
        again = files(produce(node, workspace, silent))
        folder = root / "pipeline" / node.name
        if node.name == "report":  # from the store it says which share evaluations took
            again["index.html"] = files(folder)["index.html"]
        assert files(folder) == again, node.name


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
