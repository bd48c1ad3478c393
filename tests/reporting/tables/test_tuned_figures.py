"""What `results.csv` has of fine-tunes: every figure, less the chosen one's and less the base's."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from components.figures.standing import Standing, between, standings
from components.reporting.finetuned import Finetuned
from components.reporting.pages.report import every_figure
from components.reporting.pages.tuned_differences import tuned_differences
from components.reporting.results import Results, read
from components.reporting.tables.csv_file import save_csv
from components.reporting.tables.table import Value
from tests.reporting.conftest import KINDS, SUBJECT_CASE, Case, build, distance_of_digits

FD, DRIFT, RECALL = (f"{name}_efficientnet_lite0" for name in ("fd", "drift", "recall"))
LIKENESS = "likeness_efficientnet_lite0"
THREE = KINDS | {"sweep": {"finetune.rank": [1, 2, 4]}}
THREE |= {"finetune": {"style": "bold", "kind": "lora"}}
BASELINE = "baseline, before fine-tuning"
Rows = dict[tuple[str, str], dict[str, str]]


def results_of(root: Path, case: Case) -> tuple[Results, Finetuned, Rows]:
    """What the report shows of ``case``, and the CSV's rows by name and metric."""
    given = build(root / "store", case)
    results = read(given.spec, given.inputs)
    save_csv(root / "results.csv", every_figure(results))
    with (root / "results.csv").open(newline="", encoding="utf-8") as file:
        rows = {(row["name"], row["metric"]): row for row in csv.DictReader(file)}
    assert results.finetuned is not None
    return results, results.finetuned, rows


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Finetuned, Rows]:
    case = Case(THREE, distance_of_digits, 0.0, rich=True, drifts=(0.3, 0.1, 0.31))
    return results_of(tmp_path_factory.mktemp("three"), case)


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Finetuned, Rows]:
    case = replace(SUBJECT_CASE, alike=(0.7, 0.5))
    return results_of(tmp_path_factory.mktemp("subject"), case)


def told(row: dict[str, str], base: str = "") -> list[str]:
    names = ("difference", "difference_low", "difference_high", "p_holm", "paired")
    return [row[f"{base}{name}"] for name in (*names, "difference_from")]


def of(standing: Standing, name: str) -> list[str]:
    less = standing.difference
    assert less is not None
    assert standing.p is not None
    ends = [0.0 if abs(end) < 1e-12 else end for end in (less.value, less.low, less.high)]
    numbers = [str(number) for number in (*ends, standing.p)]
    return [*numbers, "True", name]


@pytest.mark.parametrize("metric", [FD, RECALL, "clip_score_domain"])
def test_each_fine_tune_is_less_the_chosen_one_and_less_its_base(
    three: tuple[Results, Finetuned, Rows], metric: str
) -> None:
    _, tuned, rows = three
    figures = [cell.figures for cell in tuned.cells]
    chosen = f"{tuned.cells[0].line} (bold)"
    base = "baseline, before fine-tuning (bold)"
    from_chosen = standings(figures, metric, 0)
    from_base = standings([tuned.baseline, *figures], metric, 0)[1:]
    for i, cell in enumerate(tuned.cells):
        row = rows[f"{cell.line} (bold)", metric]
        assert told(row, "base_") == of(from_base[i], base)
        assert told(row) == ([""] * 6 if i == 0 else of(from_chosen[i], chosen))
    assert told(rows[base, metric]) == told(rows[base, metric], "base_") == [""] * 6
    assert rows["real images (floor) (bold)", FD]["value"] == "88.0"


def test_the_csv_has_what_the_page_says_of_drift(three: tuple[Results, Finetuned, Rows]) -> None:
    results, tuned, rows = three
    shown = tuned_differences(tuned, results.metric)
    assert shown is not None
    for cell, shown_row in zip(tuned.cells[1:], shown["table"].rows, strict=True):
        row, value = rows[f"{cell.line} (beside the base)", DRIFT], shown_row.cells[2]
        assert isinstance(value, Value)
        assert float(value.value) == pytest.approx(float(row["difference"]), abs=1e-3)
        p = float(row["p_holm"])
        assert value.remark == f"p {'<0.001' if p < 0.001 else format(p, '.2g')}, paired"
        assert told(row, "base_") == [""] * 6, "the base has no drift"
        assert row["difference_from"] == f"{tuned.cells[0].line} (beside the base)"
    own = rows[f"{tuned.cells[1].line} (beside the base)", FD]
    before = results.chosen.figures[FD].value
    assert float(own["base_difference"]) == pytest.approx(float(own["value"]) - before)
    assert rows["the base (beside the base)", FD]["value"] == str(before)


