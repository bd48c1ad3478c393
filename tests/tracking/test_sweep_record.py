"""What a sweep's rows say of themselves, when they were worked on and what stopped them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components.files.new_folder import seal_folder
from components.spec.loading import parse_experiment
from components.spec.plan import plan_baselines
from components.store import Store
from components.tracking import Tracker
from components.tracking.notes import experiment_note
from components.tracking.sweep_record import SweepRecord
from components.tracking.worked import worked
from tests.figures.made import made

VALUES: dict[str, Any] = {
    "name": "digits",
    "data": {"source": "digits"},
    "evaluation": {"clip": "none"},
    "sweep": {"process.schedule": ["linear", "cosine"], "sampling.guidance": [1, 2]},
}


def test_a_training_s_row_has_what_differs_and_says_what_stopped_it(
    tracker: Tracker, tmp_path: Path
) -> None:
    plan = plan_baselines(parse_experiment(VALUES, "the test"), lambda _: "abc.dir")
    record = SweepRecord(tracker, plan, Store(tmp_path / "store"))
    node = plan.cells[0].train
    (tmp_path / "history.csv").write_text("step,loss\n1,0.5\n")
    record.training(node, tmp_path)
    record.end("FAILED", {node.name: "the loss is nan"})
    sweep = tracker.client.get_run(record.run)
    assert sweep.info.run_name.startswith("sweep of schedule, guidance: 4 cells (")
    runs = tracker.client.search_runs([sweep.info.experiment_id])
    (row,) = [run for run in runs if run.info.run_id != record.run]
    assert {run.info.status for run in runs} == {"FAILED"}
    assert row.data.tags["alphabar.failed"] == "the loss is nan"
    assert row.data.params == {"process.schedule": "linear"}
    assert row.inputs.dataset_inputs[0].dataset.digest == "abc.dir"


def test_an_experiment_says_what_is_swept_and_what_stands_beside_it() -> None:
    values = VALUES | {"also": [{"sampling.solver": "ddpm", "sampling.steps": 12}]}
    plan = plan_baselines(parse_experiment(values, "the test"), lambda _: "abc.dir")
    figures = {plan.ranked_by: made(plan.ranked_by, 3.0, 2.0, 4.0)}
    said = experiment_note(plan, "steps=12", figures, ["a link"])
    assert "**steps=12** is the best of 5" in said
    assert "Swept: `process.schedule`: linear, cosine; `sampling.guidance`: 1, 2." in said
    assert "Also: `sampling.solver`: ddpm, `sampling.steps`: 12." in said


def test_a_cell_lasts_as_long_as_its_stages_took_together(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("sample", "evaluate")]
    for folder, ended, seconds in zip(folders, (100.0, 9000.0), (2.0, 3.5), strict=True):
        folder.mkdir()
        stamp = datetime.fromtimestamp(ended, UTC).isoformat()
        seal_folder(folder, {"ended": stamp, "wall_seconds": seconds})
    found = worked(folders)
    assert (found.start, found.end, found.seconds) == (8_994_500, 9_000_000, 5.5)
    assert worked([tmp_path / "nowhere"]).start is None
