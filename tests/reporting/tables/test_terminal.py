from dataclasses import replace

from components.reporting.results import Results
from components.reporting.tables.ranked_table import ranked_table
from components.reporting.tables.subject import Subject
from components.reporting.tables.table import Column, Table, Text, Value
from components.reporting.tables.terminal import printed
from tests.reporting.tables.test_ranked_table import metrics

NAMES = Column("name")


def test_the_least_important_columns_give_way() -> None:
    columns = [NAMES, Column("a", gives_way=2), Column("b", gives_way=3)]
    table = Table.of_texts("", columns, [["x" * 20, 1, "12345"]])
    assert printed(table, 100).columns == ("name", "a", "b")
    assert printed(table, 34).columns == ("name", "a")
    assert printed(table, 5).columns == ("name",)
    assert printed(table, 34).rows == (("x" * 20, "1"),)


def test_what_gives_way_is_still_said() -> None:
    columns = [NAMES, Column("n", gives_way=1), Column("FD", metric="fd_x", gives_way=2)]
    rows = [["x" * 20, "40", Value("1.0", "[0, 2]", "1.0 ±1.0")], ["y", "40", None]]
    notes = printed(Table.of_texts("", columns, rows), 10).notes
    said = "no room for n, fd_x: a wider terminal or `--json` shows them"
    assert notes == (said, "n 40 in all rows")
    other = printed(Table.of_texts("", columns, [rows[0], ["y", "50", None]]), 10).notes
    assert other == (said,)


def test_texts_are_whole_where_there_is_room() -> None:
    table = Table.of_texts("", [NAMES], [[Text("within noise of the best", "within\nnoise")]])
    assert printed(table, 199).rows == (("within\nnoise",),)
    assert printed(table, 200).rows == (("within noise of the best",),)


def test_a_share_near_its_end_and_a_remark_take_a_line_of_their_own() -> None:
    value = Value("97.0 %", "[95.0, 99.9]", "97.0 [95.0, 99.9]", "n 500")
    assert printed(Table.of_texts("", [NAMES], [[value]]), 80).rows == (
        ("97.0\n[95.0, 99.9]\n(n 500)",),
    )


def test_the_notes_say_what_the_columns_are() -> None:
    table = ranked_table("", [Subject("a", metrics(100)), Subject("b", metrics(200))])
    assert printed(table, 100).notes[:4] == (
        "lower is better: fd_x",
        "higher is better: clip_score_domain",
        "± and [low, high] hold the 95 % interval",
        "standing: within noise where the interval and that of the best overlap; n: images judged",
    )


def test_twenty_metrics_fit_the_width_and_the_rest_is_named(rich: Results) -> None:
    table = ranked_table("", [c.subject for c in rich.cells], rich.floors)
    for width in (80, 100, 130, 160):
        shown = printed(table, width)
        widths = [
            max(len(line) for text in column for line in text.split("\n"))
            for column in zip(shown.columns, *shown.rows, strict=True)
        ]
        assert sum(widths) + 3 * len(widths) + 1 <= width
        titles = " ".join(shown.columns).replace("\n", " ")
        assert "Fréchet distance" in titles
        assert "standing" in shown.columns
        (rest,) = [note for note in shown.notes if "more with `--json`" in note]
        for metric in ("density_efficientnet_lite0", "vendi_efficientnet_lite0"):
            assert metric in rest
        named = " ".join(shown.notes)
        assert all(metric in named for metric in rich.chosen.figures)
    titles = " ".join(printed(table, 180).columns).replace("\n", " ")
    for words in ("kernel distance", "precision %", "recall %", "authen- ticity %", "CLIP score"):
        assert words in titles


def test_a_table_of_many_rows_or_columns_has_parts() -> None:
    table = Table.of_texts("", [NAMES, Column("a"), Column("b", main=False)], [["x", 1, 2]] * 3)
    main, rest = table.parts()
    assert rest is not None
    assert [row.cells for row in main.rows] == [("x", 1)] * 3
    assert [row.cells for row in rest.rows] == [("x", 2)] * 3
    assert main.parts() == (main, None)
    assert table.pages() == (table, None)
    shown, folded = replace(table, at_once=2).pages()
    assert folded is not None
    assert (len(shown.rows), len(folded.rows)) == (2, 1)
