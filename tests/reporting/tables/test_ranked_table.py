from dataclasses import replace
from typing import Any

from components.figures.figure import Figure
from components.figures.judgement import Figures, Judgement
from components.figures.standing import BEST, NOISE, UNLIKE, WORSE
from components.reporting.results import Results
from components.reporting.tables.notes import protocol_notes
from components.reporting.tables.ranked_table import ranked_table
from components.reporting.tables.subject import Subject
from components.reporting.tables.table import Content, Table, Text, Value
from tests.figures.made import made

FD, COPIES = "fd_efficientnet_lite0", "authenticity_efficientnet_lite0"


def metrics(fd: float, half: float = 5.0, **protocol: Any) -> Judgement:
    own = {"n_generated": 500, **protocol}
    clip = made("clip_score_domain", 0.3, 0.29, 0.31, n_generated=500)
    return Judgement(
        {"clip_score_domain": clip, "fd_x": made("fd_x", fd, fd - half, fd + half, **own)}
    )


def subjects(*values: float) -> list[Subject]:
    return [Subject(f"r{i}", metrics(value)) for i, value in enumerate(values)]


def column(table: Table, title: str) -> list[Content]:
    """The cells under a title, or under a metric's name."""
    (i,) = [i for i, c in enumerate(table.columns) if title in (c.title, c.metric)]
    return [row.cells[i] for row in table.rows]


def standing(table: Table) -> list[str]:
    cells = column(table, "standing")
    return [cell.whole if isinstance(cell, Text) else str(cell) for cell in cells]


def value(cell: Content) -> Value:
    assert isinstance(cell, Value)
    return cell


def test_rows_stand_to_the_best_by_their_intervals() -> None:
    table = ranked_table("", subjects(120, 100, 109))
    assert standing(table) == [WORSE, BEST, NOISE]
    assert [row.mark for row in table.rows] == ["", "best", "noise"]
    titles = [column.title for column in table.columns]
    assert titles == ["cell", "Fréchet distance", "standing", "CLIP score", "n"]
    assert column(table, "fd_x")[0] == Value("120.0", "[115.0, 125.0]", "120.0 ±5.0")
    assert (table.level, column(table, "n")) == (0.95, ["500"] * 3)


def test_figures_of_another_protocol_are_not_ranked_but_noted() -> None:
    one, other = metrics(100, resize="64px"), metrics(160, resize="96px")
    table = ranked_table("", [Subject("a", one), Subject("b", other)])
    assert standing(table) == [BEST, UNLIKE]
    assert table.notes[-1] == "fd_x is not comparable: resize differs (64px, 96px)"


def test_a_difference_of_protocols_is_said_once_and_in_short() -> None:
    rows: list[Figures] = [
        {
            name: made(name, 5, 4, 6, reference_key=digit * 64, settings={"k": 5, "seed": seed})
            for name in ("fd_x", "recall_x")
        }
        for digit, seed in (("a", 0), ("b", 1))
    ]
    assert protocol_notes(rows) == [
        "fd_x, recall_x are not comparable: reference_key differs (aaaaaaaa, bbbbbbbb)",
        "fd_x, recall_x are not comparable: settings differ (k 5, seed 0 | k 5, seed 1)",
    ]


def test_two_rows_of_one_name_stay_two_rows() -> None:
    table = ranked_table("", [Subject("a", metrics(100)), Subject("a", metrics(200))])
    assert standing(table) == [BEST, WORSE]


def test_a_metric_that_a_row_lacks_leaves_its_cell_empty() -> None:
    other = Judgement({"clip_score_domain": made("clip_score_domain", 0.3, 0.2, 0.4)})
    table = ranked_table("", [Subject("a", metrics(100)), Subject("b", other)])
    assert column(table, "fd_x")[1] is None
    assert standing(table) == [BEST, ""]


