"""Tuned models beside their base."""

from components.figures.figure import Origins
from components.figures.judgement import Judgement
from components.reporting.results import Results
from components.reporting.tables.against_base import against_base


def test_each_model_has_the_paired_difference_from_its_base(rich: Results) -> None:
    base, *others = (cell.judgement for cell in rich.cells[:3])
    models = [(f"model {k}", other, base) for k, other in enumerate(others)]
    table = against_base("", models, ("recall", "vendi"))
    assert [row.cells[0] for row in table.rows] == ["the base", "model 0", "model 1"]
    titles = [column.title for column in table.columns]
    beside = ["less the base's", "p"]
    assert titles == ["model", "recall", *beside, "Vendi score", *beside]
    for row, other in zip(table.rows[1:], others, strict=True):
        gap = other.figures["vendi_efficientnet_lite0"].value
        gap -= base.figures["vendi_efficientnet_lite0"].value
        assert float(row.cells[5].value.split()[0]) == round(gap, 2)  # type: ignore[union-attr]
    assert table.rows[0].cells[2] is None


def test_a_base_of_other_prompts_has_a_row_of_its_own(rich: Results) -> None:
    base, other = (cell.judgement for cell in rich.cells[:2])
    assert base.origins is not None
    elsewhere = base.made_from(Origins(base.origins.seeds, "other prompts"))
    table = against_base("", [("one", other, base), ("two", other, elsewhere)], ("vendi",))
    names = [row.cells[0] for row in table.rows]
    assert names == ["the base", "one", "the base, beside two", "two"]


def test_what_could_not_be_measured_is_said_of_the_figures_in_question(rich: Results) -> None:
    base = rich.cells[0].judgement
    lost = {"vendi_a": "too few images", "fd_a": "not asked"}
    tuned = Judgement(base.figures, left_out=lost, origins=base.origins)
    table = against_base("", [("one", tuned, base)], ("vendi",))
    assert table.notes == ("not measured: vendi_a (too few images)",)


def test_a_difference_without_p_says_why(rich: Results) -> None:
    base, other = (cell.judgement for cell in rich.cells[:2])
    table = against_base("", [("one", other, base)], ("recall", "authenticity", "neighbour_ratio"))
    empty = [
        column.title
        for column, cell, p in zip(
            table.columns[1:], table.rows[1].cells[1:], table.rows[1].cells[2:], strict=False
        )
        if column.title == "less the base's" and cell is not None and p == ""
    ]
    told = [note for note in table.notes if note.startswith("without p in ")]
    assert bool(told) == bool(empty or len(table.columns) < 10)
    assert all("bold is then where" in note for note in told)
