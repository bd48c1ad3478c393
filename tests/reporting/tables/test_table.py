import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.figures.judgement import Judgement
from components.figures.record import figure_record
from components.figures.standing import (
    BEST,
    BETTER,
    CHOSEN,
    NOISE,
    UNLIKE,
    WORSE,
    standings,
)
from components.files.tables import write_csv
from components.reporting.results import Results
from components.reporting.tables.table import (
    SHORT,
    comparison_rows,
    results_table,
    rows_table,
)
from components.reporting.tables.text_table import Row, Table
from tests.figures.made import made


def metrics(fd: float, half: float = 5.0, **protocol: Any) -> Judgement:
    own = {"n_generated": 500, **protocol}
    clip = made("clip_score_domain", 0.3, 0.29, 0.31, n_generated=500)
    return Judgement(
        {"clip_score_domain": clip, "fd_x": made("fd_x", fd, fd - half, fd + half, **own)}
    )


def rows(*values: float) -> list[Row]:
    return [Row(f"r{i}", metrics(value)) for i, value in enumerate(values)]


def standing(table: Table) -> list[str]:
    """What the last column says, in full."""
    full = {short: kind for kind, short in SHORT.items()}
    told = [row[-1].replace("\n", " ") for row in table.rows]
    return [full.get(text, text) for text in told]


def test_rows_stand_to_the_best_by_their_intervals() -> None:
    table = results_table(rows(120, 100, 109))
    assert standing(table) == [WORSE, BEST, NOISE]
    assert table.columns[:3] == ("name", "Fréchet\ndistance", "CLIP\nscore")
    assert table.rows[0][1] == "120.0 ±5.0"
    assert table.notes[:3] == (
        "lower is better: fd_x",
        "higher is better: clip_score_domain",
        "± holds the 95 % interval; 500 images each",
    )


def test_figures_of_another_protocol_are_not_ranked_but_noted() -> None:
    one, other = metrics(100, resize="64px"), metrics(160, resize="96px")
    table = results_table([Row("a", one), Row("b", other)])
    assert standing(table) == [BEST, UNLIKE]
    assert table.notes[-1] == "fd_x is not comparable: resize differs (64px, 96px)"


def test_two_rows_of_one_name_stay_two_rows() -> None:
    table = results_table([Row("a", metrics(100)), Row("a", metrics(200))])
    assert standing(table) == [BEST, WORSE]


def test_a_metric_that_a_row_lacks_leaves_its_cell_empty() -> None:
    other = Judgement({"clip_score_domain": made("clip_score_domain", 0.3, 0.2, 0.4)})
    table = results_table([Row("a", metrics(100)), Row("b", other)])
    assert table.rows[1][1] == ""
    assert standing(table) == [BEST, ""]


def test_a_score_ranks_when_there_is_no_distance_and_higher_wins() -> None:
    def only(value: float) -> Row:
        clip = made("clip_score_domain", value, value - 0.01, value + 0.01)
        return Row("a", Judgement({"clip_score_domain": clip}))

    table = results_table([only(0.2), only(0.4)])
    assert standing(table) == [WORSE, BEST]


def test_floor_and_network_evaluations_are_shown() -> None:
    cell, other = Row("a", metrics(100), 50.0), Row("b", metrics(200))
    table = results_table([cell, other], metrics(60).figures)
    evaluations = table.columns.index("evalu-\nations")
    assert [row[evaluations] for row in table.rows] == ["50", "", ""]
    assert table.rows[2][0] == "real images (floor)"
    assert table.rows[2][-1] == "floor"


def test_a_networks_own_figure_does_not_count_samples() -> None:
    bound = made("elbo_bpd", 3.0, 2.9, 3.1, n_generated=540)
    row = Row("a", Judgement({**metrics(100).figures, "elbo_bpd": bound}), 56.625)
    table = rows_table([row, row])
    assert table.rows[0][table.columns.index("evalu-\nations")] == "56.6"
    assert "± holds the 95 % interval; 500 images each" in table.notes


