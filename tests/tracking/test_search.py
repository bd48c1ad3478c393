import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.errors import AlphabarError
from components.tracking import Tracker
from components.tracking.search import logged_grid, recorded_cells

FD = "fd_efficientnet_lite0"


@pytest.fixture
def recorded(
    tracker: Tracker,
    cell_dirs: Callable[..., tuple[Path, Path]],
    figure: Callable[..., dict[str, Any]],
) -> dict[str, str]:
    """A sweep of two models with two cells each; name → run id."""
    ids = {"sweep": tracker.sweep("digits", "a1" * 32, {}, {})}
    value = 100.0
    for model in ("schedule=linear", "schedule=cosine"):
        ids[model] = tracker.child(ids["sweep"], model, f"key-{model}", {}, {})
        for guidance in (1, 2):
            name = f"{model},guidance={guidance}"
            ids[name] = tracker.child(ids[model], name, f"key-{name}", {}, {})
            tracker.log_cell(ids[name], *cell_dirs(name, fd_efficientnet_lite0=figure(value)))
            value += 1
    return ids


CELLS = [
    "digits/schedule=linear,guidance=1",
    "digits/schedule=linear,guidance=2",
    "digits/schedule=cosine,guidance=1",
    "digits/schedule=cosine,guidance=2",
]


def test_a_cell_is_found_by_name_by_id_and_by_the_start_of_its_id(
    tracker: Tracker, recorded: dict[str, str]
) -> None:
    run_id = recorded["schedule=cosine,guidance=2"]
    for name in (CELLS[3], run_id, run_id[:12]):
        [found] = recorded_cells(tracker, [name])
        assert found.name == CELLS[3]
        assert found.judgement.figures[FD].value == 103.0
        assert found.judgement.figures[FD].protocol.n_generated == 500


def test_a_cell_comes_with_its_model_its_key_and_its_picture(
    tracker: Tracker,
    cell_dirs: Callable[..., tuple[Path, Path]],
    figure: Callable[..., dict[str, Any]],
) -> None:
    sweep = tracker.sweep("digits", "a1" * 32, {}, {})
    model = tracker.child(sweep, "train schedule=cosine", "m", {}, {})
    tags, params = {"alphabar.stage_key": "e" * 64}, {"sampling": {"guidance": 2.0}}
    run_id = tracker.child(model, "guidance=2", "e" * 64, params, tags)
    tracker.log_cell(run_id, *cell_dirs("c", fd_efficientnet_lite0=figure(100.0)))
    [cell] = recorded_cells(tracker, ["digits"])
    assert (cell.name, cell.run_id, cell.model) == (
        *("digits/guidance=2", run_id, "train schedule=cosine"),
    )
    assert cell.stage_key == "e" * 64
    assert cell.params["sampling.guidance"] == "2"
    grid = logged_grid(tracker, run_id)
    assert grid is not None
    assert min(grid.size) >= 128
    assert logged_grid(tracker, model) is None


def test_a_parent_gives_its_cells_in_order_and_each_once(
    tracker: Tracker, recorded: dict[str, str]
) -> None:
    for name in (recorded["sweep"], "digits"):
        assert [found.name for found in recorded_cells(tracker, [name])] == CELLS
    names = [CELLS[2], "digits/schedule=cosine", CELLS[0]]
    assert [found.name for found in recorded_cells(tracker, names)] == [
        CELLS[2],
        CELLS[3],
        CELLS[0],
    ]


def test_the_same_cell_of_two_sweeps_is_told_apart(
    tracker: Tracker, recorded: dict[str, str], cell_dirs: Callable[..., tuple[Path, Path]]
) -> None:
    name = "schedule=cosine,guidance=2"
    later = tracker.child(tracker.sweep("digits", "b2" * 32, {}, {}), name, "k", {}, {})
    tracker.log_cell(later, *cell_dirs("later"))
    assert recorded_cells(tracker, [CELLS[3]])[0].judgement.figures[FD].value == 150.0
    found = recorded_cells(tracker, [recorded[name], later])
    assert [each.name for each in found] == [
        f"{CELLS[3]} ({recorded[name][:6]})",
        f"{CELLS[3]} ({later[:6]})",
    ]


def test_a_name_that_fits_nothing_gets_the_nearest(
    tracker: Tracker, recorded: dict[str, str]
) -> None:
    with pytest.raises(AlphabarError, match="schedule=cosin,guidance=2") as caught:
        recorded_cells(tracker, ["digits/schedule=cosin,guidance=2"])
    assert CELLS[3] in caught.value.remedy
    with pytest.raises(AlphabarError, match="abcdef0123"):
        recorded_cells(tracker, ["abcdef0123"])


def test_a_run_without_figures_is_named(tracker: Tracker) -> None:
    run_id = tracker.sweep("digits", "a1" * 32, {}, {})
    with pytest.raises(AlphabarError, match="no evaluated cell"):
        recorded_cells(tracker, [run_id])


def test_an_empty_store_says_that_nothing_is_there(tracker: Tracker) -> None:
    with pytest.raises(AlphabarError, match="no run is called digits"):
        recorded_cells(tracker, ["digits"])


def test_names_that_nothing_can_be_compared_of_are_not_proposed(
    tracker: Tracker, recorded: dict[str, str]
) -> None:
    tracker.sweep("digitz-empty", "b2" * 32, {}, {})
    with pytest.raises(AlphabarError) as caught:
        recorded_cells(tracker, ["digitz-empti"])
    assert "digitz-empty" not in caught.value.remedy
    assert "digits" in caught.value.remedy


def test_figures_whose_files_are_gone_are_named_with_what_helps(
    tracker: Tracker, recorded: dict[str, str]
) -> None:
    assert tracker.artifacts is not None
    shutil.rmtree(tracker.artifacts)
    with pytest.raises(AlphabarError, match="the figures of run .* cannot be read") as caught:
        recorded_cells(tracker, ["digits"])
    assert "delete that run in MLflow" in caught.value.remedy