def test_the_csv_has_a_subject_s_likeness_less_the_chosen_one_s_and_the_base_s(
    subject: tuple[Results, Finetuned, Rows],
) -> None:
    _, tuned, rows = subject
    first, second = (rows[f"{n} (the subject's prompts)", LIKENESS] for n in tuned.learnt)
    assert (first["value"], second["value"]) == ("0.7", "0.5")
    alike = [{LIKENESS: each.alike[LIKENESS]} for each in tuned.learnt.values()]
    chosen = "prior_weight=0 (the subject's prompts)"
    assert told(second) == of(standings(alike, LIKENESS, 0)[1], chosen)
    base = "the base (the subject's prompts)"
    assert told(second, "base_") == ["0.25", "0.2", "0.3", "", "True", base]
    assert float(first["base_difference"]) == pytest.approx(0.45)


@pytest.mark.parametrize(
    ("what", "of_set", "metric"),
    [
        ("the subject's prompts", lambda each: each.subject, "r_precision_domain"),
        ("the class", lambda each: each.kin, RECALL),
        ("the class", lambda each: each.kin, "vendi_efficientnet_lite0"),
    ],
)
def test_the_csv_has_what_became_of_a_subject_s_prompts_and_class(
    subject: tuple[Results, Finetuned, Rows],
    what: str,
    of_set: Callable[[object], object],
    metric: str,
) -> None:
    _, tuned, rows = subject
    base = f"the base ({what})"
    for name, learnt in tuned.learnt.items():
        drawn = of_set(learnt)
        found = between(drawn.of_tuned.figures[metric], drawn.of_baseline.figures[metric])  # type: ignore[attr-defined]
        assert told(rows[f"{name} ({what})", metric], "base_") == of(found, base)
    assert (base, metric) in rows
    drifts = [rows[f"{name} (the class)", DRIFT]["value"] for name in tuned.learnt]
    assert drifts == ["0.07", "0.07"]


def test_the_csv_says_which_is_chosen_which_keep_the_limits_and_where_they_lie(
    subject: tuple[Results, Finetuned, Rows],
) -> None:
    _, tuned, rows = subject
    behind = f"({tuned.words.goal})", "(beside the base)", "(the subject's prompts)"
    for what, metric in zip(behind, (FD, FD, LIKENESS), strict=True):
        first, second = (rows[f"{name} {what}", metric] for name in tuned.learnt)
        assert [first["role"], second["role"]] == ["chosen fine-tune", "fine-tune"]
        assert [first["keeps_limits"], second["keeps_limits"]] == ["yes", "yes"]
        assert first["standing"] == "the chosen one"
        assert second["standing"].endswith("the chosen one") != (second["standing"] == "")
        assert first["path"] == tuned.histories[0].path
        assert second["path"] == tuned.histories[1].path
    assert rows["the base (beside the base)", FD]["role"] == "base"


def test_the_csv_names_a_fine_tune_by_what_its_own_kind_is_trained_for(tmp_path: Path) -> None:
    word = {"finetune.kind": "textual_inversion", "finetune.token": "<a>"}
    cells = [word | {"finetune.initial": "digit"}, {"finetune.prior_weight": 0}]
    values = SUBJECT_CASE.experiment | {"sweep": {}, "cells": cells}
    case = replace(SUBJECT_CASE, experiment=values, drifts=(0.0, 0.6))
    _, tuned, rows = results_of(tmp_path, case)
    word_name, other = (cell.line for cell in tuned.cells)
    assert (f"{word_name} (<a>)", FD) in rows
    assert (f"{other} (sks digit)", FD) in rows
    assert (f"{BASELINE} (the holdout)", FD) in rows
    assert rows[f"{word_name} (<a>)", FD]["keeps_limits"] == "yes"
    assert rows[f"{other} (sks digit)", FD]["keeps_limits"] == "no"
