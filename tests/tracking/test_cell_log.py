import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from components.errors import AlphabarError
from components.files.new_folder import seal_folder
from components.tracking import Tracker
from components.tracking.images import slugs
from tests.figures.made import write_record

Dirs = Callable[..., tuple[Path, Path]]


@pytest.fixture
def run_id(tracker: Tracker) -> str:
    return tracker.sweep("digits", "a1" * 32, {}, {})


def pictures(tracker: Tracker, run_id: str) -> dict[str, str]:
    """Key → artifact path of the full picture."""
    files = tracker.client.list_artifacts(run_id, "images")
    paths = [file.path for file in files if file.path.endswith(".png")]
    keys = [path.removeprefix("images/").split("+")[0] for path in paths]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, paths, strict=True))


def table(tracker: Tracker, run_id: str, name: str = "figures.json") -> dict[str, dict[str, str]]:
    """The rows of a table by their figure."""
    path = Path(tracker.client.download_artifacts(run_id, name))
    content = json.loads(path.read_text())
    rows = [dict(zip(content["columns"], row, strict=True)) for row in content["data"]]
    return {row["figure"]: row for row in rows}


def test_a_figure_is_one_metric_and_its_interval_stands_in_a_table(
    tracker: Tracker, run_id: str, cell_dirs: Dirs, figure: Callable[..., dict[str, Any]]
) -> None:
    tracker.log_cell(run_id, *cell_dirs("a", kd_x=figure(4.0, 1.0), recognised_svc=figure(0.9, 0)))
    data = tracker.client.get_run(run_id).data
    assert data.metrics == {
        "kd_x": 4.0,
        "recognised_svc": 0.9,
        "network_evaluations": 50.0,
    }
    row = table(tracker, run_id)["kd_x"]
    assert (row["value"], row["low"], row["high"], row["n_generated"]) == ("4", "3", "5", "500")
    assert json.loads(row["protocol"])["extractor"] == "efficientnet_lite0"
    assert "figures.json" in data.tags["mlflow.loggedArtifacts"]


def test_a_figure_that_was_not_measured_is_a_tag_with_its_reason(
    tracker: Tracker, run_id: str, cell_dirs: Dirs, figure: Callable[..., dict[str, Any]]
) -> None:
    sample, evaluate = cell_dirs("a")
    content = {"metrics": {"fd_x": figure(2.0)}, "left_out": {"kd_x": "6 images are too few"}}
    write_record(evaluate, content)
    tracker.log_cell(run_id, sample, evaluate)
    data = tracker.client.get_run(run_id).data
    assert data.metrics == {"fd_x": 2.0, "network_evaluations": 50.0}
    assert data.tags["alphabar.left_out"] == "kd_x: 6 images are too few"


def test_a_cell_says_what_it_took(tracker: Tracker, run_id: str, cell_dirs: Dirs) -> None:
    sample, evaluate = cell_dirs("a")
    for folder, seconds in ((sample, 2.0), (evaluate, 5.0)):
        (folder / "manifest.json").unlink(missing_ok=True)
        seal_folder(folder, {"wall_seconds": seconds})
    tracker.log_cell(run_id, sample, evaluate)
    metrics = tracker.client.get_run(run_id).data.metrics
    assert (metrics["device_seconds"], metrics["images_per_second"]) == (7.0, 3.0)


def test_the_whole_record_and_what_each_image_adds_are_kept(
    tracker: Tracker, run_id: str, cell_dirs: Dirs
) -> None:
    sample, evaluate = cell_dirs("a")
    np.savez(evaluate / "pseudo_values.npz", seeds=np.arange(6))
    tracker.log_cell(run_id, sample, evaluate)
    for name in ("metrics.json", "pseudo_values.npz"):
        kept = tracker.client.download_artifacts(run_id, f"evaluation/{name}")
        assert Path(kept).read_bytes() == (evaluate / name).read_bytes()


