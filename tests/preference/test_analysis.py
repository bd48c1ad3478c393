from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from components.errors import AlphabarError
from components.preference.analysis import analyse
from components.preference.statistics.win_rate import crossed_rate

KEY = "pair,left,right\np1,baseline,finetuned\np2,finetuned,baseline\np3,baseline,finetuned\n"
HEADER = "pair,choice,annotator,seconds\n"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key.csv"
    path.write_text(KEY)
    return path


def answers(tmp_path: Path, *rows: str, name: str = "responses.csv") -> Path:
    path = tmp_path / name
    path.write_text(HEADER + "".join(row + "\n" for row in rows))
    return path


def test_choices_are_turned_into_wins_by_the_key(tmp_path: Path, key: Path) -> None:
    path = answers(tmp_path, "p1,right,Ann,1.0", "p2,left,Ann,1.0", "p3,left,Ann,2.0")
    found = analyse([path], key)
    assert (found.wins, found.losses, found.ties, len(found.people)) == (2, 1, 0, 1)
    assert found.rate == pytest.approx(2 / 3)


def test_ties_are_counted_and_left_out(tmp_path: Path, key: Path) -> None:
    path = answers(tmp_path, "p1,right,Ann,1.0", "p2,none,Ann,1.0")
    found = analyse([path], key)
    assert (found.wins, found.losses, found.ties) == (1, 0, 1)
    assert found.rate == 1.0


def test_only_ties_give_no_rate(tmp_path: Path, key: Path) -> None:
    found = analyse([answers(tmp_path, "p2,none,Ann,1.0")], key)
    assert (found.rate, found.low, found.high, found.p_value) == (None, None, None, None)
    assert found.without == "nobody preferred either model"


@pytest.mark.parametrize(("wins", "losses"), [(31, 9), (0, 7), (1, 0)])
def test_a_persons_own_interval_is_wilsons_and_one_person_has_no_other(
    tmp_path: Path, wins: int, losses: int
) -> None:
    total = wins + losses
    key = tmp_path / "key.csv"
    key.write_text(
        "pair,left,right\n" + "".join(f"p{i},baseline,finetuned\n" for i in range(total))
    )
    rows = [f"p{i},{'right' if i < wins else 'left'},Ann,1.0" for i in range(total)]
    found = analyse([answers(tmp_path, *rows)], key)
    (ann,) = found.people
    interval = stats.binomtest(wins, total).proportion_ci(0.95, method="wilson")
    assert (ann.name, ann.wins, ann.losses, ann.ties) == ("Ann", wins, losses, 0)
    assert (ann.low, ann.high) == pytest.approx((interval.low, interval.high), abs=1e-9)
    assert found.rate == ann.rate == wins / total
    assert (found.low, found.high, found.p_value) == (None, None, None)
    assert "says nothing about other people" in found.without


def test_several_people_have_a_row_each_and_an_interval_together(tmp_path: Path, key: Path) -> None:
    one = answers(tmp_path, "p1,right,Ann,1.0", "p2,left,Ann,1.0", "p3,none,Ann,1.0")
    other = answers(tmp_path, "p1,left,Bob,1.0", "p2,left,Bob,1.0", name="bob.csv")
    ties = answers(tmp_path, "p1,none,Cy,1.0", name="cy.csv")
    found = analyse([one, other, ties], key)
    assert (found.wins, found.losses, found.ties, found.pairs) == (3, 1, 2, 2)
    told = [(p.name, p.wins, p.losses, p.ties, p.rate) for p in found.people]
    assert told == [("Ann", 2, 0, 1, 1.0), ("Bob", 1, 1, 0, 0.5), ("Cy", 0, 0, 1, None)]
    person, pair = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    expected, p_value = crossed_rate(np.array([1.0, 1, 0, 1]), person, pair, 0.95)
    assert (found.low, found.high) == (expected.low, expected.high)
    assert found.p_value == p_value
    assert (found.without, found.notes) == ("", ())


