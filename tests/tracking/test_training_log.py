import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from components.data.grids import contact_sheet, save_png
from components.errors import AlphabarError
from components.tracking import Tracker
from components.tracking.training_log import kept
from components.training.pictures import picture_path, write_prompts

WriteHistory = Callable[[Path, int], None]


@pytest.fixture
def run_id(tracker: Tracker) -> str:
    return tracker.sweep("digits", "a1" * 32, {}, {})


def points(tracker: Tracker, run_id: str, name: str) -> list[tuple[int, float]]:
    history = tracker.client.get_metric_history(run_id, name)
    return sorted((metric.step, metric.value) for metric in history)


def sample_steps(tracker: Tracker, run_id: str) -> list[int]:
    paths = [file.path for file in tracker.client.list_artifacts(run_id, "images")]
    return sorted(
        int(path.split("+step+")[1].split("+")[0]) for path in paths if path.endswith(".png")
    )


def test_a_directory_is_followed_while_it_grows(
    tracker: Tracker, run_id: str, train_dir: Path, write_history: WriteHistory
) -> None:
    history = train_dir / "history.csv"
    with history.open("a") as file:
        file.write("11,0.09")
    (train_dir / "samples" / "step_000010.png").write_bytes(b"\x89PNG half")
    tracker.log_training(run_id, train_dir)
    assert [step for step, _ in points(tracker, run_id, "loss")] == list(range(1, 11))
    assert sample_steps(tracker, run_id) == [5]
    write_history(train_dir, 12)
    Image.new("RGB", (300, 200)).save(train_dir / "samples" / "step_000010.png")
    tracker.log_training(run_id, train_dir)
    assert points(tracker, run_id, "loss") == [(step, 1 / step) for step in range(1, 13)]
    assert sample_steps(tracker, run_id) == [5, 10]


PROMPTS = [*(f"the digit {k}" for k in range(9)), "the digit 0", "The Digit 3!", "笑"]
KEYS = {"samples", *(f"the-digit-{k}" for k in range(8))}


def draw(folder: Path, step: int) -> np.ndarray:
    """The picture of ``step``: images of 64 x 64 by the prompts above, each of a colour."""
    colours = np.random.default_rng(step).integers(0, 256, (len(PROMPTS), 1, 1, 3), np.uint8)
    save_png(picture_path(folder, step), contact_sheet(colours.repeat(64, 1).repeat(64, 2), 5))
    return colours


def keys(tracker: Tracker, run_id: str) -> list[tuple[str, int]]:
    """(key, step) of every picture, as often as it was logged."""
    files = [Path(file.path).name for file in tracker.client.list_artifacts(run_id, "images")]
    parts = [name.split("+") for name in files if name.endswith(".png")]
    return sorted((key, int(step)) for key, _, step, *_ in parts)


def pixels(tracker: Tracker, run_id: str, key: str, step: int) -> np.ndarray:
    for file in tracker.client.list_artifacts(run_id, "images"):
        if file.path.startswith(f"images/{key}+step+{step}+") and file.path.endswith(".png"):
            with Image.open(tracker.client.download_artifacts(run_id, file.path)) as image:
                return np.asarray(image)
    raise AssertionError(f"no picture {key} at step {step}")


def test_each_prompts_first_image_is_a_key_from_step_0_on_beside_the_sheet(
    tracker: Tracker, run_id: str, train_dir: Path
) -> None:
    folder = train_dir / "samples"
    picture_path(folder, 5).unlink()
    write_prompts(folder, PROMPTS, 5)
    colours = {step: draw(folder, step) for step in (0, 5)}
    for _ in range(2):
        tracker.log_training(run_id, train_dir)
    assert keys(tracker, run_id) == sorted((key, step) for key in KEYS for step in (0, 5))
    for step in (0, 5):
        for index in (0, 3, 7):
            found = pixels(tracker, run_id, f"the-digit-{index}", step)
            assert found.shape == (128, 128, 3), "a card of the grid is small"
            assert (found == colours[step][index]).all()
        assert pixels(tracker, run_id, "samples", step).shape == (196, 328, 3)
    draw(folder, 10)
    tracker.log_training(run_id, train_dir)
    assert keys(tracker, run_id) == sorted((key, step) for key in KEYS for step in (0, 5, 10))


