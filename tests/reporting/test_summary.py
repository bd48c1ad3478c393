from types import SimpleNamespace

import pytest

from components.reporting.figures import parse_figures
from components.reporting.results import Results, read
from components.reporting.summary import headline, scorer_sentence, sentences


@pytest.fixture
def results(report_input: SimpleNamespace) -> Results:
    return read(report_input.spec, report_input.inputs)


def words(results: Results, best: int | None = None) -> str:
    tuned = results.finetuned.figures if results.finetuned else None
    chosen = results.best if best is None else best
    return " ".join(sentences(results.cells, chosen, results.floors, tuned, "bold"))


def test_the_summary_says_who_won_and_by_how_much(results: Results) -> None:
    text = words(results)
    assert "Of 7 cells, schedule=cosine,guidance=2 has the lowest" in text
    assert "1.74 times the floor of 88.0, which as many real training images reach" in text
    assert "1 other cell cannot be told from the best" in text
    assert "5 cells are worse outside the intervals" in text
    assert "recognises 97.0 % [96.0, 98.0] of its samples" in text
    assert "from 400.0 [394.0, 406.0] to 200.0 [194.0, 206.0], outside the intervals" in text


def test_a_chosen_cell_that_is_not_the_lowest_is_not_called_so(results: Results) -> None:
    text = words(results, best=2)
    assert "a cell beside the sweep, there for comparison only, is lower" in text
    assert "6 cells are better outside the intervals" in text


def test_headline_figures_are_plain_numbers(results: Results) -> None:
    assert results.finetuned is not None
    values = headline(results.cells, results.best, results.floors, results.finetuned.figures)
    assert values["best"] == "schedule=cosine,guidance=2"
    assert values["fd_efficientnet_lite0_over_floor"] == pytest.approx(153 / 88)
    assert values["finetuned_recognised_svc"] == 0.97
    assert values["before_finetune_fd_efficientnet_lite0"] == 400.0
    assert all(isinstance(v, int | float) for name, v in values.items() if name != "best")


def test_the_scorers_own_accuracy_is_said_beside_its_chance() -> None:
    record = {"value": 0.93, "low": 0.91, "high": 0.95, "n_reference": 10, "chance": 0.1}
    content = {"metrics": {"retrieval_top1_bold": record}}
    text = scorer_sentence(parse_figures(content, "the scorer"))
    assert text is not None
    assert "among 10 captions" in text
    assert "93.0 % [91.0, 95.0] of held-out bold images (chance: 10 %)" in text
    assert scorer_sentence({}) is None
