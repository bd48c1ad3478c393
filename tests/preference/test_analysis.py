from pathlib import Path

import pytest
from scipy import stats

from components.errors import AlphabarError
from components.preference.analysis import analyse, sign_test

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
    assert (found.wins, found.losses, found.ties, found.annotators) == (2, 1, 0, 1)
    assert found.rate == pytest.approx(2 / 3)


def test_ties_are_counted_and_left_out(tmp_path: Path, key: Path) -> None:
    path = answers(tmp_path, "p1,right,Ann,1.0", "p2,none,Ann,1.0")
    found = analyse([path], key)
    assert (found.wins, found.losses, found.ties) == (1, 0, 1)
    assert found.rate == 1.0


def test_only_ties_give_no_rate(tmp_path: Path, key: Path) -> None:
    found = analyse([answers(tmp_path, "p2,none,Ann,1.0")], key)
    assert (found.rate, found.low, found.high, found.p_value) == (None, None, None, None)


@pytest.mark.parametrize(("wins", "losses"), [(31, 9), (5, 5), (0, 7), (12, 0), (1, 0)])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_interval_and_test_are_scipys(
    tmp_path: Path, wins: int, losses: int, confidence: float
) -> None:
    total = wins + losses
    key = tmp_path / "key.csv"
    key.write_text(
        "pair,left,right\n" + "".join(f"p{i},baseline,finetuned\n" for i in range(total))
    )
    rows = [f"p{i},{'right' if i < wins else 'left'},Ann,1.0" for i in range(total)]
    found = analyse([answers(tmp_path, *rows)], key, confidence)
    expected = stats.binomtest(wins, total)
    interval = expected.proportion_ci(confidence, method="wilson")
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert found.low == pytest.approx(interval.low, abs=1e-9)
    assert found.high == pytest.approx(interval.high, abs=1e-9)


def test_the_sign_test_is_exact_for_many_choices() -> None:
    assert sign_test(1100, 900) == pytest.approx(stats.binomtest(1100, 2000).pvalue, rel=1e-9)


def test_several_people_are_pooled_and_counted(tmp_path: Path, key: Path) -> None:
    one = answers(tmp_path, "p1,right,Ann,1.0")
    other = answers(tmp_path, "p1,left,Bob,1.0", name="bob.csv")
    found = analyse([one, other], key)
    assert (found.wins, found.losses, found.annotators) == (1, 1, 2)


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
        ("p1,left", "has not the columns"),
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
    with pytest.raises(AlphabarError, match="cannot be read"):
        analyse([tmp_path / "none.csv"], key)
    key.write_text(KEY.replace("p2,finetuned", "p2,baseline"))
    with pytest.raises(AlphabarError, match="pair p2 is not between baseline and finetuned"):
        analyse([answers(tmp_path, "p1,left,Ann,1.0")], key)
