"""What the page says of fine-tunes beside each other."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import pytest

from components.reporting.pages.page import page
from components.reporting.pages.report import every_figure
from components.reporting.pages.tuned_differences import tuned_differences
from components.reporting.results import Results, read
from components.reporting.tables.csv_file import save_csv
from components.reporting.tables.table import Value
from tests.reporting.conftest import KINDS, SUBJECT_CASE, Case, build, distance_of_digits

FD, DRIFT = "fd_efficientnet_lite0", "drift_efficientnet_lite0"
LIKENESS = "likeness_efficientnet_lite0"


def results_of(root: Path, case: Case) -> Results:
    given = build(root, case)
    return read(given.spec, given.inputs)


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The first fine-tune is at 200 with a drift of 0.3, the second at 400 with one of 0.1."""
    case = Case(KINDS, distance_of_digits, 0.0, rich=True, drifts=(0.3, 0.1))
    return results_of(tmp_path_factory.mktemp("kinds"), case)


def test_each_other_fine_tune_is_held_against_the_chosen_one(kinds: Results) -> None:
    assert kinds.finetuned is not None
    found = tuned_differences(kinds.finetuned, kinds.metric)
    assert found is not None
    table = found["table"]
    (row,) = table.rows
    cells = {c.metric: v for c, v in zip(table.columns, row.cells, strict=True)}
    assert row.cells[0] == kinds.finetuned.cells[1].line
    assert list(cells)[1:] == [FD, DRIFT, "r_precision_domain", "clip_score_domain"]
    far, drift, fit = (cells[name] for name in (FD, DRIFT, "r_precision_domain"))
    assert isinstance(far, Value)
    assert isinstance(drift, Value)
    assert isinstance(fit, Value)
    assert far.value.startswith("+200")
    assert drift.value.startswith("-0.20")
    assert fit.value.startswith("-15"), "0.4 × 150 / 200 is 30 %, of 400 it is 15 %"
    assert all(re.fullmatch(r"p \S+, paired", value.remark) for value in (far, drift, fit))
    assert far.apart
    assert drift.apart


def test_a_sentence_says_which_adapts_more_and_which_drifts_more(kinds: Results) -> None:
    assert kinds.finetuned is not None
    first, second = (cell.line for cell in kinds.finetuned.cells)
    text = page(kinds)
    section = text[text.index("<h3>Differences between fine-tunes") : text.index(">What it took")]
    assert f"{first} adapts more than {second} (Fréchet distance" in section
    assert "lower by 200" in section
    assert f"drifts more than {second} (feature drift" in section
    assert "higher by 0.20" in section
    assert section.count("beyond noise, p &lt;0.001") == 2
    assert "Holm" in section


def test_one_fine_tune_has_nothing_to_be_told_from(rich: Results) -> None:
    assert rich.finetuned is not None
    assert tuned_differences(rich.finetuned, rich.metric) is None
    assert "Differences between fine-tunes" not in page(rich)


@pytest.mark.parametrize(
    ("alike", "told"),
    [
        ((0.7, 0.5), "adapts more than prior_weight=1 (likeness to the subject"),
        ((0.5, 0.7), "adapts less than prior_weight=1 (likeness to the subject"),
        ((0.6, 0.6), "cannot be told from prior_weight=1 in adaptation (likeness"),
    ],
)
def test_subjects_are_told_apart_by_likeness(
    tmp_path: Path, alike: tuple[float, float], told: str
) -> None:
    subject = results_of(tmp_path, replace(SUBJECT_CASE, alike=alike))
    assert subject.finetuned is not None
    found = tuned_differences(subject.finetuned, subject.metric)
    assert found is not None
    metrics = [column.metric for column in found["table"].columns[1:]]
    assert metrics == [LIKENESS, DRIFT, "r_precision_domain", "clip_score_domain"]
    less = found["table"].rows[0].cells[1]
    assert isinstance(less, Value)
    assert float(less.value) == pytest.approx(alike[1] - alike[0])
    assert re.fullmatch(r"p \S+, paired", less.remark)
    assert less.apart == (alike[0] != alike[1])
    assert "under each model's first sampling" in found["about"]
    assert found["told"].startswith(f"prior_weight=0 {told}")
    assert "Fréchet" not in found["told"]


def test_the_csv_has_the_drift_of_each_fine_tune(kinds: Results, tmp_path: Path) -> None:
    save_csv(tmp_path / "results.csv", every_figure(kinds))
    with (tmp_path / "results.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == DRIFT]
    assert kinds.finetuned is not None
    names = [f"{cell.line} (beside the base)" for cell in kinds.finetuned.cells]
    assert [(row["name"], float(row["value"])) for row in rows] == list(
        zip(names, (0.3, 0.1), strict=True)
    )
