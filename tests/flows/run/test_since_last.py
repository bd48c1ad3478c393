"""What a scheduled run says of the one before."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.files.new_folder import seal_folder
from components.spec.loading import parse_experiment
from components.spec.plan import PlannedCell, plan_baselines
from flows.run.results import Outcome
from flows.run.since_last import Schedule, remember, since_last
from flows.workspace import Workspace
from tests.figures.made import record, write_record

METRIC = "fd_efficientnet_lite0"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, tmp_path / "artifacts")


def outcome(values: dict[str, Any], workspace: Workspace, figure: float, best: int = 0) -> Outcome:
    """Of a run whose best cell has this distance."""
    plan = plan_baselines(parse_experiment(values, "test"), lambda _: "f2")
    judged(plan.cells[best], workspace, figure)
    return Outcome(plan, plan.cells[best], None, workspace.root, {}, 3, 9)


def judged(cell: PlannedCell, workspace: Workspace, figure: float) -> None:
    folder = workspace.store.path(cell.evaluate)
    if not folder.is_dir():
        folder.mkdir(parents=True)
        write_record(folder, {"metrics": {METRIC: record(figure, 5.0)}})
        seal_folder(folder, {"key": cell.evaluate.key})


def test_the_first_run_has_nothing_before_it_and_an_equal_one_says_so(
    shrunk: dict[str, Any], workspace: Workspace
) -> None:
    first = outcome(shrunk, workspace, 200.0)
    schedule = Schedule("f00d", workspace.root, "digits monday")
    assert since_last(first, workspace, schedule) == [
        "this is the first run of the schedule whose results are kept"
    ]
    remember(first, workspace, schedule)
    said = since_last(replace(first, stages_run=0), workspace, schedule)
    assert said[:3] == [
        "the run before was digits monday",
        "the experiment is the same",
        "the best is schedule=linear, as before",
    ]
    assert said[3].endswith("is 200.0 [195.0, 205.0], the very same images as before")
    assert said[4] == "stages: 0 run, 9 were published already"


def test_what_changed_is_named_with_the_difference_and_whether_that_is_noise(
    shrunk: dict[str, Any], workspace: Workspace
) -> None:
    schedule = Schedule("f00d", workspace.root, "digits monday")
    remember(outcome(shrunk, workspace, 200.0), workspace, schedule)
    longer = shrunk | {"training": shrunk["training"] | {"steps": 31}}
    said = since_last(outcome(longer, workspace, 150.0, best=1), workspace, schedule)
    assert said[1:3] == [
        "the experiment changed: training.steps: 30 → 31",
        "the best is schedule=cosine; it was schedule=linear",
    ]
    assert said[3].endswith(
        "is 150.0 [145.0, 155.0]; the best one's was 200.0 [195.0, 205.0], "
        "a difference of -50 [-60, -40], outside the intervals"
    )


def test_a_figure_that_is_not_in_the_store_any_more_is_still_told(
    shrunk: dict[str, Any], workspace: Workspace
) -> None:
    schedule = Schedule("f00d", workspace.root, "digits monday")
    before = outcome(shrunk, workspace, 200.0)
    remember(before, workspace, schedule)
    path = workspace.store.path(before.best.evaluate)
    path.rename(path.with_name("elsewhere"))
    longer = shrunk | {"training": shrunk["training"] | {"steps": 31}}
    said = since_last(outcome(longer, workspace, 150.0), workspace, schedule)
    assert said[3].endswith("was 200.0 [195.0, 205.0], which is not in the store any more")