def test_keys_that_a_kill_has_left_out_are_added_and_no_other_twice(
    tracker: Tracker, run_id: str, train_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = train_dir / "samples"
    picture_path(folder, 5).unlink()
    write_prompts(folder, PROMPTS, 5)
    draw(folder, 0)
    sound, sent = tracker.client.log_image, list[str]()

    def killed(*args: Any, **given: Any) -> None:
        if len(sent) == 3:
            raise KeyboardInterrupt
        sent.append(given["key"])
        sound(*args, **given)

    with monkeypatch.context() as patch:
        patch.setattr(tracker.client, "log_image", killed)
        with pytest.raises(KeyboardInterrupt):
            tracker.log_training(run_id, train_dir)
    assert keys(tracker, run_id) == sorted((key, 0) for key in sent)
    tracker.log_training(run_id, train_dir)
    assert keys(tracker, run_id) == sorted((key, 0) for key in KEYS)


def test_a_directory_that_says_nothing_of_prompts_has_its_sheet_alone(
    tracker: Tracker, run_id: str, train_dir: Path
) -> None:
    tracker.log_training(run_id, train_dir)
    assert keys(tracker, run_id) == [("samples", 5)]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("row,column\n0,0\n", "has no column 'prompt'"),
        ("row,column,prompt\nx,0,a\n", "invalid literal"),
        ("row,column,prompt\n0,6,a\n", "is no sheet of 1 rows, 7 columns"),
        ("row,column,prompt\n-1,0,a\n0,0,b\n", "has no image at"),
    ],
)
def test_prompts_that_are_broken_or_of_other_pictures_are_named(
    tracker: Tracker, run_id: str, train_dir: Path, said: str, fault: str
) -> None:
    (train_dir / "samples" / "prompts.csv").write_text(said)
    with pytest.raises(AlphabarError, match=rf"prompts\.csv is broken: .*{fault}"):
        tracker.log_training(run_id, train_dir)


def test_a_figure_while_training_is_no_point_of_the_cells_chart(
    tracker: Tracker, run_id: str, train_dir: Path
) -> None:
    tracker.log_training(run_id, train_dir)
    assert points(tracker, run_id, "training_fd_efficientnet_lite0") == [(5, 300.0)]
    assert not any("_low" in name for name in tracker.client.get_run(run_id).data.metrics)
    assert points(tracker, run_id, "fd_efficientnet_lite0") == []


@pytest.mark.parametrize(("spec", "images"), [({}, 16.0), ({"kind": "dpo"}, 32.0)])
def test_images_a_second_are_those_of_rows_that_may_have_two(
    tracker: Tracker, run_id: str, train_dir: Path, spec: dict[str, Any], images: float
) -> None:
    told = {"spec": {"training": {"batch_size": 8}} | spec, "costs": {"seconds_a_step": 0.5}}
    (train_dir / "manifest.json").write_text(json.dumps(told))
    tracker.log_training(run_id, train_dir)
    assert points(tracker, run_id, "training_images_per_second") == [(0, images)]


def test_a_published_directory_is_logged_whole_and_once(
    tracker: Tracker, run_id: str, train_dir: Path
) -> None:
    seconds = {"training": 3.0, "evaluations": 1.0}
    costs = {"seconds_a_step": 0.5, "peak_memory_bytes": 9, "memory": "process"}
    files = {"model.safetensors": {"size": 7}, "history.csv": {"size": 5}}
    taken = {"seconds": seconds, "costs": costs, "files": files}
    (train_dir / "manifest.json").write_text(json.dumps(taken))
    (train_dir / "best").mkdir()
    for name in ("best/best.json", "best/model.safetensors"):
        (train_dir / name).write_text("{}")
    for _ in range(2):
        tracker.log_training(run_id, train_dir)
    assert len(points(tracker, run_id, "loss")) == 10
    assert points(tracker, run_id, "parameters") == [(0, 3.0)]
    assert points(tracker, run_id, "evaluations_share") == [(0, 0.25)]
    assert points(tracker, run_id, "seconds_a_step") == [(0, 0.5)]
    assert points(tracker, run_id, "peak_memory_bytes") == [(0, 9.0)]
    assert points(tracker, run_id, "trained_parameters") == [(0, 3.0)]
    assert points(tracker, run_id, "weights_bytes") == [(0, 7.0)]
    assert points(tracker, run_id, "published_bytes") == [(0, 12.0)]
    assert points(tracker, run_id, "training_seconds") == [(0, 3.0)]
    assert points(tracker, run_id, "evaluations_seconds") == [(0, 1.0)]
    assert points(tracker, run_id, "step_memory_bytes") == []
    assert tracker.client.get_run(run_id).data.tags["alphabar.memory"] == "process"
    assert sample_steps(tracker, run_id) == [5]
    stored = {file.path for file in tracker.client.list_artifacts(run_id, "training")}
    assert {"training/history.csv", "training/best.json"} <= stored
    assert "training/model.safetensors" not in stored


