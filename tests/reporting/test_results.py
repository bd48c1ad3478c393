from types import SimpleNamespace

from components.reporting.results import Results, read


def test_each_sampling_of_the_distilled_model_is_a_cell(solvers: Results) -> None:
    tuned = solvers.finetuned
    assert tuned is not None
    assert [cell.name for cell in tuned.cells] == [
        "distilled, consistency, 2 steps",
        "distilled, consistency, 1 step",
        "distilled, consistency, 4 steps",
    ]
    assert {cell.curve for cell in tuned.cells} == {"distilled, consistency"}
    assert [cell.evaluations for cell in tuned.cells] == [2, 1, 4]
    assert tuned.figures is tuned.cells[0].figures
    assert tuned.words.goal == "consistency"


def test_a_fine_tune_is_compared_with_its_baseline(
    report_input: SimpleNamespace, solvers: Results
) -> None:
    results = read(report_input.spec, report_input.inputs)
    assert results.finetuned is not None
    before, after = results.finetuned.subjects(results.chosen)
    assert (before.name, after.name) == ("baseline, before fine-tuning", "fine-tuned")
    assert before.figures["fd_efficientnet_lite0"].value == 400.0
    assert solvers.finetuned is not None
    first = solvers.finetuned.subjects(solvers.chosen)[0]
    assert (first.name, first.evaluations) == ("baseline, before distillation", 99)
