from components.reporting.results import Results
from components.reporting.tables.group_table import OPEN, group_tables, worst_first


def test_the_worst_groups_come_first_and_the_rest_is_folded(rich: Results) -> None:
    best, tuned = group_tables(rich)
    names = [line["name"] for line in best["lines"]]
    assert names == [f"the digit {i}" for i in range(OPEN)]  # recall rises with the digit
    assert [line["name"] for line in best["folded"]] == ["the digit 10", "the digit 11"]
    assert best["by"] == "recall (efficientnet_lite0)"
    assert best["lines"][0]["values"][0] == ("50.0 %", "[40.0, 60.0]")
    assert best["lines"][0]["n"] == "4"
    assert tuned["words"] == "Fine-tuned"


def test_a_distance_is_worst_when_it_is_high(rich: Results) -> None:
    groups = {cell.name: cell.figures for cell in rich.cells}
    order = worst_first(groups | {"none": {}}, "fd_efficientnet_lite0")
    assert order[0] == "schedule=linear,guidance=4"
    assert order[-2:] == ["schedule=cosine,guidance=2", "none"]


def test_older_evaluations_have_no_such_table(solvers: Results) -> None:
    assert group_tables(solvers) == []
