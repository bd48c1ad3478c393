import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from components.figures.judgement import Judgement
from components.figures.record import figure_record
from components.figures.standing import BEST, BETTER, CHOSEN, UNLIKE, WORSE, standings
from components.files.tables import write_csv
from components.reporting.results import Results
from components.reporting.tables.csv_file import save_csv
from components.reporting.tables.every_figure import figures_compared
from components.reporting.tables.subject import Subject
from tests.figures.made import made
from tests.reporting.tables.test_ranked_table import metrics, subjects

FD, RECALL = "fd_efficientnet_lite0", "recall_efficientnet_lite0"


@pytest.fixture
def exported(rich: Results, tmp_path: Path) -> list[dict[str, str]]:
    """What a program reads of a comparison."""
    listed = [cell.subject for cell in rich.cells]
    found = figures_compared(listed, rich.floors, rich.metric, rich.best)
    save_csv(tmp_path / "t.csv", found)
    with (tmp_path / "t.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_csv_has_every_figure_as_numbers_with_its_protocol(
    rich: Results, exported: list[dict[str, str]]
) -> None:
    whole = {(row["name"], row["metric"]): row for row in exported if not row["group"]}
    assert len(whole) == sum(len(c.figures) for c in rich.cells) + len(rich.floors)
    for cell in rich.cells:
        for metric, figure in cell.figures.items():
            row = whole[cell.name, metric]
            told = [float(row[part]) for part in ("value", "low", "high")]
            assert told == [figure.value, figure.low, figure.high]
            assert float(row["network_evaluations"]) == cell.evaluations
            for part, value in figure_record(figure).items():
                expected = json.dumps(value) if isinstance(value, dict) else str(value)
                assert row[part] == expected
    assert whole["real images (floor)", FD]["standing"] == "floor"
    assert not any(value.startswith("'") for row in exported for value in row.values())


def test_the_csv_has_the_groups(rich: Results, exported: list[dict[str, str]]) -> None:
    of_groups = [row for row in exported if row["group"]]
    assert len(of_groups) == len(rich.cells) * 12 * 2
    row = next(r for r in of_groups if r["group"] == "the digit 3" and r["metric"] == RECALL)
    assert float(row["value"]) == 0.6
    assert (row["n_generated"], row["standing"], row["difference"]) == ("4", "", "")


def test_the_csv_has_the_difference_from_the_best_of_every_metric(
    rich: Results, exported: list[dict[str, str]]
) -> None:
    whole = {(row["name"], row["metric"]): row for row in exported if not row["group"]}
    figures = [cell.figures for cell in rich.cells]
    for metric in (FD, RECALL):
        for i, standing in enumerate(standings(figures, metric, rich.best)):
            if i == rich.best:
                continue
            row, found = whole[rich.cells[i].name, metric], standing.difference
            assert found is not None
            columns = ("difference", "difference_low", "difference_high", "p_holm")
            expected = [found.value, found.low, found.high, standing.p]
            assert [float(row[column]) for column in columns] == expected
            assert row["paired"] == "True"
    best, last = rich.chosen.name, rich.cells[6].name  # 153 and 158
    assert whole[best, FD]["standing"] == BEST
    assert whole[best, RECALL]["standing"] == CHOSEN
    assert (whole[best, FD]["difference"], whole[best, FD]["p_holm"]) == ("", "")
    assert whole[last, FD]["standing"] == WORSE
    assert float(whole[last, FD]["p_holm"]) < 0.05
    assert whole[last, "neighbour_ratio_efficientnet_lite0"]["standing"] == ""


def test_the_csv_says_what_is_not_comparable_and_what_beats_the_chosen_one() -> None:
    one, other, third = subjects(100, 200, 300)
    clip = made("clip_score_domain", 0.5, 0.49, 0.51, n_generated=500)
    better = Judgement({**third.figures, "clip_score_domain": clip})
    foreign = metrics(200, resize="96px")
    listed = [one, replace(other, judgement=foreign), replace(third, judgement=better)]
    found = {(r["name"], r["metric"]): r for r in figures_compared(listed, {}, "fd_x", 0).records()}
    assert found["r1", "fd_x"]["standing"] == UNLIKE
    assert found["r1", "fd_x"]["difference"] is None
    unpaired = found["r2", "fd_x"]
    assert (unpaired["difference"], unpaired["paired"]) == (200.0, False)
    assert found["r2", "clip_score_domain"]["standing"] == BETTER


def test_runs_that_nothing_ranks_are_exported_without_differences() -> None:
    judgement = Judgement({"neighbour_ratio_x": made("neighbour_ratio_x", 1.0, 0.9, 1.1)})
    found = figures_compared([Subject(n, judgement) for n in "ab"], {}, None, 0).records()
    assert [(row["value"], row["standing"], row["p_holm"]) for row in found] == [
        (1.0, "", None)
    ] * 2


def test_csv_text_is_no_formula_and_numbers_stay(tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", [{"name": "=cmd()", "value": -1.5}, {"name": "ok", "n": 3}])
    assert (tmp_path / "t.csv").read_text() == "name,value,n\n'=cmd(),-1.5,\nok,,3\n"
