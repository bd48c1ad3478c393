"""The head of the page about fine-tunes: which is chosen, and whether it is any better."""

from dataclasses import replace
from pathlib import Path

import pytest

from components.reporting.results import Results, read
from components.reporting.words.kinds import shared_words
from components.reporting.words.summary import paragraphs
from components.reporting.words.tuned_summary import about_tuned
from components.spec.catalogue import FINETUNES
from tests.figures.made import made
from tests.reporting.conftest import DIGITS_CASE, SUBJECT_CASE, Case, build

FD = "fd_efficientnet_lite0"


def of_case(root: Path, case: Case) -> Results:
    given = build(root, case)
    return read(given.spec, given.inputs)


@pytest.mark.parametrize(
    ("alike", "words"),
    [
        (0.62, "is more like the subject than its base."),
        (0.26, "cannot be told from its base."),
        (0.15, "is less like the subject than its base."),
    ],
)
def test_a_subject_s_likeness_decides_whether_the_chosen_one_is_any_better(
    tmp_path: Path, alike: float, words: str
) -> None:
    text = paragraphs(of_case(tmp_path, replace(SUBJECT_CASE, alike=(alike, alike - 0.02))))[1]
    assert f"The chosen one {words}" in text
    assert f"likeness to the subject (efficientnet_lite0) of {alike:.3f} [" in text
    assert "its base at the same seeds 0.250 [0.200, 0.300]" in text
    assert f"the difference is {alike - 0.25:+.3f} [" in text
    assert "Fréchet" not in text
    none = "None of the 2 is shown to be more like the subject than its base."
    assert (none in text) == (alike < 0.3)


@pytest.mark.parametrize(
    ("drifts", "words"), [((0.1, 0.1), "keeps"), ((0.8, 0.9), "does not keep")]
)
def test_its_drift_is_said_and_whether_it_keeps_the_limits(
    tmp_path: Path, drifts: tuple[float, float], words: str
) -> None:
    text = paragraphs(of_case(tmp_path, replace(SUBJECT_CASE, drifts=drifts)))[1]
    assert f"Its feature drift (efficientnet_lite0) is {drifts[0]:.3f} [" in text
    assert text.endswith(f"it {words} the file's limits.")


def test_a_distance_that_grew_is_said_to_be_worse(tmp_path: Path) -> None:
    results = of_case(tmp_path, DIGITS_CASE)
    tuned = results.finetuned
    assert tuned is not None
    told = []
    for value in (100.0, 205.0, 300.0):
        measured = made(FD, value, value - 10, value + 10).measured
        figure = replace(tuned.baseline[FD], measured=measured)
        before = replace(tuned.before, figures={FD: figure})
        told.append(about_tuned(replace(tuned, before=before), results.metric))
    worse, near, better = told
    assert "worse outside the intervals" in worse
    assert "The chosen one is farther from the new data than its base." in worse
    assert "within the intervals" in near
    assert "The chosen one cannot be told from its base." in near
    assert "better outside the intervals" in better
    assert "farther" not in better


def test_fine_tunes_of_a_given_base_are_told_first(tmp_path: Path) -> None:
    results = of_case(tmp_path, SUBJECT_CASE)
    assert results.finetuned is not None
    given = replace(
        results.finetuned, section={**results.finetuned.section, "base": "shapes@champion"}
    )
    first, second = paragraphs(replace(results, finetuned=given))
    assert "likeness to the subject" in first
    assert second.startswith("The base, shapes@champion, has a Fréchet distance")
    assert "only cell" not in second


def test_what_kinds_share_is_said_of_all_and_the_rest_of_each() -> None:
    data = {"style": None, "source": "folder", "name": "shapes"}
    section = {"style": None, "token": "<a>", "class_word": "box", "base": "b"}
    one, other = (
        FINETUNES[kind].words.of(section | {"kind": kind}, data)
        for kind in ("dreambooth", "textual_inversion")
    )
    both = shared_words([("x=1", one), ("x=2,y=1", one), ("word", other)])
    assert both.title == "Fine-tunes: DreamBooth: <a> box; Textual inversion: <a>"
    assert both.act == "fine-tuning"
    assert both.about.startswith("“x=1” and “x=2, y=1”: The base b was taught")
    assert "“word”: The base b was taught the word <a>" in both.about
    assert shared_words([("x=1", one), ("x=2", one)]) == one