def test_a_score_ranks_when_there_is_no_distance_and_higher_wins() -> None:
    def only(value: float) -> Subject:
        clip = made("clip_score_domain", value, value - 0.01, value + 0.01)
        return Subject("a", Judgement({"clip_score_domain": clip}))

    table = ranked_table("", [only(0.2), only(0.4)])
    assert standing(table) == [WORSE, BEST]


def test_floor_and_network_evaluations_are_shown() -> None:
    cell, other = Subject("a", metrics(100), 56.625), Subject("b", metrics(200))
    table = ranked_table("", [cell, other], metrics(60).figures)
    assert column(table, "evaluations") == ["56.6", "", ""]
    assert table.rows[2].cells[0] == Text("real images (floor)", "real images (floor)")
    assert (standing(table)[2], table.rows[2].mark) == ("floor", "floor")


def test_a_networks_own_figure_does_not_count_samples() -> None:
    bound = made("elbo_bpd", 3.0, 2.9, 3.1, n_generated=540)
    row = Subject("a", Judgement({**metrics(100).figures, "elbo_bpd": bound}))
    assert column(ranked_table("", [row, row]), "n") == ["500", "500"]


def of_other_number(figure: Figure, n: int = 500) -> Figure:
    return replace(figure, protocol=replace(figure.protocol, n_generated=n))


def ranked(results: Results, floors: dict[str, Figure]) -> Table:
    subjects = [cell.subject for cell in results.cells]
    return ranked_table("", subjects, floors, results.metric, results.best)


def test_a_floor_of_another_number_of_images_is_marked(rich: Results) -> None:
    table = ranked(rich, {name: of_other_number(f) for name, f in rich.floors.items()})
    fd, copies = (value(column(table, metric)[-1]) for metric in (FD, COPIES))
    assert (fd.value, fd.interval, fd.remark) == ("88.0", "[82.0, 94.0]", "n 500")
    assert (copies.value, copies.interval, copies.remark) == ("97.0 %", "[95.0, 99.0]", "")
    assert sum("depends on that number" in note for note in table.notes) == 1
    assert not any("depends on that number" in n for n in ranked(rich, {**rich.floors}).notes)


def test_a_floor_that_was_measured_otherwise_is_not_shown(rich: Results) -> None:
    odd = rich.floors[FD]
    other = replace(odd, protocol=replace(odd.protocol, data_hash="bold"))
    table = ranked(rich, {**rich.floors, FD: other})
    assert column(table, FD)[-1] is None
    assert column(table, COPIES)[-1] is not None
    (note,) = [note for note in table.notes if note.startswith("no floor of")]
    assert FD in note


def test_differences_stand_beside_the_figure_that_ranks(rich: Results) -> None:
    table = ranked(rich, {**rich.floors})
    titles = [column.title for column in table.columns]
    assert titles[1:5] == ["Fréchet distance", "difference", "p", "standing"]
    assert column(table, "difference")[rich.best] is None
    assert value(column(table, "difference")[0]).value == "+57.0"
    main, rest = table.parts()
    assert rest is not None
    assert {c.metric for t in (main, rest) for c in t.columns} >= rich.chosen.figures.keys()
    assert [c.title for c in rest.columns][0] == "cell"


def test_what_was_not_measured_is_said_with_its_reason(rich: Results) -> None:
    missing = {"vendi_x": "40 images are too few", "fd_infinity_x": "40 images are too few"}
    some = [cell.subject for cell in rich.cells]
    for i in (0, 2):
        some[i] = replace(some[i], judgement=replace(some[i].judgement, left_out=missing))
    words = "not measured of 2 cells: vendi_x, fd_infinity_x (40 images are too few)"
    assert ranked_table("", some).notes[-1] == words
    note = ranked_table("", some[:1]).notes[-1]
    assert note == "not measured: vendi_x, fd_infinity_x (40 images are too few)"


def test_what_is_said_of_some_images_names_them() -> None:
    one, other = subjects(100, 200)
    dark = replace(other, judgement=replace(other.judgement, notes=("all are black",)))
    assert "r1: all are black" in ranked_table("", [one, dark]).notes
