"""What measurements decide, and how that is said."""

from dataclasses import replace

import pytest

from components.speed.worth import Choice, Compiled, faster


@pytest.mark.parametrize(
    ("full", "bf16", "chosen"),
    [
        (1.0, 0.7, "bf16-mixed"),
        (1.0, 1.4, "32-true"),
        (1.0, 0.97, "32-true"),  # within noise
        (1.0, None, "32-true"),
    ],
)
def test_bf16_is_taken_where_it_is_faster_by_more_than_noise(
    full: float, bf16: float | None, chosen: str
) -> None:
    assert faster({"32-true": full, "bf16-mixed": bf16}) == chosen


def test_nothing_measured_is_full_precision() -> None:
    assert faster({"32-true": None, "bf16-mixed": None}) == "32-true"


def test_compiling_pays_from_the_step_at_which_it_has_saved_what_it_took() -> None:
    found = Compiled(81.0, 0.47, 0.40)
    assert found.paid_from == 1158
    assert 81 + 1158 * 0.40 <= 1158 * 0.47
    assert 81 + 1157 * 0.40 > 1157 * 0.47
    assert not found.pays(1158)  # it saves nothing yet
    assert found.pays(20_000)
    assert not Compiled(81.0, 0.40, 0.40).pays(10**8)
    assert Compiled(81.0, 0.40, 0.41).paid_from is None


def test_a_margin_must_be_saved_of_the_whole() -> None:
    assert not Compiled(0.0, 1.0, 0.96).pays(10**6)
    assert Compiled(0.0, 1.0, 0.94).pays(10**6)


CHOICE = Choice(
    "training",
    ("precision", "compile"),
    "bf16-mixed",
    True,
    20_000,
    128,
    {"32-true": 0.74, "bf16-mixed": 0.47},
    Compiled(81.0, 0.47, 0.40),
)


def test_a_choice_is_said_with_its_figures() -> None:
    assert CHOICE.words() == (
        "training: bf16-mixed (0.47 s a step; 32-true 0.74 s), compiled: 81 s once, saves 70 ms a "
        "step, paid from step 1,158 of 20,000"
    )
    few = replace(CHOICE, compiles=False, steps=1200)
    assert few.words().endswith(
        "not compiled, which saves too little: 81 s once, saves 70 ms a step, paid from step 1,158 "
        "of 1,200"
    )
    slower = replace(CHOICE, compiles=False, compiled=Compiled(81.0, 0.47, 0.48))
    assert slower.words().endswith(", not compiled: that makes no step faster (0.48 s)")
    short = replace(CHOICE, compiles=False, compiled=None, why_not="all 30 steps take about 15 s")
    assert short.words().endswith(", not compiled: all 30 steps take about 15 s")


def test_a_choice_that_nobody_has_measured_says_that_keys_may_change() -> None:
    none = Choice("sampling", ("compile",), "32-true", False, 9, 60, {})
    assert none.words() == (
        "sampling: what `sampling.compile` comes to is not measured on this machine yet; planned "
        "with 32-true, not compiled; the first run measures it, and keys may change"
    )


def test_compiling_that_does_not_pay_is_warned_of_where_the_file_asks_for_it() -> None:
    asked = replace(CHOICE, auto=(), steps=1000)
    assert asked.warning() == (
        "warning: `training.compile: on` does not pay: it would from step 1,158 on, and there are "
        "1,000"
    )
    assert replace(asked, steps=1158).warning() == ""
    assert CHOICE.warning() == ""
    slower = replace(asked, compiled=Compiled(81.0, 0.47, 0.48))
    assert slower.warning() == (
        "warning: `training.compile: on` makes no step faster: 0.48 s, and 0.47 s without"
    )


def test_programs_get_the_same_figures() -> None:
    content = CHOICE.content()
    assert content["paid_from"] == 1158
    assert content["compile_seconds"] == 81.0
    assert content["auto"] == ["precision", "compile"]
    assert content["measured"]