def test_who_only_ties_is_no_second_person(tmp_path: Path, key: Path) -> None:
    rows = ("p1,right,Ann,1.0", "p2,right,Ann,1.0", "p1,none,Bob,2.0", "p2,none,Bob,2.5")
    assert "one person preferred" in analyse([answers(tmp_path, *rows)], key).without
    rows = ("p1,right,Ann,1.0", "p1,left,Bob,2.0", "p2,none,Bob,2.5")
    assert "one pair only" in analyse([answers(tmp_path, *rows)], key).without


def test_one_file_under_two_names_is_noted(tmp_path: Path, key: Path) -> None:
    own = [f"p{i},left,Ann,{i}.0" for i in (1, 2, 3)]
    copied = [row.replace("Ann", "Bob") for row in own]
    other = [row.replace("Ann", "Cy").replace(".0", ".1") for row in own]
    (note,) = analyse([answers(tmp_path, *own, *copied, *other)], key).notes
    assert note.startswith("Ann, Bob gave the same answers in the same seconds")


@pytest.mark.parametrize(
    ("content", "fault"), [("", "is empty"), ("\ufeff", "is empty"), (HEADER, "no rows")]
)
def test_files_without_answers_or_pairs_are_named(
    tmp_path: Path, key: Path, content: str, fault: str
) -> None:
    path = tmp_path / "responses.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(AlphabarError, match=r"responses\.csv (is empty|has a header)") as caught:
        analyse([path], key)
    assert fault in str(caught.value)
    key.write_text(content.replace(HEADER, "pair,left,right\n"), encoding="utf-8")
    with pytest.raises(AlphabarError, match=r"key\.csv (is empty|has a header)"):
        analyse([answers(tmp_path, "p1,left,Ann,1.0")], key)


def test_a_spreadsheets_byte_order_mark_is_read_over(tmp_path: Path, key: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("\ufeff" + HEADER + "p1,right,Ann,1.0\n", encoding="utf-8")
    assert analyse([path], key).wins == 1


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("p9,left,Ann,1.0", "pair p9 is not in"),
        ("p1,both,Ann,1.0", "the choice for pair p1 is 'both'"),
        ("p2,left,Ann,1.0\np2,right,Ann,1.0", "Ann answered pair p2 twice"),
        ("p1,left,,1.0", "pair p1 has no annotator's name"),
        ("p1,left,  ,1.0", "pair p1 has no annotator's name"),
        ("p1,left", "line 2 has 2 cells, the header 4"),
    ],
)
def test_answers_that_make_no_sense_are_named(
    tmp_path: Path, key: Path, row: str, fault: str
) -> None:
    with pytest.raises(AlphabarError, match=fault):
        analyse([answers(tmp_path, row)], key)


def test_a_wrong_file_is_named(tmp_path: Path, key: Path) -> None:
    with pytest.raises(AlphabarError, match=r"key\.csv has not the columns"):
        analyse([key], key)
    with pytest.raises(AlphabarError, match="does not exist"):
        analyse([tmp_path / "none.csv"], key)
    key.write_text(KEY.replace("p2,finetuned", "p2,baseline"))
    with pytest.raises(AlphabarError, match="pair p2 is not between baseline and finetuned"):
        analyse([answers(tmp_path, "p1,left,Ann,1.0")], key)


def test_a_name_with_spaces_around_it_is_the_same_person(tmp_path: Path, key: Path) -> None:
    first = answers(tmp_path, "p1,right,Ann,1.0")
    second = answers(tmp_path, "p2,left, Ann ,1.0", name="second.csv")
    assert [person.name for person in analyse([first, second], key).people] == ["Ann"]
    twice = answers(tmp_path, "p1,left,Ann ,1.0", name="third.csv")
    with pytest.raises(AlphabarError, match="Ann answered pair p1 twice"):
        analyse([first, twice], key)
