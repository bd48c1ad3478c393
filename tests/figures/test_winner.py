"""One winner everywhere, and what is said of a reference that is better."""

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from components.figures.winner import MOST, better_beside, winner
from components.reporting.cells import Cell
from components.reporting.pages.comparison import comparison_page, results_of
from components.reporting.pages.report import report
from components.reporting.pictures.sheet import leading
from components.reporting.results import Results, read
from components.reporting.tables.ranked_table import ranked_table
from components.reporting.tables.subject import Subject
from components.reporting.tables.table import Text
from components.runtime import Runtime
from tests.reporting.conftest import RICH_CASE, build

FD = "fd_efficientnet_lite0"
WINNER = "schedule=cosine,guidance=2"
REFERENCE = "schedule=cosine,solver=ddpm,steps=250,guidance=2"


@pytest.fixture(scope="module")
def beaten(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    """A sweep whose only reference is far better than every cell that may win, and its report."""
    root = tmp_path_factory.mktemp("beaten")

    def distance(which: str, sampling: dict[str, object]) -> float:
        return 100.0 if which == "6" else RICH_CASE.distance(which, sampling)

    given = build(root / "store", replace(RICH_CASE, distance=distance))
    report(given.spec, given.inputs, root, Runtime())
    return read(given.spec, given.inputs), root


def test_table_csv_figures_and_pages_have_one_winner(beaten: tuple[Results, Path]) -> None:
    results, out = beaten
    assert json.loads((out / "metrics.json").read_text())["best"] == WINNER
    with (out / "results.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == FD]
    assert [row["name"] for row in rows if row["standing"] == "best"] == [WINNER]
    assert [row["name"] for row in rows if row["role"] == "reference"] == [REFERENCE]
    table = ranked_table("", [cell.subject for cell in results.cells], metric=FD)
    best = [row.cells[0] for row in table.rows if row.mark == "best"]
    assert [cell.whole for cell in best if isinstance(cell, Text)] == [WINNER]
    cells = results_of(results.cells, results.floors)
    assert cells.chosen.name == WINNER
    for page in (out.joinpath("index.html").read_text(), comparison_page(cells, {}, "two", "c")):
        results_alone = page.partition('id="results"')[2].partition("<h2")[0]
        marked = re.findall(r'<tr class="best"[^>]*><th scope="row">([^<]*)', results_alone)
        assert {name.replace(", ", ",") for name in marked} == {WINNER}
        assert (page.count(" · best<"), page.count(" · reference<")) == (1, 1)


def test_a_better_reference_is_told_with_how_much_better_it_is(
    beaten: tuple[Results, Path],
) -> None:
    results, out = beaten
    (told,) = better_beside(results.cells, FD, results.best)
    assert told.startswith(f"{REFERENCE} (reference) has a better Fréchet distance")
    assert re.search(r"than the best, by 53\.0* ±\d\S*, beyond noise \(p <0\.001\); ", told)
    assert told in ranked_table("", [cell.subject for cell in results.cells], metric=FD).notes
    for page in (out.joinpath("index.html").read_text(), comparison_page(results, {}, "t", "c")):
        assert told.replace("<", "&lt;") in page


def test_a_reference_that_is_no_better_is_not_told(rich: Results) -> None:
    assert better_beside(rich.cells, FD, rich.best) == []


def test_only_references_compete_among_themselves(cell: Callable[..., Cell]) -> None:
    one, other = cell({"a": 1}, 90.0), cell({"a": 2}, 80.0)
    assert winner([one, other], "fd_x") == 1
    assert winner([one, replace(other, beside="reference")], "fd_x") == 0
    assert winner([replace(one, beside="r"), replace(other, beside="r")], "fd_x") == 1
    assert winner([one], None) is None


def test_many_better_references_are_counted(cell: Callable[..., Cell]) -> None:
    beside = [replace(cell({"a": i}, 10.0 + i), beside="reference") for i in range(6)]
    rows = [Subject("best", cell({}, 100.0).judgement), *(each.subject for each in beside)]
    told = better_beside(rows, "fd_x", 0)
    assert len(told) == MOST + 1
    assert told[0].startswith("a=0 (reference)")
    assert told[-1].startswith("of those that may not win, 2 more are better than the best;")


def test_the_winner_has_a_tile_behind_however_many_references(cell: Callable[..., Cell]) -> None:
    beside = [replace(cell({"a": i}, 10.0 + i), beside="reference") for i in range(6)]
    assert [c.name for c in leading([cell({}, 100.0), *beside], "fd_x", 3)] == ["", "a=0", "a=1"]
