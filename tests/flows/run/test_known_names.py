"""Names in MLflow's SQLite file, read without MLflow, are those that MLflow has."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from components.errors import AlphabarError
from components.spec.record_tags import CELL
from components.tracking.connection import connect
from flows.run.known_names import known_runs, known_versions
from flows.workspace import Workspace


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """A project with one evaluated cell, one that is not, and a model with two versions."""
    tracker = connect(None, tmp_path)
    sweep = tracker.sweep("digits", "a1" * 32, {}, {})
    model = tracker.child(sweep, "model", "m", {}, {})
    tracker.client.set_tag(tracker.child(model, "cell", "c", {}, {}), CELL, "true")
    tracker.sweep("empty", "b1" * 32, {}, {})
    client = tracker.client
    client.create_registered_model("digits")
    for _ in range(3):
        client.create_model_version("digits", str(tmp_path), sweep)
    client.delete_model_version("digits", "2")
    client.set_registered_model_alias("digits", "candidate", "3")
    return Workspace(tmp_path, tmp_path / "artifacts")


def test_versions_are_those_that_are_not_deleted_and_their_aliases(place: Workspace) -> None:
    assert known_versions(place) == {"digits": ["candidate", "1", "3"]}


def test_what_can_be_compared_has_an_evaluated_cell_below_it(place: Workspace) -> None:
    known = known_runs(place)
    assert known is not None
    assert {"digits", "digits/model", "digits/cell"} <= known.able
    assert not any(name.startswith("empty") for name in known.able)
    assert known.has("empty"), "so that MLflow says what is wrong with it"
    assert known.has(next(iter(known.ids))[:8])
    assert not known.has("digitz")


def test_of_another_store_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / "mlflow.db").write_text("no database at all, but a text" * 99)
    for uri in (None, "http://localhost:1"):
        place = Workspace(tmp_path, tmp_path / "artifacts", uri)
        assert known_versions(place) is None
        assert known_runs(place) is None


RUN = """
import contextlib, io, json, sys
from flows.cli import main

for words in json.loads(sys.argv[1]):
    sys.argv, said, code = ["alphabar", *words], io.StringIO(), 0
    with contextlib.redirect_stderr(said):
        try:
            main()
        except SystemExit as end:
            code = end.code
    heavy = {"torch", "mlflow", "pandas", "matplotlib"} & set(sys.modules)
    print(json.dumps([words, code, said.getvalue(), sorted(heavy)]))
"""
LOOKED_AT = [
    ["compare", "digitz"],
    ["compare", "digits", "--out", "mlruns"],
    ["promote", "digitz", "--gate", "gates.yaml"],
    ["promote", "digits", "--gate", "gates.yaml", "--version", "7"],
    ["rollback", "digitz"],
    ["rollback", "digits"],
    ["sample", "digits@champion", "--out", "x"],
    ["sample", "nosuch", "--out", "x"],
    ["sample", "digits@candidate", "--out", "mlruns"],
    ["sample", "digits@candidate", "--out", "gates.yaml/x"],
    ["invert", "digits@candidate", "a.png", "--out", "mlruns"],
    ["export", "digits@candidate", "mlruns"],
    ["evaluate", "nosuch", "--reference", "mlruns"],
    ["evaluate", "mlruns", "--reference", "nosuch"],
    ["evaluate", "mlruns", "--reference", "mlruns", "--metric", "fdd"],
]


def test_what_a_look_at_the_folder_tells_is_told_before_anything_heavy_is_imported(
    place: Workspace,
) -> None:
    """All command lines in one process: the first that imports it is the first that is named."""
    (place.root / "gates.yaml").write_text("preference: {}")
    done: Any = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(LOOKED_AT)],
        cwd=place.root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert [words for words, *_ in told] == LOOKED_AT
    for words, code, said, heavy in told:
        assert code == 2, (words, said)
        assert "remedy" in said, words
        assert heavy == [], words


def test_to_look_for_something_makes_no_store(tmp_path: Path) -> None:
    from flows.tools.comparing import compare_runs
    from flows.tools.models import find_model
    from flows.tools.promotion import roll_back

    database = tmp_path / "mistyped" / "x.db"
    place = Workspace(tmp_path, tmp_path / "artifacts", f"sqlite:///{database}")
    for look in (
        lambda: compare_runs(["digits"], place, None),
        lambda: find_model("digits@champion", place),
        lambda: roll_back("digits", place),
    ):
        with pytest.raises(AlphabarError, match=f"{database} does not exist"):
            look()
    assert not database.parent.exists()
