"""A sampling section from what a user gives and what a model brings along."""

from typing import Any

import pytest

from components.errors import AlphabarError
from components.spec.sampling_choice import sampling_of, sampling_over, settings_given
from components.spec.sections.sampling import SamplingSpec

ORIGIN = "the options"


def chosen(
    options: dict[str, Any], assignments: list[str], own: dict[str, Any] | None = None
) -> SamplingSpec:
    return sampling_of(settings_given(options, assignments, ORIGIN), ORIGIN, own)


def test_options_that_are_not_given_are_at_their_defaults() -> None:
    assert chosen({"steps": None, "solver": None}, []) == SamplingSpec()


def test_assignments_set_any_key_and_win_over_options() -> None:
    assignments = ["churn=40", "clip=false", "negative_prompt=a red circle", "steps=7"]
    sampling = chosen({"solver": "heun", "steps": 5}, assignments)
    assert sampling == SamplingSpec(
        solver="heun", churn=40.0, clip=False, negative_prompt="a red circle", steps=7
    )
    assert chosen({"guide": "weaker"}, ["ema_length=0.1"]).ema_length == 0.1


@pytest.mark.parametrize("text", ["7", "true", "null", "[1]", '"a"'])
def test_a_text_that_looks_like_json_is_a_text_where_a_text_is_wanted(text: str) -> None:
    sampling = chosen({}, [f"negative_prompt={text}", "steps=7", "ema_length=null"])
    assert (sampling.negative_prompt, sampling.steps, sampling.ema_length) == (text, 7, None)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("chrun=4", "did you mean `churn`"),
        ("steps", "write KEY=VALUE"),
        ("steps=0", "`sampling.steps: 0` is wrong"),
        ("solver=dpmp_2m", "did you mean `dpmpp_2m`"),
        ("variance=large", "`variance` has no meaning with solver `ddim`"),
    ],
)
def test_a_wrong_assignment_is_refused(assignment: str, message: str) -> None:
    with pytest.raises(AlphabarError) as error:
        chosen({}, [assignment])
    assert message in str(error.value)
    assert str(error.value).startswith(ORIGIN)


@pytest.mark.parametrize(
    ("own", "given", "expected"),
    [
        ({"guidance": 4}, {"steps": 7}, {"guidance": 4, "steps": 7}),
        ({"guidance": 4}, {"guidance_kind": "cfg"}, {"guidance": 4}),
        # a scale of one kind of guidance says nothing about another's
        ({"guidance": 4}, {"guidance_kind": "apg"}, {"guidance_kind": "apg", "guidance": 2}),
        ({"guidance": 4}, {"guidance_kind": "cfgpp"}, {"guidance_kind": "cfgpp", "guidance": 0.5}),
        ({"guidance": 4}, {"solver": "consistency"}, {"solver": "consistency", "guidance": 1}),
        # who asks for something to be guided away from wants guidance
        ({"guidance": 1}, {"negative_prompt": "cat"}, {"negative_prompt": "cat", "guidance": 2}),
        ({"guidance": 1}, {"guide": "weaker"}, {"guide": "weaker", "guidance": 2}),
        ({"guidance": 1}, {"guide": "weaker", "guidance": 1}, {"guide": "weaker", "guidance": 1}),
        # nothing is guided away from it
        ({"negative_prompt": "cat", "guidance": 3}, {"guidance": 1}, {"guidance": 1}),
        (
            {"negative_prompt": "cat", "guidance": 0.5, "guidance_kind": "cfgpp", "solver": "ddim"},
            {"guidance": 1},
            {"negative_prompt": "cat", "guidance": 1, "guidance_kind": "cfgpp", "solver": "ddim"},
        ),
        # options that only the old choice reads
        ({"eta": 0.5}, {"solver": "ddpm"}, {"solver": "ddpm"}),
        ({"eta": 0.5}, {"eta": 0.1}, {"eta": 0.1}),
        (
            {"guidance_rescale": 0.5, "guidance": 3},
            {"guidance_kind": "apg", "guidance": 5},
            {"guidance_kind": "apg", "guidance": 5},
        ),
        # what is guided away from is one thing or the other
        (
            {"guide": "weaker", "guidance": 3},
            {"negative_prompt": "cat"},
            {"negative_prompt": "cat", "guidance": 3},
        ),
        (
            {"negative_prompt": "cat", "guidance": 3},
            {"guide": "weaker"},
            {"guide": "weaker", "guidance": 3},
        ),
    ],
)
def test_what_is_given_displaces_what_no_longer_has_a_meaning(
    own: dict[str, Any], given: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = sampling_over(spec(own).model_dump(mode="json"), given)
    assert spec(found) == spec(expected)


def spec(values: dict[str, Any]) -> SamplingSpec:
    return SamplingSpec.model_validate(values)


def test_an_option_that_is_given_and_unread_is_still_refused() -> None:
    own = SamplingSpec(solver="heun", churn=5.0).model_dump(mode="json")
    with pytest.raises(AlphabarError, match="`churn` has no meaning with solver `ddim`"):
        chosen({"solver": "ddim"}, ["churn=4"], own)


@pytest.mark.parametrize("assignment", ["solver=[1]", "solver=hein", "guidance_kind={}"])
def test_a_choice_that_does_not_exist_is_refused_over_registered_settings(assignment: str) -> None:
    own = SamplingSpec(solver="heun", churn=5.0).model_dump(mode="json")
    with pytest.raises(AlphabarError, match=f"sampling.{assignment.partition('=')[0]}"):
        chosen({}, [assignment], own)
