"""What is published is looked at before a run and on request; what is damaged is named."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.errors import AlphabarError
from components.figures.winner import best_cell
from components.files.digests import hashed
from components.files.manifest import UNLISTED, listed, write_manifest
from components.files.verification import Verified, verify
from components.runtime import silent
from components.spec.loading import parse_experiment
from components.spec.plan import Node, Plan, plan_baselines
from components.store import Store
from flows.run.verification import check_plan
from flows.workspace import Workspace
from tests.figures.made import record, write_record

FD = "fd_efficientnet_lite0"


@pytest.fixture(scope="module")
def plan(shrunk_once: dict[str, Any]) -> Plan:
    return plan_baselines(parse_experiment(shrunk_once, "test"), lambda _: "f2")


def fill(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, scratch: Path) -> None:
    write_record(out, {"metrics": {FD: record(1.0, 0.25)}})
    (out / "images.npy").write_bytes(b"images")


@pytest.fixture(scope="module")
def whole(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which every baseline of the plan is published."""
    root = tmp_path_factory.mktemp("whole") / "artifacts"
    for node in plan.nodes():
        Store(root).produce(node, fill)
    return root


@pytest.fixture
def store(whole: Path, tmp_path: Path) -> Store:
    return Store(Path(shutil.copytree(whole, tmp_path / "artifacts")))


def flip(path: Path) -> None:
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])


@pytest.mark.parametrize("damage", [flip, lambda path: path.write_bytes(b""), Path.unlink])
@pytest.mark.parametrize("name", ["metrics.json", "images.npy", "manifest.json"])
def test_a_run_that_verifies_names_every_damaged_file_of_every_stage(
    plan: Plan, store: Store, damage: Callable[[Path], None], name: str
) -> None:
    for node in {node.stage: node for node in plan.nodes()}.values():
        path, before = store.path(node) / name, (store.path(node) / name).read_bytes()
        damage(path)
        if name == "manifest.json" and not path.exists():
            assert not store.has(node)  # it is made anew
        else:
            with pytest.raises(AlphabarError) as caught:
                check_plan(plan, store, contents=True)
            assert str(path) in caught.value.what
            assert f"delete {store.path(node)}" in caught.value.remedy
        path.write_bytes(before)


def test_a_plan_that_is_whole_is_looked_at_without_reading_a_file(plan: Plan, store: Store) -> None:
    before = hashed.cache_info().misses
    check_plan(plan, store, contents=False)
    best_cell(plan, store)
    read = hashed.cache_info().misses - before
    assert read <= len(plan.cells)  # each cell's figures, to find the best one
    check_plan(plan, store, contents=True)
    assert hashed.cache_info().misses - before == 2 * len(plan.nodes())


def test_a_file_cut_short_is_found_before_the_run_begins(plan: Plan, store: Store) -> None:
    path = store.path(plan.nodes()[0]) / "images.npy"
    path.write_bytes(b"imag")
    with pytest.raises(AlphabarError, match="is damaged: it has 4 bytes, and 6 were published"):
        check_plan(plan, store, contents=False)


def test_figures_are_compared_with_their_manifest_before_the_best_is_chosen(
    plan: Plan, store: Store
) -> None:
    path = store.path(plan.cells[1].evaluate) / "metrics.json"
    path.write_text(path.read_text().replace("1.0", "0.5"))
    with pytest.raises(AlphabarError, match="is damaged") as caught:
        best_cell(plan, store)
    assert str(path) in caught.value.what


def test_the_whole_store_is_verified_and_every_fault_listed(plan: Plan, store: Store) -> None:
    nodes: list[Node] = plan.nodes()
    found = verify([store.root], silent)
    assert (found.directories, found.damage) == (len(nodes), ())
    flip(store.path(nodes[0]) / "images.npy")
    (store.path(nodes[1]) / "manifest.json").unlink()
    flip(store.path(nodes[2]) / "manifest.json")
    (store.path(nodes[3]) / "more.csv").write_text("a\n")
    store.path(nodes[4]).rename(store.path(nodes[4]).with_name("0" * 64))
    faults = {damage.path: damage.fault for damage in verify([store.root], silent).damage}
    assert len(faults) == 5
    assert "SHA-256" in faults[store.path(nodes[0]) / "images.npy"]
    assert "counts as not published" in faults[store.path(nodes[1])]
    assert "is broken" in faults[store.path(nodes[2]) / "manifest.json"]
    assert "was not published" in faults[store.path(nodes[3]) / "more.csv"]
    assert "another stage run" in faults[store.path(nodes[4]).with_name("0" * 64)]


def test_a_folder_in_which_nothing_was_published_is_named(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="holds nothing published"):
        verify([tmp_path], silent)


def test_a_scheduled_run_looks_at_what_is_published_as_the_command_does(
    plan: Plan, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.logging import disable_run_logger

    from flows.run.scheduled import scheduled_flow

    monkeypatch.setattr("flows.run.outside.pinned_hashes", lambda root: lambda data: "f2")
    path = store.path(plan.nodes()[0]) / "images.npy"
    path.write_bytes(b"")
    with disable_run_logger():
        state = scheduled_flow.fn(plan.experiment, root=str(tmp_path), store=str(store.root))
    assert state is not None
    assert state.is_failed()
    assert "images.npy" in str(state.message)


def test_a_stage_that_a_later_phase_made_again_is_no_failure_and_is_told(
    plan: Plan, store: Store, tmp_path: Path
) -> None:
    from flows.run.pipeline import still_missing

    made, gone = plan.nodes()[0], plan.nodes()[-1]
    shutil.rmtree(store.path(gone))
    failures: dict[str, Exception] = {
        made.name: AlphabarError("its process was killed", "run again"),
        gone.name: OSError("no disk"),
    }
    said: list[str] = []
    workspace = Workspace.here(store.root, tmp_path)
    assert list(still_missing(failures, plan.nodes(), workspace, said.append)) == [gone.name]
    assert said == [f"note: {made.name} was made again, after this: its process was killed"]


def test_what_people_put_beside_a_study_is_theirs(tmp_path: Path) -> None:
    study = tmp_path / "reports" / "studies" / "digits"
    (study / "images").mkdir(parents=True)
    files = {name: study / name for name in ("study.json", "key.json", "images/a.png")}
    for path in files.values():
        path.write_text("published")
    write_manifest(study, {"files": listed(files)})
    (study / "answers").mkdir()
    for name in ("answers/ab", "links.json", "served.sqlite"):
        (study / name).write_text("hers")
    assert verify([tmp_path], silent) == Verified(1, ())
    added = study / "images" / "b.png"
    added.write_text("another image")
    found = verify([study], silent).damage
    assert [(each.path, each.fault) for each in found] == [(added, UNLISTED)]
    added.unlink()
    flip(study / "key.json")
    assert [each.path for each in verify([study], silent).damage] == [study / "key.json"]
