import csv
from pathlib import Path
from typing import Any

import pytest

from components.errors import AlphabarError
from components.reporting.figures import parse_figures
from components.reporting.results import Results
from components.reporting.standing import BEST, NOISE, UNLIKE, WORSE
from components.reporting.table import (
    SHORT,
    results_table,
    rows_table,
    wide_table,
    write_csv,
    write_table_csv,
)
from components.reporting.text_table import Row, Table


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
    table = wide_table([row])
    assert table.columns[1:4] == ("fd_x", "elbo_bpd", "clip_score_domain")
    assert table.rows[0][4:6] == ("500", "56.6")


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


def test_the_whole_table_has_every_metric_and_the_paired_difference(rich: Results) -> None:
    table = wide_table([Row(c.name, c.figures, c.evaluations) for c in rich.cells])
    assert {*rich.chosen.figures} < {*table.columns}
    row = dict(zip(table.columns, table.rows[-1], strict=True))  # 158, beside a best of 153
    assert row["difference"].startswith("+5.0 [")
    assert float(row["adjusted p"].lstrip("<")) < 0.05
    assert (row["standing"], row["compared by"]) == (WORSE, "paired difference")


def test_a_row_without_figures_is_named() -> None:
    with pytest.raises(AlphabarError, match="run-7 holds no evaluated figures"):
        results_table([("a", metrics(100)), ("run-7", {"loss": 0.1})])


def test_the_table_is_written_as_it_is_printed(tmp_path: Path) -> None:
    table = wide_table(rows(100, 200))
    write_table_csv(tmp_path / "t.csv", table)
    with (tmp_path / "t.csv").open(newline="") as file:
        lines = list(csv.reader(file))
    assert lines == [list(table.columns), *(list(row) for row in table.rows)]


def test_csv_text_is_no_formula_and_numbers_stay(tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", [{"name": "=cmd()", "value": -1.5}, {"name": "ok", "n": 3}])
    assert (tmp_path / "t.csv").read_text() == "name,value,n\n'=cmd(),-1.5,\nok,,3\n"
