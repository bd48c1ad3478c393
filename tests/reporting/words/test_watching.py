import json
from types import SimpleNamespace
from typing import Any

import pytest

from components.reporting.pages.page import page
from components.reporting.results import read
from components.reporting.words.watching import remarks


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"steps": 9, "best_step": 4}, ""),
        (
            {
                "stopped_early": True,
                "stopped_at": 320,
                "best_step": 240,
                "evaluations_missed": {"RuntimeError": 1, "not finite": 1, "thinned": 3},
            },
            "stopped early at step 320, best at 240; 3 evaluations thinned by max_share, "
            "1 evaluation with a figure or weight that is not finite, "
            "1 evaluation missed (RuntimeError)",
        ),
        (
            {"stopped_early": True, "stopped_at": 14, "diverged_at": 14, "best_step": 8},
            "diverged at step 14, best at 8",
        ),
        ({"evaluations_missed": {"thinned": 5}}, "no evaluation: max_share allowed none of 5"),
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
    assert "thinned" not in page(read(report_input.spec, report_input.inputs))
    for role, words in (("train:0", 11), ("finetune", 22)):
        path = report_input.inputs[role] / "metrics.json"
        figures = json.loads(path.read_text())
        missed = {"best_step": 200, "evaluations_missed": {"thinned": words}}
        path.write_text(json.dumps(figures | missed))
    results = read(report_input.spec, report_input.inputs)
    shown = page(results)
    assert f"{results.histories[0].name}: 11 evaluations thinned by max_share." in shown
    assert "In training: 22 evaluations thinned by max_share." in shown
    assert shown.count("thinned by max_share") == 2