def test_a_floor_of_another_number_of_images_is_marked_among_rows() -> None:
    few = [Row("a", metrics(fd, n_generated=20)) for fd in (100, 200)]
    table = results_table(few, metrics(60).figures)
    assert table.rows[2][1] == "60.0 ±5.0\n(n 500)"
    assert table.rows[2][2] == "0.300 ±0.010"
    assert "depends on that number" in table.notes[-1]
    same = results_table(rows(100, 200), metrics(60).figures)
    assert same.rows[2][1] == "60.0 ±5.0"
    assert not any("depends on that number" in note for note in same.notes)


def test_one_set_of_images_has_a_metric_a_row() -> None:
    table = results_table(rows(100), metrics(60).figures)
    assert table.columns == ("metric", "value", "interval", "real images", "better")
    assert table.rows[0] == ("Fréchet distance (x)", "100.0", "[95.0, 105.0]", "60.0 ±5.0", "lower")


def test_a_metric_that_could_not_be_measured_is_told() -> None:
    judgement = replace(metrics(100), left_out={"recall_x": "too few images"})
    table = results_table([Row("a", judgement)])
    assert table.notes[-1] == "recall_x was not measured: too few images"


def test_twenty_metrics_fit_the_width_and_the_rest_is_named(rich: Results) -> None:
    cells = [c.row for c in rich.cells]
    for width in (80, 100, 130, 160):
        table = rows_table(cells, rich.floors, width)
        widths = [
            max(len(line) for text in column for line in text.split("\n"))
            for column in zip(table.columns, *table.rows, strict=True)
        ]
        assert sum(widths) + 3 * len(widths) + 1 <= width
        shown = " ".join(table.columns).replace("\n", " ")
        assert "Fréchet distance" in shown
        assert table.columns[-1] == "standing"
        (rest,) = [note for note in table.notes if "more on the page" in note]
        for metric in ("density_efficientnet_lite0", "vendi_efficientnet_lite0"):
            assert metric in rest
        named = " ".join(table.notes)
        assert all(metric in named for metric in rich.chosen.figures)
    shown = " ".join(rows_table(cells, rich.floors, 160).columns).replace("\n", " ")
    for words in ("kernel distance", "precision %", "recall %", "authen- ticity %", "CLIP score"):
        assert words in shown


FD, RECALL = "fd_efficientnet_lite0", "recall_efficientnet_lite0"


@pytest.fixture
def exported(rich: Results, tmp_path: Path) -> list[dict[str, str]]:
    """What a program reads of a comparison."""
    listed = [c.row for c in rich.cells]
    found = comparison_rows(listed, rich.floors, rich.metric, rich.best)
    write_csv(tmp_path / "t.csv", found)
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
    one, other, third = rows(100, 200, 300)
    clip = made("clip_score_domain", 0.5, 0.49, 0.51, n_generated=500)
    better = Judgement({**third.figures, "clip_score_domain": clip})
    foreign = metrics(200, resize="96px")
    listed = [one, replace(other, judgement=foreign), replace(third, judgement=better)]
    found = {(r["name"], r["metric"]): r for r in comparison_rows(listed, {}, "fd_x", 0)}
    assert found["r1", "fd_x"]["standing"] == UNLIKE
    assert found["r1", "fd_x"]["difference"] is None
    unpaired = found["r2", "fd_x"]
    assert (unpaired["difference"], unpaired["paired"]) == (200.0, False)
    assert found["r2", "clip_score_domain"]["standing"] == BETTER


def test_runs_that_nothing_ranks_are_exported_without_differences() -> None:
    judgement = Judgement({"neighbour_ratio_x": made("neighbour_ratio_x", 1.0, 0.9, 1.1)})
    found = comparison_rows([Row("a", judgement), Row("b", judgement)], {}, None, 0)
    assert [(row["value"], row["standing"], row["p_holm"]) for row in found] == [
        (1.0, "", None)
    ] * 2


def test_csv_text_is_no_formula_and_numbers_stay(tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", [{"name": "=cmd()", "value": -1.5}, {"name": "ok", "n": 3}])
    assert (tmp_path / "t.csv").read_text() == "name,value,n\n'=cmd(),-1.5,\nok,,3\n"
