"""`alphabar compare` over recorded runs, with and without the store that they came from."""

import csv
import errno
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from components.errors import AlphabarError
from components.files.manifest import check
from components.files.new_folder import seal_folder
from components.spec.plan.node import stage_key
from components.spec.sections.sampling import SamplingSpec
from components.tracking.connection import connect
from components.tracking.stored_cells import stored_cells
from flows.tools.comparing import compare_runs
from flows.workspace import Workspace
from tests.figures.made import record, write_record

SEEDS = np.arange(40, dtype=np.int64)


REAL = {"data": "d" * 64, "scorer": "e" * 64}


@contextmanager
def publish(directory: Path, inputs: dict[str, str], spec: dict[str, Any]) -> Iterator[Path]:
    directory.mkdir(parents=True)
    yield directory
    seal_folder(directory, {"key": directory.name, "inputs": inputs, "spec": spec})


def write_cell(store: Path, number: int, guidance: float, distance: float) -> tuple[Path, Path]:
    """The published sample and evaluate directories of one cell."""
    sampled_key, key = f"{number}a" * 32, f"{number}b" * 32
    sampling = SamplingSpec().model_dump(mode="json") | {"guidance": guidance}
    spec = {"sampling": sampling, "samples": 40}
    sampled, judged = store / "sample" / sampled_key, store / "evaluate" / key
    noise = np.random.default_rng(number)
    with publish(sampled, {"model": "f" * 64}, spec):
        np.save(sampled / "images.npy", noise.integers(0, 255, (40, 8, 8, 1), dtype=np.uint8))
        lines = [f"{i},{i},{i % 10},{i % 10},the digit {i % 10}" for i in range(40)]
        (sampled / "samples.csv").write_text("\n".join(["index,seed,class,label,caption", *lines]))
        (sampled / "metrics.json").write_text('{"network_evaluations": 50}')
        Image.new("L", (80, 40), 90).save(sampled / "grid.png")
    inputs = {"samples": sampled_key, **REAL}
    with publish(judged, inputs, {}):
        metrics = {"fd_x": record(distance, 6.0), "clip_score_x": record(20 + number, 0.5)}
        groups = {"the digit 3": {"clip_score_x": record(19.0, 1.0) | {"n_generated": 4}}}
        content = {"metrics": metrics, "groups": groups, "left_out": {"vendi_x": "too few images"}}
        shared = 20 * np.random.default_rng(0).standard_normal(40)
        values = distance + shared + noise.standard_normal(40)
        write_record(judged, content, {"fd_x|generated": values, "seeds": SEEDS})
    return sampled, judged


