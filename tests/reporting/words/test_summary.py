from dataclasses import replace
from types import SimpleNamespace

import pytest

from components.reporting.results import Results, read
from components.reporting.words.summary import headline, paragraphs, scorer_sentence
from tests.figures.made import made


@pytest.fixture
def results(report_input: SimpleNamespace) -> Results:
    return read(report_input.spec, report_input.inputs)


def words(results: Results) -> str:
    return " ".join(paragraphs(results))


def test_the_summary_says_who_won_and_by_how_much(results: Results) -> None:
    text = words(results)
    assert "Of 7 cells, schedule=cosine,guidance=2 has the lowest" in text
    assert "1.74 times the floor of 88.0, which as many real training images reach" in text
    near = "1 other cell (schedule=cosine,solver=ddpm,steps=250,guidance=2) cannot be told from"
    assert near in text
    assert text.index("cannot be told") < text.index("times the floor"), "what decides comes first"
    assert "5 cells are worse outside the intervals" in text
    assert "recognises 97.0 % [96.0, 98.0] of its samples" in text
    assert "from 400.0 [394.0, 406.0] to 200.0 [194.0, 206.0], better outside the intervals" in text


def test_a_reference_that_is_better_than_the_winner_is_told_and_does_not_win(
    results: Results,
) -> None:
    cells = [replace(c, beside="reference" if i == 4 else "") for i, c in enumerate(results.cells)]
    text = words(replace(results, cells=cells, best=6))
    assert (
        "Of 6 candidates, schedule=cosine,solver=ddpm,steps=250,guidance=2 has the lowest" in text
    )
    assert (
        "schedule=cosine,guidance=2 (reference) has a better Fréchet distance (efficientnet_lite0) "
        "than the best, 153.0 [147.0, 159.0] against 158.0 [152.0, 164.0], within the intervals; "
        "references never win" in text
    )
    assert headline(replace(results, cells=cells, best=6))["references"] == 1


def test_headline_figures_are_plain_numbers(results: Results) -> None:
    values = headline(results)
    assert values["best"] == "schedule=cosine,guidance=2"
    assert values["fd_efficientnet_lite0_over_floor"] == pytest.approx(153 / 88)
    assert values["finetuned_recognised_svc"] == 0.97
    assert values["before_finetune_fd_efficientnet_lite0"] == 400.0
    assert all(isinstance(v, int | float) for name, v in values.items() if name != "best")


def test_every_sampling_of_the_distilled_model_has_headline_figures(solvers: Results) -> None:
    values = headline(solvers)
    assert values["finetuned_fd_efficientnet_lite0"] == pytest.approx(165.0)
    assert values["finetuned_1_step_fd_efficientnet_lite0"] == pytest.approx(180.0)
    assert values["finetuned_4_steps_fd_efficientnet_lite0"] == pytest.approx(157.5)


def test_the_variational_bound_is_among_the_headline_figures(schedules: Results) -> None:
    assert headline(schedules)["elbo_bpd"] == 3.01


def test_a_distilled_model_has_a_paragraph_of_its_own(solvers: Results) -> None:
    cells, tuned = paragraphs(solvers)
    assert cells.startswith("Of 41 cells, solver=heun,steps=50 has the lowest")
    assert tuned.startswith("The distilled model at 2 steps (2 evaluations)")


def test_the_scorers_own_accuracy_is_said_beside_its_chance() -> None:
    name = "retrieval_top1_bold"
    text = scorer_sentence({name: made(name, 0.93, 0.91, 0.95, n_reference=10, chance=0.1)})
    assert text is not None
    assert "among 10 captions" in text
    assert "93.0 % [91.0, 95.0] of held-out bold images (chance: 10 %)" in text
    assert scorer_sentence({}) is None


def test_beside_a_reference_that_is_better_no_empty_sentence_stands(results: Results) -> None:
    cells = [results.cells[6], replace(results.cells[4], beside="reference")]
    text = words(replace(results, cells=cells, best=0))
    assert ". ." not in text
    alone = words(replace(results, cells=cells[:1], best=0))
    assert ". ." not in alone
