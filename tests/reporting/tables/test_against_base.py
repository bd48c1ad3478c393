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
    assert other.origins is not None
    paired = against_base("", [("one", other, base)], ("vendi",))
    assert not any(note.startswith("without p") for note in paired.notes)
    elsewhere = other.made_from(Origins(other.origins.seeds + 1000, other.origins.prompts))
    table = against_base("", [("one", elsewhere, base)], ("vendi",))
    (told,) = (note for note in table.notes if note.startswith("without p in Vendi score"))
    assert "bold is then where" in told
    assert "p" not in [column.title for column in table.columns]
