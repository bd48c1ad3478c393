"""Imports point one way, and what must stay light or bare stays so."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = [
    {"errors", "runtime", "meter"},
    {"files"},
    {"spec"},
    {"store"},
    {"estimate", "licences"},
    {"data"},
    {"process"},
    {"sampling"},
    {"networks"},
    {"generation"},
    {"figures"},
    {"evaluation"},
    {"training"},
    {"finetuning"},
    {"speed"},
    {"tracking", "preference", "reporting"},
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
FORBIDDEN = {"prefect", "prefect_ray", "dvc", "ray", "flows", "alphabar"}

FILES = sorted((ROOT / "components").rglob("*.py"))


@cache
def imported(path: Path) -> set[str]:
    """The dotted names that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


def room(path: Path) -> str:
    return path.relative_to(ROOT / "components").parts[0].removesuffix(".py")


def test_a_room_imports_only_what_stands_before_it() -> None:
    for path in FILES:
        here = room(path)
        for name in imported(path):
            if name.startswith("components."):
                there = name.split(".")[1]
                before = RANK[there] < RANK[here] or there == here
                assert before, f"{path}: {here} imports {there}"


def test_components_know_no_runner_and_only_tracking_knows_mlflow() -> None:
    for path in FILES:
        tops = {name.split(".")[0] for name in imported(path)}
        assert not tops & FORBIDDEN, path
        assert "mlflow" not in tops or room(path) == "tracking", path


def test_the_facade_stands_on_flows_and_nothing_on_the_facade() -> None:
    for path in (ROOT / "flows").rglob("*.py"):
        assert "alphabar" not in {name.split(".")[0] for name in imported(path)}, path
    for path in (ROOT / "alphabar").rglob("*.py"):
        tops = {name.split(".")[0] for name in imported(path)}
        ours = {"alphabar", "flows", "components", "numpy", "pandas", "PIL"}
        assert tops <= set(sys.stdlib_module_names) | ours, path


def test_process_and_sampling_import_only_torch() -> None:
    standard = set(sys.stdlib_module_names) | {"torch", "components"}
    for path in FILES:
        if room(path) in ("process", "sampling"):
            names = imported(path)
            assert {name.split(".")[0] for name in names} <= standard, path
            inside = {name.split(".")[1] for name in names if name.startswith("components.")}
            assert inside <= {"process", "sampling"}, path


def test_every_folder_of_components_has_its_place_in_the_order() -> None:
    assert {room(path) for path in FILES} - {"__init__"} == set(RANK)


@pytest.mark.parametrize(
    "module", ["alphabar", "flows.cli", "flows.run.planning", "components.store"]
)
def test_help_and_plan_load_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"torch", "pandas", "mlflow", "prefect", "sklearn", "dvc", "transformers", "numpy"}
    assert not heavy & set(loaded)


def test_nothing_below_flows_reads_the_environment() -> None:
    told = re.compile(r'^ *os\.environ\["\w+"\] = ', re.MULTILINE)  # another library, by us
    texts = {path: told.sub("", path.read_text()) for path in FILES}
    readers = [p for p, text in texts.items() if "os.environ" in text or "os.getenv" in text]
    assert readers == []
