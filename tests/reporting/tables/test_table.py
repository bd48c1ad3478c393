import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.errors import AlphabarError
from components.figures.figure import parse_figures
from components.figures.standing import BEST, BETTER, CHOSEN, NOISE, UNLIKE, WORSE, gaps_of
from components.files.tables import write_csv
from components.reporting.results import Results
from components.reporting.tables.table import (
    SHORT,
    comparison_rows,
    results_table,
    rows_table,
)
from components.reporting.tables.text_table import Row, Table


def metrics(fd: float, half: float = 5.0, **protocol: object) -> dict[str, Any]:
    record = {"value": fd, "low": fd - half, "high": fd + half, "n_generated": 500}
    clip = {"value": 0.3, "low": 0.29, "high": 0.31, "n_generated": 500}
    return {"metrics": {"clip_score_domain": clip, "fd_x": record | protocol}}


def rows(*values: float) -> list[Row]:
    contents = {f"r{i}": metrics(value) for i, value in enumerate(values)}
    return [Row(name, parse_figures(content, name)) for name, content in contents.items()]


def standing(table: Table) -> list[str]:
    """What the last column says, in full."""
    full = {short: kind for kind, short in SHORT.items()}
    told = [row[-1].replace("\n", " ") for row in table.rows]
    return [full.get(text, text) for text in told]


def test_rows_stand_to_the_best_by_their_intervals() -> None:
    table = results_table([("a", metrics(120)), ("b", metrics(100)), ("c", metrics(109))])
    assert standing(table) == [WORSE, BEST, NOISE]
    assert table.columns[:3] == ("name", "Fréchet\ndistance", "CLIP\nscore")
    assert table.rows[0][1] == "120.0 ±5.0"
    assert table.notes[:3] == (
        "lower is better: fd_x",
        "higher is better: clip_score_domain",
        "± holds the 95 % interval; 500 images each",
    )


def test_figures_of_another_protocol_are_not_ranked_but_noted() -> None:
    table = results_table([("a", metrics(100, resize="64px")), ("b", metrics(160, resize="96px"))])
    assert standing(table) == [BEST, UNLIKE]
    assert table.notes[-1] == "fd_x is not comparable: resize differs (64px, 96px)"


def test_two_rows_of_one_name_stay_two_rows() -> None:
    table = results_table([("a", metrics(100)), ("a", metrics(200))])
    assert standing(table) == [BEST, WORSE]


def test_a_metric_that_a_row_lacks_leaves_its_cell_empty() -> None:
    other = {"metrics": {"clip_score_domain": {"value": 0.3, "low": 0.2, "high": 0.4}}}
    table = results_table([("a", metrics(100)), ("b", other)])
    assert table.rows[1][1] == ""
    assert standing(table) == [BEST, ""]


def test_a_score_ranks_when_there_is_no_distance_and_higher_wins() -> None:
    def only(value: float) -> dict[str, Any]:
        record = {"value": value, "low": value - 0.01, "high": value + 0.01}
        return {"metrics": {"clip_score_domain": record}}

    table = results_table([("a", only(0.2)), ("b", only(0.4))])
    assert standing(table) == [WORSE, BEST]


def test_floor_and_network_evaluations_are_shown() -> None:
    cell = metrics(100) | {"network_evaluations": 50.0}
    table = results_table([("a", cell), ("b", metrics(200))], floor=metrics(60))
    evaluations = table.columns.index("evalu-\nations")
    assert [row[evaluations] for row in table.rows] == ["50", "", ""]
    assert table.rows[2][0] == "real images (floor)"
    assert table.rows[2][-1] == "floor"


def test_a_networks_own_figure_does_not_count_samples() -> None:
    content = metrics(100)
    content["metrics"]["elbo_bpd"] = {"value": 3.0, "low": 2.9, "high": 3.1, "n_generated": 540}
    row = Row("a", parse_figures(content, "a"), 56.625)
    table = rows_table([row, row])
    assert table.rows[0][table.columns.index("evalu-\nations")] == "56.6"
    assert "± holds the 95 % interval; 500 images each" in table.notes


def test_a_floor_of_another_number_of_images_is_marked_among_rows() -> None:
    few = metrics(100, n_generated=20)
    table = results_table([("a", few), ("b", metrics(200, n_generated=20))], floor=metrics(60))
    assert table.rows[2][1] == "60.0 ±5.0\n(n 500)"
    assert table.rows[2][2] == "0.300 ±0.010"
    assert "depends on that number" in table.notes[-1]
    same = results_table([("a", metrics(100)), ("b", metrics(200))], floor=metrics(60))
    assert same.rows[2][1] == "60.0 ±5.0"
    assert not any("depends on that number" in note for note in same.notes)


def test_one_set_of_images_has_a_metric_a_row() -> None:
    table = results_table([("a", metrics(100))], floor=metrics(60))
    assert table.columns == ("metric", "value", "interval", "real images", "better")
    assert table.rows[0] == ("Fréchet distance (x)", "100.0", "[95.0, 105.0]", "60.0 ±5.0", "lower")


def test_a_metric_that_could_not_be_measured_is_told() -> None:
    table = results_table([("a", metrics(100) | {"left_out": {"recall_x": "too few images"}})])
    assert table.notes[-1] == "recall_x was not measured: too few images"


def test_twenty_metrics_fit_the_width_and_the_rest_is_named(rich: Results) -> None:
    cells = [Row(c.name, c.figures, c.evaluations) for c in rich.cells]
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
    listed = [Row(c.name, c.figures, c.evaluations, c.groups) for c in rich.cells]
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
            for part, value in figure.record.items():
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
        for i, gap in gaps_of(figures, metric, rich.best).items():
            row = whole[rich.cells[i].name, metric]
            columns = ("difference", "difference_low", "difference_high", "p_holm")
            expected = [gap.value, gap.low, gap.high, gap.p]
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
    odd = other.figures["fd_x"]
    foreign = {"fd_x": replace(odd, record={**odd.record, "resize": "96px"})}
    clip = replace(one.figures["clip_score_domain"], value=0.5, low=0.49, high=0.51)
    better = {**third.figures, "clip_score_domain": clip}
    listed = [one, replace(other, figures=foreign), replace(third, figures=better)]
    found = {(r["name"], r["metric"]): r for r in comparison_rows(listed, {}, "fd_x", 0)}
    assert found["r1", "fd_x"]["standing"] == UNLIKE
    assert found["r1", "fd_x"]["difference"] is None
    unpaired = found["r2", "fd_x"]
    assert (unpaired["difference"], unpaired["paired"]) == (200.0, False)
    assert found["r2", "clip_score_domain"]["standing"] == BETTER


def test_runs_that_nothing_ranks_are_exported_without_differences() -> None:
    ratio = {"value": 1.0, "low": 0.9, "high": 1.1}
    figures = parse_figures({"metrics": {"neighbour_ratio_x": ratio}}, "a")
    found = comparison_rows([Row("a", figures), Row("b", figures)], {}, None, 0)
    assert [(row["value"], row["standing"], row["p_holm"]) for row in found] == [
        (1.0, "", None)
    ] * 2


def test_a_row_without_figures_is_named() -> None:
    with pytest.raises(AlphabarError, match="run-7 holds no evaluated figures"):
        results_table([("a", metrics(100)), ("run-7", {"loss": 0.1})])


def test_csv_text_is_no_formula_and_numbers_stay(tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", [{"name": "=cmd()", "value": -1.5}, {"name": "ok", "n": 3}])
    assert (tmp_path / "t.csv").read_text() == "name,value,n\n'=cmd(),-1.5,\nok,,3\n"
