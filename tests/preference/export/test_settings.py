"""How many people a study asks where nobody says it, and how long it takes them."""

import pytest

from components.errors import AlphabarError
from components.preference.export.settings import MOST_EACH, Settings, fewest_people, minutes


@pytest.mark.parametrize(
    ("pairs", "raters", "people"),
    [(40, 3, 3), (41, 3, 4), (200, 3, 15), (10, 5, 5), (40, 1, 2), (1, 1, 1), (2, 3, 3)],
)
def test_people_are_as_few_as_can_bear_it(pairs: int, raters: int, people: int) -> None:
    assert fewest_people(pairs, raters) == people
    assert pairs * raters <= MOST_EACH * people
    assert Settings("x", pairs, raters).size(["a", "b"]).people == people


def test_minutes_are_of_every_answer() -> None:
    assert minutes(50, 2) == 10.0


def test_a_size_without_a_design_is_refused() -> None:
    with pytest.raises(AlphabarError, match="no such study: 2 people cannot judge") as caught:
        Settings("x", 10, 3, 2).size(["a", "b"])
    assert "study plan" in caught.value.remedy