def test_one_picture_a_prompt_and_the_grid_are_shown_large(
    tracker: Tracker, run_id: str, cell_dirs: Dirs, tmp_path: Path
) -> None:
    sample, evaluate = cell_dirs("a")
    tracker.log_cell(run_id, sample, evaluate)
    found = pictures(tracker, run_id)
    assert set(found) == {"the-digit-zero", "the-digit-one", "the-digit-two", "grid"}
    path = tracker.client.download_artifacts(run_id, found["the-digit-one"], str(tmp_path))
    pixels = np.asarray(Image.open(path))
    first_one = np.load(sample / "images.npy")[1, ..., 0]
    assert pixels.shape == (128, 128)
    assert np.array_equal(pixels[::16, ::16], first_one)
    assert np.array_equal(pixels[15::16, 15::16], first_one)


def test_a_cell_is_logged_once_and_completed_after_a_kill(
    tracker: Tracker, run_id: str, cell_dirs: Dirs
) -> None:
    dirs = cell_dirs("a")
    tracker.log_cell(run_id, *dirs)
    before = pictures(tracker, run_id)
    tracker.log_cell(run_id, *dirs)
    tracker.client.delete_tag(run_id, "alphabar.cell_recorded")
    tracker.log_cell(run_id, *dirs)
    assert pictures(tracker, run_id) == before
    assert len(tracker.client.get_metric_history(run_id, "fd_efficientnet_lite0")) == 1


def test_at_most_sixteen_prompts_are_shown(tracker: Tracker, run_id: str, cell_dirs: Dirs) -> None:
    sample, evaluate = cell_dirs("a")
    np.save(sample / "images.npy", np.zeros((20, 8, 8, 3), np.uint8))
    rows = "".join(f"{i},{i},-1,,drawing {i}\n" for i in range(20))
    (sample / "samples.csv").write_text("index,seed,class,label,caption\n" + rows)
    tracker.log_cell(run_id, sample, evaluate)
    assert set(pictures(tracker, run_id)) == {*(f"drawing-{i}" for i in range(16)), "grid"}


def test_a_broken_directory_is_named(tracker: Tracker, run_id: str, cell_dirs: Dirs) -> None:
    sample, evaluate = cell_dirs("a")
    (sample / "images.npy").write_bytes(b"cut")
    with pytest.raises(AlphabarError, match="sample-a"):
        tracker.log_cell(run_id, sample, evaluate)
    (evaluate / "metrics.json").write_text("{")
    with pytest.raises(AlphabarError, match="evaluate-a"):
        tracker.log_cell(run_id, sample, evaluate)


def test_slugs_are_plain_and_no_two_are_alike() -> None:
    assert slugs(["Fête!", "fete", "a/b\\c", "x" * 60, "samples"]) == [
        "fete", "fete-2", "a-b-c", "x" * 60, "samples-2",
    ]  # fmt: skip


def test_a_prompts_slug_is_the_same_beside_others_whatever_it_is_written_in() -> None:
    prompts = ["笑", "笑顔", "a 笑", "x" * 99, "x" * 98 + "y"]
    alone = [slugs([prompt])[0] for prompt in prompts]
    assert slugs(prompts) == slugs(prompts[::-1])[::-1] == alone
    assert all(slug.isascii() and len(slug) <= 60 for slug in alone)
    assert [slug[:-7] for slug in alone] == ["prompt", "prompt", "a", "x" * 53, "x" * 53]


def test_the_figures_of_a_codec_that_nobody_trained_are_logged(
    tracker: Tracker, run_id: str, cell_dirs: Dirs, figure: Callable[..., dict[str, Any]]
) -> None:
    judgement = cell_dirs("a", reconstruction_psnr=figure(24.0, 1.0))[1]
    for _ in range(2):
        tracker.log_judgement(run_id, judgement)
    data = tracker.client.get_run(run_id).data
    assert data.metrics["reconstruction_psnr"] == 24.0
    assert table(tracker, run_id)["reconstruction_psnr"]["low"] == "23"
    assert len(tracker.client.get_metric_history(run_id, "reconstruction_psnr")) == 1
