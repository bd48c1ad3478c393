"""A study's rates on the versions that it is about, and in their runs: once, plain, marked."""

from dataclasses import replace
from typing import Any

import pytest

from components.figures.study_figures import Finding, Progress, StudyFigures
from components.spec.keys import digest
from components.spec.record_tags import SAMPLED_WITH, STAGE_KEY
from components.tracking import connect
from components.tracking.runs import Tracker
from components.tracking.study_log import log_study

TRAINED = ("a0" * 32, "b0" * 32)
SAMPLING = {"solver": "ddim", "steps": 5}
MODELS: dict[str, dict[str, Any]] = {
    "old": {"model": TRAINED[0], "sampling": SAMPLING},
    "new": {"model": TRAINED[1], "sampling": SAMPLING},
}
RATE = Finding(
    "win_rate",
    "quality",
    "new",
    "old",
    value=0.7,
    low=0.55,
    high=0.85,
    confidence=0.95,
    method="two-way clustered, t",
    answers=40,
)
FIGURES = StudyFigures(
    study="ab12",
    name="foxes.1",
    kind="pairwise",
    questions={"quality": "Which image looks better?"},
    models=("old", "new"),
    simulated=True,
    confidence=0.95,
    draws=100,
    seed=0,
    progress=Progress(12, {"quality": 12}, {"quality": 12}, 3, 4),
    findings=(RATE, replace(RATE, view="all", value=0.1), replace(RATE, group="a", value=0.2)),
)


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Tracker:
    """A registry with a version of either training, and one of the second sampled otherwise."""
    found = connect(None, tmp_path_factory.mktemp("registry"))
    found.client.create_registered_model("animals")
    for number, (trained, sampling) in enumerate(
        ((TRAINED[0], SAMPLING), (TRAINED[1], SAMPLING), (TRAINED[1], {"steps": 9}))
    ):
        run = found.sweep("animals", f"key{number}", {}, {})
        tags = {STAGE_KEY: trained, SAMPLED_WITH: digest(sampling)}
        found.client.create_model_version("animals", "file:///x", run_id=run, tags=tags)
    return found


def tags(tracker: Tracker, number: int) -> dict[str, str]:
    found = tracker.client.get_model_version("animals", str(number)).tags
    return {name: text for name, text in found.items() if name.startswith("study.")}


def metrics(tracker: Tracker, number: int) -> dict[str, float]:
    run = tracker.client.get_model_version("animals", str(number)).run_id
    return dict(tracker.client.get_run(run).data.metrics)


def test_both_models_get_the_rate_of_the_counted_answers(tracker: Tracker) -> None:
    assert sorted(log_study(tracker, FIGURES, MODELS)) == [
        "animals version 1",
        "animals version 2",
    ]
    start = "study.foxes:1.quality.win_rate"
    assert tags(tracker, 2) == {
        "study.foxes:1.id": "ab12",
        "study.foxes:1.simulated": "true",
        "study.foxes:1.finished": "true",
        start: "0.7",
        f"{start}.low": "0.55",
        f"{start}.high": "0.85",
        f"{start}.n": "40",
        f"{start}.against": "old",
        f"{start}.interval": "two-way clustered, t",
    }
    assert tags(tracker, 1)[start] == "0.3"
    assert (tags(tracker, 1)[f"{start}.low"], tags(tracker, 1)[f"{start}.against"]) == (
        "0.15",
        "new",
    )
    assert tags(tracker, 3) == {}
    assert metrics(tracker, 2) == {"study.foxes:1.quality.new.win_rate": 0.7}


def test_the_same_analysis_again_adds_nothing_and_a_new_one_replaces_tags(tracker: Tracker) -> None:
    log_study(tracker, FIGURES, MODELS)
    run = tracker.client.get_model_version("animals", "2").run_id
    name = "study.foxes:1.quality.new.win_rate"
    assert len(tracker.client.get_metric_history(run, name)) == 1
    nobody = replace(RATE, value=None, low=None, high=None, answers=0, note="nobody preferred")
    log_study(tracker, replace(FIGURES, findings=(nobody,)), MODELS)
    left = tags(tracker, 2)
    start = "study.foxes:1.quality.win_rate"
    assert (left[f"{start}.n"], left[f"{start}.without"]) == ("0", "nobody preferred")
    assert start not in left
    log_study(tracker, FIGURES, MODELS)
    assert tags(tracker, 2)[start] == "0.7"


def test_a_look_on_the_way_is_logged_with_its_own_interval(tracker: Tracker) -> None:
    look = replace(RATE, name="win_rate_always", low=0.4, high=1.0, method="always")
    early = Progress(12, {"quality": 9}, {"quality": 9}, 3, 4, peek=True)
    log_study(tracker, replace(FIGURES, findings=(RATE, look), progress=early), MODELS)
    found = tags(tracker, 2)
    assert found["study.foxes:1.finished"] == "false"
    assert found["study.foxes:1.quality.win_rate.interval"] == "always"


def test_a_named_version_is_found_and_one_that_is_gone_is_left_out(tracker: Tracker) -> None:
    named = {"old": {"registered": "animals@77"}, "new": {"registered": "animals@3"}}
    assert log_study(tracker, FIGURES, named) == ["animals version 3"]
    assert log_study(tracker, FIGURES, {"new": {"model": "' or 1=1", "sampling": {}}}) == []
    assert log_study(tracker, FIGURES, {"new": {"from": "a folder"}}) == []


def test_of_three_models_the_baseline_gets_nothing(tracker: Tracker) -> None:
    three = replace(FIGURES, name="three", models=("old", "new", "other"))
    assert log_study(tracker, three, MODELS) == ["animals version 2"]
    assert not [tag for tag in tags(tracker, 1) if "three" in tag]
