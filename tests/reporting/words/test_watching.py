import json
from types import SimpleNamespace
from typing import Any

import pytest

from components.files.manifest import listed, write_manifest
from components.reporting.pages.page import page
from components.reporting.results import read
from components.reporting.words.watching import remarks, time_taken


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"steps": 9, "best_step": 4}, ""),
        (
            {
                "stopped_early": True,
                "stopped_at": 320,
                "best_step": 240,
                "evaluations_missed": {"RuntimeError": 1, "not finite": 1},
            },
            "stopped early at step 320, best at 240; "
            "1 evaluation with a figure or weight that is not finite, "
            "1 evaluation missed (RuntimeError)",
        ),
        (
            {"stopped_early": True, "stopped_at": 14, "diverged_at": 14, "best_step": 8},
            "diverged at step 14, best at 8",
        ),
        (
            {"preference_pairs": 7, "simulated_pairs": 7, "stopped_early": True, "stopped_at": 3},
            "7 pairs decided by simulated annotators: preferences of no person; "
            "stopped early at step 3",
        ),
        (
            {"evaluations_missed": {"ValueError": 2}},
            "2 evaluations missed (ValueError), none gave the figure that decides",
        ),
    ],
)
def test_what_became_of_the_evaluations_is_said_in_a_line(
    figures: dict[str, Any], words: str
) -> None:
    assert remarks(figures) == words


def test_the_page_says_of_each_network_what_became_of_its_evaluations(
    report_input: SimpleNamespace,
) -> None:
    assert "missed" not in page(read(report_input.spec, report_input.inputs))
    for role, count in (("train:0", 11), ("finetune:0", 22)):
        path = report_input.inputs[role] / "metrics.json"
        figures = json.loads(path.read_text())
        missed = {"best_step": 200, "evaluations_missed": {"OSError": count}}
        path.write_text(json.dumps(figures | missed))
    results = read(report_input.spec, report_input.inputs)
    shown = page(results)
    assert f"{results.histories[0].name}: 11 evaluations missed (OSError)." in shown
    assert "In training: 22 evaluations missed (OSError)." in shown
    assert shown.count("missed (OSError)") == 2


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([], ""),
        ([{}, {"training": 9.0, "evaluations": 0.0}], ""),
        ([{"training": 9.0, "evaluations": 1.0}, {}], "evaluations took 10 % of the training time"),
        (
            [{"training": 9.0, "evaluations": 1.0}, {"training": 399.0, "evaluations": 1.0}],
            "evaluations took 0.25 % to 10 % of the training time",
        ),
    ],
)
def test_the_share_of_time_that_evaluations_took_is_said_where_there_were_any(
    runs: list[dict[str, float]], words: str
) -> None:
    assert time_taken(runs) == words


def test_the_page_says_what_evaluations_took_as_the_manifests_have_it(
    report_input: SimpleNamespace,
) -> None:
    assert "of the training time" not in page(read(report_input.spec, report_input.inputs))
    trained = report_input.inputs["train:0"]
    files = listed({str(p.relative_to(trained)): p for p in trained.rglob("*") if p.is_file()})
    seconds = {"training": 3.0, "evaluations": 1.0}
    write_manifest(trained, {"key": trained.name, "files": files, "seconds": seconds})
    shown = page(read(report_input.spec, report_input.inputs))
    assert "Evaluations took 25 % of the training time." in shown
