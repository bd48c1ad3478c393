from components.reporting.tables.markdown import markdown_table, plain_text
from components.reporting.tables.table import Column, Row, Table, Text, Value


def test_a_table_has_its_main_columns_whole_and_its_best_row_bold() -> None:
    table = Table(
        "c: a|b",
        (Column("cell"), Column("distance"), Column("n", right=True), Column("folded", main=False)),
        (
            Row(
                (Text("the whole name", "name"), Value("78.4", "[73.4, 83.4]", "78"), 5, 1), "best"
            ),
            Row(("<b>x</b>", None, 7, 1)),
        ),
        ("mind *this*",),
    )
    assert markdown_table(table).splitlines() == [
        r"**c: a\|b**",
        "",
        "| cell | distance | n |",
        "| --- | --- | --: |",
        r"| **the whole name** | 78.4 \[73.4, 83.4\] | 5 |",
        r"| \<b\>x\</b\> |  | 7 |",
        "",
        r"- mind \*this\*",
    ]


def test_what_markdown_would_act_on_is_shown_as_it_is() -> None:
    assert plain_text("![a](b)\n# c_d") == r"!\[a\](b) \# c\_d"
