import pytest

from components.reporting.tables.widths import columns_within, least_width, lines, room


def test_intervals_stay_whole_and_names_break_after_a_comma() -> None:
    assert lines("82.1 [73.4, 90.0]", 12) == "82.1\n[73.4, 90.0]"
    assert lines("820 ±70 here", 8) == "820 ±70\nhere"
    assert lines("schedule=linear,guidance=1", 20) == "schedule=linear,\nguidance=1"
    assert lines("schedule=linear,guidance=1", 26) == "schedule=linear,guidance=1"
    assert least_width(["820 [740, 890]"]) == 14
    assert least_width(["schedule=linear,guidance=1"]) == 16


@pytest.mark.parametrize("width", [3, 5, 7, 11, 40])
def test_no_letter_is_lost_however_narrow_a_column_is(width: int) -> None:
    text = "authenticity_efficientnet_lite0 of [0.875232, 0.972214]\nnext ±1"
    broken = lines(text, width)
    assert "".join(broken.split()) == "".join(text.split())
    assert max(map(len, broken.split("\n"))) <= width


def test_the_widest_column_gives_first_and_words_are_broken_last() -> None:
    columns = [["x" * 20], ["many words of a long sentence " * 3], ["y" * 10]]
    assert columns_within(200, columns) == [20, 90, 10]
    assert columns_within(80, columns) == [20, 40, 10]
    narrow = columns_within(50, columns)
    assert narrow[2] == 10
    assert narrow[0] < 20
    assert room(narrow) <= 50
