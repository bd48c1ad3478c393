"""A figure from its record to whoever reads it: the same text in the terminal and on the page."""

import csv
from html.parser import HTMLParser
from pathlib import Path

from components.figures.judgement import Judgement
from components.figures.record import figure_record, read_judgement, write_judgement
from components.reporting.pages.template import rendered
from components.reporting.tables.csv_file import save_csv
from components.reporting.tables.every_figure import figures_alone
from components.reporting.tables.figure_table import figure_table
from components.reporting.tables.ranked_table import ranked_table
from components.reporting.tables.subject import Subject
from components.reporting.tables.terminal import printed
from tests.figures.made import made

SHARE = "precision_x"


class Words(HTMLParser):
    """The texts between the tags."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_a_figure_reads_the_same_from_record_to_terminal_page_and_csv(tmp_path: Path) -> None:
    made_figures = {SHARE: made(SHARE, 0.87654321, 0.861, 0.891), "fd_x": made("fd_x", 12, 11, 13)}
    write_judgement(tmp_path, Judgement(made_figures))
    subject = Subject("mine", read_judgement(tmp_path))
    figure = subject.figures[SHARE]
    assert figure.text() == "87.7 % [86.1, 89.1]"

    by_name = {row[0]: row for row in printed(figure_table("", subject), 100).rows}
    assert " ".join(by_name["precision (x)"][1:3]) == figure.text()

    table = ranked_table("", [subject, subject])
    among = printed(table, 200)
    column = among.columns.index("precision\n%")
    assert among.rows[0][column].replace("\n", " ") == figure.compact() == "87.7 [86.1, 89.1]"

    page = Words()
    page.feed(rendered("compare.html", **around(table)))
    words = " ".join(word.strip() for word in page.words if word.strip())
    assert figure.text() in words

    save_csv(tmp_path / "all.csv", figures_alone({"mine": subject.figures}))
    with (tmp_path / "all.csv").open(newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["metric"] == SHARE)
    record = figure_record(figure)
    assert [float(row[end]) for end in ("value", "low", "high")] == [
        record[end] for end in ("value", "low", "high")
    ]


def around(table: object) -> dict[str, object]:
    """What the page of a comparison needs beside its table."""
    told = {"ranking": "", "level": 0.95, "lower": [], "higher": []}
    empty = dict.fromkeys(("summary", "cards", "plates", "protocol", "losses", "unknown"), ())
    plain = {
        "title": "",
        "seeds": "",
        "csv": "",
        "best": "",
        "differences": None,
        "pair": None,
        "settings": None,
    }
    return {"results": table, "told": told, "content": {}, **empty, **plain}
