"""Numbers as people read them: a zero has no minus."""

import pytest

from components.figures.figure import decimals_of, plain
from components.figures.likeness import Value
from tests.figures.made import made


@pytest.mark.parametrize(
    ("number", "decimals", "sign", "text"),
    [
        (-5.55e-17, 3, "", "0.000"),
        (-0.04, 1, "+", "+0.0"),
        (-0.06, 1, "+", "-0.1"),
        (1.25, 2, "+", "+1.25"),
        (float("nan"), 2, "", "nan"),
        (float("-inf"), 2, "", "-inf"),
    ],
)
def test_a_zero_has_no_minus(number: float, decimals: int, sign: str, text: str) -> None:
    assert plain(number, decimals, sign) == text


def test_what_rounding_leaves_of_zero_has_the_digits_of_zero() -> None:
    assert decimals_of(3e-17, -5.55e-17) == decimals_of(0.0, 0.0)
    drift = made("drift_x", -5.55e-17, -5.55e-17, 2e-17)
    assert drift.text() == "0.0 [0.0, 0.0]"


@pytest.mark.parametrize(
    ("low", "high", "apart"), [(0.01, 0.2, True), (-0.2, -0.01, True), (-0.1, 0.1, False)]
)
def test_an_interval_that_leaves_out_zero_is_apart(low: float, high: float, apart: bool) -> None:
    assert Value((low + high) / 2, low, high).apart == apart
    assert Value(0.0, -0.1, 0.1).interval("+") == "[-0.100, +0.100]"