def read(path: Path) -> dict[tuple[str, str, str], dict[str, str]]:
    """(run, metric, group) → its row of the CSV."""
    with path.open(newline="") as file:
        return {(r["name"], r["metric"], r["group"]): r for r in csv.DictReader(file)}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a recorded sweep of one model at three guidance scales."""
    root = tmp_path_factory.mktemp("project")
    key = stage_key("reference", {}, REAL)  # of the same data, scorer and settings
    floors = {"fd_x": record(60.0, 2.0) | {"n_generated": 500}}
    with publish(root / "artifacts" / "reference" / key, REAL, {}) as floor:
        (floor / "metrics.json").write_text(json.dumps({"metrics": floors}))
    tracker = connect(None, root)
    sweep = tracker.sweep("digits", "a1" * 32, {}, {})
    model = tracker.child(sweep, "train schedule=cosine", "f" * 64, {}, {})
    for number, (guidance, distance) in enumerate(((1.0, 104.0), (2.0, 100.0), (4.0, 140.0))):
        sampled, judged = write_cell(root / "artifacts", number, guidance, distance)
        tags, params = {"alphabar.stage_key": judged.name}, {"sampling": {"guidance": guidance}}
        run = tracker.child(model, f"guidance={guidance:g}", judged.name, params, tags)
        tracker.log_cell(run, sampled, judged)
    return root


def test_stored_runs_are_paired_and_shown_at_equal_seeds(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = compare_runs(
        ["digits"], Workspace(finished, finished / "artifacts"), tmp_path / "o"
    ).written
    page = written.page.read_text(encoding="utf-8")
    assert written.page == tmp_path / "o" / "index.html"
    assert page.count("<img src=") == 3
    assert "Every picture shows the same seeds and prompts" in page
    assert "digits/guidance=2 is best: 100.0 [94.0, 106.0]" in page
    assert ", paired" in page
    assert "Trade-off over guidance" in page
    assert "real images (floor)" in page
    settings = page.partition('id="settings"')[2].partition("<h2")[0]
    assert re.findall(r'<th scope="col">([^<]*)', settings) == ["run", "sampling.guidance"]
    assert re.findall(r'data-cell="([^"]*)".*?<td>([^<]*)', settings) == [
        ("digits/guidance=1", "1.0"),
        ("digits/guidance=2", "2.0"),
        ("digits/guidance=4", "4.0"),
    ]
    assert "No losses are at hand of digits schedule=cosine" in page
    assert "<small>[58.0, 62.0]</small> <small>n 500</small>" in page
    assert "not measured: vendi_x (too few images)" in page
    rows = read(written.csv)
    near = rows["digits/guidance=1", "fd_x", ""]  # the intervals overlap, the pairs differ
    assert (near["standing"], near["paired"]) == ("worse than the best", "True")
    assert (near["value"], near["resize"], near["data_hash"]) == ("104.0", "none", "abc")
    assert float(near["difference"]) == 4.0
    assert 0 < float(near["difference_low"]) < 4 < float(near["difference_high"]) < 8
    assert float(near["p_holm"]) < 0.05
    assert rows["real images (floor)", "fd_x", ""]["n_generated"] == "500"
    out = capsys.readouterr().out
    assert "worse" in out
    assert "(n 500)" in out


def test_without_the_store_the_record_in_mlflow_does(finished: Path, tmp_path: Path) -> None:
    workspace = Workspace(finished, tmp_path / "empty")
    written = compare_runs(["digits"], workspace, tmp_path / "table.csv").written
    assert written.page == tmp_path / "table.html"
    page = written.page.read_text(encoding="utf-8")
    assert page.count("as logged, perhaps other seeds") == 3
    assert page.count("<img src=") == 3
    assert ", paired" in page
    assert "Trade-off over guidance" in page  # the guidance is in the runs' parameters
    assert "not measured: vendi_x (too few images)" in page
    rows = read(written.csv)
    near = rows["digits/guidance=1", "fd_x", ""]
    assert (near["standing"], near["paired"]) == ("worse than the best", "True")
    assert rows["digits/guidance=4", "clip_score_x", "the digit 3"]["value"] == "19.0"


def test_a_recorded_reference_is_not_the_best_and_the_sweeps_metric_ranks(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "copy"
    tracker = connect(None, root)
    model = tracker.child(tracker.sweep("two", "c3" * 32, {}, {}), "train", "f" * 64, {}, {})
    for number, beside in ((0, None), (1, "reference")):
        judged = finished / "artifacts" / "evaluate" / (f"{number}b" * 32)
        sampled = finished / "artifacts" / "sample" / (f"{number}a" * 32)
        tags = {"alphabar.beside": beside, "alphabar.ranked_by": "clip_score_x"}
        run = tracker.child(model, f"cell {number}", judged.name, {}, tags)
        tracker.log_cell(run, sampled, judged)
    written = compare_runs(["two"], Workspace(root, tmp_path / "empty"), tmp_path / "o").written
    page = written.page.read_text(encoding="utf-8")
    assert "two/cell 0 is best: 20.00 [19.50, 20.50]" in page  # the CLIP score chose it
    assert "two/cell 1 (reference) has a better CLIP score (x) than the best" in page
    assert "two/cell 1 (reference) has a better" in capsys.readouterr().out
    rows = read(written.csv)
    assert rows["two/cell 0", "clip_score_x", ""]["standing"] == "best"
    assert rows["two/cell 1", "clip_score_x", ""]["role"] == "reference"


def test_the_page_is_named_when_it_is_asked_for(finished: Path, tmp_path: Path) -> None:
    workspace = Workspace(finished, finished / "artifacts")
    names = ["digits/guidance=1", "digits/guidance=4"]
    written = compare_runs(names, workspace, tmp_path / "two.html").written
    assert written.csv == tmp_path / "two.csv"
    assert "comparison of 2 recorded runs" in written.page.read_text(encoding="utf-8")


def test_a_notebook_s_rows_are_the_file_s_with_texts_as_texts(
    finished: Path, tmp_path: Path
) -> None:
    root = tmp_path / "copy"
    tracker = connect(None, root)
    model = tracker.child(tracker.sweep("two", "c3" * 32, {}, {}), "train", "f" * 64, {}, {})
    for number in (0, 1):
        judged = finished / "artifacts" / "evaluate" / (f"{number}b" * 32)
        sampled = finished / "artifacts" / "sample" / (f"{number}a" * 32)
        params = {"sampling": {"negative_prompt": "7", "steps": 7 + number}}
        run = tracker.child(model, f"cell {number}", judged.name, params, {})
        tracker.log_cell(run, sampled, judged)
    found = compare_runs(["two"], Workspace(root, tmp_path / "empty"), tmp_path / "o")
    rows, written = found.figures.records(), list(read(found.written.csv).values())
    assert [row["name"] for row in rows] == [row["name"] for row in written]
    assert [row["value"] for row in rows] == [float(row["value"]) for row in written]
    cells = stored_cells(tracker, ["two"], Workspace(root, tmp_path / "empty").store)
    settings = [(c.sampling["negative_prompt"], c.sampling["steps"]) for c in cells]
    assert settings == [("7", 7), ("7", 8)]


def test_one_run_is_no_comparison(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match="names one evaluated run"):
        compare_runs(["digits/guidance=1"], Workspace(finished, tmp_path / "empty"), tmp_path / "o")


def test_a_broken_stored_cell_is_named(finished: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(finished / "artifacts", store)
    (store / "sample" / ("0a" * 32) / "samples.csv").write_text("index,seed\n1,2\n")
    with pytest.raises(AlphabarError, match=r"samples\.csv is damaged"):
        compare_runs(["digits"], Workspace(finished, store), tmp_path / "o")


def test_a_comparison_takes_the_place_of_a_comparison_and_of_nothing_else(
    finished: Path, tmp_path: Path
) -> None:
    workspace = Workspace(finished, finished / "artifacts")
    written = compare_runs(["digits"], workspace, tmp_path / "o").written
    check(tmp_path / "o")
    compare_runs(["digits"], workspace, tmp_path / "o")
    (tmp_path / "o" / "mine.txt").write_text("notes")
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / ".keys").write_text("r1")
    published = next((finished / "artifacts" / "evaluate").iterdir())
    taken = [tmp_path / "o", tmp_path / "report", tmp_path / "report" / "a.html"]
    for place in (*taken, published, published / "x", published / "a.csv", tmp_path):
        before = sorted(place.rglob("*"))
        with pytest.raises(AlphabarError) as caught:
            compare_runs(["digits"], workspace, place)
        assert "--out" in caught.value.remedy
        assert sorted(place.rglob("*")) == before
    assert written.page.is_file()


@pytest.mark.parametrize("name", ["o", "table.csv"])
def test_a_full_disk_leaves_no_half_comparison(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def full(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(AlphabarError, match="no disk space is left"):
            compare_runs(["digits"], Workspace(finished, finished / "artifacts"), tmp_path / name)
    assert list(tmp_path.iterdir()) == []
