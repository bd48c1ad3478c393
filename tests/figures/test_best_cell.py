"""Which cell wins, and that every place which names a winner names this one."""

from pathlib import Path
from typing import Any

import pytest

from components.errors import AlphabarError
from components.figures.winner import best_cell
from components.files.new_folder import seal_folder
from components.spec.loading import parse_experiment
from components.spec.plan import Plan, plan_baselines
from components.store import Store
from tests.figures.made import record, write_record

EXPERIMENT: dict[str, Any] = {
    "name": "digits",
    "data": {"source": "digits", "holdout": 0.3},
    "sweep": {"sampling.guidance": [1, 2]},
    "cells": [{"sampling.guidance": 3}],
    "also": [{"sampling.guidance": 4}],
}


def planned(**changes: Any) -> Plan:
    return plan_baselines(parse_experiment(EXPERIMENT | changes, "test"), lambda _: "f2")


def evaluated(plan: Plan, root: Path, *distances: float) -> Store:
    store = Store(root)
    for cell, value in zip(plan.cells, distances, strict=True):
        folder = store.path(cell.evaluate)
        folder.mkdir(parents=True)
        write_record(folder, {"metrics": {plan.ranked_by: record(value, 0.0)}})
        seal_folder(folder, {"key": cell.evaluate.key})
    return store


def test_a_listed_cell_may_win_and_a_reference_may_not(tmp_path: Path) -> None:
    plan = planned()
    assert [cell.may_win for cell in plan.cells] == [True, True, True, False]
    store = evaluated(plan, tmp_path, 30.0, 20.0, 10.0, 1.0)
    assert best_cell(plan, store).name == "guidance=3"


def test_without_a_sweep_the_listed_cells_are_the_candidates() -> None:
    def names(**changes: Any) -> list[str]:
        return [cell.name for cell in planned(sweep={}, **changes).cells]

    assert names() == ["guidance=3", "guidance=4"]
    assert names(cells=[]) == ["base", "guidance=4"]
    assert names(cells=[{}, {"sampling.guidance": 3}], also=[]) == ["base", "guidance=3"]


def test_references_alone_leave_no_winner(tmp_path: Path) -> None:
    plan = planned()
    only = Plan(plan.experiment, plan.cells[-1:], plan.outside)
    with pytest.raises(AlphabarError, match="no cell that may win was evaluated"):
        best_cell(only, evaluated(only, tmp_path, 1.0))


def test_a_cell_that_may_win_from_now_on_makes_another_sweep_of_the_same_stages() -> None:
    before, after = planned(), planned(cells=[{"sampling.guidance": g} for g in (3, 4)], also=[])
    assert [c.evaluate.key for c in before.cells] == [c.evaluate.key for c in after.cells]
    assert before.sweep_key != after.sweep_key


def test_a_cell_planned_twice_is_refused_wherever_it_stands() -> None:
    with pytest.raises(AlphabarError, match="guidance=4 is planned twice") as caught:
        planned(cells=[{"sampling.guidance": 4}])
    assert "`sweep`, `cells` or `also`" in caught.value.remedy
