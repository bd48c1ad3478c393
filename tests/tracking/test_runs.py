import contextlib
import shlex
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import Run

from components.errors import AlphabarError
from components.tracking import Tracker, connect
from components.tracking.rows import above

KEY = "a1" * 32
SPEC = {"process": {"schedule": "cosine", "steps": 1000}, "network": {"channels": [32, 64]}}


def runs_of(tracker: Tracker) -> list[Run]:
    experiment = tracker.client.get_experiment_by_name("digits")
    return list(tracker.client.search_runs([experiment.experiment_id]))


def test_a_second_run_finds_the_runs_of_the_first(tracker: Tracker, root: Path) -> None:
    def record(tracker: Tracker) -> list[str]:
        sweep = tracker.sweep("digits", KEY, SPEC, {"git.commit": "c0ffee"})
        model = tracker.child(sweep, "schedule=cosine", "b2" * 32, SPEC, {})
        cell = tracker.child(model, "schedule=cosine,guidance=2", "c3" * 32, {"g": 2.0}, {})
        return [sweep, model, cell]

    first = record(tracker)
    assert record(connect(None, root)) == first
    assert len(runs_of(tracker)) == 3
    assert [above(tracker.client.get_run(i)) for i in first] == [None, *first[:2]]


def test_rows_are_not_nested_and_say_what_they_are(tracker: Tracker) -> None:
    sweep = tracker.sweep("digits", KEY, {}, {}, name="sweep of guidance")
    model = tracker.child(sweep, "base", "b2" * 32, {}, {}, kind="model")
    tracker.child(model, "guidance=2", "c3" * 32, {}, {})
    tags = [run.data.tags for run in runs_of(tracker)]
    assert not any("mlflow.parentRunId" in each for each in tags)
    assert {each["row"] for each in tags} == {"sweep", "model", "cell"}
    assert {each["sweep"] for each in tags} == {"sweep of guidance"}
    assert all(each["mlflow.user"] for each in tags)


def test_a_nested_run_of_a_version_before_still_belongs_to_its_parent(tracker: Tracker) -> None:
    sweep = tracker.sweep("digits", KEY, {}, {})
    number = tracker.experiment_id(sweep)
    nested = tracker.client.create_run(number, tags={"mlflow.parentRunId": sweep})
    assert above(nested) == sweep


def test_an_experiment_opens_among_trainings_and_keeps_what_a_person_wrote(
    tracker: Tracker,
) -> None:
    number = tracker.experiment_id(tracker.sweep("digits", KEY, {}, {}))
    for note in ("ours", "ours again"):
        tracker.describe(number, note, "fd_x")
        tags = tracker.client.get_experiment(number).tags
        assert tags["mlflow.note.content"] == note
    assert tags["mlflow.experimentKind"] == "custom_model_development"
    assert tags["mlflow.experiment.primaryMetric.name"] == "fd_x"
    tracker.client.set_experiment_tag(number, "mlflow.note.content", "mine")
    tracker.describe(number, "ours", "fd_x")
    assert tracker.client.get_experiment(number).tags["mlflow.note.content"] == "mine"


def test_a_run_has_the_time_of_its_work_its_data_and_its_settings(tracker: Tracker) -> None:
    sweep = tracker.sweep("digits", KEY, {}, {})
    for _ in range(2):
        run = tracker.child(sweep, "base", "b2" * 32, {}, {}, start=5000, settings="name: a\n")
        tracker.used(run, "digits/regular", "e5.dir", "training")
        tracker.finish(run, "FINISHED", 9000)
    found = tracker.client.get_run(run)
    assert (found.info.start_time, found.info.end_time) == (5000, 9000)
    (data,) = found.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("digits/regular", "e5.dir")
    stored = tracker.client.download_artifacts(run, "experiment.yaml")
    assert Path(stored).read_text() == "name: a\n"


def test_the_same_model_in_another_sweep_is_another_run(tracker: Tracker) -> None:
    sweeps = [tracker.sweep("digits", key * 32, {}, {}) for key in ("a1", "b2")]
    children = {tracker.child(sweep, "base", KEY, {}, {}) for sweep in sweeps}
    assert len({*sweeps, *children}) == 4


def test_threads_that_ask_at_once_share_one_run(tracker: Tracker) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: tracker.sweep("digits", KEY, SPEC, {}), range(6)))
    assert len(set(found)) == 1
    assert len(runs_of(tracker)) == 1


