from components.reporting.results import Results
from components.reporting.tables.group_table import AT_ONCE, group_tables, worst_first
from components.reporting.tables.table import Value


def test_the_worst_groups_come_first_and_the_rest_is_folded(rich: Results) -> None:
    best, tuned = group_tables(rich)
    shown, folded = best.pages()
    names = [row.cells[0] for row in shown.rows]
    assert names == [f"the digit {i}" for i in range(AT_ONCE)]  # recall rises with the digit
    assert folded is not None
    assert [row.cells[0] for row in folded.rows] == ["the digit 10", "the digit 11"]
    assert best.caption == (
        "The best cell, schedule=cosine, guidance=2: its 12 groups by recall "
        "(efficientnet_lite0), the worst first"
    )
    assert best.rows[0].cells[1] == Value("50.0 %", "[40.0, 60.0]", "50.0 [40.0, 60.0]")
    assert best.rows[0].cells[-1] == "4"
    assert tuned.caption.startswith("Fine-tuned: its 12 groups")


def test_a_distance_is_worst_when_it_is_high(rich: Results) -> None:
    groups = {cell.name: cell.figures for cell in rich.cells}
    order = worst_first(groups | {"none": {}}, "fd_efficientnet_lite0")
    assert order[0] == "schedule=linear,guidance=4"
    assert order[-2:] == ["schedule=cosine,guidance=2", "none"]


def test_evaluations_without_groups_have_no_such_table(solvers: Results) -> None:
    assert group_tables(solvers) == []