def test_rows_sent_twice_after_a_kill_are_stored_once(
    tracker: Tracker, run_id: str, train_dir: Path
) -> None:
    tracker.log_training(run_id, train_dir)
    tracker.client.delete_tag(run_id, "alphabar.logged.history.csv")
    tracker.log_training(run_id, train_dir)
    assert len(points(tracker, run_id, "loss")) == 10


def test_a_run_that_goes_on_from_an_earlier_step_loses_no_evaluation(
    tracker: Tracker, run_id: str, train_dir: Path
) -> None:
    def evaluated(*steps: int) -> None:
        rows = [f"{step},fd_efficientnet_lite0,{step},1,2\n" for step in steps]
        header = "step,metric,value,low,high\n"
        (train_dir / "evaluations.csv").write_text(header + "".join(rows))
        tracker.log_training(run_id, train_dir)

    evaluated(4, 12, 16)
    evaluated(4)  # killed, and resumed from step 10
    evaluated(4, 20)  # what a slower machine allows
    evaluated(4, 20, 24)
    logged = points(tracker, run_id, "training_fd_efficientnet_lite0")
    assert logged == [(step, step) for step in (4, 12, 16, 20, 24)]
    evaluated(4, 12, 14, 28)  # and once more, between two looks of ours, from step 4
    logged = points(tracker, run_id, "training_fd_efficientnet_lite0")
    assert logged == [(step, step) for step in (4, 12, 14, 16, 20, 24, 28)]


def test_what_is_logged_is_not_sent_again(
    tracker: Tracker, run_id: str, train_dir: Path, write_history: WriteHistory
) -> None:
    tracker.log_training(run_id, train_dir)
    tags = tracker.client.get_run(run_id).data.tags
    with pytest.MonkeyPatch.context() as patch:
        sent: list[int] = []
        sound = tracker.client.log_batch
        patch.setattr(
            tracker.client,
            "log_batch",
            lambda *args, **kw: sent.append(len(kw.get("metrics", ()))) or sound(*args, **kw),
        )
        tracker.log_training(run_id, train_dir)
        assert tracker.client.get_run(run_id).data.tags == tags
        assert not sent
        write_history(train_dir, 12)
        tracker.log_training(run_id, train_dir)
    columns = len((train_dir / "history.csv").read_text().splitlines()[0].split(",")) - 1
    assert sent == [2 * columns]


def test_a_long_history_is_thinned_alike_live_and_at_once(
    tracker: Tracker, run_id: str, train_dir: Path, write_history: WriteHistory
) -> None:
    for rows in (1500, 2500, 3001):
        write_history(train_dir, rows)
        tracker.log_training(run_id, train_dir)
    steps = [step for step, _ in points(tracker, run_id, "loss")]
    assert steps == [index + 1 for index in range(3001) if kept(index)]
    assert len(steps) == 2501
    assert steps[-2:] == [2999, 3001]


def test_thinning_grows_by_a_thousand_a_doubling() -> None:
    totals = [sum(map(kept, range(rows))) for rows in (2000, 4000, 8000, 16000)]
    assert totals == [2000, 3000, 4000, 5000]


def test_a_finished_line_that_is_not_readable_is_named(
    tracker: Tracker, run_id: str, train_dir: Path
) -> None:
    (train_dir / "history.csv").write_text("step,loss\n1,much\n")
    with pytest.raises(AlphabarError, match=r"history\.csv"):
        tracker.log_training(run_id, train_dir)


def test_a_loss_that_is_not_a_number_is_a_tag_and_no_point(
    tracker: Tracker, run_id: str, train_dir: Path
) -> None:
    (train_dir / "history.csv").write_text("step,loss\n1,0.5\n2,nan\n")
    for _ in range(2):
        tracker.log_training(run_id, train_dir)
    assert points(tracker, run_id, "loss") == [(1, 0.5)]
    tags = tracker.client.get_run(run_id).data.tags
    assert tags["alphabar.not_finite"] == "loss is nan at step 2"


def test_evaluations_that_were_missed_are_told_with_their_reasons(
    tracker: Tracker, run_id: str, train_dir: Path
) -> None:
    missed = "step,kind,message\n5,not finite,kd_x is nan\n"
    (train_dir / "missed_evaluations.csv").write_text(missed)
    (train_dir / "manifest.json").write_text("{}")
    tracker.log_training(run_id, train_dir)
    tags = tracker.client.get_run(run_id).data.tags
    assert tags["alphabar.missed_evaluations"] == "step 5: kd_x is nan (not finite)"


def test_a_directory_with_nothing_yet_logs_nothing(
    tracker: Tracker, run_id: str, tmp_path: Path
) -> None:
    tracker.log_training(run_id, tmp_path)
    assert tracker.client.get_run(run_id).data.metrics == {}
