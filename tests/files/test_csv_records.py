"""A broken record of a table is named by its line and takes no other with it."""

import pytest

from components.files.csv_records import MOST_LINES, csv_records


def test_records_have_the_line_at_which_they_begin() -> None:
    text = 'a,b\r\n\r\n"one\ntwo",2\n3,4'
    assert list(csv_records(text)) == [(1, ["a", "b"]), (3, ["one\ntwo", "2"]), (5, ["3", "4"])]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('"never closed,2', "no CSV"),
        ('"closed"too early,2', "no CSV"),
        ("nul\0,2", "NUL"),
        ("bare\rreturn,2", "bare carriage return"),
        ("x" * 2**20 + ",2", "no CSV: field larger"),
    ],
)
def test_a_broken_line_is_named_and_the_others_are_read(line: str, fault: str) -> None:
    found = list(csv_records(f"a,b\n{line}\n3,4\n5,6\n"))
    assert [each for each in found if not isinstance(each[1], str)] == [
        (1, ["a", "b"]),
        (3, ["3", "4"]),
        (4, ["5", "6"]),
    ]
    ((number, said),) = [each for each in found if isinstance(each[1], str)]
    assert number == 2
    assert fault in said


def test_quotes_that_are_never_closed_cost_no_more_than_their_lines() -> None:
    many = 20_000
    found = list(csv_records("a,b\n" + '"x,1\n' * many))
    assert len(found) <= many + 1
    assert many > MOST_LINES
