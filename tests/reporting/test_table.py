import csv
from pathlib import Path
from typing import Any

import pytest

from components.errors import AlphabarError
from components.reporting.table import (
    BEST,
    NOISE,
    UNLIKE,
    WORSE,
    results_table,
    write_csv,
    write_table_csv,
)


def metrics(fd: float, half: float = 5.0, **protocol: object) -> dict[str, Any]:
    record = {"value": fd, "low": fd - half, "high": fd + half, "n_generated": 500}
    clip = {"value": 0.3, "low": 0.29, "high": 0.31, "n_generated": 500}
    return {"metrics": {"clip_score_domain": clip, "fd_x": record | protocol}}


def test_rows_stand_to_the_best_by_their_intervals() -> None:
    table = results_table([("a", metrics(120)), ("b", metrics(100)), ("c", metrics(109))])
    assert [row[-1] for row in table.rows] == [WORSE, BEST, NOISE]
    assert table.columns[:3] == ("name", "fd_x", "clip_score_domain")
    assert table.rows[0][1] == "120.0 [115.0, 125.0]"
    assert table.notes == ()


def test_figures_of_another_protocol_are_not_ranked_but_noted() -> None:
    table = results_table([("a", metrics(100, resize="64px")), ("b", metrics(160, resize="96px"))])
    assert [row[-1] for row in table.rows] == [BEST, UNLIKE]
    assert table.notes == ("fd_x is not comparable: resize differs (64px, 96px)",)


def test_two_rows_of_one_name_stay_two_rows() -> None:
    table = results_table([("a", metrics(100)), ("a", metrics(200))])
    assert [row[-1] for row in table.rows] == [BEST, WORSE]


def test_a_metric_that_a_row_lacks_leaves_its_cell_empty() -> None:
    other = {"metrics": {"clip_score_domain": {"value": 0.3, "low": 0.2, "high": 0.4}}}
    table = results_table([("a", metrics(100)), ("b", other)])
    assert table.rows[1][1] == ""
    assert [row[-1] for row in table.rows] == [BEST, ""]


def test_a_score_ranks_when_there_is_no_distance_and_higher_wins() -> None:
    def only(value: float) -> dict[str, Any]:
        record = {"value": value, "low": value - 0.01, "high": value + 0.01}
        return {"metrics": {"clip_score_domain": record}}

    table = results_table([("a", only(0.2)), ("b", only(0.4))])
    assert [row[-1] for row in table.rows] == [WORSE, BEST]


def test_floor_and_network_evaluations_are_shown() -> None:
    cell = metrics(100) | {"network_evaluations": 50.0}
    table = results_table([("a", cell)], floor=metrics(60))
    evaluations = table.columns.index("network evaluations")
    assert table.rows[0][evaluations] == "50"
    assert table.rows[1][0] == "real images (floor)"
    assert table.rows[1][-1] == "floor"


def test_a_networks_own_figure_does_not_count_samples() -> None:
    content = metrics(100)
    content["metrics"]["elbo_bpd"] = {"value": 3.0, "low": 2.9, "high": 3.1, "n_generated": 540}
    table = results_table([("a", content | {"network_evaluations": 56.625})])
    assert table.columns[1:4] == ("fd_x", "elbo_bpd", "clip_score_domain")
    assert table.rows[0][-3:-1] == ("500", "56.6")


def test_a_row_without_figures_is_named() -> None:
    with pytest.raises(AlphabarError, match="run-7 holds no evaluated figures"):
        results_table([("a", metrics(100)), ("run-7", {"loss": 0.1})])


def test_the_table_is_written_as_it_is_printed(tmp_path: Path) -> None:
    table = results_table([("a", metrics(100)), ("b", metrics(200))])
    write_table_csv(tmp_path / "t.csv", table)
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [list(table.columns), *(list(row) for row in table.rows)]


def test_csv_text_is_no_formula_and_numbers_stay(tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", [{"name": "=cmd()", "value": -1.5}, {"name": "ok", "n": 3}])
    assert (tmp_path / "t.csv").read_text() == "name,value,n\n'=cmd(),-1.5,\nok,,3\n"
