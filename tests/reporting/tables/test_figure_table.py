from dataclasses import replace

from components.figures.judgement import Judgement
from components.reporting.results import Results
from components.reporting.tables.figure_table import figure_table
from components.reporting.tables.subject import Subject
from components.reporting.tables.table import Table
from components.reporting.tables.terminal import printed


def lines(table: Table) -> list[tuple[str, ...]]:
    rows = printed(table, 100).rows
    return [tuple(cell.replace("\n", " ") for cell in row) for row in rows]


def test_each_metric_has_value_interval_floor_direction_and_settings(rich: Results) -> None:
    cell = rich.chosen
    table = figure_table("", Subject("mine", cell.judgement, cell.evaluations), rich.floors)
    assert printed(table, 100).columns == (
        "metric",
        "value",
        "interval",
        "real images",
        "better",
        "settings",
    )
    by_name = {row[0]: row[1:] for row in lines(table)}
    assert len(by_name) == len(cell.figures)
    assert by_name["recall (efficientnet_lite0)"] == (
        *("78.4 %", "[73.4, 83.4]", "80.0 [75.0, 85.0]", "higher", "k 5"),
    )
    assert by_name["nearest-training ratio (efficientnet_lite0)"][3] == ""
    assert "against 540 (holdout)" in table.notes[0]
    assert table.notes[1] == "100 evaluations of the network an image"


def test_a_floor_of_another_number_of_images_is_marked(rich: Results) -> None:
    """FD of 20 images beside FD of 500 real ones says nothing of the images."""
    few = {
        name: replace(f, protocol=replace(f.protocol, n_generated=20))
        for name, f in rich.chosen.figures.items()
    }
    table = figure_table("", Subject("mine", Judgement(few)), rich.floors)
    floors = {row[0]: row[3] for row in lines(table)}
    assert floors["Fréchet distance (efficientnet_lite0)"] == "88.0 ±6.0 (n 40)"
    assert floors["authenticity (efficientnet_lite0)"] == "97.0 [95.0, 99.0]"
    assert sum("depends on that number" in note for note in table.notes) == 1


def test_a_floor_that_was_measured_otherwise_is_left_away(rich: Results) -> None:
    name = "fd_efficientnet_lite0"
    odd = rich.floors[name]
    other = replace(odd, protocol=replace(odd.protocol, resize="96px"))
    table = figure_table("", rich.chosen.subject, {**rich.floors, name: other})
    floors = {row[0]: row[3] for row in lines(table)}
    assert floors["Fréchet distance (efficientnet_lite0)"] == ""
    assert table.notes[-1] == f"no floor of {name}: real images were measured otherwise (resize)"


def test_what_is_not_as_usual_stands_on_the_row(rich: Results) -> None:
    figures = dict(rich.chosen.figures)
    odd = figures["recognised_svc"]
    figures["recognised_svc"] = replace(odd, protocol=replace(odd.protocol, extractor="svc"))
    table = figure_table("", Subject("mine", Judgement(figures)))
    (row,) = [row for row in lines(table) if row[0] == "recognised (svc)"]
    assert row[-1] == "extractor svc"
    assert "real images" not in [column.title for column in table.columns]


def test_a_figure_without_a_reference_is_against_nothing(rich: Results) -> None:
    figures = dict(rich.chosen.figures)
    odd = figures["recognised_svc"]
    alone = replace(odd.protocol, n_reference=0, reference="none")
    figures["recognised_svc"] = replace(odd, protocol=alone)
    table = figure_table("", Subject("mine", Judgement(figures)))
    assert not any("against" in row[-1] for row in lines(table))


def test_a_metric_that_could_not_be_measured_is_told(rich: Results) -> None:
    judgement = replace(rich.chosen.judgement, left_out={"recall_x": "too few images"})
    table = figure_table("", Subject("a", judgement))
    assert table.notes[-1] == "not measured: recall_x (too few images)"