def test_two_that_run_the_same_file_at_once_add_its_params_one_after_the_other(
    tracker: Tracker, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, met = threading.Barrier(2), []

    def meet(log: Callable[..., None]) -> Callable[..., None]:
        def log_when_both_are_here(*args: Any, **named: Any) -> None:
            with contextlib.suppress(threading.BrokenBarrierError):
                both.wait(timeout=1)
                met.append(args)
            log(*args, **named)

        return log_when_both_are_here

    trackers = [tracker, connect(None, root)]
    for each in trackers:
        monkeypatch.setattr(each.client, "log_batch", meet(each.client.log_batch))
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda each: each.sweep("digits", KEY, SPEC, {}), trackers))
    assert not met
    assert found[0] == found[1]
    assert len(tracker.client.get_run(found[0]).data.params) == 3


def test_params_are_dotted_and_tags_are_kept(tracker: Tracker) -> None:
    tags = {"alphabar.stage_key": "d4" * 32, "data.dvc_hash": "e5.dir", "git.commit": None}
    data = tracker.client.get_run(tracker.sweep("digits", KEY, SPEC, tags)).data
    assert data.params == {
        "process.schedule": "cosine",
        "process.steps": "1000",
        "network.channels": "[32,64]",
    }
    assert data.tags["alphabar.key"] == KEY
    assert data.tags["data.dvc_hash"] == "e5.dir"
    assert "git.commit" not in data.tags


def test_a_long_value_and_many_params_fit_mlflows_limits(tracker: Tracker) -> None:
    spec = {"prompts": "x" * 7000, **{f"p{i}": i for i in range(250)}}
    params = tracker.client.get_run(tracker.sweep("digits", KEY, spec, {"note": "y" * 9000})).data
    assert len(params.params) == 251
    assert len(params.params["prompts"]) == 6000
    assert len(params.tags["note"]) == 8000


def test_params_that_a_kill_kept_from_being_logged_are_added(tracker: Tracker) -> None:
    run_id = tracker.sweep("digits", KEY, {}, {})
    assert tracker.sweep("digits", KEY, SPEC, {"git.commit": "c0ffee"}) == run_id
    data = tracker.client.get_run(run_id).data
    assert data.params["process.schedule"] == "cosine"
    assert data.tags["git.commit"] == "c0ffee"


def test_a_killed_run_goes_on_running_and_a_finished_one_stays_so(tracker: Tracker) -> None:
    run_id = tracker.sweep("digits", KEY, {}, {})
    for status, after in (("KILLED", "RUNNING"), ("FAILED", "RUNNING"), ("FINISHED", "FINISHED")):
        tracker.finish(run_id, status)
        assert tracker.client.get_run(run_id).info.status == status
        tracker.sweep("digits", KEY, {}, {})
        assert tracker.client.get_run(run_id).info.status == after


def test_a_complete_run_says_so_and_is_left_alone(tracker: Tracker) -> None:
    run_id = tracker.sweep("digits", KEY, {}, {})
    assert not tracker.is_complete(run_id)
    tracker.mark_complete(run_id)
    assert tracker.is_complete(run_id)
    tracker.sweep("digits", KEY, SPEC, {"git.commit": "later"})
    assert tracker.client.get_run(run_id).data.params == {}


def test_a_directory_is_stored_with_its_folders(tracker: Tracker, tmp_path: Path) -> None:
    (tmp_path / "report" / "images").mkdir(parents=True)
    (tmp_path / "report" / "index.html").write_text("<p>")
    (tmp_path / "report" / "images" / "a.csv").write_text("1")
    run_id = tracker.sweep("digits", KEY, {}, {})
    tracker.log_artifacts(run_id, tmp_path / "report", "report")
    tracker.log_artifacts(run_id, tmp_path / "report", "report")
    stored = {file.path for file in tracker.client.list_artifacts(run_id, "report")}
    assert stored == {"report/index.html", "report/images"}


def test_a_deleted_experiment_is_named_with_the_way_back(tracker: Tracker) -> None:
    tracker.sweep("digits", KEY, {}, {})
    number = tracker.client.get_experiment_by_name("digits").experiment_id
    tracker.client.delete_experiment(number)
    with pytest.raises(AlphabarError, match="deleted") as caught:
        tracker.sweep("digits", KEY, {}, {})
    assignment, *command = shlex.split(caught.value.remedy.split("`")[1])
    assert assignment == f"MLFLOW_TRACKING_URI={tracker.uri}"
    assert command == ["mlflow", "experiments", "restore", "--experiment-id", number]


def test_an_experiment_behind_a_server_is_not_written_past_it(tracker: Tracker) -> None:
    tracker.client.create_experiment("digits", artifact_location="mlflow-artifacts:/1")
    with pytest.raises(AlphabarError, match="behind an MLflow server"):
        tracker.sweep("digits", KEY, {}, {})


def test_mlflows_refusal_names_the_store(tracker: Tracker) -> None:
    with pytest.raises(AlphabarError) as caught:
        tracker.child("0" * 32, "base", KEY, {}, {})
    assert tracker.address in caught.value.what
    assert "0" * 32 in caught.value.what
